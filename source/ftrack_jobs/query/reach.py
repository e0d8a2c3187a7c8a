"""`Reach`: the projects somebody may touch, and what that means for rows of each type.

*Source*: protocol reference 3.4, 4.5 for the relations; which types belong to no project is read off 4.5.
Which rows *inside* a project a restricted user sees is unknown (9.2) and not attempted.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from .. import errors
from ..errors import QueryError
from .quoting import quote
from .reply import Row
from .types import Types


@dataclass(frozen=True)
class Reach:
    """The projects a query may touch, by id; None means all, those yet to come as well."""

    project_ids: frozenset[str] | None = None

    def covers(self, project_id: str | None) -> bool:
        """Tell whether rows of a project may be read; of a row that lacks its project, None, they may not."""
        return self.project_ids is None or project_id in self.project_ids


#: All projects.
EVERYTHING = Reach(None)

#: Types that belong to no project: everybody may read them.
_OPEN = frozenset(
    """
    AssetType CustomAttributeConfiguration CustomAttributeGroup CustomAttributeLinkConfiguration
    CustomAttributeType CustomConfigurationBase Disk Group ListCategory Location ManagerType Membership
    NoteCategory NoteLabel ObjectType Priority ProjectSchema ProjectSchemaObjectType ProjectSchemaOverride
    Resource Schema SchemaStatus SchemaType Scope SecurityRole State Status TaskTemplate TaskTemplateItem
    TaskTypeSchema TaskTypeSchemaType Type User UserCustomAttributeValue UserType WorkflowSchema
    WorkflowSchemaStatus
    """.split()
)

#: Types without a project of their own -> the relations that lead to an entity with one.
_WAYS = {
    "Appointment": "context",
    "Asset": "parent",
    "AssetVersion": "asset.parent",
    "AssetVersionLink": "from.asset.parent",
    "AssetVersionStatusChange": "parent.asset.parent",
    "Component": "version.asset.parent",
    "ComponentLocation": "component.version.asset.parent",
    "ContainerComponent": "version.asset.parent",
    "Feed": "event",
    "FileComponent": "version.asset.parent",
    "ListObject": "list",
    "Manager": "context",
    "ReviewSessionInvitee": "review_session",
    "ReviewSessionObject": "review_session",
    "ReviewSessionObjectStatus": "review_session_object.review_session",
    "SequenceComponent": "version.asset.parent",
    "Timelog": "context",
    "Timer": "context",
    "TypedContextLink": "from",
    "TypedContextStatusChange": "parent",
}

#: Types that name their owner by id alone -> the attributes that do, any of them.
#: *Source*: protocol reference 3.4; that a reply names the owner of what it answers only is assumed.
_OWNED = {
    "AssetVersionCustomAttributeValue": ("entity_id",),
    "ContextCustomAttributeValue": ("entity_id",),
    "Metadata": ("parent_id",),
    "Note": ("parent_id", "in_reply_to.parent_id"),
    "StatusChange": ("parent_id",),
}
#: What may own such rows, where it can be limited itself.
_OWNERS = ("Project", "TypedContext", "Asset", "AssetVersion", "ReviewSessionObject")

#: Relations that never lead to another project than the one they start in.
_INSIDE = frozenset(
    """
    allocations ancestors appointments asset assets assignments calendar_events category children
    component component_locations components container context custom_attributes descendants in_reply_to
    incoming_links invitee latest_version managers members metadata note note_components note_label_links
    notes outgoing_links parent project recipients replies review_session review_session_invitees
    review_session_object review_sessions status_changes statuses timelogs version versions
    """.split()
)
#: What is part of the row itself, even of one that belongs to no project.
_PART_OF_ROW = frozenset({"custom_attributes", "metadata", "thumbnail"})


@dataclass(frozen=True)
class Guard:
    """A relation that may lead out of the reach: what is found at its end is dropped when it did.

    *path* leads from the row to the entities, *way* from each of them to the id of its project.
    """

    path: tuple[str, ...]
    way: tuple[str, ...]

    @property
    def column(self) -> str:
        """The column that must be read for it."""
        return ".".join(self.path + self.way)


def criterion(types: Types, entity_type: str, reach: Reach) -> str:
    """Return the condition that keeps rows of a type within *reach*; empty when there is nothing to keep.

    Raises `QueryError` for a type that cannot be limited.
    """
    if reach.project_ids is None or entity_type in _OPEN:
        return ""
    way = _way(types, entity_type)
    if way is not None:
        ids = quote(sorted(reach.project_ids))
        found = f"{'.'.join(way)} in {ids}"
        # A project may stand among other contexts, and need not say that it belongs to itself.
        return f"({found} or id in {ids})" if entity_type == "Context" else found
    if entity_type not in _OWNED:
        raise QueryError(errors.NOT_LIMITABLE.format(entity_type=entity_type, column=""))
    each = [
        f"{owner_id} in (select id from {owner} where {criterion(types, owner, reach)})"
        for owner_id in _OWNED[entity_type]
        for owner in _OWNERS
        if owner in types
    ]
    return f"({' or '.join(each)})"


def guards(types: Types, entity_type: str, columns: Iterable[str], reach: Reach) -> list[Guard]:
    """Return what must be watched when *columns* are read within *reach*.

    Raises `QueryError` for a column that leads out of it to a type that cannot be limited.
    """
    if reach.project_ids is None:
        return []
    found: dict[tuple[str, ...], Guard] = {}
    for column in columns:
        path: tuple[str, ...] = ()
        # Any file may be somebody's thumbnail, that of a version of another project too.
        astray = False
        for start, part, attribute in types.walk(entity_type, column):
            path = (*path, part.name)
            target = attribute.target
            astray = astray or part.name == "thumbnail"
            if target is None or target in _OPEN or part.name in _PART_OF_ROW:
                continue
            if start not in _OPEN and part.name in _INSIDE and not (astray and part.name == "version"):
                continue
            way = _way(types, target)
            if way is None:
                told = f" through the column {column!r}"
                raise QueryError(errors.NOT_LIMITABLE.format(entity_type=target, column=told))
            found[path] = Guard(path, way)
    return list(found.values())


def drop_unreached(rows: Sequence[Row], watched: Iterable[Guard], reach: Reach) -> None:
    """Take out of *rows* what a guarded relation found outside of *reach*; a single one becomes None."""
    for guard in watched:
        for row in rows:
            _drop(row, guard.path, guard.way, reach)


def _drop(entity: Any, path: tuple[str, ...], way: tuple[str, ...], reach: Reach) -> None:
    if isinstance(entity, list):
        for item in entity:
            _drop(item, path, way, reach)
        return
    if not isinstance(entity, dict):
        return
    value = entity.get(path[0])
    if len(path) > 1:
        _drop(value, path[1:], way, reach)
    elif isinstance(value, list):
        entity[path[0]] = [item for item in value if reach.covers(_project_of(item, way))]
    elif value is not None and not reach.covers(_project_of(value, way)):
        entity[path[0]] = None


def _project_of(entity: Any, way: tuple[str, ...]) -> str | None:
    for name in way:
        if not isinstance(entity, dict):
            return None
        if name == "project_id" and entity.get("__entity_type__") == "Project":
            name = "id"
        entity = entity.get(name)
    return entity if isinstance(entity, str) else None


def _way(types: Types, entity_type: str) -> tuple[str, ...] | None:
    """Return the path from a type to the id of its project, or None."""
    if entity_type in _OPEN:
        return None
    if entity_type == "Project":
        return ("id",)
    if types.attribute(entity_type, "project_id") is not None:
        return ("project_id",)
    way = _WAYS.get(entity_type)
    return None if way is None else (*way.split("."), "project_id")
