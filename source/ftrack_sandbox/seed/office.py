"""The rest of a studio's life: calendar, running timer, talk between people, a dashboard, metadata.

Source: protocol reference 2.11, 4.5.
"""

import datetime
import json
from collections.abc import Iterator, Mapping, Sequence

from ftrack_sandbox.seed.catalogue import type_id
from ftrack_sandbox.seed.media import Version
from ftrack_sandbox.seed.people import group_id, user_id
from ftrack_sandbox.seed.row import DAY, NOW, Row, dice, identify
from ftrack_sandbox.seed.show import Show
from ftrack_sandbox.seed.tree import Tree

_MADE = {"created_at": NOW - 30 * DAY, "created_by_id": user_id("kim.ek")}

#: Calendar: name -> (show, first day, days, who, leave).
_EVENTS = {
    "Summer party 🎉": (None, "2026-07-03", 1, "Production", False),
    "Urlaub Jörg": (None, "2026-04-01", 10, "joerg.weiss", True),
    "Crunch, StEM2 reel 1": ("stem2", "2026-05-04", 5, "Compositing", False),
}
_TALK = (("kim.ek", "Can you take sq_040_0030 today?"), ("zoe.oconnor", "Ja, nach dem Mittag 🍜"))


def studio_rows(shows: Mapping[str, Show]) -> Iterator[Row]:
    """Yield what belongs to the studio as a whole."""
    yield from _calendar(shows)
    yield from _conversation()
    yield from _dashboard()
    for show in shows.values():
        for name in show.scopes:
            yield "context_scope", {"context_id": show.id, "scope_id": identify(f"scope/{name}")}
        for key, value in (("vault", f"/mnt/vault/{show.key}"), ("Farbe", show.color)):
            yield "metadata", {"parent_id": show.id, "parent_type": "Project", "key": key, "value": value}
    for name in dict.fromkeys(name for show in shows.values() for name in show.scopes):
        yield "scope", {"id": identify(f"scope/{name}"), "name": name}
    state = json.dumps({"view": "tasks", "filter": "this week"})
    yield "user_application_state", {"user_id": user_id("kim.ek"), "key": "overview", "value": state}


def rows(tree: Tree, show: Show, versions: Sequence[Version]) -> Iterator[Row]:
    """Yield metadata, scopes and links of one copy of a show."""
    chance = dice(f"office/{show.key}/{tree.number}")
    for task in tree.tasks:
        if chance.random() < 0.05:
            value = f'/mnt/old/{task.id[:8]}, "legacy"'
            row = {"parent_id": task.id, "parent_type": "Task", "key": "legacy_path", "value": value}
            yield "metadata", row
    for shot in tree.of("Shot"):
        if show.scopes and chance.random() < 0.1:
            scope = identify(f"scope/{show.scopes[0]}")
            yield "context_scope", {"context_id": shot.id, "scope_id": scope}
    before: Version | None = None
    for version in versions:
        if version.last and chance.random() < 0.3:
            yield (
                "metadata",
                {"parent_id": version.id, "parent_type": "AssetVersion", "key": "host", "value": "ws-12"},
            )
        if before is not None and before.task.parent_id == version.task.parent_id:
            row = {
                "id": identify(f"uses/{before.id}/{version.id}"),
                "from_id": before.id,
                "to_id": version.id,
            }
            yield "asset_version_link", row
        before = version


def timer_row(tree: Tree) -> Row:
    """Return the timer that somebody forgot to stop."""
    task = next(task for task in tree.tasks if task.people and task.status == "wip")
    row = {"id": identify("timer"), "context_id": task.id, "user_id": task.people[0], "name": task.name}
    return "timer", {**row, "comment": "läuft noch", "start": NOW - datetime.timedelta(hours=2)}


def _calendar(shows: Mapping[str, Show]) -> Iterator[Row]:
    for name, (show, first, days, who, leave) in _EVENTS.items():
        key = identify(f"event/{name}")
        start = datetime.datetime.fromisoformat(first)
        row = {
            "id": key,
            "name": name,
            "start": start,
            "end": start + days * DAY,
            "project_id": shows[show].id if show else None,
            "type_id": type_id("production"),
            "everyone": who == "Production",
            "leave": leave,
            "forecast": False,
            "effort": 1.0,
            "estimate": days * 28800.0,
        }
        yield "calendar_event", {**row, **_MADE}
        resource = user_id(who) if "." in who else group_id(who)
        link = {"id": identify(f"event resource/{name}"), "calendar_event_id": key, "resource_id": resource}
        yield "calendar_event_resource", {**link, **_MADE}


def _conversation() -> Iterator[Row]:
    key = identify("conversation")
    yield "conversation", {"id": key, **_MADE}
    for number, (username, text) in enumerate(_TALK):
        user, date = user_id(username), NOW - (2 - number) * DAY
        participant = {"id": identify(f"participant/{username}"), "conversation_id": key, "resource_id": user}
        yield "participant", {**participant, "last_visit": NOW - DAY}
        message = {"id": identify(f"message/{number}"), "conversation_id": key, "text": text}
        yield "message", {**message, "created_at": date, "created_by_id": user}


def _dashboard() -> Iterator[Row]:
    key = identify("dashboard")
    row = {
        "id": key,
        "name": "Overview",
        "is_shared_with_everyone": False,
        "created_by_id": user_id("kim.ek"),
    }
    yield "dashboard", row
    for number, kind in enumerate(("status_bar", "burndown")):
        widget = {"id": identify(f"widget/{kind}"), "dashboard_id": key, "type": kind, "sort": float(number)}
        yield "dashboard_widget", {**widget, "config": json.dumps({"period": "week"})}
    link = {"dashboard_id": key, "resource_id": group_id("Production"), "is_shared_with_everyone": False}
    yield "dashboard_resource", link
