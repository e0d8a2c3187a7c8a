"""What the replies to a batch's creates and updates hold.

Source: protocol reference 2.3 (create), 2.4 (update).
"""

from collections.abc import Mapping
from typing import Any

from ftrack_sandbox.api.batch import Batch, Touched
from ftrack_sandbox.api.constraint import Settled
from ftrack_sandbox.api.custom_attribute import is_value, present
from ftrack_sandbox.api.row import fetch
from ftrack_sandbox.encode import Entity, always
from ftrack_sandbox.query.sql import Projection, related_statement
from ftrack_sandbox.schema.model import Attribute, Kind


def complete(batch: Batch, settled: Settled) -> None:
    """Put into every touched entity what its reply holds, from the rows as they ended up.

    A create tells what it was sent and all that has a value - an empty system projection is left
    out, as `version_id` is in the recorded creation of a FileComponent -, an update what it was
    sent, what followed from it and the system projections. Source: protocol reference 2.3, 2.4.
    """
    for touched in batch.touched.values():
        row = settled.rows[touched.type.table.name, touched.key]
        for name in _names(touched, row):
            attribute = touched.type.attributes.get(name)
            if attribute is None or attribute.restricted:
                continue
            if attribute.kind is Kind.SCALAR:
                touched.entity.values[name] = row[name]
            elif attribute.kind is Kind.RELATION:
                touched.entity.values[name] = _related(batch, settled, attribute, row)
            elif attribute.kind is Kind.COLLECTION and not _is_values(attribute):
                touched.entity.values[name] = _members(batch, attribute, row)
        if touched.type.name == "ComponentLocation" and touched.created:
            _tell_component(batch, touched, row)
        if is_value(touched.type):
            present(batch, [(touched.entity, row)])


def _names(touched: Touched, row: Mapping[str, Any]) -> dict[str, None]:
    if touched.created:
        return touched.sent | {name: None for name, value in row.items() if value is not None}
    return dict.fromkeys((*always(touched.type), *touched.sent, *sorted(touched.columns)))


def _related(batch: Batch, settled: Settled, attribute: Attribute, row: Mapping[str, Any]) -> Entity | None:
    target = batch.schema.find(attribute.target or "")
    value = row[attribute.join.local] if attribute.join is not None else None
    if value is None:
        return None
    concrete = settled.types.get((target.table.name, value))
    if concrete is None:
        # The key is made of several parts, or was there before this batch.
        key = tuple(row.get(name) if name in row else value for name in target.primary_key)
        return batch.identities.of(target, key)
    return batch.identities.of(concrete, (value,))


def _members(batch: Batch, attribute: Attribute, row: Mapping[str, Any]) -> list[Entity]:
    """The collection as it stands now, as references."""
    join = attribute.join
    if join is None:
        return []
    target = batch.schema.find(attribute.target or "")
    projection = Projection(target, (), {})
    statement = related_statement(attribute, projection, [row[join.local]], batch.schema, batch.visible)
    members = []
    for found in fetch(batch, statement):
        concrete = batch.schema.concrete(target, found)
        members.append(batch.identities.of(concrete, tuple(found[name] for name in concrete.primary_key)))
    return members


def _tell_component(batch: Batch, touched: Touched, row: Mapping[str, Any]) -> None:
    """A component made in the same batch tells its new location, with the way back.

    Source: protocol reference 2.3, the recorded creation of a FileComponent.
    """
    component = batch.touched.get(("component", (row["component_id"],)))
    if component is None or not component.created:
        return
    touched.entity.values["component"] = component.entity
    component.entity.values.setdefault("component_locations", []).append(touched.entity)


def _is_values(attribute: Attribute) -> bool:
    """Custom attribute values tell themselves, each by an update of its own."""
    return attribute.mapped and attribute.target != "Metadata"
