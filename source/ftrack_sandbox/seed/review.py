"""What is put together to be looked at: lists and review sessions.

Source: protocol reference 2.12, 4.5.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from ftrack_sandbox.seed import value
from ftrack_sandbox.seed.media import Version
from ftrack_sandbox.seed.people import user_id
from ftrack_sandbox.seed.row import DAY, NOW, Row, identify
from ftrack_sandbox.seed.show import Show
from ftrack_sandbox.seed.tree import Tree


def list_rows(tree: Tree, show: Show, versions: Sequence[Version]) -> Iterator[Row]:
    """Yield one list of tasks and one of versions for a copy, with what is in them."""
    due = [task.id for task in tree.tasks if task.end is not None and NOW - DAY < task.end < NOW + 7 * DAY]
    late = [version.id for version in versions if version.last and version.date > NOW - 40 * DAY]
    urgent = [task.id for task in tree.tasks if task.priority == "Urgent"][:20]
    for kind, name, category, entities in (
        ("task", "Due this week", "Default", due[:40]),
        ("task", 'Urgent, "please" – heute!', "Default", urgent),
        ("assetversion", "Dailies 2026-03-16", "Dailies", late[:30]),
        ("assetversion", "納品リスト", "Deliveries", late[::7]),
    ):
        key = identify(f"list/{show.key}/{tree.number}/{name}")
        yield (
            "list",
            {
                "id": key,
                "system_type": kind,
                "name": tree.suffixed(name),
                "category_id": identify(f"list category/{category}"),
                "project_id": tree.project_id,
                "user_id": user_id(show.producer),
                "is_open": name != "納品リスト",
                "date": NOW - 2 * DAY,
            },
        )
        yield value.list_row(key, "weekly" if kind == "task" else "daily, 毎日")
        for entity in entities:
            row = {"id": identify(f"list object/{key}/{entity}"), "list_id": key, "entity_id": entity}
            yield "list_object", row


def session_rows(show: Show, versions: Sequence[Version]) -> Iterator[Row]:
    """Yield the show's review session with its objects, invitees and what they decided."""
    session = identify(f"review/{show.key}")
    producer = user_id(show.producer)
    yield (
        "review_session",
        {
            "id": session,
            "name": f"Client review – {show.full_name}",
            "description": "Bitte bis Freitag.\nThank you!",
            "project_id": show.id,
            "start_date": NOW - 3 * DAY,
            "end_date": NOW + 4 * DAY,
            "is_moderated": False,
            "availability": "open",
            "passphrase_enabled": False,
            "shareable_url_enabled": False,
            "created_at": NOW - 4 * DAY,
            "created_by_id": producer,
        },
    )
    invitees = []
    for name in ("Chris Vale", "Renée Aßmann"):
        key = identify(f"invitee/{show.key}/{name}")
        invitees.append(key)
        row = {"id": key, "review_session_id": session, "name": name, "created_from_shared_url": False}
        address = f"{name.split()[0].lower().replace('é', 'e')}@example.org"
        dates = {"created_at": NOW - 4 * DAY, "last_sent_at": NOW - 3 * DAY, "created_by_id": producer}
        yield "review_session_invitee", {**row, "email": address, **dates}
    shown = [version for version in versions if version.last][:12]
    for number, version in enumerate(shown):
        key = identify(f"review object/{version.id}")
        yield "review_session_object", _object(key, session, version, number)
        status = {"created_at": NOW - DAY, "review_session_object_id": key}
        if number % 3 == 0:
            yield (
                "review_session_object_status",
                {
                    "id": identify(f"decision/{key}"),
                    "review_session_invitee_id": invitees[number % 2],
                    "status": "approved" if number % 2 else "require_changes",
                    **status,
                },
            )


def _object(key: str, session: str, version: Version, number: int) -> dict[str, Any]:
    return {
        "id": key,
        "review_session_id": session,
        "version_id": version.id,
        "name": version.asset,
        "version": f"Version {version.number}",
        "description": "",
        "sort_order": float(number),
        "created_at": NOW - 4 * DAY,
    }
