"""Reads our notation for entity types: text -> blocks of declared attributes.

One block a type, one line an attribute:

    # A comment has its line to itself.
    Task(TypedContext) as Task[object_type_id] where object_type_id=11c1...
        @show context_type id name
        + thumbnailed
        name* text = "" as legacyname "Description."
        status* -> Status as statusid/statuslegacy
        children [Context] by parent_id
        metadata {Metadata} by parent_id as meta

Header: `Name(Supertype)`, or `Name like Other` for a second type over the same rows; `as` the
legacy name, in brackets the attribute by which the server tells the type apart; `in` a table
other than the family's own; `where` the column that tells the type's rows from its relatives'.
A block `part name` is no type; `+ name` puts its lines and options into another block.

Options: `@key` the primary key, `@show` the default projections (the key unless told), `@always`
the system projections, `@immutable` further names of that list, `@open` lets paths use what only
subtypes have. A subtype inherits all but the last, and every line it does not declare anew.

Marks of an attribute: `*` never null, `!` immutable, `~` computed; a leading dot hides it from
clients. Every type has `id*! uid` unless `@key` names other attributes, which are `*!` then.

Scalars: `text bool int number any time json object link typename uid`; `key Target` is the key of
another entity, `derived` before a word says that there is no column although the schema does
not call it computed. `-> Target` is a relation together with its own `<name>_id`, or over
`by local` (`by local=remote`). `[Target]` and `{Target}` (a map) are collections `by remote` or
`via table(near, far)`; `[Shown:Held]` serves one type and holds rows of another. Then, in any
order: `= default`, `as legacy` (of a relation: `key/relation`), `where column=value`, a quoted
description, and last `of` with the permitted values. Flags: `restricted` (cannot be selected), and for keys
`untyped` (served without a type) and `twice` (served with the reference of its relation as well).
"""

import dataclasses
import json
import re
from collections.abc import Callable
from typing import Any, NoReturn

from ftrack_sandbox.errors import SandboxError
from ftrack_sandbox.schema.model import Kind, Link

#: Words for scalars.
WORDS = frozenset("text bool int number any time json object link typename uid".split())

#: Words that have no column: the server works them out for each reply.
_WITHOUT_COLUMN = frozenset({"object", "link"})

_HEADER = re.compile(
    r"(?P<part>part )?(?P<name>\w+)(?:\((?P<supertype>\w+)\))?(?: like (?P<like>\w+))?"
    r"(?: as (?P<legacy>\w+)(?:\[(?P<told_by>\w+)\])?)?(?: in (?P<table>\w+))?"
    r"(?: where (?P<column>\w+)=(?P<value>\S+))?"
)
_NAME = re.compile(r"(?P<hidden>\.?)(?P<name>\w+)(?P<marks>[*!~]*)")
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|\w+\([^)]*\)|\S+')
_TARGET = re.compile(r"(?P<shown>\w+)(?::(?P<held>\w+))?(?:\.(?P<column>\w+))?")
_COLLECTION = re.compile(rf"\[{_TARGET.pattern}\]|\{{(?P<mapped>\w+)\}}")
_LINK = re.compile(r"(?P<table>\w+)\((?P<near>\w+), (?P<far>\w+)\)")


class NotationError(SandboxError):
    """A line that cannot be understood, or that does not fit the rest."""

    def __init__(self, place: str, problem: str) -> None:
        super().__init__(f"{place}: {problem}")
        self.place = place
        self.problem = problem


@dataclasses.dataclass
class Line:
    """One declared attribute. *place* is `file:line`; *word* the scalar's word, `key` included.

    *target* is the type that holds the rows (or that a key names), *shown* the type that the
    schema names for it; *column* the one its description names. *local*, *remote*, *link* and
    *where* are those of a `Join`.
    """

    place: str
    name: str
    kind: Kind = Kind.SCALAR
    word: str = ""
    hidden: bool = False
    marks: str = ""
    default: Any = None
    legacy: str = ""
    description: str = ""
    enum: tuple[str, ...] = ()
    target: str = ""
    shown: str = ""
    column: str = "id"
    local: str = ""
    remote: str = ""
    link: Link | None = None
    where: tuple[tuple[str, Any], ...] = ()
    mapped: bool = False
    flags: frozenset[str] = frozenset()


@dataclasses.dataclass
class Block:
    """One type or part as declared. *entries* are lines, and names of parts used, in order."""

    place: str
    name: str
    is_part: bool = False
    supertype: str | None = None
    like: str | None = None
    legacy: str = ""
    told_by: str = ""
    table: str = ""
    where: tuple[tuple[str, str], ...] = ()
    options: dict[str, tuple[str, ...]] = dataclasses.field(default_factory=dict)
    entries: list[Line | str] = dataclasses.field(default_factory=list)


def parse(text: str, file: str) -> list[Block]:
    """Return the blocks of one file in order. Raises NotationError naming file and line."""
    blocks: list[Block] = []
    for number, raw in enumerate(text.splitlines(), start=1):
        place, line = f"{file}:{number}", raw.strip()
        if not line or line.startswith("#"):
            continue
        if raw[0] not in " \t":
            blocks.append(_header(place, line))
        elif not blocks:
            raise NotationError(place, "an attribute before the first type.")
        else:
            _add(blocks[-1], place, line)
    return blocks


def _header(place: str, line: str) -> Block:
    found = _HEADER.fullmatch(line)
    if found is None:
        raise NotationError(place, f"cannot read the header '{line}'.")
    where = ((found["column"], found["value"]),) if found["column"] else ()
    return Block(
        place,
        found["name"],
        is_part=found["part"] is not None,
        supertype=found["supertype"],
        like=found["like"],
        legacy=found["legacy"] or "",
        told_by=found["told_by"] or "",
        table=found["table"] or "",
        where=where,
    )


def _add(block: Block, place: str, line: str) -> None:
    first, *rest = line.split()
    if first == "+":
        block.entries += rest
    elif first in ("@key", "@show", "@always", "@immutable", "@open"):
        option = first[1:]
        block.options[option] = (*block.options.get(option, ()), *rest)
    elif first.startswith("@"):
        raise NotationError(place, f"there is no option '{first}'.")
    else:
        for each in _attribute(place, line):
            if any(isinstance(known, Line) and known.name == each.name for known in block.entries):
                raise NotationError(place, f"{block.name} has '{each.name}' twice.")
            block.entries.append(each)


class _Tokens:
    """The words of one line, taken one by one."""

    def __init__(self, place: str, line: str) -> None:
        self._place = place
        self._rest = _TOKEN.findall(line)

    def __bool__(self) -> bool:
        return bool(self._rest)

    def take(self, what: str) -> str:
        if not self._rest:
            self.fail(f"{what} is missing.")
        return str(self._rest.pop(0))

    def match(self, pattern: re.Pattern[str], what: str) -> re.Match[str]:
        token = self.take(what)
        found = pattern.fullmatch(token)
        if found is None:
            self.fail(f"'{token}' is no {what}.")
        return found

    def take_all(self) -> tuple[str, ...]:
        taken, self._rest = tuple(self._rest), []
        return taken

    def fail(self, problem: str) -> NoReturn:
        raise NotationError(self._place, problem)


def _attribute(place: str, text: str) -> list[Line]:
    """Return the one attribute of a line, or key and relation."""
    tokens = _Tokens(place, text)
    head = tokens.match(_NAME, "name of an attribute")
    line = Line(place, head["name"], hidden=bool(head["hidden"]), marks=head["marks"])
    _read_kind(line, tokens)
    while tokens:
        word = tokens.take("clause")
        if word.startswith('"'):
            line.description = json.loads(word)
        elif word in _CLAUSES:
            _CLAUSES[word](line, tokens)
        elif word in ("restricted", "untyped", "twice"):
            line.flags |= {word}
        else:
            tokens.fail(f"'{word}' cannot stand here.")
    if line.kind is Kind.RELATION:
        return _relation(line)
    if line.kind is Kind.COLLECTION and not (line.remote or line.link):
        tokens.fail(f"collection '{line.name}' needs `by` or `via`.")
    return [line]


def _read_kind(line: Line, tokens: _Tokens) -> None:
    word = tokens.take("kind of attribute")
    derived = word == "derived"
    if derived:
        word = tokens.take("kind of attribute")
    if word == "->":
        line.kind = Kind.RELATION
        _read_target(line, tokens.match(_TARGET, "type"))
    elif found := _COLLECTION.fullmatch(word):
        line.kind, line.mapped = Kind.COLLECTION, found["mapped"] is not None
        _read_target(line, found)
    elif word == "key" or word in WORDS:
        line.word = word
        computed = derived or word in _WITHOUT_COLUMN or "~" in line.marks
        line.kind = Kind.COMPUTED if computed else Kind.SCALAR
        if word == "key":
            _read_target(line, tokens.match(_TARGET, "type"))
    else:
        tokens.fail(f"'{word}' is no kind of attribute.")


def _read_target(line: Line, found: re.Match[str]) -> None:
    facts = found.groupdict()
    line.shown = facts["shown"] or facts["mapped"]
    line.target = facts["held"] or line.shown
    line.column = facts["column"] or "id"


def _relation(line: Line) -> list[Line]:
    """Return a relation over a declared key as it is, any other together with its own key."""
    if line.local:
        return [line]
    key_legacy, _, line.legacy = line.legacy.partition("/")
    key = dataclasses.replace(
        line, name=f"{line.name}_id", kind=Kind.SCALAR, word="key", legacy=key_legacy, where=()
    )
    # What is said of both - marks, default - is said of the key.
    line.marks, line.default, line.flags = "", None, frozenset()
    line.local, line.remote = key.name, ""
    return [key, line]


def _read_default(line: Line, tokens: _Tokens) -> None:
    word = tokens.take("default")
    try:
        line.default = json.loads(word)
    except ValueError:
        line.default = word


def _read_legacy(line: Line, tokens: _Tokens) -> None:
    line.legacy = tokens.take("legacy name")


def _read_by(line: Line, tokens: _Tokens) -> None:
    column, _, other = tokens.take("column").partition("=")
    if line.kind is Kind.COLLECTION:
        line.remote = column
    else:
        line.local, line.remote = column, other


def _read_via(line: Line, tokens: _Tokens) -> None:
    found = tokens.match(_LINK, "link table")
    line.link = Link(found["table"], found["near"], found["far"])


def _read_where(line: Line, tokens: _Tokens) -> None:
    column, _, value = tokens.take("condition").partition("=")
    line.where = (*line.where, (column, value == "true" if value in ("true", "false") else value))


def _read_enum(line: Line, tokens: _Tokens) -> None:
    line.enum = tokens.take_all()


def _read_key(line: Line, tokens: _Tokens) -> None:
    if line.word not in ("int", "uid"):
        tokens.fail("only `int` and `uid` may be followed by `key`.")
    line.flags |= {"key"}
    _read_target(line, tokens.match(_TARGET, "type"))


_CLAUSES: dict[str, Callable[[Line, _Tokens], None]] = {
    "=": _read_default,
    "as": _read_legacy,
    "by": _read_by,
    "via": _read_via,
    "where": _read_where,
    "of": _read_enum,
    "key": _read_key,
}
