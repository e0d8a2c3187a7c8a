"""The three shows, and how each is built.

* `open_shorts`: an episodic series, an episode a film: Episode, Sequence, Shot, AssetBuild, Task
* `stem2`: a feature: Folder, AssetBuild, Sequence, Shot, Milestone, Task
* `sol_levante`: a short that is private: Sequence, Shot, Task
"""

import dataclasses
import datetime
from collections.abc import Callable, Iterator, Mapping, Sequence

from ftrack_sandbox.seed import build
from ftrack_sandbox.seed.people import project_id, user_id
from ftrack_sandbox.seed.row import DAY, Row, at, identify
from ftrack_sandbox.seed.tree import Tree
from ftrack_sandbox.seed.workflow import ANIMATION, VFX, Scheme

#: The component that is the picture of a show.
POSTER = "poster"


@dataclasses.dataclass(frozen=True)
class Show:
    """One show: what its project row says, and how a copy of its contexts is built.

    *steps* are the task types of a shot, in the order of work. *scopes* are names.
    """

    key: str
    full_name: str
    scheme: Scheme
    private: bool
    color: str
    start: datetime.datetime
    end: datetime.datetime
    steps: tuple[str, ...]
    scopes: tuple[str, ...]
    build: Callable[[Tree, Sequence[str]], None]

    @property
    def id(self) -> str:
        """The id of the project."""
        return project_id(self.key)

    @property
    def producer(self) -> str:
        """The user name of who runs the show."""
        return "nina.holm" if self.private else "kim.ek"

    def tree(self, number: int) -> Tree:
        """Return the contexts of copy *number*, tasks included; nothing has a date yet."""
        tree = Tree(self.key, number, self.start - 30 * DAY)
        self.build(tree, self.steps)
        return tree


def rows(shows: Mapping[str, Show]) -> Iterator[Row]:
    """Yield the projects, their disk and scopes."""
    disk = identify("disk/projects")
    yield "disk", {"id": disk, "name": "projects", "unix": "/mnt/projects", "windows": "P:\\projects"}
    for show in shows.values():
        yield (
            "context",
            {
                "id": show.id,
                "context_type": "show",
                "name": show.key,
                "full_name": show.full_name,
                "status": "active",
                "color": show.color,
                "root": show.key,
                "start_date": show.start,
                "end_date": show.end,
                "is_global": False,
                "is_private": show.private,
                "project_schema_id": show.scheme.id,
                # A project is its own project, so that what hides its rows hides itself too. Assumed.
                "project_id": show.id,
                "parent_id": None,
                "disk_id": disk,
                "thumbnail_id": identify(f"{POSTER}/{show.key}"),
                "created_at": show.start - 60 * DAY,
                "created_by_id": user_id("ada.lund"),
            },
        )


SHOWS = {
    show.key: show
    for show in (
        Show(
            key="open_shorts",
            full_name="Open Shorts – Staffel 1",
            scheme=VFX,
            private=False,
            color="#3498db",
            start=at("2025-09-01"),
            end=at("2026-09-30"),
            steps=("matchmove", "roto", "animation", "fx", "lighting", "compositing"),
            scopes=("Outsourcing", "4K"),
            build=build.series,
        ),
        Show(
            key="stem2",
            full_name='StEM2, the "Standard Evaluation" feature',
            scheme=VFX,
            private=False,
            color="#e67e22",
            start=at("2025-05-05"),
            end=at("2026-12-18"),
            steps=("matchmove", "roto", "layout", "animation", "fx", "lighting", "compositing", "delivery"),
            scopes=("4K", "Überlänge"),
            build=build.feature,
        ),
        Show(
            key="sol_levante",
            full_name="Sol Levante 日の出",
            scheme=ANIMATION,
            private=True,
            color="#c0392b",
            start=at("2025-11-03"),
            end=at("2026-06-12"),
            steps=("layout", "animation", "fx", "colouring", "compositing"),
            scopes=(),
            build=build.short,
        ),
    )
}
