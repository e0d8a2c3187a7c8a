"""What else happens when a row is made or a column changes.

Every change of a column goes through `change`. Source: protocol reference 2.8, 7.1, 2.12;
where they are silent the rule is assumed and says so.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import sqlalchemy

from ftrack_sandbox.api import default
from ftrack_sandbox.api.batch import Batch
from ftrack_sandbox.api.row import fetch
from ftrack_sandbox.encode import Key
from ftrack_sandbox.errors import ValidationError
from ftrack_sandbox.schema.model import EntityType

Row = Mapping[str, Any]


def change(batch: Batch, entity_type: EntityType, key: Key, columns: Mapping[str, Any]) -> dict[str, Any]:
    """Set columns of a row, with everything that follows from it; return the row as it is then."""
    old = batch.writer.fetch(entity_type, key)
    if old is None:
        raise KeyError(key)
    columns = {name: value for name, value in columns.items() if old[name] != value}
    if not columns:
        return old
    follow = _FOLLOW.get(entity_type.table.name)
    if follow is not None:
        columns = {**follow(batch, entity_type, old, columns), **columns}
    touched = batch.touch(entity_type, key)
    touched.columns.update(columns)
    row = batch.writer.update(entity_type, key, columns)
    if entity_type.table.name == "context" and "project_id" in columns:
        _take_along(batch, key[0], columns["project_id"])
    if entity_type.table.name == "asset_version" and {"asset_id", "version"} & columns.keys():
        mark_latest(batch, [old["asset_id"], row["asset_id"]])
    if "status_id" in columns and "status_changes" in entity_type.attributes and not touched.created:
        _note_status(batch, entity_type, old, row)
    return row


def add(batch: Batch, entity_type: EntityType, values: Row) -> Key:
    """Make a row that the server adds by itself; return its key."""
    row = {**dict.fromkeys(entity_type.table.c.keys()), **entity_type.classifiers, **values}
    row.update(default.identify(batch, entity_type, row))
    row.update(default.supply(batch, entity_type, row))
    batch.writer.insert(entity_type, row)
    return tuple(row[name] for name in entity_type.primary_key)


def created(batch: Batch, entity_type: EntityType, key: Key, row: Row) -> None:
    """Do what follows from a new row."""
    follow = _CREATED.get(entity_type.table.name)
    if follow is not None:
        follow(batch, entity_type, row)


def removed(batch: Batch, entity_type: EntityType, row: Row) -> None:
    """Do what follows when a row is gone that somebody asked to delete."""
    if entity_type.table.name == "note_label_link":
        note_type = batch.schema.find("Note")
        note = batch.writer.fetch(note_type, (row["note_id"],))
        if note is not None and note["category_id"] == row["label_id"]:
            change(batch, note_type, (row["note_id"],), {"category_id": None})


def mark_latest(batch: Batch, asset_ids: Iterable[str | None]) -> None:
    """Let the highest version of each asset, and no other, be its latest one.

    Not noted as a change: it is derived, and no client ever set it.
    """
    version = batch.schema.find("AssetVersion").table
    for asset_id in {each for each in asset_ids if each is not None}:
        other = version.alias()
        latest = (
            sqlalchemy.select(other.c.id)
            .where(other.c.asset_id == asset_id)
            .order_by(other.c.version.desc().nulls_last(), other.c.id.desc())
            .limit(1)
        )
        found = batch.connection.execute(latest).scalar()
        ours = version.c.asset_id == asset_id
        batch.connection.execute(version.update().where(ours).values(is_latest_version=version.c.id == found))


def _version_made(batch: Batch, entity_type: EntityType, row: Row) -> None:
    mark_latest(batch, [row["asset_id"]])


def _context(batch: Batch, entity_type: EntityType, old: Row, new: Row) -> dict[str, Any]:
    """A context that moves belongs to the project of its new parent."""
    parent_id = new.get("parent_id")
    if parent_id is None:
        return {}
    closure = batch.schema.metadata.tables["context_ancestor"]
    below = sqlalchemy.select(closure.c.descendant_id).where(
        closure.c.ancestor_id == old["id"], closure.c.descendant_id == parent_id
    )
    if parent_id == old["id"] or batch.connection.execute(below).first() is not None:
        raise ValidationError(f"{entity_type.name} {old['id']} cannot be moved below itself.")
    table = entity_type.table
    select = sqlalchemy.select(table.c.context_type, table.c.id, table.c.project_id)
    parent = batch.connection.execute(select.where(table.c.id == parent_id)).first()
    if parent is None:
        return {}
    project_id = parent.id if parent.context_type == "show" else parent.project_id
    return {"project_id": project_id} if project_id != old["project_id"] else {}


def _take_along(batch: Batch, context_id: str, project_id: str | None) -> None:
    """Everything below a context that changed its project changes it too."""
    tables = batch.schema.metadata.tables
    closure, table = tables["context_ancestor"], tables["context"]
    below = (
        sqlalchemy.select(table)
        .join(closure, closure.c.descendant_id == table.c.id)
        .where(closure.c.ancestor_id == context_id)
    )
    root = batch.schema.find("TypedContext")
    for row in fetch(batch, below):
        concrete = batch.schema.concrete(root, row)
        batch.writer.update(concrete, (row["id"],), {"project_id": project_id})


def _job(batch: Batch, entity_type: EntityType, old: Row, new: Row) -> dict[str, Any]:
    """Assumed: `finished_at` is set on reaching an end, and empty again when the job goes on."""
    if "status" not in new:
        return {}
    return {"finished_at": batch.now if new["status"] in _ENDED else None}


_ENDED = frozenset({"done", "failed"})


def _note(batch: Batch, entity_type: EntityType, old: Row, new: Row) -> dict[str, Any]:
    """Assumed: who completes a note is the caller, and the caller's change moves the thread."""
    if new.get("completed_at") is not None:
        return {"completed_by_id": batch.caller.user_id}
    if "completed_at" in new:
        return {"completed_by_id": None}
    if new.get("in_reply_to_id") is not None:
        _answer(batch, entity_type, new)
    return {}


def _answer(batch: Batch, entity_type: EntityType, row: Row) -> None:
    """A reply moves its thread: `thread_activity` of the note replied to. Assumed."""
    first = row.get("in_reply_to_id")
    if first is not None and batch.writer.fetch(entity_type, (first,)) is not None:
        batch.writer.update(entity_type, (first,), {"thread_activity": batch.now})


def _job_created(batch: Batch, entity_type: EntityType, row: Row) -> None:
    if row["status"] in _ENDED and row["finished_at"] is None:
        batch.writer.update(entity_type, (row["id"],), {"finished_at": batch.now})


def _labelled(batch: Batch, entity_type: EntityType, row: Row) -> None:
    """A label makes the note's `category` read as that label. Source: protocol reference 2.9."""
    note = batch.schema.find("Note")
    if batch.writer.fetch(note, (row["note_id"],)) is not None:
        batch.writer.update(note, (row["note_id"],), {"category_id": row["label_id"]})


def _project_made(batch: Batch, entity_type: EntityType, row: Row) -> None:
    """Assumed: who makes a project reaches it, be it private."""
    if row["context_type"] == "show":
        batch.caller = batch.access.admit(batch.writer, batch.caller, row["id"])


def _note_status(batch: Batch, entity_type: EntityType, old: Row, new: Row) -> None:
    target = entity_type.attributes["status_changes"].target or "StatusChange"
    if target == "StatusChange":
        target = "TypedContextStatusChange" if "object_type_id" in new else "AssetVersionStatusChange"
    add(
        batch,
        batch.schema.find(target),
        {
            "parent_id": new["id"],
            "status_id": new["status_id"],
            "from_status_id": old["status_id"],
            "user_id": batch.caller.user_id,
            "date": batch.now,
        },
    )


_FOLLOW: Mapping[str, Callable[[Batch, EntityType, Row, Row], dict[str, Any]]] = {
    "context": _context,
    "job": _job,
    "note": _note,
}

_CREATED: Mapping[str, Callable[[Batch, EntityType, Row], None]] = {
    "asset_version": _version_made,
    "context": _project_made,
    "job": _job_created,
    "note": _answer,
    "note_label_link": _labelled,
}
