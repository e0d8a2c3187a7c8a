"""Reading rows in bulk, and whether the caller may touch them."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import sqlalchemy

from ftrack_sandbox.api.batch import Batch
from ftrack_sandbox.encode import Key
from ftrack_sandbox.errors import PermissionDenied
from ftrack_sandbox.schema.model import EntityType

#: Keys asked for in one statement; SQLite takes no more than 32,766 values.
SLICE = 5000


def slices(items: Sequence[Any], size: int = SLICE) -> Iterator[Sequence[Any]]:
    """Yield *items* in portions that fit into one statement."""
    for start in range(0, len(items), size):
        yield items[start : start + size]


def fetch(batch: Batch, statement: sqlalchemy.Select[Any]) -> list[dict[str, Any]]:
    """Return the rows that a statement finds, each by the names of its columns."""
    result = batch.connection.execute(statement)
    names = list(result.keys())
    return [dict(zip(names, row, strict=True)) for row in result]


def name_of(entity_type: EntityType, key: Key) -> str:
    """Return how an error names an entity: its type and key."""
    return f"{entity_type.name} {' / '.join(str(part) for part in key)}"


def among(entity_type: EntityType, keys: Sequence[Key]) -> sqlalchemy.ColumnElement[bool]:
    """Return the condition that a row's key is one of *keys* (one slice of them)."""
    columns = [entity_type.table.c[name] for name in entity_type.primary_key]
    if len(columns) == 1:
        return columns[0].in_([key[0] for key in keys])
    return sqlalchemy.tuple_(*columns).in_(list(keys))


def rows_by_key(batch: Batch, entity_type: EntityType, keys: Iterable[Key]) -> dict[Key, dict[str, Any]]:
    """Return the rows under *keys*, whether the caller sees them or not."""
    found: dict[Key, dict[str, Any]] = {}
    for part in slices(list(keys)):
        select = sqlalchemy.select(entity_type.table).where(among(entity_type, part))
        for row in fetch(batch, select):
            found[tuple(row[name] for name in entity_type.primary_key)] = row
    return found


def rows_where(
    batch: Batch, table: sqlalchemy.Table, column: str, values: Iterable[Any]
) -> list[dict[str, Any]]:
    """Return all rows of a table whose *column* holds one of *values*."""
    found: list[dict[str, Any]] = []
    for part in slices(list(values)):
        select = sqlalchemy.select(table).where(table.c[column].in_(part))
        found.extend(fetch(batch, select))
    return found


def out_of_reach(batch: Batch, entity_type: EntityType, keys: Iterable[Key]) -> Key | None:
    """Return the first of *keys* whose row the caller does not see, or None."""
    return _first_beyond(batch, entity_type, keys, batch.visible(entity_type, entity_type.table))


def check_reach(batch: Batch, entity_type: EntityType, keys: Iterable[Key]) -> None:
    """Refuse to write rows that the caller does not see, or sees only because they lead to others.

    Raises PermissionDenied. Source: protocol reference 9.3.
    """
    beyond = _first_beyond(batch, entity_type, keys, batch.writable(entity_type, entity_type.table))
    if beyond is not None:
        raise PermissionDenied(
            f"{batch.caller.username} has no permission to write {name_of(entity_type, beyond)}."
        )


def _first_beyond(
    batch: Batch,
    entity_type: EntityType,
    keys: Iterable[Key],
    within: sqlalchemy.ColumnElement[bool] | None,
) -> Key | None:
    if within is None:
        return None
    columns = [entity_type.table.c[name] for name in entity_type.primary_key]
    for part in slices(list(keys)):
        select = sqlalchemy.select(*columns).where(among(entity_type, part), sqlalchemy.not_(within)).limit(1)
        found = batch.connection.execute(select).first()
        if found is not None:
            return tuple(found)
    return None
