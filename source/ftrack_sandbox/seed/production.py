"""The work: when each task is due, how far it is, who does it, how long it took.

Source: protocol reference 2.8, 4.5. A bid and a time log count seconds.
"""

import datetime
import itertools
import random
from collections.abc import Iterator

from ftrack_sandbox.seed.catalogue import STATUSES, status_id
from ftrack_sandbox.seed.people import GROUPS, group_id, team, user_id
from ftrack_sandbox.seed.row import DAY, HOUR_S, NOW, Row, dice, identify
from ftrack_sandbox.seed.show import Show
from ftrack_sandbox.seed.text import DESCRIPTIONS, WORK
from ftrack_sandbox.seed.tree import Node, Tree

_WORKDAY_S = 8 * HOUR_S
_PRIORITIES = ("None", "None", "Low", "Medium", "Medium", "High", "Urgent")

#: Days a step comes after the first one of its shot.
_LAG_DAYS = {
    "matchmove": 0,
    "concept": 0,
    "layout": 2,
    "roto": 3,
    "modeling": 6,
    "animation": 8,
    "texture": 14,
    "rigging": 16,
    "fx": 16,
    "colouring": 18,
    "lighting": 20,
    "lookdev": 24,
    "compositing": 28,
    "delivery": 40,
}

#: Which groups do which step; everything else is done by the production.
_GROUPS_OF = {
    "matchmove": ("Assets", "Compositing"),
    "roto": ("Compositing",),
    "layout": ("Animation", "2D"),
    "animation": ("Animation", "2D"),
    "fx": ("FX", "2D"),
    "lighting": ("Lighting",),
    "compositing": ("Compositing", "2D"),
    "colouring": ("2D",),
    "concept": ("Assets",),
    "modeling": ("Assets",),
    "rigging": ("Assets",),
    "texture": ("Assets",),
    "lookdev": ("Assets", "Lighting"),
    "delivery": ("Production", "Client"),
}
_OTHERS = ("Production",)
_STATES = {key: state for key, (_, state, _, _) in STATUSES.items()}


def schedule(tree: Tree, show: Show) -> None:
    """Give the tasks dates, bids, statuses and people, and the contexts above them a status."""
    chance = dice(f"schedule/{show.key}/{tree.number}")
    # The last step begins late enough for the last shot to be done by the end.
    length = (show.end - show.start).days - 60
    teams = {
        step: team(_GROUPS_OF.get(step, _OTHERS), show.key, show.private) for step in show.scheme.task_types
    }
    for task in tree.tasks:
        _schedule(task, show, length, teams[task.type], chance)
    done = _progress_of_parents(tree)
    for node in tree.nodes:
        if not node.description:
            node.description = chance.choice(DESCRIPTIONS)
        if node.kind == "Milestone":
            node.start = node.end = show.start + round(node.place * length) * DAY
            node.status = "don" if node.end < NOW else "nst"
        elif node.kind in ("Shot", "AssetBuild"):
            node.status = _status_above(done.get(node.id, set()), show.scheme.objects[node.kind][0])
            node.priority = chance.choice(_PRIORITIES)


def rows(tree: Tree, show: Show) -> Iterator[Row]:
    """Yield what belongs to the tasks: assignments, time logs, status changes, links."""
    chance = dice(f"production/{show.key}/{tree.number}")
    before: Node | None = None
    for task in tree.tasks:
        # Work that nobody has taken yet is given to a whole group now and then.
        waiting = not task.people and chance.random() < 0.4
        group = (group_id(_GROUPS_OF.get(task.type, _OTHERS)[0]),) if waiting else ()
        for resource in task.people or group:
            yield "appointment", _appointment(task.id, resource, "assignment")
        yield from _time_logs(task, chance)
        yield from _status_changes(task, show, chance)
        if before is not None and before.parent_id == task.parent_id:
            key = identify(f"link/{before.id}/{task.id}")
            yield "typed_context_link", {"id": key, "from_id": before.id, "to_id": task.id}
        before = task


def show_rows(show: Show) -> Iterator[Row]:
    """Yield who is allocated to the show and who looks after it."""
    for name in GROUPS:
        if show.private == (name == "2D") or name == "Production":
            yield "appointment", _appointment(show.id, group_id(name), "allocation")
    yield "appointment", _appointment(show.id, user_id("ada.lund"), "allocation")
    for name, username in (("Supervisor", "zoe.oconnor"), ("Coordinator", show.producer)):
        row = {"id": identify(f"manager/{show.key}/{name}"), "context_id": show.id}
        yield "manager", {**row, "user_id": user_id(username), "type_id": identify(f"manager type/{name}")}


def _schedule(task: Node, show: Show, length: int, able: list[str], chance: random.Random) -> None:
    draw = chance.random()
    seconds = task.frames / task.fps
    days = max(0.5, min(20.0, round(seconds * (0.3 + draw)) / 2 or 1.0))
    if draw > 0.04:
        begin = show.start + (round(task.place * length) + _LAG_DAYS.get(task.type, 0) + int(draw * 5)) * DAY
        task.start = begin + datetime.timedelta(hours=9)
        task.end = begin + datetime.timedelta(days=int(days * 1.4 + 12 * draw) + 1, hours=18)
        task.bid = days * _WORKDAY_S
    task.status = _status(show.scheme.statuses(task.type), task, chance)
    task.priority = chance.choice(_PRIORITIES)
    if task.description is None:
        task.description = chance.choice(DESCRIPTIONS)
    if draw < 0.9 or task.status not in ("nst", "rdy"):
        task.people = tuple(chance.sample(able, 2 if draw < 0.15 and len(able) > 1 else 1))


def _status(workflow: tuple[str, ...], task: Node, chance: random.Random) -> str:
    draw = chance.random()
    if task.start is None or task.end is None or NOW < task.start:
        state = "BLOCKED" if draw < 0.04 else "NOT_STARTED"
    elif task.end < NOW - 21 * DAY:
        state = "BLOCKED" if draw < 0.02 else "IN_PROGRESS" if draw < 0.06 else "DONE"
    else:
        state = "BLOCKED" if draw < 0.06 else "DONE" if draw < 0.2 else "IN_PROGRESS"
    fitting = [key for key in workflow if _STATES[key] == state]
    return chance.choice(fitting) if fitting else workflow[0]


def _progress_of_parents(tree: Tree) -> dict[str, set[str]]:
    """The states of the tasks directly below each context."""
    found: dict[str, set[str]] = {}
    for task in tree.tasks:
        found.setdefault(task.parent_id, set()).add(_STATES[task.status])
    return found


def _status_above(states: set[str], offered: tuple[str, ...]) -> str:
    """The status of a context whose tasks are in *states*."""
    wanted = "NOT_STARTED" if states <= {"NOT_STARTED", "BLOCKED"} else "IN_PROGRESS"
    if states == {"DONE"}:
        wanted = "DONE"
    return next((key for key in offered if _STATES[key] == wanted), offered[0])


def _appointment(context: str, resource: str, kind: str) -> dict[str, object]:
    key = identify(f"{kind}/{context}/{resource}")
    return {"id": key, "context_id": context, "resource_id": resource, "type": kind}


def _time_logs(task: Node, chance: random.Random) -> Iterator[Row]:
    if task.start is None or task.start > NOW or not task.people:
        return
    for number in range(chance.randrange(3)):
        start = task.start + number * DAY + datetime.timedelta(minutes=15 * chance.randrange(8))
        yield (
            "timelog",
            {
                "id": identify(f"timelog/{task.id}/{number}"),
                "context_id": task.id,
                "user_id": task.people[0],
                "name": task.name,
                "comment": chance.choice(WORK),
                "start": start,
                "duration": float(900 * chance.randrange(2, 36)),
                "time_zone_offset": 3600.0,
            },
        )


def _status_changes(task: Node, show: Show, chance: random.Random) -> Iterator[Row]:
    """A change into work, and one into where it is now: for one task in two, as old ones get lost."""
    first = show.scheme.statuses(task.type)[0]
    if task.status == first or task.start is None or chance.random() < 0.5:
        return
    steps = [first, task.status] if task.status == "wip" else [first, "wip", task.status]
    for number, (old, new) in enumerate(itertools.pairwise(steps)):
        yield (
            "status_change",
            {
                "id": identify(f"status change/{task.id}/{number}"),
                "parent_id": task.id,
                "parent_type": "TypedContext",
                "from_status_id": status_id(old),
                "status_id": status_id(new),
                "user_id": task.people[0] if task.people else user_id("kim.ek"),
                "date": min(task.start + number * 3 * DAY, NOW),
            },
        )
