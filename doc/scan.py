"""What the tests say, found by reading `tests/` without running it.

A test says what stands in its function and decorators, what the constants and helpers it names say, in its
own file or in files of `tests/` that it imports from, and what those name in turn. Fixtures do not count.
"""

import ast
import functools
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

#: What tests this very reading is full of features that it does not use.
ABOUT_THIS = {"test_coverage_page.py"}

#: Stands in a text for what is filled in when the test runs.
GAP = "\0"


@dataclass
class Said:
    """What a piece of code says: its texts, the methods it calls, the names it uses, operations it sends."""

    texts: set[str] = field(default_factory=set)
    calls: set[str] = field(default_factory=set)
    names: set[tuple[str, ...]] = field(default_factory=set)
    operations: set[str] = field(default_factory=set)

    def add(self, other: "Said") -> None:
        """Take in what another piece says; its names are its own."""
        self.texts |= other.texts
        self.calls |= other.calls
        self.operations |= other.operations


def said(*nodes: ast.AST) -> Said:
    """Read code. Texts are those of constants and f-strings, not of docstrings and subscripts."""
    found = Said()
    for node in nodes:
        _read(node, found)
    return found


def _read(node: ast.AST, found: Said) -> None:
    if isinstance(node, ast.JoinedStr):
        pieces = [each.value if isinstance(each, ast.Constant) else GAP for each in node.values]
        found.texts.add("".join(map(str, pieces)))
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        found.texts.add(node.value)
        return
    elif isinstance(node, ast.Name):
        found.names.add((node.id,))
    elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        found.names.add((node.value.id, node.attr))
    elif isinstance(node, ast.Dict):
        found.operations |= {
            value.value
            for key, value in zip(node.keys, node.values, strict=True)
            if isinstance(key, ast.Constant) and key.value == "action" and isinstance(value, ast.Constant)
        }
    elif isinstance(node, ast.Call):
        if isinstance(node.func, ast.Attribute):
            found.calls.add(node.func.attr)
        elif node.args and isinstance(node.args[0], ast.Constant):
            # A helper that is given the operation: `call("search", terms=[...])`.
            found.operations.add(node.args[0].value)
    for child in _children(node):
        _read(child, found)


def _children(node: ast.AST) -> Iterator[ast.AST]:
    for child in ast.iter_child_nodes(node):
        if isinstance(node, ast.Subscript) and child is node.slice and isinstance(child, ast.Constant):
            continue
        if isinstance(node, ast.JoinedStr) and isinstance(child, ast.Constant):
            continue
        if isinstance(child, ast.Expr) and isinstance(child.value, ast.Constant):
            continue
        yield child


@dataclass(frozen=True)
class Module:
    """One file below `tests/`: what it defines at its top, and where the names that it imports come from."""

    path: Path
    definitions: Mapping[str, ast.stmt]
    #: Name -> (file, name there); no name where the module itself is meant.
    imports: Mapping[str, tuple[Path, str]]

    @functools.cache  # noqa: B019 - as many as there are files
    def says(self, name: str) -> Said:
        """What a definition of this module says."""
        return said(self.definitions[name])

    def __hash__(self) -> int:
        return hash(self.path)


def modules(tests: Path) -> dict[Path, Module]:
    """Read every file of tests."""
    paths = sorted(each for each in tests.rglob("*.py") if "node_modules" not in each.parts)
    return {path: _module(path, tests) for path in paths}


def _module(path: Path, tests: Path) -> Module:
    definitions: dict[str, ast.stmt] = {}
    imports: dict[str, tuple[Path, str]] = {}
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            definitions[node.name] = node
        elif isinstance(node, (ast.Assign, ast.AnnAssign)):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names = [each for target in targets for each in ast.walk(target) if isinstance(each, ast.Name)]
            definitions |= {each.id: node for each in names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            folder = tests.joinpath(*node.module.split("."))
            for alias in node.names:
                whole = (folder / alias.name).with_suffix(".py")
                place = (whole, "") if whole.exists() else (folder.with_suffix(".py"), alias.name)
                imports[alias.asname or alias.name] = place
        elif isinstance(node, ast.Import):
            for alias in node.names:
                imports[alias.asname or alias.name] = (tests / f"{alias.name}.py", "")
    return Module(path, definitions, imports)


@dataclass(frozen=True)
class Test:
    """One test function, and what it says: by itself (0), through tables (1), through helpers (2)."""

    __test__ = False

    file: str
    name: str
    layers: tuple[Said, ...]
    #: Whether it is parametrized over every entity type.
    every_type: bool = False

    def __str__(self) -> str:
        return f"`{self.file}::{self.name}`"


def tests_of(tests: Path) -> list[Test]:
    """Return every test function below *tests*."""
    every = modules(tests)
    return [
        _test(every, module, node, tests)
        for module in every.values()
        if module.path.name.startswith("test_") and module.path.name not in ABOUT_THIS
        for node in _functions(module)
    ]


def _functions(module: Module) -> Iterator[ast.FunctionDef]:
    for node in module.definitions.values():
        for each in node.body if isinstance(node, ast.ClassDef) else [node]:
            if isinstance(each, ast.FunctionDef) and each.name.startswith("test"):
                yield each


def _test(every: Mapping[Path, Module], module: Module, node: ast.FunctionDef, tests: Path) -> Test:
    own = said(node)
    layers = (own, Said(), Said())
    reached: dict[tuple[Path, str], int] = {(module.path, node.name): 0}
    _follow(every, module, own.names, 0, reached)
    for (path, name), layer in reached.items():
        if layer:
            layers[layer].add(every[path].says(name))
    every_type = any(_is_every_type(every, module, each) for each in node.decorator_list)
    return Test(module.path.relative_to(tests).as_posix(), node.name, layers, every_type)


def _follow(
    every: Mapping[Path, Module],
    module: Module,
    names: Iterable[tuple[str, ...]],
    distance: int,
    reached: dict[tuple[Path, str], int],
) -> None:
    """Note the definitions behind *names* and what those name in turn, each in its nearest layer."""
    for name in names:
        place = _place(every, module, name)
        if place is None:
            continue
        home, called = place
        node = home.definitions[called]
        layer = max(distance, 1 if isinstance(node, (ast.Assign, ast.AnnAssign)) else 2)
        is_nearer = layer < reached.get((home.path, called), 3)
        if is_nearer and not _is_fixture(node) and not called.startswith("test"):
            reached[home.path, called] = layer
            _follow(every, home, home.says(called).names, layer, reached)


def _place(every: Mapping[Path, Module], module: Module, name: tuple[str, ...]) -> tuple[Module, str] | None:
    """Return where a name is defined at a module's top; None when that is not below `tests/`."""
    if name[0] in module.definitions:
        return module, name[0]
    path, original = module.imports.get(name[0], (Path(), ""))
    home = every.get(path)
    called = original or (name[1] if len(name) > 1 else "")
    if home is None:
        return None
    if called in home.definitions:
        return home, called
    return _place(every, home, (called,)) if called in home.imports else None


def _is_fixture(node: ast.stmt) -> bool:
    return any("fixture" in ast.dump(each) for each in getattr(node, "decorator_list", ()))


def _is_every_type(every: Mapping[Path, Module], module: Module, decorator: ast.expr) -> bool:
    """Whether a test is parametrized over `sorted(SCHEMA.types)`, without any left out."""
    if not isinstance(decorator, ast.Call) or len(decorator.args) < 2:
        return False
    given = decorator.args[1]
    if isinstance(given, ast.Name):
        place = _place(every, module, (given.id,))
        node = place and place[0].definitions[place[1]]
        given = node.value if isinstance(node, ast.Assign) else given
    return bool(re.fullmatch(r"(sorted|list)\(\w+\.types\)", ast.unparse(given)))
