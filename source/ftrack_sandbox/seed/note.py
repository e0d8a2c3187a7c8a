"""What people say about the work: notes, replies, who they are for, labels, pictures.

Source: protocol reference 2.8, 2.12, 4.5.
"""

import datetime
import random
from collections.abc import Iterator, Sequence
from typing import Any

from ftrack_sandbox.seed.catalogue import NOTE_LABELS
from ftrack_sandbox.seed.media import Version
from ftrack_sandbox.seed.people import group_id, user_id
from ftrack_sandbox.seed.row import DAY, NOW, Row, dice, identify
from ftrack_sandbox.seed.show import Show
from ftrack_sandbox.seed.text import NOTES, REPLIES
from ftrack_sandbox.seed.tree import Node, Tree

_LABELS = [identify(f"label/{name}") for name in NOTE_LABELS]


def rows(tree: Tree, show: Show, versions: Sequence[Version]) -> Iterator[Row]:
    """Yield notes on versions, shots and tasks of one copy of a show."""
    chance = dice(f"notes/{show.key}/{tree.number}")
    producer = user_id(show.producer)
    for version in versions:
        if version.last and chance.random() < 0.35:
            yield from _on_version(version, producer, chance)
    for node in [*tree.of("Shot"), *tree.tasks]:
        if chance.random() < 0.06:
            yield from _on_context(node, producer, chance)


def show_rows(show: Show) -> Iterator[Row]:
    """Yield the note on a project, which is for a whole group."""
    readers = (group_id("Production"),)
    text = "Neue Ablage ab Montag: /mnt/projects/" + show.key
    yield from _note(show.id, show.id, "Project", text, NOW - 5 * DAY, user_id(show.producer), readers)


def _on_version(version: Version, author: str, chance: random.Random) -> Iterator[Row]:
    date = version.date + datetime.timedelta(hours=chance.randrange(2, 30))
    label = chance.choice(_LABELS) if chance.random() < 0.6 else None
    text, answered = chance.choice(NOTES), chance.random() < 0.5
    moved = date + datetime.timedelta(hours=3) if answered else date
    readers = (version.user_id,)
    yield from _note(
        version.id, version.id, "AssetVersion", text, date, author, readers, label=label, moved=moved
    )
    if answered:
        # A reply names no parent but the note it answers, as the clients make it.
        name, text = f"{version.id}/reply", chance.choice(REPLIES)
        yield from _note(name, None, None, text, moved, version.user_id, (author,), answers=version.id)
    if version.picture is not None and chance.random() < 0.3:
        note = identify(f"note/{version.id}")
        yield "note_component", {"note_id": note, "component_id": version.picture}


def _on_context(node: Node, author: str, chance: random.Random) -> Iterator[Row]:
    date = min(node.start or NOW, NOW) - chance.randrange(1, 20) * DAY
    todo = chance.random() < 0.4
    done = date + DAY if todo and chance.random() < 0.5 else None
    text = chance.choice(NOTES)
    yield from _note(
        node.id, node.id, "TypedContext", text, date, author, node.people, todo=todo, completed_at=done
    )


def _note(
    name: str,
    parent: str | None,
    parent_type: str | None,
    text: str,
    date: datetime.datetime,
    author: str,
    readers: Sequence[str],
    *,
    label: str | None = None,
    todo: bool = False,
    completed_at: datetime.datetime | None = None,
    answers: str | None = None,
    moved: datetime.datetime | None = None,
) -> Iterator[Row]:
    """The note under *name*; *answers* names the one it replies to, *moved* is its thread's last activity."""
    key = identify(f"note/{name}")
    row: dict[str, Any] = {
        "id": key,
        "content": text,
        "user_id": author,
        "date": date,
        "thread_activity": moved or date,
        "parent_id": parent,
        "parent_type": parent_type,
        "category_id": label,
        "is_todo": todo,
        "completed_at": completed_at,
        "completed_by_id": author if completed_at else None,
        "in_reply_to_id": identify(f"note/{answers}") if answers else None,
    }
    yield "note", row
    if label is not None:
        yield "note_label_link", {"note_id": key, "label_id": label}
    # The author is a recipient as well. Source: protocol reference 2.8.
    for reader in dict.fromkeys((author, *readers)):
        yield "recipient", {"note_id": key, "resource_id": reader, "text_mentioned": None}
