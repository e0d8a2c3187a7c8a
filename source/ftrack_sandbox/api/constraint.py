"""What must hold when the last operation of a batch is done.

Source: protocol reference 2.7, 2.9. Everything is asked for in bulk: a handful of statements
for each table that was written, however many rows.
"""

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any

import sqlalchemy

from ftrack_sandbox.api import default, upkeep
from ftrack_sandbox.api.batch import Batch, Touched
from ftrack_sandbox.api.row import check_reach, fetch, name_of, out_of_reach, rows_by_key, slices
from ftrack_sandbox.api.value import foreign_keys
from ftrack_sandbox.encode import Key
from ftrack_sandbox.errors import DuplicateEntryError, IntegrityError, PermissionDenied, ValidationError
from ftrack_sandbox.schema.model import EntityType

Row = Mapping[str, Any]

#: Columns that may be null but that the server fills at the end if it could not before.
_LATE: Mapping[str, tuple[str, ...]] = {
    "context": ("project_id",),
    "asset_version": ("version",),
}

#: By table and context type: what may not be empty either. Source: protocol reference 2.9 for
#: projects; that everything else lies in something is assumed.
_FILLED: Mapping[tuple[str, str], tuple[str, ...]] = {
    ("context", "show"): ("name", "full_name"),
    ("context", "task"): ("parent_id",),
}

#: By table: columns whose value no two rows may share. Source: protocol reference 2.9 for
#: timers; user names are assumed.
_UNIQUE: Mapping[str, str] = {"timer": "user_id", "resource": "username"}

#: Columns that hold the key of an entity whose type another column of the row names.
_NAMED_PARENT = ("parent_id", "parent_type")


@dataclasses.dataclass
class Settled:
    """What the checks have found: the rows touched and the concrete types of what they refer to."""

    rows: dict[tuple[str, Key], Row] = dataclasses.field(default_factory=dict)
    types: dict[tuple[str, Any], EntityType] = dataclasses.field(default_factory=dict)


def settle(batch: Batch) -> Settled:
    """Fill what could not be filled before, then check everything the batch touched.

    Raises ValidationError for a mandatory attribute without value, IntegrityError for a
    reference to nothing, DuplicateEntryError, and PermissionDenied for a row that ended up
    where the caller does not reach.
    """
    _complete(batch)
    settled = Settled()
    for entity_type, touched in _by_table(batch.touched.values()):
        rows = rows_by_key(batch, entity_type, [each.key for each in touched])
        for each in touched:
            row = rows[each.key]
            each.type = batch.schema.concrete(each.type, row)
            settled.rows[entity_type.table.name, each.key] = row
            _check_filled(each, row)
        _check_unique(batch, entity_type, touched, rows)
    # A default that could not be made for want of what it derives from is not the news.
    _check_references(batch, settled)
    for each in batch.touched.values():
        _check_required(each, settled.rows[each.type.table.name, each.key])
    for entity_type, touched in _by_table(batch.touched.values()):
        _check_reach(batch, entity_type, touched)
    return settled


def _check_reach(batch: Batch, entity_type: EntityType, touched: list[Touched]) -> None:
    """Refuse rows out of reach, and name none that the caller has not named."""
    check_reach(batch, entity_type, [each.key for each in touched if each.created or each.sent])
    followed = [each.key for each in touched if not (each.created or each.sent)]
    if out_of_reach(batch, entity_type, followed) is not None:
        raise PermissionDenied(
            f"{batch.caller.username} has no permission to write the {entity_type.name}"
            " that this would change."
        )


def _by_table(touched: Iterable[Touched]) -> list[tuple[EntityType, list[Touched]]]:
    found: dict[str, tuple[EntityType, list[Touched]]] = {}
    for each in touched:
        found.setdefault(each.type.table.name, (each.type, []))[1].append(each)
    return list(found.values())


def _complete(batch: Batch) -> None:
    made = [each for each in batch.touched.values() if each.created]
    for entity_type, touched in _by_table(made):
        rows = rows_by_key(batch, entity_type, [each.key for each in touched])
        for each in touched:
            row = rows[each.key]
            late = _LATE.get(each.type.table.name, ())
            lacking = [
                name
                for name in (*each.type.required, *late)
                if row.get(name) is None and (name in each.type.required or name not in each.columns)
            ]
            if lacking:
                values = default.supply(batch, each.type, row)
                upkeep.change(batch, each.type, each.key, {n: values[n] for n in lacking if n in values})
        if entity_type.table.name == "note":
            _add_recipients(batch, entity_type, touched)


def _add_recipients(batch: Batch, note: EntityType, touched: list[Touched]) -> None:
    """Author and caller of a new note are among its recipients. Source: protocol reference 2.8."""
    recipient = batch.schema.find("Recipient")
    wanted: dict[Key, None] = {}
    for key, row in rows_by_key(batch, note, [each.key for each in touched]).items():
        for user_id in (row["user_id"], batch.caller.user_id):
            if user_id is not None:
                wanted[
                    tuple({"note_id": key[0], "resource_id": user_id}[n] for n in recipient.primary_key)
                ] = None
    present = rows_by_key(batch, recipient, wanted)
    for key in wanted:
        if key not in present:
            upkeep.add(batch, recipient, dict(zip(recipient.primary_key, key, strict=True)))


def _check_required(touched: Touched, row: Row) -> None:
    names = touched.type.required if touched.created else touched.type.required & touched.columns
    for name in sorted(names):
        if name in row and row[name] is None:
            raise ValidationError(f"'{name}' of {name_of(touched.type, touched.key)} must have a value.")


def _check_filled(touched: Touched, row: Row) -> None:
    for name in _FILLED.get((touched.type.table.name, row.get("context_type") or ""), ()):
        if not row[name] and (touched.created or name in touched.columns):
            raise ValidationError(f"'{name}' of {name_of(touched.type, touched.key)} must have a value.")


def _check_unique(
    batch: Batch, entity_type: EntityType, touched: list[Touched], rows: Mapping[Key, Row]
) -> None:
    column = _UNIQUE.get(entity_type.table.name)
    if column is None:
        return
    values = [rows[each.key][column] for each in touched if each.created or column in each.columns]
    own = entity_type.table.c[column]
    for part in slices([value for value in values if value is not None]):
        select = sqlalchemy.select(own).where(own.in_(part)).group_by(own).having(sqlalchemy.func.count() > 1)
        double = batch.connection.execute(select).scalar()
        if double is not None:
            raise DuplicateEntryError(
                f"Duplicate entry: there is a {touched[0].type.name} with {column} {double} already."
            )


def _check_references(batch: Batch, settled: Settled) -> None:
    """Whatever a touched row refers to must exist and be within the caller's reach."""
    asked: dict[str, tuple[EntityType, dict[Any, tuple[Touched, str]]]] = {}
    for touched in batch.touched.values():
        row = settled.rows[touched.type.table.name, touched.key]
        for column, target, value in _references(batch, touched, row):
            asked.setdefault(target.name, (target, {}))[1].setdefault(value, (touched, column))
    for target, wanted in asked.values():
        found = _existing(batch, target, list(wanted))
        for value, (touched, column) in wanted.items():
            if value not in found:
                raise IntegrityError(
                    f"{column} of {name_of(touched.type, touched.key)} refers to {target.name} {value}, "
                    "which does not exist."
                )
            settled.types[target.table.name, value] = found[value]


def _references(batch: Batch, touched: Touched, row: Row) -> Iterable[tuple[str, EntityType, Any]]:
    entity_type = touched.type
    for column, target in foreign_keys(batch, entity_type).items():
        if row[column] is not None and (touched.created or column in touched.columns):
            yield column, target, row[column]
    column, naming = _NAMED_PARENT
    if naming in row and row.get(column) is not None and row[naming] is not None:
        if touched.created or {column, naming} & touched.columns:
            parent = batch.schema.types.get(row[naming])
            if parent is not None and parent.primary_key == ("id",):
                yield column, parent, row[column]
    if entity_type.name == "ListObject" and (touched.created or "entity_id" in touched.columns):
        yield "entity_id", _list_content(batch, row), row["entity_id"]


def _list_content(batch: Batch, row: Row) -> EntityType:
    """What a list may hold, told by the list's own type."""
    lists = batch.schema.find("List")
    found = batch.writer.fetch(lists, (row["list_id"],)) or {}
    return batch.schema.find("AssetVersion" if found.get("system_type") == "assetversion" else "TypedContext")


def _existing(batch: Batch, target: EntityType, values: list[Any]) -> dict[Any, EntityType]:
    """The concrete types of those of *values* that are keys of a visible row of the target type."""
    table, key = target.table, target.table.c[target.primary_key[0]]
    where = [table.c[name] == value for name, value in target.classifiers.items()]
    seen = batch.visible(target, table)
    if seen is not None:
        where.append(seen)
    found: dict[Any, EntityType] = {}
    for part in slices(values):
        for row in fetch(batch, sqlalchemy.select(table).where(key.in_(part), *where)):
            found[row[key.name]] = batch.schema.concrete(target, row)
    return found
