"""`entity_data` of a create or update: what the caller sent, as columns, references and lists.

A relation may be given as a reference or by its key. Source: protocol reference 2.3.
"""

import dataclasses
import json
from collections.abc import Iterable, Mapping
from typing import Any

from ftrack_sandbox.api.batch import Batch
from ftrack_sandbox.encode import Key, from_wire, key_of
from ftrack_sandbox.errors import ValidationError
from ftrack_sandbox.schema import Schema
from ftrack_sandbox.schema.model import Attribute, EntityType, Kind

Reference = tuple[EntityType, Key]


@dataclasses.dataclass
class Given:
    """What one operation sets.

    *columns* maps columns to stored values, relations included; *relations* and *collections*
    hold the references as sent; *names* are all attributes sent, in order.
    """

    columns: dict[str, Any] = dataclasses.field(default_factory=dict)
    relations: dict[str, Reference | None] = dataclasses.field(default_factory=dict)
    collections: dict[str, list[Reference]] = dataclasses.field(default_factory=dict)
    names: list[str] = dataclasses.field(default_factory=list)


def read_values(schema: Schema, entity_type: EntityType, data: Mapping[str, Any]) -> Given:
    """Return what *data* sets on an entity of the type.

    Raises ValidationError naming attribute and type for an unknown or computed attribute, a
    value of the wrong type, and a reference to the wrong type of entity.
    """
    given = Given()
    for name, value in data.items():
        if name == "__entity_type__":
            continue
        attribute = entity_type.attributes.get(name)
        if attribute is None:
            raise ValidationError(f"No attribute '{name}' exists for schema '{entity_type.name}'.")
        if attribute.kind is Kind.COMPUTED or name in entity_type.computed:
            raise ValidationError(f"'{name}' of {entity_type.name} is worked out by the server.")
        given.names.append(name)
        if attribute.kind is Kind.SCALAR:
            given.columns[name] = from_wire(attribute, value, entity_type)
        elif attribute.kind is Kind.RELATION:
            _read_relation(schema, entity_type, attribute, value, given)
        else:
            given.collections[name] = _read_list(schema, entity_type, attribute, value)
    return given


def _read_relation(
    schema: Schema, entity_type: EntityType, attribute: Attribute, value: Any, given: Given
) -> None:
    target = schema.find(attribute.target or "")
    join = attribute.join
    if join is None or join.link is not None or join.remote not in target.primary_key:
        raise ValidationError(f"'{attribute.name}' of {entity_type.name} cannot be set.")
    if value is None:
        given.relations[attribute.name] = None
        given.columns[join.local] = None
        return
    if isinstance(value, str) and attribute.name == join.local:
        # A key that the schema shows as a relation (`DashboardResource.dashboard_id`).
        given.columns[join.local] = value
        return
    reference = _read_reference(schema, entity_type, attribute, target, value)
    given.relations[attribute.name] = reference
    if len(target.primary_key) == 1:
        given.columns[join.local] = reference[1][0]
        return
    for name, part in zip(target.primary_key, reference[1], strict=True):
        given.columns[join.local if name == join.remote else name] = part


def _read_list(schema: Schema, entity_type: EntityType, attribute: Attribute, value: Any) -> list[Reference]:
    if value is None:
        return []
    if isinstance(value, str | Mapping) or not isinstance(value, Iterable):
        raise ValidationError(f"'{attribute.name}' of {entity_type.name} must be a list of entities.")
    target = schema.find(attribute.target or "")
    return [_read_reference(schema, entity_type, attribute, target, item) for item in value]


def _read_reference(
    schema: Schema, entity_type: EntityType, attribute: Attribute, target: EntityType, value: Any
) -> Reference:
    if not isinstance(value, Mapping):
        raise ValidationError(
            f"'{attribute.name}' of {entity_type.name} must be a reference to a {target.name}. "
            f"Got {json.dumps(value, default=str)[:200]}."
        )
    found, key = key_of(schema, value)
    if found.table is not target.table:
        raise ValidationError(
            f"'{attribute.name}' of {entity_type.name} must be a {target.name}. Got a {found.name}."
        )
    return found, key


def foreign_keys(batch: Batch, entity_type: EntityType) -> Mapping[str, EntityType]:
    """Return the columns of the type that hold the key of another entity, with that entity's type.

    They are known from the relations and, where the schema has a key but no relation, from the
    key's description. Source: protocol reference 4.2.
    """
    return batch.remember(
        ("foreign keys", entity_type.name), lambda: _foreign_keys(batch.schema, entity_type)
    )


def _foreign_keys(schema: Schema, entity_type: EntityType) -> dict[str, EntityType]:
    found: dict[str, EntityType] = {}
    for attribute in sorted(entity_type.attributes.values(), key=lambda each: each.kind is not Kind.SCALAR):
        if attribute.kind is Kind.SCALAR:
            target = _described(schema, attribute)
            if target is not None and attribute.name != "id":
                found.setdefault(attribute.name, target)
        elif attribute.kind is Kind.RELATION and attribute.join is not None:
            join, target = attribute.join, schema.find(attribute.target or "")
            settable = join.link is None and not join.where and (join.remote,) == target.primary_key
            if settable and join.local not in entity_type.computed and join.local != "id":
                known = found.get(join.local)
                # Of several types for one key (`Recipient.user` and `.recipient`) the widest counts.
                if known is None or len(target.classifiers) < len(known.classifiers):
                    found[join.local] = target
    return {name: target for name, target in found.items() if name in entity_type.table.c}


def _described(schema: Schema, attribute: Attribute) -> EntityType | None:
    """The target of `Foreign key(s): User.user_id`; None for types that no schema shows."""
    text = attribute.definition.get("description")
    if attribute.definition.get("format") != "foreign_key" or not isinstance(text, str):
        return None
    name = text.rpartition(":")[2].strip().partition(".")[0]
    target = schema.types.get(name)
    return target if target is not None and len(target.primary_key) == 1 else None
