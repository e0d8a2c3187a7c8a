"""`ftrack.update`: what a commit changed, in the words of the event hub.

Source: protocol reference 5.8. Events use the server's older names for types and columns. All
entity types are published in the same plain shape (assumed where the reference says unknown:
Job, JobComponent, Component, Timelog and others).
"""

import dataclasses
import datetime
import math
import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy

from ftrack_sandbox.access import Caller
from ftrack_sandbox.api.ancestry import Family
from ftrack_sandbox.api.batch import Place
from ftrack_sandbox.encode import Key
from ftrack_sandbox.schema import Schema
from ftrack_sandbox.schema.model import EntityType, Kind
from ftrack_sandbox.store import Change

#: The `source.id` of everything that the server publishes by itself.
SERVER_ID = uuid.uuid5(uuid.NAMESPACE_DNS, "ftrack-sandbox").hex

_VALUES = "custom_attribute_value"

#: Tables whose rows are the server's own book-keeping: the event recorded for a change of status
#: holds the entity that changed and nothing besides.
_UNTOLD = frozenset({"status_change"})


@dataclasses.dataclass
class _Entry:
    """What a commit did to one row, all its changes taken together."""

    action: str
    type: EntityType
    key: Key
    old: dict[str, Any]
    new: dict[str, Any]

    @property
    def place(self) -> Place:
        return self.type.table.name, self.key

    def changes(self) -> dict[str, dict[str, Any]]:
        """The changes of the entity's own columns, by the columns' older names."""
        found: dict[str, dict[str, Any]] = {}
        for column in {**self.new, **self.old}:
            attribute = self.type.attributes.get(column)
            # Columns that no attribute shows are the database's own affair.
            if attribute is not None and attribute.kind is Kind.SCALAR:
                pair = {"old": _wire(self.old.get(column)), "new": _wire(self.new.get(column))}
                found[attribute.legacy or column] = pair
        return found


def update_events(
    changes: Sequence[Change],
    schema: Schema,
    connection: sqlalchemy.Connection,
    caller: Caller,
    client_token: str | None,
    push_token: str | None,
) -> list[dict[str, Any]]:
    """Return the events that tell of one transaction's *changes*: one, or none.

    Call it inside the transaction, for it reads the entities above those that changed; publish
    what it returns after the commit.
    """
    family = Family(schema, connection, changes)
    entities = list(_Report(schema, family).entities(_together(changes)))
    if not entities:
        return []
    parents = dict.fromkeys(each["entityId"] for entity in entities for each in entity["parents"])
    data = {
        "parents": list(parents),
        "user": {"userid": caller.user_id, "name": _name(family, schema, caller)},
        "clientToken": client_token,
        "pushToken": push_token,
        "entities": entities,
    }
    return [_event(data, caller, client_token)]


def _event(data: Mapping[str, Any], caller: Caller, client_token: str | None) -> dict[str, Any]:
    return {
        "topic": "ftrack.update",
        "id": uuid.uuid4().hex,
        "sent": None,
        "target": "",
        "inReplyToEvent": None,
        "source": {
            "id": SERVER_ID,
            # Assumed: which client wrote is not told by its requests.
            "applicationId": "ftrack.api.python",
            "clientToken": client_token,
            "user": {"username": caller.username, "id": caller.user_id},
        },
        "data": data,
    }


class _Report:
    """Turns entries into the `entities` of an event."""

    def __init__(self, schema: Schema, family: Family) -> None:
        self._schema = schema
        self._family = family

    def entities(self, entries: Sequence[_Entry]) -> Iterable[dict[str, Any]]:
        """Yield an item for each entity that changed; custom values count as their owner's.

        The values of an entity made in the same commit follow in an `update` of their own, those
        of a removed one are left out.
        """
        plain = [entry for entry in entries if entry.type.table.name not in {_VALUES, *_UNTOLD}]
        owners = self._owned([entry for entry in entries if entry.type.table.name == _VALUES])
        self._family.climb(
            {**{place: owner for place, (owner, _) in owners.items()}, **{e.place: e.type for e in plain}}
        )
        for entry in plain:
            changes = entry.changes()
            action = entry.action
            if action == "update":
                changes.update(owners.pop(entry.place, (None, {}))[1])
                if entry.type.table.name == "context" and "parent_id" in entry.new:
                    action = "move"
            if changes:
                yield self._entity(action, entry.place, entry.type, changes)
        for place, (owner, changes) in owners.items():
            if self._family.row(place) is not None and place not in self._family.gone:
                yield self._entity("update", place, owner, changes)

    def _entity(
        self, action: str, place: Place, entity_type: EntityType, changes: Mapping[str, Any]
    ) -> dict[str, Any]:
        row = self._family.row(place) or {}
        line = self._family.line(place, entity_type)
        if place[0] == "note":
            changes = {**changes, **_project_change(action, line)}
        entity = {
            "action": action,
            "entityType": line[0]["entityType"],
            "entity_type": line[0]["entity_type"],
            "entityId": line[0]["entityId"],
            "parentId": line[0]["parentId"],
            "keys": list(changes),
            "changes": dict(changes),
            "parents": line,
        }
        if row.get("object_type_id") is not None and place[0] == "context":
            entity["objectTypeId"] = row["object_type_id"]
        return entity

    def _owned(
        self, values: Sequence[_Entry]
    ) -> dict[Place, tuple[EntityType, dict[str, dict[str, str | None]]]]:
        """The changes of custom values, by the place of the entity that has them."""
        configuration = self._schema.find("CustomAttributeConfiguration")
        rows = [self._family.row(entry.place) or {} for entry in values]
        places = [(configuration.table.name, (row["configuration_id"],)) for row in rows]
        self._family.load(dict.fromkeys(places, configuration))
        owned: dict[Place, tuple[EntityType, dict[str, dict[str, str | None]]]] = {}
        for entry, row, place in zip(values, rows, places, strict=True):
            configured = self._family.row(place)
            pair = {"old": _text(entry.old.get("value")), "new": _text(entry.new.get("value"))}
            if configured is None or pair["old"] == pair["new"]:
                continue
            owner = self._schema.find(row["owner_type"])
            changes = owned.setdefault((owner.table.name, (row["entity_id"],)), (owner, {}))[1]
            changes[configured["key"]] = pair
        return owned


def _project_change(action: str, line: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """The project of a note that came or went, which is a column of notes in events only."""
    if action not in ("add", "remove") or line[-1]["entityType"] != "show":
        return {}
    project_id = line[-1]["entityId"]
    pair = {"old": None, "new": project_id} if action == "add" else {"old": project_id, "new": None}
    return {"project_id": pair}


def _together(changes: Iterable[Change]) -> list[_Entry]:
    """Take all changes of one row together, in the order the rows were first touched."""
    entries: list[_Entry] = []
    open_: dict[Place, _Entry] = {}
    for change in changes:
        place = (change.entity_type.table.name, change.key)
        entry = open_.get(place)
        if entry is None:
            entry = _Entry(change.action, change.entity_type, change.key, dict(change.old), dict(change.new))
            entries.append(entry)
            open_[place] = entry
        elif change.action == "remove":
            # Made and removed in one commit: nobody ever saw it.
            entry.action = "nothing" if entry.action == "add" else "remove"
            entry.old, entry.new = {**change.old, **entry.old}, {}
        else:
            entry.old = {**change.old, **entry.old} if entry.action == "update" else {}
            entry.new.update(change.new)
        if change.action == "remove":
            del open_[place]
    return [entry for entry in entries if _settle(entry)]


def _settle(entry: _Entry) -> bool:
    """Forget columns that ended as they began; whether anything is left to tell."""
    old, new = entry.old, entry.new
    for column in [name for name in new if name in old and old[name] == new[name]]:
        del old[column], new[column]
    return entry.action != "nothing" and bool(old or new)


def _wire(value: Any) -> Any:
    """A column's value: times as naive ISO text in UTC (assumed), all else as it is."""
    if isinstance(value, float) and not math.isfinite(value):
        # JSON has no such numbers, and the commit has succeeded: nothing may fail any more.
        return None
    return value.isoformat() if isinstance(value, datetime.date) else value


def _text(value: Any) -> str | None:
    """A custom attribute's value, which events give as text: truth as `1` or `0`.

    Several choices are joined by commas (assumed).
    """
    if value is None:
        return None
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, list):
        return ",".join(str(each) for each in value)
    return str(value)


def _name(family: Family, schema: Schema, caller: Caller) -> str:
    """The full name of the caller, or the user name for want of one."""
    user = schema.find("User")
    place = (user.table.name, (caller.user_id,))
    family.load({place: user})
    row = family.row(place) or {}
    whole = " ".join(part for part in (row.get("first_name"), row.get("last_name")) if part)
    return whole or caller.username
