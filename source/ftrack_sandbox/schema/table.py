"""From declared types to tables: one a family, plus the link tables that no type shows."""

from collections.abc import Iterable, Mapping
from typing import Any

import sqlalchemy
from sqlalchemy.types import TypeEngine

from ftrack_sandbox.schema.family import Declared
from ftrack_sandbox.schema.model import Kind
from ftrack_sandbox.schema.notation import Line, NotationError

#: The columns behind the words of the notation. Times are naive UTC.
_COLUMNS: Mapping[str, type[TypeEngine[Any]]] = {
    "text": sqlalchemy.String,
    "uid": sqlalchemy.String,
    "key": sqlalchemy.String,
    "json": sqlalchemy.String,
    "typename": sqlalchemy.String,
    "bool": sqlalchemy.Boolean,
    "int": sqlalchemy.Integer,
    "number": sqlalchemy.Float,
    "time": sqlalchemy.DateTime,
    "any": sqlalchemy.JSON,
}


def build(types: Mapping[str, Declared]) -> sqlalchemy.MetaData:
    """Return fresh metadata with the tables of all *types*.

    Foreign keys are no SQL constraints: what must hold is checked when a batch ends. Raises
    NotationError for two attributes that need one column of different kinds.
    """
    metadata = sqlalchemy.MetaData()
    indexed = _indexed(types)
    for name, family in _families(types).items():
        columns: dict[str, Line] = {}
        for declared in family:
            for line in stored(declared):
                known = columns.setdefault(line.name, line)
                if _COLUMNS[known.word] is not _COLUMNS[line.word]:
                    raise NotationError(
                        line.place, f"{name}.{line.name} is another kind of column elsewhere."
                    )
        key = family[0].key
        sqlalchemy.Table(
            name, metadata, *(_column(line, key, (name, line.name) in indexed) for line in columns.values())
        )
    _add_links(types, metadata)
    return metadata


def stored(declared: Declared) -> list[Line]:
    """Return the lines of a type that have a column, in the order of their declaration."""
    return [line for line in declared.lines.values() if line.kind is Kind.SCALAR]


def _families(types: Mapping[str, Declared]) -> dict[str, list[Declared]]:
    families: dict[str, list[Declared]] = {}
    for declared in types.values():
        families.setdefault(declared.table, []).append(declared)
    return families


def _column(line: Line, key: tuple[str, ...], indexed: bool) -> "sqlalchemy.Column[Any]":
    kind = _COLUMNS[line.word]
    # JSON's own null would be a value; none has to be one that SQL knows.
    made = sqlalchemy.JSON(none_as_null=True) if kind is sqlalchemy.JSON else kind()
    primary = line.name in key
    return sqlalchemy.Column(
        line.name, made, primary_key=primary, autoincrement=False, index=indexed and key != (line.name,)
    )


def _indexed(types: Mapping[str, Declared]) -> set[tuple[str, str]]:
    """The (table, column) pairs that keys stand in or that joins go over."""
    found: set[tuple[str, str]] = set()
    for declared in types.values():
        for line in declared.lines.values():
            if line.word == "key" or "key" in line.flags:
                found.add((declared.table, line.name))
            elif line.kind in (Kind.RELATION, Kind.COLLECTION) and line.target in types:
                found.add((types[line.target].table, line.remote))
                if line.link is not None:
                    found |= {(line.link.table, line.link.near), (line.link.table, line.link.far)}
    return found


def _add_links(types: Mapping[str, Declared], metadata: sqlalchemy.MetaData) -> None:
    for line in _lines(types.values()):
        link = line.link
        if link is None or link.table in metadata.tables:
            continue
        sqlalchemy.Table(
            link.table,
            metadata,
            *(
                sqlalchemy.Column(name, sqlalchemy.String, primary_key=True, index=True)
                for name in sorted((link.near, link.far))
            ),
        )


def _lines(types: Iterable[Declared]) -> Iterable[Line]:
    for declared in types:
        yield from declared.lines.values()
