"""What was made: assets, their versions, the components of these, and where the files are.

Copy 0 of a show has real pictures in `ftrack.server`; what else there is lies in
`ftrack.unmanaged`, as paths only. Source: protocol reference 4.5, 8.1, 8.5.
"""

import dataclasses
import datetime
from collections.abc import Iterator
from typing import Any

from ftrack_sandbox.seed import component, image
from ftrack_sandbox.seed.catalogue import STATUSES, status_id
from ftrack_sandbox.seed.people import PEOPLE, avatar_id, user_id
from ftrack_sandbox.seed.row import DAY, NOW, Row, dice, identify
from ftrack_sandbox.seed.show import POSTER, SHOWS, Show
from ftrack_sandbox.seed.text import COMMENTS
from ftrack_sandbox.seed.tree import Node, Tree

#: Task types that publish: -> (asset type, file type).
_PUBLISHES = {
    "compositing": ("comp", ".mov"),
    "animation": ("anim", ".ma"),
    "modeling": ("geo", ".abc"),
    "editing": ("edit", ".mp4"),
}


@dataclasses.dataclass(frozen=True, slots=True)
class Version:
    """One published version.

    *asset* is the asset's name, *last* tells whether no version came after it, *picture* is the id
    of the component that is its thumbnail.
    """

    id: str
    asset_id: str
    asset: str
    number: int
    task: Node
    user_id: str
    date: datetime.datetime
    last: bool
    picture: str | None


class Media:
    """The assets and versions of one copy of a show. *files* takes the pictures, None leaves them."""

    def __init__(self, tree: Tree, show: Show, files: component.Files | None) -> None:
        self.versions: list[Version] = []
        self._tree = tree
        self._show = show
        self._files = files
        self._chance = dice(f"media/{show.key}/{tree.number}")

    def rows(self) -> Iterator[Row]:
        """Yield the rows; afterwards `versions` is filled and shots have their thumbnails."""
        owners = {node.id: node for node in self._tree.nodes}
        for task in self._tree.tasks:
            if task.type not in _PUBLISHES or task.start is None or task.start > NOW - 3 * DAY:
                continue
            if task.type != "animation" or self._chance.random() < 0.4:
                yield from self._asset(task, owners.get(task.parent_id))

    def _asset(self, task: Node, owner: Node | None) -> Iterator[Row]:
        kind, file_type = _PUBLISHES[task.type]
        asset = identify(f"asset/{task.id}")
        row = {"id": asset, "name": task.name, "context_id": task.parent_id}
        yield "asset", {**row, "type_id": identify(f"asset type/{kind}")}
        count = self._chance.choice((1, 1, 2, 2, 3, 5))
        for number in range(1, count + 1):
            last = number == count
            picture = None
            if last and self._tree.number == 0 and task.type in ("compositing", "modeling"):
                picture = identify(f"thumbnail/{asset}")
                yield from component.picture(self._files, picture, self._chance.randrange(image.FRAMES))
                if owner is not None:
                    owner.thumbnail_id = picture
            version = self._version(task, asset, number, last, picture)
            self.versions.append(version)
            yield "asset_version", self._version_row(version)
            yield from self._components(version, file_type)

    def _version(self, task: Node, asset: str, number: int, last: bool, picture: str | None) -> Version:
        start = task.start or NOW
        date = min(start + 2 * number * DAY, NOW - datetime.timedelta(minutes=self._chance.randrange(600)))
        user = task.people[0] if task.people else user_id("kim.ek")
        return Version(
            identify(f"version/{asset}/{number}"), asset, task.name, number, task, user, date, last, picture
        )

    def _version_row(self, version: Version) -> dict[str, Any]:
        workflow = self._show.scheme.versions
        done = STATUSES[version.task.status][1] == "DONE"
        if version.last:
            fitting = [key for key in workflow if (STATUSES[key][1] == "DONE") == done]
        else:
            fitting = ["fix"]
        return {
            "id": version.id,
            "asset_id": version.asset_id,
            "version": version.number,
            "status_id": status_id(self._chance.choice(fitting)),
            "task_id": version.task.id,
            "user_id": version.user_id,
            "comment": self._chance.choice(COMMENTS),
            "date": version.date,
            "is_published": True,
            "is_latest_version": version.last,
            "thumbnail_id": version.picture,
        }

    def _components(self, version: Version, file_type: str) -> Iterator[Row]:
        name = f"{version.asset}_v{version.number:03}"
        path = f"/mnt/projects/{self._show.key}/{version.task.parent_id[:8]}/{name}"
        main = identify(f"component/{version.id}/main")
        if file_type == ".mov" and version.number % 3 == 0:
            yield from component.sequence(main, version.id, path)
        elif file_type == ".abc" and version.number % 2 == 0:
            yield from component.container(main, version.id, path)
        else:
            size = self._chance.randrange(10_000, 2_000_000_000)
            yield (
                "component",
                component.component(main, file_type=file_type, size=size, version_id=version.id),
            )
            yield "component_location", component.placed(main, component.UNMANAGED, path + file_type)
        if version.last and self._tree.number == 0 and file_type == ".mov" and version.task.sort % 3 == 0:
            yield from self._review(version)

    def _review(self, version: Version) -> Iterator[Row]:
        """A reviewable picture. Source: protocol reference 8.5."""
        key = identify(f"component/{version.id}/review")
        yield from component.picture(
            self._files, key, version.task.sort, name="ftrackreview-image", version_id=version.id
        )
        yield (
            "metadata",
            {
                "parent_id": key,
                "parent_type": "FileComponent",
                "key": "ftr_meta",
                "value": '{"format": "image"}',
            },
        )


def studio_rows(files: component.Files | None) -> Iterator[Row]:
    """Yield the pictures of people and shows."""
    for person in PEOPLE:
        data = image.face(person.username)
        yield from component.stored(files, avatar_id(person), data, ".png", name="avatar")
    for number, show in enumerate(SHOWS.values()):
        yield from component.picture(files, identify(f"{POSTER}/{show.key}"), number, name=POSTER)
