"""`create`, `update` and `delete` of every entity type, from what the schema says of it.

Rows are written as the operations come, so that later ones may refer to them; what must hold
is checked when the last one is done (`constraint.settle`). Source: protocol reference 2.3-2.7.
"""

import json
from collections.abc import Mapping
from typing import Any

from ftrack_sandbox.access.right import check_write
from ftrack_sandbox.api import cascade, collection, custom_attribute, default, upkeep
from ftrack_sandbox.api.batch import Batch, Touched
from ftrack_sandbox.api.row import check_reach, name_of
from ftrack_sandbox.api.value import Given, read_values
from ftrack_sandbox.encode import Key, stored_key
from ftrack_sandbox.errors import DuplicateEntryError, ValidationError
from ftrack_sandbox.schema.model import EntityType

#: What a supertype becomes when nothing tells otherwise. Source: protocol reference 2.3.
_USUAL = {"Component": "FileComponent"}


def create(batch: Batch, operation: Mapping[str, Any]) -> dict[str, Any]:
    """Answer `{"action": "create", "entity_type": ..., "entity_data": ..., "entity_key"?: ...}`.

    The reply holds key, system projections, all that was sent and what the server supplied; not
    the rest. A supertype is answered under its own name, for the Python client looks the new
    entity up under the type it asked for. Source: protocol reference 2.3.
    """
    asked = batch.schema.find(_entity_type(operation))
    data = _data(operation)
    key = operation.get("entity_key")
    if key is not None:
        data = {**dict(zip(asked.primary_key, _key(asked, key), strict=True)), **data}
    if custom_attribute.is_value(asked):
        return {"action": "create", "data": custom_attribute.create(batch, asked, data).entity}
    entity_type = _concrete(batch, asked, data)
    check_write(batch.caller, entity_type, None)
    given = _read(batch, entity_type, data, default.STAMPED)
    row = _new_row(batch, entity_type, given)
    touched = _insert(batch, asked, entity_type, row, given)
    collection.assign(batch, entity_type, row, given.collections)
    upkeep.created(batch, entity_type, touched.key, row)
    return {"action": "create", "data": touched.entity}


def update(batch: Batch, operation: Mapping[str, Any]) -> dict[str, Any]:
    """Answer `{"action": "update", "entity_type": ..., "entity_key": [...], "entity_data": ...}`.

    The reply holds key, system projections and what changed. Source: protocol reference 2.4.
    """
    asked = batch.schema.find(_entity_type(operation))
    key, data = _key(asked, operation.get("entity_key")), _data(operation)
    if custom_attribute.is_value(asked):
        return {"action": "update", "data": custom_attribute.update(batch, asked, key, data).entity}
    row = batch.writer.fetch(asked, key)
    if row is None:
        raise ValidationError(f"There is no {name_of(asked, key)}.")
    concrete = batch.schema.concrete(asked, row)
    check_reach(batch, concrete, [key])
    check_write(batch.caller, concrete, row)
    # A supertype's own rules count: what a Task's object type may not, a TypedContext's may.
    attributed = asked if asked.name != "Context" else concrete
    given = _read(batch, attributed, data)
    _check_immutable(batch, attributed, key, row, given)
    _check_kind(batch, asked, concrete, row, given)
    touched = batch.touch(concrete, key)
    touched.sent.update(dict.fromkeys(given.names))
    upkeep.change(
        batch, concrete, key, {n: v for n, v in given.columns.items() if n not in asked.primary_key}
    )
    collection.assign(batch, concrete, row, given.collections)
    return {"action": "update", "data": touched.entity}


def delete(batch: Batch, operation: Mapping[str, Any]) -> dict[str, Any]:
    """Answer `{"action": "delete", "entity_type": ..., "entity_key": [...]}`.

    Deleting what does not exist is an error (assumed), except for rows that this very batch
    removed along with something else. Source: protocol reference 2.5.
    """
    asked = batch.schema.find(_entity_type(operation))
    key = _key(asked, operation.get("entity_key"))
    row = batch.writer.fetch(asked, key)
    if row is None:
        if (asked.table.name, key) in batch.dropped or custom_attribute.is_value(asked):
            return {"action": "delete", "data": True}
        raise ValidationError(f"There is no {name_of(asked, key)} to delete.")
    concrete = batch.schema.concrete(asked, row)
    check_reach(batch, concrete, [key])
    check_write(batch.caller, concrete, row)
    cascade.remove(batch, concrete, key, row)
    return {"action": "delete", "data": True}


def _entity_type(operation: Mapping[str, Any]) -> str:
    name = operation.get("entity_type")
    if not isinstance(name, str):
        raise ValidationError(f"The operation '{operation.get('action')}' needs an entity_type.")
    return name


def _data(operation: Mapping[str, Any]) -> Mapping[str, Any]:
    data = operation.get("entity_data", {})
    if not isinstance(data, Mapping):
        raise ValidationError(f"entity_data of {operation.get('entity_type')} must be an object.")
    return data


def _key(entity_type: EntityType, key: Any) -> Key:
    """Return the key an operation names: a list in the schema's order, or one bare value."""
    parts = key if isinstance(key, list) else list(key.values()) if isinstance(key, Mapping) else [key]
    whole = len(parts) == len(entity_type.primary_key)
    if not whole or any(isinstance(part, dict | list) or part is None for part in parts):
        text = json.dumps(key, default=str)[:200].replace("{", "(").replace("}", ")")
        raise ValidationError(
            f"The key of {entity_type.name} is made of {', '.join(entity_type.primary_key)}. Got {text}."
        )
    return stored_key(entity_type, parts)


def _read(
    batch: Batch, entity_type: EntityType, data: Mapping[str, Any], stamped: frozenset[str] = frozenset()
) -> Given:
    """Return what *data* sets, without the columns that the server fills itself."""
    given = read_values(batch.schema, entity_type, data)
    for column in stamped | default.ALWAYS_STAMPED.get(entity_type.table.name, frozenset()):
        given.columns.pop(column, None)
    return given


def _concrete(batch: Batch, asked: EntityType, data: Mapping[str, Any]) -> EntityType:
    """Return the type that the new row will have."""
    if asked.name in _USUAL and data.get("system_type") is None:
        return batch.schema.find(_USUAL[asked.name])
    if asked.concrete == (asked.name,):
        return asked
    row: dict[str, Any] = dict.fromkeys(asked.table.c.keys())
    row.update(
        {name: each.default for name, each in asked.attributes.items() if name in row and each.default}
    )
    row.update({name: value for name, value in data.items() if name in row and isinstance(value, str)})
    if asked.table.name == "custom_attribute_link":
        row.update(default.link_ends(batch, row["configuration_id"]))
    row.update(asked.classifiers)
    concrete = batch.schema.concrete(asked, row)
    if concrete.name not in asked.concrete:
        raise ValidationError(f"{asked.name} cannot be created; name one of {', '.join(asked.concrete)}.")
    return concrete


def _new_row(batch: Batch, entity_type: EntityType, given: Given) -> dict[str, Any]:
    row = {**dict.fromkeys(entity_type.table.c.keys()), **entity_type.classifiers, **given.columns}
    for name, value in entity_type.classifiers.items():
        if row[name] is None:
            row[name] = value
        elif row[name] != value:
            raise ValidationError(f"'{name}' of {entity_type.name} must be '{value}'. Got '{row[name]}'.")
    row.update(default.identify(batch, entity_type, row))
    for name, value in default.supply(batch, entity_type, row).items():
        # Null is as good as nothing only where nothing may not stay.
        if name not in given.columns or name in entity_type.required:
            row[name] = value
    return row


def _insert(
    batch: Batch, asked: EntityType, entity_type: EntityType, row: dict[str, Any], given: Given
) -> Touched:
    key = tuple(row[name] for name in entity_type.primary_key)
    missing = [name for name in entity_type.primary_key if row[name] is None]
    if missing:
        raise ValidationError(f"A {entity_type.name} needs {', '.join(missing)}.")
    if batch.writer.exists(entity_type, key):
        raise DuplicateEntryError(f"Duplicate entry: {name_of(entity_type, key)} exists already.")
    batch.writer.insert(entity_type, row)
    batch.identities.of(asked, key)
    touched = batch.touch(entity_type, key, created=True)
    touched.columns.update(name for name in given.columns)
    touched.sent.update(dict.fromkeys(given.names))
    return touched


def _check_immutable(
    batch: Batch, entity_type: EntityType, key: Key, row: Mapping[str, Any], given: Given
) -> None:
    """Refuse to change what is settled at creation; the batch that created the row still may."""
    known = batch.touched.get((entity_type.table.name, key))
    fresh = known is not None and known.created
    for name in given.names:
        attribute = entity_type.attributes[name]
        column = attribute.join.local if attribute.join is not None else name
        if column not in given.columns or given.columns[column] == row[column]:
            continue
        fixed = column in entity_type.primary_key or column in default.STAMPED
        if fixed or (not fresh and (name in entity_type.immutable or column in entity_type.immutable)):
            raise ValidationError(f"'{name}' of {name_of(entity_type, key)} is immutable.")


def _check_kind(
    batch: Batch, asked: EntityType, concrete: EntityType, row: Mapping[str, Any], given: Given
) -> None:
    """Refuse to turn an entity into one of another type, save a typed context by its object type.

    Source: protocol reference 4.5, where only that is mutable on a supertype.
    """
    for name in concrete.classifiers:
        if given.columns.get(name, row[name]) == row[name]:
            continue
        told = batch.schema.concrete(asked, {**row, **given.columns})
        if name in asked.classifiers or name != "object_type_id" or told.name not in asked.concrete:
            raise ValidationError(
                f"'{name}' of a {concrete.name} cannot be '{given.columns[name]}'; it is '{row[name]}'."
            )
