"""Exports of the studio, each cell held against what the client itself reads, entity by entity."""

import csv
import datetime

import pytest

from ftrack_jobs.errors import QueryError, ServerError
from ftrack_jobs.export import Column, check_columns, export
from ftrack_jobs.export.writers.csv import defuse
from ftrack_jobs.query import Query, Reach

COLUMNS = {
    "Task": [
        *(
            "link",
            "name",
            "description",
            "type.name",
            "status",
            "status.state.short",
            "priority.name",
            "bid",
            "sort",
        ),
        *("start_date", "end_date", "created_at", "time_logged", "parent.name", "project.full_name"),
        *("assignments.resource.username", "notes.content", "notes.author.username", "scopes.name"),
        *("custom_attributes[fps]", "custom_attributes[on_hold]", "custom_attributes[client_due]"),
        *("custom_attributes[passes]", "custom_attributes[vendor]", "metadata[vendor]"),
    ],
    "Shot": [
        *("link", "name", "description", "status.name", "parent.link", "children.name", "assets.name"),
        *("assets.versions.version", "custom_attributes[fstart]", "custom_attributes[length]"),
        *("custom_attributes[pixel_aspect]", "parent.custom_attributes[colour_space]"),
    ],
    "AssetVersion": [
        *(
            "link",
            "asset.name",
            "asset.parent.name",
            "asset.type",
            "version",
            "is_published",
            "user.username",
            "date",
        ),
        *(
            "comment",
            "components.name",
            "components.file_type",
            "thumbnail_url",
            "custom_attributes[sent_on]",
        ),
    ],
    "Project": [
        "link",
        "full_name",
        "is_private",
        "start_date",
        "project_schema.name",
        "custom_attributes[budget]",
    ],
    "User": ["username", "first_name", "is_active", "memberships.group.name", "custom_attributes[skills]"],
    "Note": [
        "content",
        "date",
        "author.username",
        "is_todo",
        "completed_at",
        "in_reply_to.content",
        "replies.content",
    ],
    "Timelog": ["start", "duration", "comment", "user.username", "context.link"],
    "FileComponent": ["name", "size", "file_type", "version.asset.name", "component_locations.location.name"],
    "TypedContextList": ["name", "category.name", "items.name", "owner.username", "is_open"],
    "Sequence": ["link", "name"],
    "Episode": ["link", "name"],
    "Folder": ["link", "name"],
    "AssetBuild": ["link", "name", "type.name"],
    "Milestone": ["link", "name", "end_date"],
}


def table(path):
    with path.open(encoding="utf-8-sig", newline="") as stream:
        header, *rows = csv.reader(stream)
    return header, rows


def of_client(entity, path):
    """What the client itself reads at a path: a plain value, or a list of them behind a collection."""
    if entity is None:
        return None
    name, _, rest = path.partition(".")
    if name.endswith("]"):
        name, _, key = name[:-1].partition("[")
        values = entity[name]
        return values[key] if key in values.keys() else None
    value = entity[name]
    if name == "link":
        return " / ".join(each["name"] for each in value)
    if not rest and hasattr(value, "entity_type"):
        rest = "name"
    if not rest:
        return value
    if hasattr(value, "entity_type") or value is None:
        return of_client(value, rest)
    found = []
    for item in value:
        each = of_client(item, rest)
        found += each if isinstance(each, list) else [each]
    return found


def as_text(value):
    """How a value shall look in the table, told once more and in other words."""
    if isinstance(value, dict):
        value = value["url"]
    if isinstance(value, list):
        return ", ".join(text for text in map(as_text, value) if text)
    if hasattr(value, "datetime"):
        value = value.datetime
    if isinstance(value, datetime.datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%S+00:00")
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (int, float)):
        return f"{value:.10g}"
    return value or ""


def expected(value):
    text = as_text(value)
    number = isinstance(value, (int, float))
    return text if number else defuse(text)


@pytest.mark.parametrize("entity_type", COLUMNS)
def test_every_cell_is_what_the_client_reads(entity_type, ftrack_session, tmp_path):
    columns = COLUMNS[entity_type]
    path = tmp_path / "table.csv"
    # Reading entity by entity is slow, and this is about kinds of values: a slice of each type will do.
    ids = [row["id"] for row in Query(ftrack_session, entity_type)][::7][:60]
    assert ids
    rows = Query(ftrack_session, entity_type, where="id in {ids}", ids=ids)
    assert export(rows, ["id", *columns], path) == len(ids)
    header, cells = table(path)
    assert header == ["id", *columns]
    assert sorted(row[0] for row in cells) == sorted(ids)
    for entity_id, *row in cells:
        entity = ftrack_session.get(entity_type, entity_id)
        for column, cell in zip(columns, row, strict=True):
            value = of_client(entity, column)
            if column == "thumbnail_url":
                # A signed link is made anew each time it is read.
                cell, value = cell.split("?")[0], as_text(value).split("?")[0]
            assert cell == expected(value), column


def test_tasks_that_share_a_few_statuses_all_show_theirs(ftrack_session, tmp_path):
    path = tmp_path / "tasks.csv"
    columns = ["id", "status.name", "status.state.name", "type.name", "parent.name"]
    count = export(Query(ftrack_session, "Task"), columns, path)
    assert count > 1000
    read = {}
    for task in ftrack_session.query(f"select {', '.join(columns)} from Task"):
        read[task["id"]] = [
            task["id"],
            *(
                task["status"]["name"],
                task["status"]["state"]["name"],
                task["type"]["name"],
                task["parent"]["name"],
            ),
        ]
    rows = table(path)[1]
    assert {row[0]: row for row in rows} == {
        task_id: [defuse(cell) for cell in row] for task_id, row in read.items()
    }
    assert len(rows) == count == len(read)


def test_rows_are_ordered_by_link(ftrack_session, tmp_path):
    path = tmp_path / "tasks.csv"
    export(Query(ftrack_session, "Task"), ["id"], path, order_by=["link"])
    links = {
        row["id"]: [each["name"] for each in row["link"]] for row in Query(ftrack_session, "Task", "link")
    }
    order = [links[row[0]] for row in table(path)[1]]
    assert order == sorted(order)
    assert len(order) == len(links)


def test_progress_tells_the_total_before_rows_are_read(ftrack_session, tmp_path):
    told = []
    tasks = Query(ftrack_session, "Task", page_rows=300)
    count = export(tasks, ["name"], tmp_path / "a.csv", on_progress=lambda *each: told.append(each))
    assert told[0] == (0, count)
    assert [done for done, _ in told] == [*range(0, count, 300), count]


def test_an_error_in_the_middle_leaves_no_file(ftrack_session, tmp_path):
    def go_away(done, total):
        if done == 300:
            ftrack_session._server_url = "http://127.0.0.1:9"

    with pytest.raises(ServerError):
        export(
            Query(ftrack_session, "Task", page_rows=300), ["name"], tmp_path / "a.csv", on_progress=go_away
        )
    assert list(tmp_path.iterdir()) == []


def test_a_custom_attribute_that_nobody_made_is_refused_with_the_nearest(ftrack_session, tmp_path):
    with pytest.raises(QueryError, match=r"custom_attributes\[fsp\].*fps"):
        export(Query(ftrack_session, "Shot"), ["custom_attributes[fsp]"], tmp_path / "a.csv")
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_column_is_refused_before_anything_is_asked(ftrack_sandbox, ftrack_session, tmp_path):
    shots = Query(ftrack_session, "Shot")
    before = ftrack_sandbox.requests.count
    with pytest.raises(QueryError, match="'nam'"):
        export(shots, ["name", "nam"], tmp_path / "a.csv")
    with pytest.raises(QueryError, match="'nam'"):
        export(shots, ["name"], tmp_path / "a.csv", order_by=["nam"])
    assert ftrack_sandbox.requests.count == before


def test_only_what_is_within_reach_is_exported(ftrack_session, tmp_path):
    show = Query(ftrack_session, "Project").first()["id"]
    reach = Reach(frozenset({show}))
    path = tmp_path / "a.csv"
    count = export(Query(ftrack_session, "Task", reach=reach), ["project_id", "link"], path)
    assert 0 < count < Query(ftrack_session, "Task").count()
    assert {row[0] for row in table(path)[1]} == {show}
    export(Query(ftrack_session, "User", reach=reach), ["assignments.context.project_id"], path)
    found = {each for row in table(path)[1] for each in row[0].split(", ")}
    assert found <= {show, ""} and show in found


def test_a_query_may_be_exported_twice_with_other_columns(ftrack_session, tmp_path):
    users = Query(ftrack_session, "User", "email")
    assert export(users, [Column("username", "Name")], tmp_path / "a.csv") == len(users)
    export(users, ["first_name"], tmp_path / "b.csv")
    assert table(tmp_path / "a.csv")[0] == ["Name"]
    assert "email" in users.first()


@pytest.mark.parametrize("entity_type", COLUMNS)
def test_columns_are_checked_as_they_are_read(entity_type, ftrack_session):
    check_columns(ftrack_session.schemas, entity_type, COLUMNS[entity_type])
