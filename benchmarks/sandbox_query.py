"""What a page of 500 tasks costs the sandbox, against the bare statements that find the same rows.

    python benchmarks/sandbox_query.py [--scales 1 80] [--rounds 20]

The page is read as `ftrack_jobs` reads: by key, eight paths through relations and one collection, from
different places of the database in turn. The peer, in the same process and on the same connections, takes
the same rows by two statements of SQLAlchemy Core, built once and reused (one joins the relations, one
reads the collection), and hands them to `json.dumps`; it knows neither types nor entities, parses nothing
and repeats what is repeated. Both are checked to say the same before either is timed, page by page.

A round walks through seven pages with each side in turn, page by page; its ratio is that of the two sums.
Pages over HTTP, asked for by `requests` in this very process, stand beside for information.
"""

import argparse
import json
import pathlib
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import requests
import sqlalchemy

from ftrack_sandbox.api.operation import Services, run_batch
from ftrack_sandbox.sandbox import Sandbox

#: The most that a page may cost, in pages of the peer.
BAR = 6.0

PAGE_ROWS = 500
RELATIONS = (
    "status.name",
    "status.state.short",
    "type.name",
    "priority.name",
    "object_type.name",
    "project.full_name",
    "parent.name",
    "created_by.username",
)
COLLECTION = "assignments.resource.username"
EXPRESSION = (
    f"select name, {', '.join(RELATIONS)}, {COLLECTION} from Task "
    'where id > "{after}" order by id limit {rows}'
)

#: Where pages begin: spread over all ids, as these are hashes.
PLACES = tuple(f"{number:x}0000000-0000-0000-0000-000000000000" for number in range(0, 13, 2))

#: By dotted path: the page as both sides must say it.
Page = list[dict[str, Any]]


class Ours:
    """The page through the sandbox: expression in, text of the reply out."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        access = sandbox._access
        self._caller = access.authenticate(sandbox.api_user, sandbox.api_key)
        self._services = Services(
            sandbox.store.schema, sandbox.store, access, sandbox.hub, b"secret", sandbox.storage
        )
        self._http = requests.Session()
        self._http.headers.update(
            {"ftrack-user": sandbox.api_user, "ftrack-api-key": sandbox.api_key, "ftrack-strict-api": "true"}
        )

    def text(self, after: str) -> str:
        results = run_batch(
            self._services,
            self._caller,
            self._operations(after),
            base_url=self.sandbox.url,
            strict=True,
            repeat=False,
            only_requested=False,
            client_token=None,
            push_token=None,
        )
        return json.dumps(results)

    def text_over_http(self, after: str) -> str:
        reply = self._http.post(f"{self.sandbox.url}/api", json=self._operations(after), timeout=60)
        reply.raise_for_status()
        return reply.text

    def _operations(self, after: str) -> list[dict[str, str]]:
        expression = EXPRESSION.format(after=after, rows=PAGE_ROWS)
        return [{"action": "query", "expression": expression}]

    @staticmethod
    def page(text: str) -> Page:
        """Spell out what the reply says, references resolved."""
        [result] = json.loads(text)
        known: dict[Any, dict[str, Any]] = {}
        for entity in _entities(result["data"]):
            known.setdefault(_identity(entity), {}).update(entity)
        return [
            {
                "id": task["id"],
                "name": task["name"],
                **{path: _along(known, task, path.split(".")) for path in RELATIONS},
                COLLECTION: sorted(
                    _along(known, each, COLLECTION.split(".")[1:])
                    for each in known[_identity(task)]["assignments"]
                ),
            }
            for task in result["data"]
        ]


def _entities(value: Any) -> Any:
    if isinstance(value, list):
        for each in value:
            yield from _entities(each)
    elif isinstance(value, dict) and "__entity_type__" in value:
        yield value
        for each in value.values():
            yield from _entities(each)


def _identity(entity: Mapping[str, Any]) -> tuple[str, str]:
    return entity["__entity_type__"], entity["id"]


def _along(known: Mapping[Any, Any], entity: Any, path: Sequence[str]) -> Any:
    for name in path:
        entity = None if entity is None else known[_identity(entity)][name]
    return entity


class Peer:
    """The same rows by two statements and `json.dumps`."""

    def __init__(self, sandbox: Sandbox, project_ids: Sequence[str]) -> None:
        self._store = sandbox.store
        tables = sandbox.store.schema.metadata.tables
        self._tasks = self._task_statement(tables, sandbox.store.schema.find("Task").classifiers, project_ids)
        appointment, resource = tables["appointment"], tables["resource"]
        self._assignments = (
            sqlalchemy.select(appointment.c.context_id, resource.c.username)
            .join_from(appointment, resource, resource.c.id == appointment.c.resource_id)
            .where(
                appointment.c.type == "assignment",
                appointment.c.context_id.in_(sqlalchemy.bindparam("ids", expanding=True)),
            )
        )

    def _task_statement(
        self, tables: Mapping[str, Any], classifiers: Mapping[str, Any], project_ids: Sequence[str]
    ) -> Any:
        task, parent = tables["context"].alias("task"), tables["context"].alias("parent")
        project, status, state = tables["context"].alias("project"), tables["status"], tables["state"]
        kind, priority, object_type = tables["type"], tables["priority"], tables["object_type"]
        creator = tables["resource"]
        values = {
            "id": task.c.id,
            "name": task.c.name,
            "status.name": status.c.name,
            "status.state.short": state.c.short,
            "type.name": kind.c.name,
            "priority.name": priority.c.name,
            "object_type.name": object_type.c.name,
            "project.full_name": project.c.full_name,
            "parent.name": parent.c.name,
            "created_by.username": creator.c.username,
        }
        joined = task
        for table, condition in (
            (status, status.c.id == task.c.status_id),
            (state, state.c.id == status.c.state_id),
            (kind, kind.c.id == task.c.type_id),
            (priority, priority.c.id == task.c.priority_id),
            (object_type, object_type.c.id == task.c.object_type_id),
            (project, project.c.id == task.c.project_id),
            (parent, parent.c.id == task.c.parent_id),
            (creator, creator.c.id == task.c.created_by_id),
        ):
            joined = joined.outerjoin(table, condition)
        # `+ ''` as one would write it by hand: without it SQLite takes the index of the type and
        # sorts all tasks there are for every page.
        own = [task.c[name].concat("") == value for name, value in classifiers.items()]
        return (
            sqlalchemy.select(*(column.label(path) for path, column in values.items()))
            .select_from(joined)
            .where(task.c.id > sqlalchemy.bindparam("after"), *own)
            .where(task.c.project_id.concat("").in_(project_ids))
            .order_by(task.c.id)
            .limit(PAGE_ROWS)
        )

    def text(self, after: str) -> str:
        with self._store.read() as connection:
            tasks = [dict(row) for row in connection.execute(self._tasks, {"after": after}).mappings()]
            ids = [task["id"] for task in tasks]
            assigned: dict[str, list[str]] = {}
            for task_id, username in connection.execute(self._assignments, {"ids": ids}):
                assigned.setdefault(task_id, []).append(username)
        for task in tasks:
            task[COLLECTION] = assigned.get(task["id"], [])
        return json.dumps(tasks)

    @staticmethod
    def page(text: str) -> Page:
        return [{**task, COLLECTION: sorted(task[COLLECTION])} for task in json.loads(text)]


def check(ours: Ours, peer: Peer) -> None:
    """Compare every page of both, and over HTTP, before anything is timed."""
    for after in PLACES:
        expected = peer.page(peer.text(after))
        assigned = sum(len(task[COLLECTION]) for task in expected)
        if not assigned or len(expected) < PAGE_ROWS * 0.6:
            sys.exit(f"The page after {after} holds {len(expected)} tasks and {assigned} assignments only.")
        for text in (ours.text(after), ours.text_over_http(after)):
            if ours.page(text) != expected:
                sys.exit(f"The page after {after} differs from the peer's.")


def timed(work: Callable[[str], str], after: str) -> float:
    started = time.perf_counter()
    work(after)
    return time.perf_counter() - started


def measure(scale: int, rounds: int) -> float:
    """Print the figures of one size of database; return the ratio."""
    with tempfile.TemporaryDirectory() as folder:
        database = f"sqlite:///{pathlib.Path(folder, 'benchmark.db').as_posix()}"
        with Sandbox(database=database, scale=scale) as sandbox:
            ours = Ours(sandbox)
            peer = Peer(sandbox, sorted(ours._caller.project_ids or ()))
            check(ours, peer)
            with sandbox.store.read() as connection:
                task = sandbox.store.schema.find("Task")
                own = [task.table.c[name] == value for name, value in task.classifiers.items()]
                count = sqlalchemy.select(sqlalchemy.func.count()).select_from(task.table).where(*own)
                tasks = connection.execute(count).scalar()
            works = {"sandbox": ours.text, "peer": peer.text, "sandbox over HTTP": ours.text_over_http}
            spent: dict[str, list[float]] = {name: [] for name in works}
            for _ in range(rounds):
                walk = [{name: timed(work, after) for name, work in works.items()} for after in PLACES]
                for name in works:
                    spent[name].append(sum(page[name] for page in walk) / len(walk))
    print(f"{tasks} tasks, {rounds} rounds of {len(PLACES)} pages of {PAGE_ROWS} tasks; a page costs:")
    for name, seconds in spent.items():
        _print(name, [1000 * each for each in seconds], "ms")
    ratios = [a / b for a, b in zip(spent["sandbox"], spent["peer"], strict=True)]
    _print("ratio", ratios, f"times the peer; the bar is {BAR:g}")
    return statistics.median(ratios)


def _print(name: str, figures: Sequence[float], unit: str) -> None:
    low, high = min(figures), max(figures)
    print(f"  {name}: median {statistics.median(figures):.2f} ({low:.2f} to {high:.2f}) {unit}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--scales", type=int, nargs="+", default=[1, 80], help="sizes of the demo studio")
    parser.add_argument("--rounds", type=int, default=20, help="walks through the pages, of each side")
    arguments = parser.parse_args()
    ratios = [measure(scale, arguments.rounds) for scale in arguments.scales]
    sys.exit("The bar is missed." if max(ratios) > BAR else 0)


if __name__ == "__main__":
    main()
