"""What is stored under the custom attributes.

Most entities have less than all: what is missing reads as the default, or as nothing for a
hierarchical configuration. A date is stored as ISO text, an enumerator's value as a list.
Source: protocol reference 2.10.
"""

import random
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from ftrack_sandbox.seed import configuration
from ftrack_sandbox.seed.configuration import Configuration
from ftrack_sandbox.seed.media import Version
from ftrack_sandbox.seed.people import PEOPLE, user_id
from ftrack_sandbox.seed.row import DAY, Row, dice, identify
from ftrack_sandbox.seed.show import Show
from ftrack_sandbox.seed.tree import Node, Tree

_CHOICES = ("easy", "hard", "hard")
_PASSES = ("beauty", "depth", "mask, matte", "größe")
_BRIEFS = (
    "**Bold** sky, *soft* sea",
    'Siehe Mail vom 3.3.: "weniger Nebel"',
    "=A1",
    "一番大事なカット",
    "Line one\nLine two, with a comma",
    "🌊🌊🌊",
)


def studio_rows(shows: Iterable[Show]) -> Iterator[Row]:
    """Yield the values of people and shows."""
    for number, person in enumerate(PEOPLE):
        # Leading zeros are part of the number.
        yield _value("User", configuration.STAFF_NUMBER, person.id, f"{42 + 13 * number:05}")
        if person.type == "Artist":
            yield _value("User", configuration.SKILLS, person.id, ["nuke", "maya", "houdini"][number % 3 :])
    for number, show in enumerate(shows):
        yield _value("Context", configuration.BUDGET, show.id, 125000.5 * (number + 1))
        yield _value("Context", configuration.JOB_NUMBER, show.id, f"00{number + 7}-26")
        yield _value("Context", configuration.RESOLUTION, show.id, "4096x2160" if number else "3840x2160")
        yield _value("Context", configuration.PIXEL_ASPECT, show.id, 1.0)
        yield _value("Context", configuration.COLOUR_SPACE, show.id, ["ACEScg"])


def rows(tree: Tree, show: Show, versions: Sequence[Version]) -> Iterator[Row]:
    """Yield the values of one copy of a show."""
    chance = dice(f"values/{show.key}/{tree.number}")
    for node in tree.nodes:
        if node.kind == "Shot":
            yield from _shot(node, show, chance)
        elif node.kind == "Sequence" and chance.random() < 0.3:
            yield _value("Context", configuration.COLOUR_SPACE, node.id, ["rec709"])
        elif node.kind == "AssetBuild" and node.type != "environment":
            yield _value("Context", configuration.LOD, node.id, 1000 * chance.randrange(1, 900))
        elif node.kind in ("Episode", "Folder"):
            yield _value("Context", configuration.VENDOR, node.id, [f"vendor-{chance.randrange(3)}"])
    for task in tree.tasks:
        yield from _task(task, chance)
    for version in versions:
        yield from _version(version, chance)


def list_row(list_id: str, purpose: str) -> Row:
    """Return the value that tells what a list is for."""
    return _value("List", configuration.PURPOSE, list_id, purpose)


def _shot(shot: Node, show: Show, chance: random.Random) -> Iterator[Row]:
    yield _value("Context", configuration.SHOT_FPS, shot.id, shot.fps)
    yield _value("Context", configuration.FSTART, shot.id, 1001)
    yield _value("Context", configuration.FEND, shot.id, 1000 + shot.frames)
    draw = chance.random()
    if draw < 0.3:
        yield _value("Context", configuration.HANDLES, shot.id, chance.choice((0, 4, 12)))
    if draw < 0.15:
        yield _value("Context", configuration.BRIEF, shot.id, chance.choice(_BRIEFS))
    if shot.status == "hld" or draw > 0.95:
        yield _value("Context", configuration.ON_HOLD, shot.id, True)
    if draw > 0.7:
        due = show.start + round(shot.place * 300) * DAY
        yield _value("Context", configuration.CLIENT_DUE, shot.id, due.isoformat())
    if draw > 0.9:
        yield _value("Context", configuration.PIXEL_ASPECT, shot.id, 2.0)
    if draw > 0.9:
        yield _approver(shot, user_id("zoe.oconnor"))
    if show.key == configuration.CLIENT_CODE.show:
        yield _value("Context", configuration.CLIENT_CODE, shot.id, f"{shot.sort:04}")


def _task(task: Node, chance: random.Random) -> Iterator[Row]:
    if task.fps != configuration.TASK_FPS.default:
        yield _value("Context", configuration.TASK_FPS, task.id, task.fps)
    draw = chance.random()
    if draw < 0.2:
        yield _value("Context", configuration.COMPLEXITY, task.id, [_CHOICES[int(draw * 15)]])
    if task.type == "lighting" and draw > 0.6:
        yield _value("Context", configuration.PASSES, task.id, chance.sample(_PASSES, 2))


def _version(version: Version, chance: random.Random) -> Iterator[Row]:
    draw = chance.random()
    if draw < 0.3:
        yield _value("AssetVersion", configuration.CUT_IN, version.id, 1001 + int(draw * 100))
    if draw > 0.8:
        yield _value("AssetVersion", configuration.TECH_OK, version.id, draw > 0.85)
        yield _value(
            "AssetVersion", configuration.SENT, version.id, (version.date + DAY).isoformat(timespec="seconds")
        )
    if version.number == 1 and draw > 0.9:
        yield _value("Asset", configuration.SUBTYPE, version.asset_id, "Größe M")


def _approver(shot: Node, user: str) -> Row:
    """A link to another entity; it knows the families of both ends."""
    row = {"id": identify(f"approver/{shot.id}"), "configuration_id": configuration.APPROVER_ID}
    ends = {"from_entity_type": "Context", "to_entity_type": "User"}
    return "custom_attribute_link", {**row, "from_id": shot.id, "to_id": user, **ends}


def _value(owner: str, of: Configuration, entity_id: str, value: Any) -> Row:
    return (
        "custom_attribute_value",
        {
            "configuration_id": of.id,
            "entity_id": entity_id,
            "value": value,
            "owner_type": owner,
        },
    )
