"""The drawing of the house, held against the code: who may import whom, what each room may use."""

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[2] / "source"

#: Room -> rooms it may import. Every room may also import `errors` of its own package and what its rooms
#: may import.
JOBS = {
    "errors": "",
    "config": "",
    "launch": "",
    "form": "",
    "filename": "",
    "session": "config",
    "query": "session",
    "access": "session query launch",
    "job_record": "launch session",
    "job": "access job_record query launch form",
    "action": "job launch form access job_record",
    "registry": "action",
    "runner": "registry job job_record session access filename",
    "reporter": "session job_record",
    "executors": "runner",
    "host": "registry executors reporter session config",
    "plugin": "host",
    "loading": "",
    "listener": "plugin host",
    "export": "query",
    "pytest_plugin": "host",
    "cli": "*",
    "__init__": "action form job plugin query launch export filename",
}

SANDBOX = {
    "__init__": "",
    "errors": "",
    "urls": "",
    "picture": "",
    "storage": "",
    "schema": "",
    "query": "schema",
    "encode": "schema",
    "store": "schema encode",
    "access": "schema store",
    "events": "faults",
    "seed": "store storage",
    "api": "query store encode access events urls storage picture",
    "file_route": "api",
    "login_route": "access",
    "faults": "",
    "body": "",
    "control": "api body faults",
    "app": "api file_route control",
    "sandbox": "app login_route seed",
    "cli": "sandbox",
    "__main__": "cli",
    "pytest_plugin": "sandbox",
}

#: Room -> third-party packages that it alone may import.
OUTSIDE = {
    "ftrack_jobs": {
        "session": "ftrack_api requests",
        "query": "ftrack_api arrow",
        "job": "typing_extensions",
        "action": "ftrack_action_handler ftrack_api",
        "host": "ftrack_api",
        "plugin": "ftrack_api",
        "cli": "click rich",
        "pytest_plugin": "pytest",
    },
    "ftrack_sandbox": {
        "schema": "sqlalchemy",
        "query": "sqlalchemy lark",
        "store": "sqlalchemy",
        "access": "sqlalchemy",
        "picture": "PIL",
        "api": "sqlalchemy",
        "seed": "sqlalchemy PIL",
        "events": "starlette",
        "control": "starlette",
        "file_route": "starlette",
        "login_route": "starlette",
        "body": "starlette",
        "app": "starlette PIL",
        "sandbox": "starlette uvicorn sqlalchemy",
        "cli": "click sqlalchemy",
        "pytest_plugin": "pytest ftrack_api",
    },
}


@dataclass(frozen=True)
class Import:
    """One import statement: where it stands, what it names, and whether it runs at import time."""

    path: Path
    line: int
    module: str
    at_top: bool

    def __str__(self) -> str:
        return f"{self.path.relative_to(SOURCE)}:{self.line} imports {self.module}"

    @property
    def package(self) -> str:
        return self.path.relative_to(SOURCE).parts[0]

    @property
    def room(self) -> str:
        return Path(self.path.relative_to(SOURCE).parts[1]).stem

    @property
    def target_room(self) -> str:
        return [*self.module.split("."), "__init__"][1]


def imports_of(path: Path) -> Iterator[Import]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    package = list(path.relative_to(SOURCE).parts[:-1])
    inner = {
        id(node)
        for function in ast.walk(tree)
        if isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef))
        for node in ast.walk(function)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            stem = ".".join([*base, *([node.module] if node.module else [])])
            # `from package import room` names a room only where one of that name exists.
            rooms = [alias.name for alias in node.names if is_module(f"{stem}.{alias.name}")]
            names = [f"{stem}.{room}" for room in rooms]
            if len(rooms) < len(node.names):
                names.append(stem)
        else:
            continue
        for name in names:
            yield Import(path, node.lineno, name, id(node) not in inner)


def is_module(name: str) -> bool:
    place = SOURCE.joinpath(*name.split("."))
    return place.with_suffix(".py").is_file() or (place / "__init__.py").is_file()


ALL = [found for path in sorted(SOURCE.rglob("*.py")) for found in imports_of(path)]


def reachable(rooms: dict[str, str], room: str) -> set[str]:
    """Rooms that *room* may import: the table's, those rooms' own, itself and errors."""
    allowed: set[str] = {room, "errors"}
    waiting = rooms[room].split()
    if waiting == ["*"]:
        return set(rooms)
    while waiting:
        each = waiting.pop()
        if each not in allowed:
            allowed.add(each)
            waiting += rooms[each].split()
    return allowed


@pytest.mark.parametrize(("package", "rooms"), [("ftrack_jobs", JOBS), ("ftrack_sandbox", SANDBOX)])
def test_every_room_is_on_the_drawing_and_every_drawn_room_exists(package, rooms):
    found = {
        Path(path.name).stem for path in (SOURCE / package).iterdir() if path.suffix == ".py" or path.is_dir()
    }
    assert found - {"__pycache__"} == set(rooms)


@pytest.mark.parametrize(("package", "rooms"), [("ftrack_jobs", JOBS), ("ftrack_sandbox", SANDBOX)])
def test_rooms_import_downward_only(package, rooms):
    wrong = [
        str(each)
        for each in ALL
        if each.package == package
        and each.module.split(".")[0] == package
        # `__version__` is a fact of the package as a whole.
        and each.module != package
        and each.target_room not in reachable(rooms, each.room)
    ]
    assert wrong == []


def test_the_two_packages_never_import_each_other():
    wrong = [
        str(each)
        for each in ALL
        if {each.package, each.module.split(".")[0]} == {"ftrack_jobs", "ftrack_sandbox"}
    ]
    assert wrong == []


def test_each_outside_library_has_its_rooms():
    ours = {"ftrack_jobs", "ftrack_sandbox"}
    wrong = []
    for each in ALL:
        top = each.module.split(".")[0]
        if top in ours or top in sys.stdlib_module_names:
            continue
        if top not in OUTSIDE[each.package].get(each.room, "").split():
            wrong.append(str(each))
    assert wrong == []


def test_no_import_hides_in_a_function():
    # The fixture's own session is the one optional extra: a site's tests may bring their own.
    wrong = [str(each) for each in ALL if not each.at_top and each.room != "pytest_plugin"]
    assert wrong == []


def test_there_is_no_import_cycle():
    graph: dict[str, set[str]] = {}
    for each in ALL:
        if each.at_top and each.module.split(".")[0] == each.package:
            name = ".".join(each.path.relative_to(SOURCE).with_suffix("").parts).removesuffix(".__init__")
            graph.setdefault(name, set()).add(each.module)
    done: set[str] = set()

    def visit(name: str, trail: tuple[str, ...]) -> None:
        assert name not in trail, " -> ".join([*trail, name])
        if name in done:
            return
        for target in graph.get(name, ()):
            if target != name:
                visit(target, (*trail, name))
        done.add(name)

    for name in list(graph):
        visit(name, ())
