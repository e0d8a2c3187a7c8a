"""What seeding the demo studio costs, against the bulk INSERTs of SQLAlchemy Core for the same rows.

    python benchmarks/sandbox_seed.py [--scale 20] [--rounds 3]

Seeding is all that `ftrack-sandbox serve --scale` does to an empty database: the rows are thought up, the
components' files written, and all is inserted and committed. The peer gets the very same rows, in the same
portions, made beforehand and kept on disk; only its INSERTs and its commit are counted. Both fill a new
SQLite file each round, in turn. Both are checked to have left as many rows in every table.

At `--scale 100` a round takes some three minutes and 3 GB of disk; `make bench` keeps to the default.
"""

import argparse
import pathlib
import pickle
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from typing import Any

import sqlalchemy

from ftrack_sandbox import access, seed
from ftrack_sandbox.schema import load_schema
from ftrack_sandbox.storage import Storage
from ftrack_sandbox.store import Store

#: The most that seeding may cost, in bulk INSERTs of the same rows.
BAR = 3.0

Portion = tuple[str, list[dict[str, Any]]]


def new_store(folder: pathlib.Path) -> Store:
    return Store(load_schema(), f"sqlite:///{(folder / 'benchmark.db').as_posix()}", [access.METADATA])


def counts(store: Store) -> dict[str, int]:
    with store.read() as connection:
        return {
            table.name: connection.execute(
                sqlalchemy.select(sqlalchemy.func.count()).select_from(table)
            ).scalar_one()
            for table in store.schema.metadata.sorted_tables
        }


def keep(scale: int, path: pathlib.Path) -> None:
    """Make the rows once and put them on disk, portion by portion, as memory may not hold them all."""
    with path.open("wb") as file:
        for portion in seed.rows("demo", scale):
            pickle.dump(portion, file)


def kept(path: pathlib.Path) -> Iterator[Portion]:
    with path.open("rb") as file:
        while file.peek(1):
            yield pickle.load(file)


def time_ours(scale: int, folder: pathlib.Path) -> tuple[float, dict[str, int]]:
    store, storage = new_store(folder), Storage(folder / "files")
    try:
        started = time.perf_counter()
        store.load(seed.rows("demo", scale, storage))
        return time.perf_counter() - started, counts(store)
    finally:
        store.close()


def time_peer(path: pathlib.Path, folder: pathlib.Path) -> tuple[float, dict[str, int]]:
    store = new_store(folder)
    tables, spent = store.schema.metadata.tables, 0.0
    try:
        with store.engine.connect() as connection:
            transaction = connection.begin()
            for name, rows in kept(path):
                started = time.perf_counter()
                connection.execute(tables[name].insert(), rows)
                spent += time.perf_counter() - started
            started = time.perf_counter()
            transaction.commit()
            spent += time.perf_counter() - started
        return spent, counts(store)
    finally:
        store.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--scale", type=int, default=20, help="size of the demo studio")
    parser.add_argument("--rounds", type=int, default=3, help="how often each side fills a database")
    arguments = parser.parse_args()
    ours: list[float] = []
    peers: list[float] = []
    rows = 0
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, "rows.pickle")
        keep(arguments.scale, path)
        for _ in range(arguments.rounds):
            with (
                tempfile.TemporaryDirectory(dir=folder) as one,
                tempfile.TemporaryDirectory(dir=folder) as two,
            ):
                spent, found = time_ours(arguments.scale, pathlib.Path(one))
                ours.append(spent)
                spent, expected = time_peer(path, pathlib.Path(two))
                peers.append(spent)
            if found != expected:
                sys.exit("The two databases hold different numbers of rows.")
            rows = sum(found.values())
    ratios = [a / b for a, b in zip(ours, peers, strict=True)]
    print(f"scale {arguments.scale}, {rows} rows, {arguments.rounds} rounds:")
    print(f"  seed: median {statistics.median(ours):.2f} s ({min(ours):.2f} to {max(ours):.2f})")
    print(f"  peer: median {statistics.median(peers):.2f} s ({min(peers):.2f} to {max(peers):.2f})")
    ratio = statistics.median(ratios)
    print(f"  ratio: median {ratio:.2f} ({min(ratios):.2f} to {max(ratios):.2f}); the bar is {BAR:g}")
    sys.exit("The bar is missed." if ratio > BAR else 0)


if __name__ == "__main__":
    main()
