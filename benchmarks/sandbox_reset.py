"""What a return to the seed costs, against copying the file of the seeded database.

    python benchmarks/sandbox_reset.py [--scale 1] [--rounds 15]

A reset is one `POST /sandbox/reset` of a running server that has the demo studio and some changes. The
peer copies the database's file and the folder of components' files, which is the least that any way back
would have to do; it is no server, sees no locks and makes no rows. The bar is in seconds, at scale 1: tests
reset between files, and want to do so at will.
"""

import argparse
import pathlib
import shutil
import statistics
import sys
import tempfile
import time

import requests

from ftrack_sandbox.sandbox import Sandbox

#: Seconds that a reset may take at scale 1.
BAR_S = 1.0


def jobs(sandbox: Sandbox) -> list[object]:
    query = {"action": "query", "expression": "select id from Job order by id"}
    headers = {"ftrack-user": sandbox.api_user, "ftrack-api-key": sandbox.api_key}
    reply = requests.post(f"{sandbox.url}/api", json=[query], headers=headers, timeout=60).json()
    return list(reply[0]["data"])


def time_reset(sandbox: Sandbox) -> float:
    headers = {"ftrack-user": sandbox.api_user, "ftrack-api-key": sandbox.api_key}
    job = {"action": "create", "entity_type": "Job", "entity_data": {"data": "{}"}}
    requests.post(f"{sandbox.url}/api", json=[job] * 20, headers=headers, timeout=60).raise_for_status()
    started = time.perf_counter()
    requests.post(f"{sandbox.url}/sandbox/reset", headers=headers, timeout=600).raise_for_status()
    return time.perf_counter() - started


def time_copy(database: pathlib.Path, files: pathlib.Path, folder: pathlib.Path) -> float:
    started = time.perf_counter()
    shutil.copyfile(database, folder / "copy.db")
    shutil.copytree(files, folder / "copy")
    return time.perf_counter() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--scale", type=int, default=1, help="size of the demo studio")
    parser.add_argument("--rounds", type=int, default=15, help="how often each side goes back")
    arguments = parser.parse_args()
    ours: list[float] = []
    peers: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        database = pathlib.Path(folder, "studio.db")
        with Sandbox(database=f"sqlite:///{database.as_posix()}", scale=arguments.scale) as sandbox:
            seeded = jobs(sandbox)
            for _ in range(arguments.rounds):
                ours.append(time_reset(sandbox))
                with tempfile.TemporaryDirectory(dir=folder) as copy:
                    peers.append(time_copy(database, sandbox.storage.root, pathlib.Path(copy)))
            left = jobs(sandbox)
            size = database.stat().st_size / 2**20
    if left != seeded:
        sys.exit("The server has other Jobs after its reset than before the changes.")
    ratios = [a / b for a, b in zip(ours, peers, strict=True)]
    print(f"scale {arguments.scale}, {size:.1f} MB of database, {arguments.rounds} rounds:")
    print(f"  reset: median {statistics.median(ours):.3f} s ({min(ours):.3f} to {max(ours):.3f})")
    print(f"  peer:  median {statistics.median(peers):.3f} s ({min(peers):.3f} to {max(peers):.3f})")
    print(f"  ratio: median {statistics.median(ratios):.1f} ({min(ratios):.1f} to {max(ratios):.1f})")
    if arguments.scale == 1:
        print(f"  the bar is {BAR_S:g} s for the median")
        sys.exit("The bar is missed." if statistics.median(ours) > BAR_S else 0)


if __name__ == "__main__":
    main()
