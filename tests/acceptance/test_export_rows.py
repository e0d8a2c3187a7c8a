"""Every cell of an export is what the client itself reads, for each entity type that is offered."""

import csv
import io
import re
import uuid

import pytest

from coordinator import fetch

IDENTIFIER = "ftrack-jobs.export-table"
COORDINATOR = "kim.ek"

#: Paths that every typed context has.
PATHS = [
    "link",
    "id",
    "name",
    "description",
    "status.name",
    "status.state.short",
    "type.name",
    "priority.name",
    "parent.name",
    "project.full_name",
    "start_date",
    "end_date",
    "created_at",
    "bid",
    "sort",
    "created_by.username",
    "assignments.resource.username",
    "notes.content",
    "custom_attributes[fps]",
]


def read(entity, path):
    """Walk one path the way a script with the client does; a list where it passes a collection."""
    key = re.fullmatch(r"custom_attributes\[(.+)\]", path)
    if key:
        attributes = entity["custom_attributes"]
        return attributes[key[1]] if key[1] in attributes else None
    name, _, rest = path.partition(".")
    if name not in entity.keys():
        # A path through a Resource may name what only users have; a group is silent there.
        return None
    value = entity[name]
    if not rest:
        return value
    if value is None:
        return None
    if hasattr(value, "entity_type"):
        return read(value, rest)
    return [read(item, rest) for item in value]


def as_cell(value, path):
    """Say what a cell shall hold, from the words of the documentation."""
    if path == "link":
        return " / ".join(entry["name"] for entry in value)
    if value is None:
        return ""
    if isinstance(value, list):
        return ", ".join(cell for cell in (as_cell(item, path) for item in value) if cell)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def defused(cell, value):
    """A cell that a spreadsheet would take for a formula has an apostrophe in front; a number has none."""
    is_text = not isinstance(value, (int, float)) or isinstance(value, bool)
    return (
        "'" + cell
        if is_text and cell.lstrip(" \n")[:1] in ("=", "+", "-", "@", "\t", "\r") and cell
        else cell
    )


def table_of(job):
    data = fetch(job["urls"][0])
    assert data.startswith(b"\xef\xbb\xbf")
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))


def expected_rows(session, kind, where, paths):
    wanted = [re.sub(r"custom_attributes\[.*", "custom_attributes", path) for path in paths]
    entities = session.query(f"select {', '.join(wanted)} from {kind} where {where}").all()
    rows = []
    for entity in entities:
        values = [read(entity, path) for path in paths]
        cells = [defused(as_cell(value, path), value) for value, path in zip(values, paths, strict=True)]
        rows.append(([entry["name"] for entry in entity["link"]], entity["id"], cells))
    return [cells for _, _, cells in sorted(rows)]


@pytest.fixture(scope="module")
def listening(server):
    server.listen()
    browser = server.browser(COORDINATOR)
    yield browser
    server.close()


@pytest.mark.parametrize("kind", ["Task", "Shot", "Sequence", "Episode", "Folder", "AssetBuild", "Milestone"])
def test_every_cell_is_what_the_client_reads(listening, kind):
    session = listening.session
    projects = session.query("Project where is_private is false").all()
    values = {"entity_type": kind, "columns": ", ".join(PATHS), "format": "csv"}
    job = listening.run(IDENTIFIER, *projects, values=values)
    assert job["status"] == "done", job
    header, *rows = table_of(job)
    ids = ", ".join(project["id"] for project in projects)
    expected = expected_rows(session, kind, f"project_id in ({ids})", PATHS)
    assert expected
    assert header == PATHS
    assert len(rows) == len(expected)
    for row, wanted in zip(rows, expected, strict=True):
        assert row == wanted


def test_every_type_that_the_form_offers_is_compared_above(listening):
    form = listening.launch(IDENTIFIER, listening.session.query("Project").first())
    offered = {each["value"] for each in form["items"][0]["data"]}
    marks = test_every_cell_is_what_the_client_reads.pytestmark
    assert offered == set(marks[0].args[1])


def test_a_selection_below_the_project_yields_what_lies_in_or_below_it_each_once(listening):
    session = listening.session
    sequence = session.query("Sequence where children any ()").first()
    shot = session.query(f"Shot where parent_id is {sequence['id']}").first()
    job = listening.run(
        IDENTIFIER, sequence, shot, values={"entity_type": "Shot", "columns": "id", "format": "csv"}
    )
    _, *rows = table_of(job)
    inside = {each["id"] for each in session.query(f"Shot where ancestors any (id is {sequence['id']})")}
    assert sorted(row[0] for row in rows) == sorted(inside | {shot["id"]})
    own = listening.run(IDENTIFIER, shot, values={"entity_type": "Shot", "columns": "id", "format": "csv"})
    assert [row[0] for row in table_of(own)[1:]] == [shot["id"]]


def test_the_file_is_named_after_show_type_and_day(listening):
    session = listening.session
    projects = session.query("Project where is_private is false order by name").all()

    def name_of(job):
        found = session.query(
            f"select component.name, component.file_type from JobComponent where job_id is {job['id']}"
        )
        component = found.one()["component"]
        return component["name"] + component["file_type"]

    values = {"entity_type": "Sequence", "columns": "name", "format": "csv"}
    one = name_of(listening.run(IDENTIFIER, projects[0], values=values))
    assert re.fullmatch(re.escape(projects[0]["name"]) + r"-Sequence-\d{4}-\d\d-\d\d\.csv", one)
    both = name_of(listening.run(IDENTIFIER, *projects, values=values))
    assert re.fullmatch(r"2 shows-Sequence-\d{4}-\d\d-\d\d\.csv", both)


def test_a_thousand_tasks_that_share_three_statuses_are_told_apart(server, listening):
    session = server.session()
    name = f"thousand {uuid.uuid4().hex[:8]}"
    schema = session.query("ProjectSchema").first()
    project = session.create("Project", {"name": name, "full_name": name, "project_schema": schema})
    session.commit()
    statuses = schema.get_statuses("Task")[:3]
    assert len({status["name"] for status in statuses}) == 3
    given = {}
    for index in range(1000):
        task = session.create(
            "Task", {"name": f"task {index:04}", "parent": project, "status": statuses[index % 3]}
        )
        given[task["id"]] = (task["name"], statuses[index % 3]["name"], statuses[index % 3]["state"]["short"])
    session.commit()
    paths = "id, name, status.name, status.state.short, status.color, project.name"
    job = listening.run(
        IDENTIFIER, project, values={"entity_type": "Task", "columns": paths, "format": "csv"}
    )
    assert job["description"] == "Exported 1,000 tasks"
    _, *rows = table_of(job)
    assert {row[0]: tuple(row[1:4]) for row in rows} == given
    fresh = server.session()
    assert rows == expected_rows(fresh, "Task", f"project_id is {project['id']}", paths.split(", "))
    session.delete(project)
    session.commit()
    for each in (session, fresh):
        each.close()
