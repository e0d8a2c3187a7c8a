"""What stands above an entity, up to its project: the `parents` of update events.

Source: protocol reference 5.8.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import sqlalchemy

from ftrack_sandbox.api.batch import Place
from ftrack_sandbox.api.row import slices
from ftrack_sandbox.encode import Key
from ftrack_sandbox.errors import UnknownType
from ftrack_sandbox.schema import Schema
from ftrack_sandbox.schema.model import EntityType
from ftrack_sandbox.store import Change

#: By table, the relation that leads from an entity to its parent (assumed where no event was
#: recorded). Tables that are not named, and not in `_BY_TYPE`, have entities without parent.
_TO_PARENT = {
    "appointment": "context",
    "asset": "parent",
    "asset_version": "asset",
    "calendar_event": "project",
    "calendar_event_resource": "calendar_event",
    "component": "version",
    "component_location": "component",
    "context": "parent",
    "event": "project",
    "feed": "event",
    "job_component": "job",
    "list": "project",
    "list_object": "list",
    "manager": "context",
    "message": "conversation",
    "note_component": "note",
    "participant": "conversation",
    "recipient": "note",
    "review_session": "project",
    "review_session_invitee": "review_session",
    "review_session_object": "review_session",
    "review_session_object_status": "review_session_object",
    "timelog": "context",
    "timer": "context",
    "typed_context_link": "from",
    "user_security_role_project": "project",
}

#: Tables whose `parent_type` names the type that `parent_id` belongs to.
_BY_TYPE = frozenset({"entity_setting", "metadata", "note", "status_change"})


class Family:
    """The rows of one commit and of all that stands above them, read level by level.

    Rows that the commit removed are known from its changes, so that the parents of what went
    along with them can still be told.
    """

    def __init__(self, schema: Schema, connection: sqlalchemy.Connection, changes: Iterable[Change]) -> None:
        self._schema = schema
        self._connection = connection
        self._rows: dict[Place, Mapping[str, Any] | None] = {}
        #: Places whose row is gone at the end of the commit.
        self.gone: set[Place] = set()
        for change in changes:
            place = (change.entity_type.table.name, change.key)
            self._rows[place] = change.row
            (self.gone.add if change.action == "remove" else self.gone.discard)(place)

    def row(self, place: Place) -> Mapping[str, Any] | None:
        """The row at *place*, if it was loaded and is there."""
        return self._rows.get(place)

    def load(self, types: Mapping[Place, EntityType]) -> None:
        """Read the rows of entities with a single key, a SELECT for each table and slice."""
        wanted: dict[str, list[Place]] = {}
        for place in types:
            if place not in self._rows:
                wanted.setdefault(place[0], []).append(place)
        for places in wanted.values():
            table = types[places[0]].table
            (name,) = types[places[0]].primary_key
            for part in slices(places):
                self._rows.update(dict.fromkeys(part))
                select = sqlalchemy.select(table).where(table.c[name].in_([key[0] for _, key in part]))
                for row in self._connection.execute(select).mappings():
                    self._rows[table.name, (row[name],)] = dict(row)

    def climb(self, places: Mapping[Place, EntityType]) -> None:
        """Read everything above *places*."""
        self.load(places)
        level = dict(places)
        seen = set(level)
        while level:
            above = {}
            for place, entity_type in level.items():
                parent = self.parent(place, entity_type)
                if parent is not None and parent[0] not in seen:
                    above[parent[0]] = parent[1]
            self.load(above)
            seen.update(above)
            level = above

    def parent(self, place: Place, entity_type: EntityType) -> tuple[Place, EntityType] | None:
        """Where the parent of the entity at *place* lives, whether its row is there or not."""
        row = self._rows.get(place)
        if row is None:
            return None
        if place[0] == "note" and row.get("parent_id") is None:
            # A reply names no parent but the note it answers.
            return self._placed(entity_type.name, row.get("in_reply_to_id"))
        if place[0] in _BY_TYPE:
            return self._placed(row.get("parent_type"), row.get("parent_id"))
        attribute = entity_type.attributes.get(_TO_PARENT.get(place[0], ""))
        if attribute is None or attribute.join is None:
            return None
        return self._placed(attribute.target, row.get(attribute.join.local))

    def _placed(self, type_name: Any, key: Any) -> tuple[Place, EntityType] | None:
        if not type_name or key is None:
            return None
        try:
            target = self._schema.find(str(type_name))
        except UnknownType:
            return None
        return ((target.table.name, (key,)), target) if len(target.primary_key) == 1 else None

    def line(self, place: Place, entity_type: EntityType) -> list[dict[str, Any]]:
        """The `parents` of an entity: itself first, the project last."""
        found: list[dict[str, Any]] = []
        seen = set()
        step: tuple[Place, EntityType] | None = (place, entity_type)
        while step is not None and step[0] not in seen:
            seen.add(step[0])
            row = self._rows.get(step[0])
            if row is None:
                break
            above = self.parent(*step)
            concrete = self._schema.concrete(step[1], row)
            found.append(
                {
                    "entityId": _id(step[0][1]),
                    "entityType": concrete.legacy,
                    "entity_type": concrete.name,
                    "parentId": _id(above[0][1]) if above is not None else None,
                }
            )
            step = above
        return found


def _id(key: Key) -> str:
    """The `entityId`; of a key with several parts, all of them (assumed)."""
    return ",".join(str(part) for part in key)
