"""A launch: what a user's click says, as an event payload, as a dataclass and as JSON.

The only module that spells the keys of `ftrack.action.launch` and `ftrack.action.discover` events.
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, TypeAlias

from .errors import LaunchError

#: What JSON can hold. (Any, because mypy's recursive aliases spread into every author's code.)
Json: TypeAlias = Any

#: Normalised legacy type names of events -> schema names. *Source*: protocol reference 6.2 and 5.8 for the
#: first ten, `alias_for` of the schemas (4.1) for the rest.
_SCHEMA_NAMES = {
    "task": "TypedContext",
    "show": "Project",
    "assetversion": "AssetVersion",
    "asset": "Asset",
    "list": "List",
    "user": "User",
    "reviewsession": "ReviewSession",
    "component": "Component",
    "note": "Note",
    "appointment": "Appointment",
    "project": "Project",
    "typedcontext": "TypedContext",
    "context": "Context",
    "filecomponent": "FileComponent",
    "sequencecomponent": "SequenceComponent",
    "containercomponent": "ContainerComponent",
    "reviewsessionobject": "ReviewSessionObject",
    "assetversionlist": "AssetVersionList",
    "typedcontextlist": "TypedContextList",
    "group": "Group",
    "timelog": "Timelog",
    "job": "Job",
    "location": "Location",
    "shot": "Shot",
    "sequence": "Sequence",
    "episode": "Episode",
    "folder": "Folder",
    "assetbuild": "AssetBuild",
    "milestone": "Milestone",
}

#: Schema names under which an event may mean any typed context: the row itself must be looked at.
VAGUE_TYPES = frozenset({"TypedContext", "Context"})


@dataclass(frozen=True)
class EntityRef:
    """One selected entity: schema name and id.

    *type* is `TypedContext` until the row was looked at; in `Job.selection` it is the concrete type such as
    `Shot`. Of a type we do not know, *type* is the text that the event gave.
    """

    type: str
    id: str

    @property
    def known(self) -> bool:
        """Tell whether the type is one that events are known to carry."""
        return self.type in _KNOWN_TYPES

    @property
    def vague(self) -> bool:
        """Tell whether the concrete type is still to be asked of the server."""
        return self.type in VAGUE_TYPES


_KNOWN_TYPES = frozenset(_SCHEMA_NAMES.values())


@dataclass(frozen=True)
class Launch:
    """A click on an action, ready to cross threads and processes.

    *user_id* is None when the event named its user only by *username* (protocol reference 6.3). *values* is
    None when no form was submitted. *received* is UTC in ISO 8601; *host* is the launcher's machine name, or
    empty.
    """

    identifier: str
    event_id: str
    username: str
    user_id: str | None = None
    selection: tuple[EntityRef, ...] = ()
    values: Mapping[str, Json] | None = None
    received: str = ""
    host: str = ""

    @classmethod
    def from_event(cls, event: Mapping[str, Any]) -> Launch:
        """Return the launch that *event*, a mapping with `id`, `data` and `source`, speaks of.

        Raises `LaunchError` saying which part is wrong.

        *Source*: protocol reference 6.3; `source.user` from Python publishers may lack the id.
        """
        data = _mapping(event.get("data"), "data")
        source = _mapping(event.get("source"), "source")
        user = _mapping(source.get("user"), "source.user")
        user_id = user.get("id")
        values = data.get("values")
        return cls(
            identifier=_text(data.get("actionIdentifier"), "data.actionIdentifier"),
            event_id=_text(event.get("id"), "id"),
            username=_text(user.get("username"), "source.user.username"),
            user_id=user_id if isinstance(user_id, str) and user_id else None,
            selection=selection_of(event),
            values=None if values is None else dict(_mapping(values, "data.values")),
            received=datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
            host=str(source.get("host") or ""),
        )

    def with_values(self, values: Mapping[str, Json] | None) -> Launch:
        """Return a copy that carries *values*, which must be JSON."""
        return replace(self, values=values)

    def with_selection(self, selection: Sequence[EntityRef]) -> Launch:
        """Return a copy that carries *selection*."""
        return replace(self, selection=tuple(selection))

    def with_user(self, user_id: str) -> Launch:
        """Return a copy whose user is known by id."""
        return replace(self, user_id=user_id)

    def to_json(self) -> str:
        """Return the launch as JSON text; `from_json` reads it back."""
        return json.dumps(asdict(self), sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> Launch:
        """Return the launch that `to_json` wrote. Raises `LaunchError` for anything else."""
        try:
            raw = json.loads(text)
            raw["selection"] = tuple(EntityRef(**entity) for entity in raw["selection"])
            return cls(**raw)
        except (ValueError, TypeError, KeyError) as error:
            raise LaunchError(f"A stored launch cannot be read: {error}") from error


def selection_of(event: Mapping[str, Any]) -> tuple[EntityRef, ...]:
    """Return the entities selected in a discover or launch *event*, in the order given, each once.

    Nothing selected is an empty tuple: the key may be missing, null or an empty list.
    Raises `LaunchError` when an entry is not an entity.

    *Source*: protocol reference 6.2: `data.selection`, in one documented example `data.context.selection`.
    """
    data = _mapping(event.get("data"), "data")
    raw = data.get("selection")
    if raw is None and isinstance(data.get("context"), Mapping):
        raw = data["context"].get("selection")
    if not raw:
        return ()
    if isinstance(raw, str) or not isinstance(raw, Sequence):
        raise LaunchError("The launch's data.selection is not a list.")
    found = {}
    for index, entry in enumerate(raw):
        entity = _mapping(entry, f"data.selection[{index}]")
        reference = EntityRef(
            type=schema_name(_text(entity.get("entityType"), f"data.selection[{index}].entityType")),
            id=_text(entity.get("entityId"), f"data.selection[{index}].entityId"),
        )
        found[reference.id] = reference
    return tuple(found.values())


def schema_name(event_type: str) -> str:
    """Return the schema name for an event's *event_type*, or *event_type* itself when it is unknown.

    *Source*: protocol reference 6.2: lower case mostly, variants with `_`, `Component` capitalised.
    """
    return _SCHEMA_NAMES.get(event_type.replace("_", "").lower(), event_type)


def _mapping(value: object, where: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise LaunchError(f"The launch's {where} is missing or not an object.")
    return value


def _text(value: object, where: str) -> str:
    if not isinstance(value, str) or not value:
        raise LaunchError(f"The launch's {where} is missing or not a text.")
    return value
