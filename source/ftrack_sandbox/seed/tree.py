"""The contexts of one copy of a show, before they become rows.

Scale N holds each show N times: copy 0 is the same whatever the scale, the others lie beside it
in the same project. One copy at a time is in memory.
"""

import dataclasses
import datetime
from collections.abc import Iterator
from typing import Any

from ftrack_sandbox.seed.catalogue import (
    OBJECT_TYPES,
    PRIORITIES,
    STATUSES,
    TYPES,
    priority_id,
    status_id,
    type_id,
)
from ftrack_sandbox.seed.people import project_id, user_id
from ftrack_sandbox.seed.row import Row, identify

_STATUS_IDS = {key: status_id(key) for key in STATUSES}
_TYPE_IDS = {key: type_id(key) for key in TYPES}
_PRIORITY_IDS = {name: priority_id(name) for name in PRIORITIES}


@dataclasses.dataclass(slots=True)
class Node:
    """One typed context: shots, tasks and all the rest.

    *above* holds the ids of the typed contexts above it, the topmost first. *status* and *type*
    are keys of the workspace; *bid* is in seconds. *frames* and *fps* are those of the cut, for a
    shot and what lies below it. *people* are the ids of the users who work on it.
    """

    id: str
    name: str
    kind: str
    parent_id: str
    above: tuple[str, ...]
    sort: int
    type: str = "generic"
    status: str = "nst"
    description: str | None = None
    frames: int = 0
    fps: float = 24.0
    start: datetime.datetime | None = None
    end: datetime.datetime | None = None
    bid: float = 0.0
    priority: str = "None"
    people: tuple[str, ...] = ()
    thumbnail_id: str | None = None
    #: How far through the show it comes, from 0 to 1; what the schedule goes by.
    place: float = 0.0


class Tree:
    """The contexts of copy *number* of the show under the key *show*."""

    def __init__(self, show: str, number: int, created_at: datetime.datetime) -> None:
        self.show = show
        self.number = number
        self.project_id = project_id(show)
        self.created_at = created_at
        self.nodes: list[Node] = []
        self.tasks: list[Node] = []

    def add(self, kind: str, name: str, parent: Node | None = None, **facts: Any) -> Node:
        """Add a context below *parent* (the project without one) and return it."""
        within = parent.id if parent else f"{self.project_id}/{self.number}"
        among = self.tasks if kind == "Task" else self.nodes
        node = Node(
            id=identify(f"{kind}/{within}/{name}"),
            name=name,
            kind=kind,
            parent_id=parent.id if parent else self.project_id,
            above=(*parent.above, parent.id) if parent else (),
            sort=len(among) + 1,
            **facts,
        )
        if parent is not None:
            node.frames = node.frames or parent.frames
            node.fps = parent.fps if "fps" not in facts else node.fps
            node.place = parent.place if "place" not in facts else node.place
        among.append(node)
        return node

    def suffixed(self, name: str) -> str:
        """Return *name* as it is called in this copy."""
        return name if self.number == 0 else f"{name} {self.number + 1}"

    def of(self, kind: str) -> list[Node]:
        """Return the contexts of an object type, tasks aside."""
        return [node for node in self.nodes if node.kind == kind]

    def rows(self) -> Iterator[Row]:
        """Yield the contexts and who is above whom."""
        author = user_id("kim.ek")
        for nodes in (self.nodes, self.tasks):
            for node in nodes:
                yield "context", self._row(node, author)
                for ancestor in node.above:
                    yield "context_ancestor", {"ancestor_id": ancestor, "descendant_id": node.id}

    def _row(self, node: Node, author: str) -> dict[str, Any]:
        return {
            "id": node.id,
            "context_type": "task",
            "object_type_id": OBJECT_TYPES[node.kind][0],
            "name": node.name,
            "description": node.description,
            "project_id": self.project_id,
            "parent_id": node.parent_id,
            "status_id": _STATUS_IDS[node.status],
            "type_id": _TYPE_IDS[node.type],
            "priority_id": _PRIORITY_IDS[node.priority],
            "bid": node.bid,
            "sort": float(node.sort),
            "start_date": node.start,
            "end_date": node.end,
            "thumbnail_id": node.thumbnail_id,
            "created_at": self.created_at,
            "created_by_id": author,
        }
