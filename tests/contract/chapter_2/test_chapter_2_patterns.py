"""Chapter 2 of the protocol reference, 2.11 and 2.12: metadata, and how things are usually written.

Driven by the unmodified Python client where it has a way, by plain requests where the wire itself
counts. Functions are named after sections; what other contract tests hold is not repeated.
"""

import ftrack_api
import ftrack_api.symbol
import pytest

from wire import create, delete, new_id, update

# 2.11 Metadata.


def test_2_11_the_example_of_adding_a_key(send, ask, task):
    key = {"__entity_type__": "Metadata", "parent_id": task["id"], "key": "a"}
    made, updated = send(
        create("Metadata", [task["id"], "a"], key="a", parent_id=task["id"], parent_type="Task", value="b"),
        update("Task", [task["id"]], metadata=[key]),
    )
    assert made["data"] == {**key, "parent_type": "Task", "value": "b"}
    assert updated["data"]["id"] == task["id"]
    (row,) = ask(f"select metadata.key, metadata.value from Task where id is {task['id']}")
    assert [(each["key"], each["value"]) for each in row["metadata"]] == [("a", "b")]


def test_2_11_the_example_of_removing_a_key(send, ask, task):
    send(
        create("Metadata", [task["id"], "a"], parent_type="Task", value="1"),
        create("Metadata", [task["id"], "b"], parent_type="Task", value="2"),
    )
    kept = {"__entity_type__": "Metadata", "parent_id": task["id"], "key": "b"}
    replies = send(
        update("Task", [task["id"]], metadata=[kept]),
        delete("Metadata", task["id"], "a"),
    )
    assert replies[1] == {"action": "delete", "data": True}
    assert [each["key"] for each in ask(f"select key from Metadata where parent_id is {task['id']}")] == ["b"]


@pytest.mark.parametrize("kind", ["task", "shot", "project", "version", "user", "component"])
def test_2_11_the_client_adds_changes_and_removes(request, ftrack_session, kind):
    if kind == "component":
        entity = ftrack_session.create("FileComponent", {"name": "x"})
    elif kind == "user":
        entity = ftrack_session.create("User", {"username": new_id()})
    else:
        entity = request.getfixturevalue(kind)
    ftrack_session.commit()

    def stored():
        ftrack_session.reset()
        return dict(ftrack_session.get(entity.entity_type, entity["id"])["metadata"])

    def change(**changes):
        ftrack_session.reset()
        metadata = ftrack_session.get(entity.entity_type, entity["id"])["metadata"]
        for name, value in changes.items():
            if value is None:
                del metadata[name]
            else:
                metadata[name] = value
        ftrack_session.commit()

    assert stored() == {}
    change(a="1", größe="Ü \N{CLAPPER BOARD}")
    assert stored() == {"a": "1", "größe": "Ü \N{CLAPPER BOARD}"}
    change(a="2", b="3")
    assert stored() == {"a": "2", "b": "3", "größe": "Ü \N{CLAPPER BOARD}"}
    change(a=None)
    assert stored() == {"b": "3", "größe": "Ü \N{CLAPPER BOARD}"}


def test_2_11_metadata_may_be_given_with_a_new_entity(ftrack_session, project):
    task = ftrack_session.create("Task", {"name": "x", "parent": project, "metadata": {"k": "v", "l": "w"}})
    ftrack_session.commit()
    ftrack_session.reset()
    assert dict(ftrack_session.get("Task", task["id"])["metadata"]) == {"k": "v", "l": "w"}


@pytest.mark.parametrize("kind", ["task", "shot", "project", "version"])
def test_2_11_the_parent_type_reads_as_a_schema_name(request, ftrack_session, ask, kind):
    entity = request.getfixturevalue(kind)
    entity["metadata"]["k"] = "v"
    ftrack_session.commit()
    (row,) = ask(f"select parent_type from Metadata where parent_id is {entity['id']}")
    assert row["parent_type"] in ftrack_session.types


# 2.12 The usual write patterns.


def test_2_12_create_note_with_author_recipients_and_labels(ftrack_session, ask, shot, me, other):
    group = ftrack_session.query("Group").first()
    labels = ftrack_session.query("NoteLabel").all()[:2]
    note = shot.create_note("Look {here}", other, recipients=[me, group], labels=labels)
    ftrack_session.commit()
    (row,) = ask(
        "select content, user_id, parent_id, parent_type, is_todo, recipients.resource_id, "
        f"note_label_links.label_id from Note where id is {note['id']}"
    )
    assert (row["content"], row["user_id"], row["parent_id"]) == ("Look {here}", other["id"], shot["id"])
    assert row["parent_type"] in ftrack_session.types
    assert row["is_todo"] is False
    assert {each["resource_id"] for each in row["recipients"]} == {me["id"], other["id"], group["id"]}
    assert {each["label_id"] for each in row["note_label_links"]} == {each["id"] for each in labels}
    ftrack_session.reset()
    (read,) = ftrack_session.get("Shot", shot["id"])["notes"]
    assert (read["content"], read["author"]["username"]) == ("Look {here}", "kim.ek")


@pytest.mark.parametrize(
    ("kind", "parent_type"),
    [("task", "TypedContext"), ("shot", "TypedContext"), ("version", "AssetVersion"), ("project", "Project")],
)
def test_2_12_a_note_by_one_create(request, ftrack_session, send, kind, parent_type):
    entity = request.getfixturevalue(kind)
    (first,) = send(create("Note", content="1", parent_id=entity["id"], parent_type=parent_type))
    send(create("Note", content="2", parent_id=entity["id"], parent_type=parent_type))
    assert first["data"]["parent_type"] == parent_type
    ftrack_session.reset()
    notes = ftrack_session.get(entity.entity_type, entity["id"])["notes"]
    assert sorted(note["content"] for note in notes) == ["1", "2"]


@pytest.mark.parametrize("kind", ["version", "project"])
def test_2_12_create_note_on_other_types(request, ftrack_session, kind, me):
    entity = request.getfixturevalue(kind)
    entity.create_note("n", me)
    ftrack_session.commit()
    ftrack_session.reset()
    (note,) = ftrack_session.get(entity.entity_type, entity["id"])["notes"]
    assert note["parent_id"] == entity["id"]


def test_2_12_a_reply_by_the_client_and_by_hand(ftrack_session, task, me, other):
    note = task.create_note("question", me)
    ftrack_session.commit()
    note.create_reply("answer", other)
    ftrack_session.commit()
    ftrack_session.create("Note", {"content": "second answer", "author": me, "in_reply_to_id": note["id"]})
    ftrack_session.commit()
    ftrack_session.reset()
    note = ftrack_session.get("Note", note["id"])
    assert {each["content"] for each in note["replies"]} == {"answer", "second answer"}
    assert {each["in_reply_to"]["id"] for each in note["replies"]} == {note["id"]}
    assert [each["content"] for each in ftrack_session.get("Task", task["id"])["notes"]] == ["question"]


def test_2_12_a_file_on_a_note(ftrack_session, task, me, tmp_path):
    path = tmp_path / "sheet.csv"
    path.write_bytes(b"a,b")
    server = ftrack_session.get("Location", ftrack_api.symbol.SERVER_LOCATION_ID)
    component = ftrack_session.create_component(str(path), location=server)
    note = task.create_note("see file", me)
    ftrack_session.create("NoteComponent", {"component_id": component["id"], "note_id": note["id"]})
    ftrack_session.commit()
    ftrack_session.reset()
    (attached,) = ftrack_session.get("Note", note["id"])["note_components"]
    assert (attached["component"]["id"], attached["component"]["file_type"]) == (component["id"], ".csv")
    assert attached["note"]["id"] == note["id"]


@pytest.mark.parametrize("kind", ["assignment", "allocation"])
def test_2_12_a_user_is_assigned(ftrack_session, task, other, kind):
    ftrack_session.create("Appointment", {"context": task, "resource": other, "type": kind})
    ftrack_session.commit()
    ftrack_session.reset()
    task = ftrack_session.get("Task", task["id"])
    found = {
        name: [each["resource"]["username"] for each in task[name]]
        for name in ("assignments", "allocations", "appointments")
    }
    assert found == {
        "assignments": ["kim.ek"] if kind == "assignment" else [],
        "allocations": ["kim.ek"] if kind == "allocation" else [],
        "appointments": ["kim.ek"],
    }
    own = ftrack_session.query(
        f"Appointment where resource_id is {other['id']} and context_id is {task['id']}"
    )
    assert own.one()["id"] in [each["id"] for each in ftrack_session.get("User", other["id"])[f"{kind}s"]]


def test_2_12_tasks_are_linked(ftrack_session, project):
    first = ftrack_session.create("Task", {"name": "a", "parent": project})
    second = ftrack_session.create("Task", {"name": "b", "parent": project})
    ftrack_session.create("TypedContextLink", {"from": first, "to": second})
    ftrack_session.commit()
    ftrack_session.reset()
    first, second = (ftrack_session.get("Task", each["id"]) for each in (first, second))
    assert [each["to"]["id"] for each in first["outgoing_links"]] == [second["id"]]
    assert [each["from"]["id"] for each in second["incoming_links"]] == [first["id"]]
    assert (list(first["incoming_links"]), list(second["outgoing_links"])) == ([], [])


def test_2_12_versions_are_linked(ftrack_session, version):
    other = ftrack_session.create("AssetVersion", {"asset": version["asset"]})
    ftrack_session.create("AssetVersionLink", {"from": version, "to": other})
    ftrack_session.commit()
    ftrack_session.reset()
    first, second = (ftrack_session.get("AssetVersion", each["id"]) for each in (version, other))
    assert [each["to"]["id"] for each in first["outgoing_links"]] == [second["id"]]
    assert [each["from"]["id"] for each in second["incoming_links"]] == [first["id"]]


def list_of(session, entity_type, project):
    category = session.query("ListCategory").first()
    return session.create(entity_type, {"name": "l", "project": project, "category": category})


@pytest.mark.parametrize("kind", ["TypedContextList", "AssetVersionList"])
def test_2_12_a_list_is_filled_and_emptied(request, ftrack_session, ask, project, kind):
    content = [
        request.getfixturevalue(name)
        for name in (("task", "shot") if kind == "TypedContextList" else ("version",))
    ]
    made = list_of(ftrack_session, kind, project)
    for entity in content:
        made["items"].append(entity)
    ftrack_session.commit()
    ftrack_session.reset()
    read = ftrack_session.get(kind, made["id"])
    assert {each["id"] for each in read["items"]} == {each["id"] for each in content}
    assert {each.entity_type for each in read["items"]} == {each.entity_type for each in content}
    entity = ftrack_session.get(content[0].entity_type, content[0]["id"])
    assert [each["id"] for each in entity["lists"]] == [made["id"]]
    assert len(ask(f"select id from ListObject where list_id is {made['id']}")) == len(content)
    read["items"] = []
    ftrack_session.commit()
    assert ask(f"select id from ListObject where list_id is {made['id']}") == []


def test_2_12_a_list_object_puts_an_entity_on_a_list(ftrack_session, project, task):
    made = list_of(ftrack_session, "TypedContextList", project)
    ftrack_session.create("ListObject", {"list_id": made["id"], "entity_id": task["id"]})
    ftrack_session.commit()
    ftrack_session.reset()
    assert [each["id"] for each in ftrack_session.get("TypedContextList", made["id"])["items"]] == [
        task["id"]
    ]


@pytest.mark.parametrize("kind", ["task", "version", "project"])
def test_2_12_a_thumbnail(request, ftrack_session, kind):
    entity = request.getfixturevalue(kind)
    component = ftrack_session.query("FileComponent").first()
    entity["thumbnail_id"] = component["id"]
    ftrack_session.commit()
    ftrack_session.reset()
    entity = ftrack_session.get(entity.entity_type, entity["id"])
    assert entity["thumbnail"]["id"] == component["id"]
    assert entity["thumbnail_url"]["url"]


@pytest.mark.parametrize("way", ["status", "status_id"])
@pytest.mark.parametrize("kind", ["task", "version"])
def test_2_12_a_status(request, ftrack_session, kind, way, me):
    entity = request.getfixturevalue(kind)
    statuses = entity["status"]["id"]
    wanted = ftrack_session.query(f"Status where id is_not {statuses}").first()
    entity[way] = wanted if way == "status" else wanted["id"]
    ftrack_session.commit()
    ftrack_session.reset()
    entity = ftrack_session.get(entity.entity_type, entity["id"])
    assert (entity["status"]["id"], entity["status_id"]) == (wanted["id"], wanted["id"])
    (noted,) = entity["status_changes"]
    assert (noted["from_status"]["id"], noted["status"]["id"]) == (statuses, wanted["id"])
    assert noted["user"]["id"] == me["id"]
