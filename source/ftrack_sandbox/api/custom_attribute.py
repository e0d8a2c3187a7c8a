"""Custom attribute values: which an entity has, how they read, and their upsert.

Reading the collection is dense: one row for every configuration that applies, with the default
where nothing is stored; a hierarchical one answers only what is stored on that very entity.
Source: protocol reference 2.10.
"""

import dataclasses
import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import sqlalchemy

from ftrack_sandbox.api.batch import Batch, Touched
from ftrack_sandbox.api.row import check_reach, fetch, name_of, slices
from ftrack_sandbox.api.upkeep import change
from ftrack_sandbox.encode import Entity, Key, always, read_datetime
from ftrack_sandbox.errors import IntegrityError, PermissionDenied, ValidationError
from ftrack_sandbox.schema.model import EntityType

Taken = Sequence[tuple[Entity, Mapping[str, Any]]]

#: By table: the word of `CustomAttributeConfiguration.entity_type`, and the type of the values.
#: Source: protocol reference 2.10; the word of list objects is assumed.
_OWNERS: Mapping[str, tuple[str, str]] = {
    "context": ("task", "ContextCustomAttributeValue"),
    "asset_version": ("assetversion", "AssetVersionCustomAttributeValue"),
    "asset": ("asset", "AssetCustomAttributeValue"),
    "resource": ("user", "UserCustomAttributeValue"),
    "list": ("list", "ListCustomAttributeValue"),
    "list_object": ("listobject", "ListObjectCustomAttributeValue"),
}

#: Types whose values are text.
_TEXTS = (None, "text", "expression")

#: Words whose entities take any hierarchical configuration. Source: protocol reference 2.10.
_HIERARCHICAL = frozenset({"task", "show", "asset", "assetversion"})


@dataclasses.dataclass(frozen=True)
class Configuration:
    """What a value needs to know of its configuration."""

    id: str
    key: str
    kind: str
    entity_type: str | None
    object_type_id: str | None
    project_id: str | None
    is_hierarchical: bool
    default: Any

    def applies(self, word: str, object_type_id: str | None, project_id: str | None) -> bool:
        """Whether entities of this kind, in this project, have the attribute."""
        if self.is_hierarchical:
            return word in _HIERARCHICAL and self.project_id in (None, project_id)
        fits = self.entity_type == word and self.object_type_id == object_type_id
        return fits and self.project_id in (None, project_id)


def configurations(batch: Batch) -> Mapping[str, Configuration]:
    """Return all configurations by id, those of one project first; read once a batch."""
    return batch.remember("configurations", lambda: _read_configurations(batch))


def _read_configurations(batch: Batch) -> dict[str, Configuration]:
    table = batch.schema.find("CustomAttributeConfiguration").table
    kinds = batch.schema.find("CustomAttributeType").table
    select = (
        sqlalchemy.select(table, kinds.c.name.label("_kind"))
        .outerjoin(kinds, kinds.c.id == table.c.type_id)
        .order_by(table.c.project_id.is_(None), table.c.sort, table.c.key)
    )
    for name, value in batch.schema.find("CustomAttributeConfiguration").classifiers.items():
        select = select.where(table.c[name] == value)
    return {
        row["id"]: Configuration(
            row["id"],
            row["key"] or "",
            row["_kind"] or "text",
            row["entity_type"],
            row["object_type_id"],
            row["project_id"],
            bool(row["is_hierarchical"]),
            # The schema's own default is the empty text, whatever the type.
            row["default"] if row["default"] != "" or row["_kind"] in _TEXTS else None,
        )
        for row in fetch(batch, select)
    }


def is_value(entity_type: EntityType) -> bool:
    """Whether the type is one of custom attribute values."""
    return entity_type.table.name == "custom_attribute_value"


def dense_rows(batch: Batch, value_type: EntityType, taken: Taken) -> Iterator[dict[str, Any]]:
    """Yield a value row for each configuration that applies to each entity of *taken*.

    Rows hold the columns of the value type's table and `_owner`, the key of the entity.
    """
    owners = {row["id"]: (entity, row) for entity, row in taken}
    if not owners:
        return
    stored = _stored(batch, value_type, list(owners))
    projects = _projects(batch, taken)
    empty = dict.fromkeys(value_type.table.c.keys())
    sorts: dict[Any, list[Configuration]] = {}
    for owner_id, (entity, row) in owners.items():
        sort = (*_sort(entity.type, row), projects.get(owner_id))
        if sort not in sorts:
            sorts[sort] = _applicable(batch, *sort)
        for each in sorts[sort]:
            usual = {
                **empty,
                "configuration_id": each.id,
                "entity_id": owner_id,
                "key": each.key,
                "value": None if each.is_hierarchical else each.default,
            }
            yield {**usual, **stored.get((each.id, owner_id), {}), "key": each.key, "_owner": owner_id}


def _stored(batch: Batch, value_type: EntityType, owner_ids: list[Any]) -> dict[Key, dict[str, Any]]:
    table = value_type.table
    found: dict[Key, dict[str, Any]] = {}
    for part in slices(owner_ids):
        select = sqlalchemy.select(table).where(table.c.entity_id.in_(part))
        for row in fetch(batch, select):
            found[row["configuration_id"], row["entity_id"]] = row
    return found


def _sort(entity_type: EntityType, row: Mapping[str, Any]) -> tuple[str, str | None]:
    """The configuration's word for an entity, and its object type."""
    if row.get("context_type") == "show":
        return "show", None
    word = _OWNERS.get(entity_type.table.name, ("", ""))[0]
    return word, row.get("object_type_id")


def _applicable(
    batch: Batch, word: str, object_type_id: str | None, project_id: str | None
) -> list[Configuration]:
    """The readable configurations that apply; of two with one key the project's own wins."""
    readable = _permitted(batch, "read")
    found: dict[str, Configuration] = {}
    for each in configurations(batch).values():
        if each.id in readable and each.applies(word, object_type_id, project_id):
            found.setdefault(each.key, each)
    return list(found.values())


def _permitted(batch: Batch, right: str) -> frozenset[str]:
    return batch.remember(
        ("permitted", right), lambda: batch.access.attributes(batch.connection, batch.caller, right)
    )


def _projects(batch: Batch, taken: Taken) -> dict[Any, Any]:
    """The project of each entity, by the entity's key."""
    table = taken[0][0].type.table
    if table.name == "context":
        return {
            row["id"]: row["id"] if row["context_type"] == "show" else row["project_id"] for _, row in taken
        }
    if table.name == "list":
        return {row["id"]: row["project_id"] for _, row in taken}
    if table.name not in ("asset", "asset_version"):
        return {}
    tables = batch.schema.metadata.tables
    context, asset = tables["context"], tables["asset"]
    project = sqlalchemy.case((context.c.context_type == "show", context.c.id), else_=context.c.project_id)
    select = sqlalchemy.select(table.c.id, project)
    if table.name == "asset_version":
        select = select.join(asset, asset.c.id == table.c.asset_id)
    select = select.join(context, context.c.id == asset.c.context_id)
    found: dict[Any, Any] = {}
    for part in slices([row["id"] for _, row in taken]):
        rows = batch.connection.execute(select.where(table.c.id.in_(part)))
        found.update((entity_id, project_id) for entity_id, project_id in rows)
    return found


def present(batch: Batch, taken: Taken) -> None:
    """Give the values among *taken* the form they have on the wire: dates in their envelope."""
    known = configurations(batch)
    for entity, row in taken:
        configuration = known.get(row["configuration_id"])
        if configuration is None:
            continue
        if "value" in entity.values:
            entity.values["value"] = _shown(configuration, entity.values["value"])
        if "key" in entity.type.attributes and ("key" in entity.values or "key" in always(entity.type)):
            entity.values["key"] = configuration.key


def _shown(configuration: Configuration, value: Any) -> Any:
    if configuration.kind != "date" or not isinstance(value, str):
        return value
    try:
        return read_datetime(value)
    except ValueError:
        return value


def create(batch: Batch, asked: EntityType, data: Mapping[str, Any]) -> Touched:
    """Create a value through the generic type; the types of the owners take updates only.

    Source: protocol reference 2.10.
    """
    if asked.name != "CustomAttributeValue":
        raise ValidationError(f"A {asked.name} cannot be created; update it instead.")
    key = tuple(_key_part(data, name) for name in asked.primary_key)
    return update(batch, asked, key, data)


def _key_part(data: Mapping[str, Any], name: str) -> Any:
    reference = data.get(name.removesuffix("_id"))
    value = data.get(name) or (reference.get("id") if isinstance(reference, Mapping) else None)
    if not isinstance(value, str):
        raise ValidationError(f"A CustomAttributeValue needs {name}.")
    return value


def update(batch: Batch, asked: EntityType, key: Key, data: Mapping[str, Any]) -> Touched:
    """Set a value, whether its row is stored yet or not.

    Raises ValidationError for a value of the wrong type, IntegrityError for a configuration or
    an entity that does not exist, PermissionDenied without a role that may write it. Source:
    protocol reference 2.10.
    """
    named = dict(zip(asked.primary_key, key, strict=True))
    configuration = configurations(batch).get(named["configuration_id"])
    if configuration is None:
        raise IntegrityError(
            f"configuration_id of {name_of(asked, key)} refers to CustomAttributeConfiguration "
            f"{named['configuration_id']}, which does not exist."
        )
    if configuration.id not in _permitted(batch, "write"):
        raise PermissionDenied(
            f"{batch.caller.username} has no permission to write the custom attribute '{configuration.key}'."
        )
    value_type, owner = _owner(batch, asked, named["entity_id"], configuration)
    for name in data:
        if name != "__entity_type__" and name not in ("value", *asked.attributes):
            raise ValidationError(f"No attribute '{name}' exists for schema '{asked.name}'.")
    check_reach(batch, owner, [(named["entity_id"],)])
    columns = {"value": _accepted(configuration, data["value"])} if "value" in data else {}
    if batch.writer.exists(value_type, key):
        touched = batch.touch(value_type, key)
        change(batch, value_type, key, columns)
    else:
        row = {**value_type.classifiers, **named, "value": None, "key": configuration.key, **columns}
        batch.writer.insert(value_type, {n: v for n, v in row.items() if n in value_type.table.c})
        touched = batch.touch(value_type, key, created=True)
    touched.sent.update({"key": None, "value": None})
    return touched


def _owner(
    batch: Batch, asked: EntityType, entity_id: str, configuration: Configuration
) -> tuple[EntityType, EntityType]:
    """The concrete type of the value, and the type of the entity it belongs to."""
    for table_name, (word, value_name) in _OWNERS.items():
        if asked.name not in ("CustomAttributeValue", value_name):
            continue
        owner = next(
            t for t in batch.schema.types.values() if t.table.name == table_name and not t.classifiers
        )
        row = batch.writer.fetch(owner, (entity_id,))
        if row is None:
            continue
        found = "show" if row.get("context_type") == "show" else word
        fits = configuration.is_hierarchical and found in _HIERARCHICAL
        if not fits and configuration.entity_type != found:
            raise ValidationError(
                f"Custom attribute '{configuration.key}' is one of {configuration.entity_type}; "
                f"{owner.name} {entity_id} has none of that name."
            )
        return batch.schema.find(value_name), owner
    raise IntegrityError(f"entity_id of {asked.name} refers to {entity_id}, which does not exist.")


def _accepted(configuration: Configuration, value: Any) -> Any:
    """The stored form of a value. Raises ValidationError in the server's documented words."""
    if value is None:
        return None
    try:
        return _READERS.get(configuration.kind, _text)(value)
    except (TypeError, ValueError) as error:
        text = json.dumps(value, default=str, ensure_ascii=False)[:200]
        raise ValidationError(
            f'Custom attribute value for "{configuration.key}" must be of type {configuration.kind}. '
            f"Got {text}"
        ) from error


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(value)
    return value


def _number(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(value)
    if not math.isfinite(value):
        raise ValueError(value)
    return value


def _boolean(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError(value)
    return value


def _choices(value: Any) -> list[str]:
    """Values are lists; one bare text is taken for a list of one (assumed)."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, Mapping) or not isinstance(value, Iterable):
        raise TypeError(value)
    return [_text(each) for each in value]


def _date(value: Any) -> str:
    return read_datetime(value).isoformat()


#: By `CustomAttributeType.name`. Source: protocol reference 2.10.
_READERS: Mapping[str, Any] = {
    "text": _text,
    "expression": _text,
    "boolean": _boolean,
    "number": _number,
    "date": _date,
    "enumerator": _choices,
    "dynamic enumerator": _choices,
}
