"""Chapter 2 of the protocol reference, 2.6 and 2.7: from a client's changes to a batch, and its order.

Driven by the unmodified Python client where it has a way, by plain requests where the wire itself
counts. Functions are named after sections; what other contract tests hold is not repeated.
"""

import uuid

import ftrack_api
import ftrack_api.exception
import pytest

from wire import create, delete, new_id, query, reference, update

# 2.6 What the client makes of local changes.


def test_2_6_a_collection_comes_as_the_complete_list(ftrack_session, task, me):
    first = ftrack_session.create("Note", {"content": "one", "author": me})
    second = ftrack_session.create("Note", {"content": "two", "author": me})
    task["notes"] = [first, second]
    ftrack_session.commit()
    ftrack_session.reset()
    task = ftrack_session.get("Task", task["id"])
    assert sorted(note["content"] for note in task["notes"]) == ["one", "two"]
    notes = ftrack_session.query(f"select parent_id, parent_type from Note where parent_id is {task['id']}")
    assert {note["parent_id"] for note in notes} == {task["id"]}


def test_2_6_a_failed_commit_stays_recorded_and_goes_through_once_repaired(ftrack_session, ask, project):
    folder = ftrack_session.create("Folder", {"name": "f", "parent": project})
    note = ftrack_session.create("Note", {"content": "x", "user_id": new_id()})
    for _ in range(2):
        with pytest.raises(ftrack_api.exception.ServerError, match="IntegrityError"):
            ftrack_session.commit()
        assert ask(f"select id from Folder where id is {folder['id']}") == []
    note["user_id"] = ftrack_session.query("User").first()["id"]
    ftrack_session.commit()
    assert len(ask(f"select id from Folder where id is {folder['id']}")) == 1
    assert len(ask(f"select id from Note where id is {note['id']}")) == 1


def test_2_6_created_and_deleted_at_once_asks_nothing(ftrack_session, ftrack_sandbox, project):
    before = ftrack_sandbox.requests.count
    ftrack_session.delete(ftrack_session.create("Folder", {"name": "f", "parent": project}))
    ftrack_session.commit()
    assert ftrack_sandbox.requests.count == before


# 2.7 Order and atomicity.


def test_2_7_a_later_operation_refers_to_an_entity_created_earlier(send, ask, project, me):
    shot, task = new_id(), new_id()
    send(
        create("Shot", id=shot, name="sh", parent_id=project["id"]),
        create("Task", id=task, name="t", parent=reference("Shot", shot)),
        create("Appointment", context_id=task, resource_id=me["id"], type="assignment"),
        update("Task", [task], description="of this batch"),
    )
    (row,) = ask(f"select description, parent_id, assignments.resource_id from Task where id is {task}")
    assert (row["description"], row["parent_id"]) == ("of this batch", shot)
    assert [each["resource_id"] for each in row["assignments"]] == [me["id"]]


def test_2_7_a_reference_may_come_before_its_entity(send, ask, project):
    shot, task = new_id(), new_id()
    send(
        create("Task", id=task, name="t", parent_id=shot),
        create("Shot", id=shot, name="sh", parent_id=project["id"]),
    )
    (row,) = ask(f"select project_id, link from Task where id is {task}")
    assert row["project_id"] == project["id"]
    assert [each["id"] for each in row["link"]] == [project["id"], shot, task]


def test_2_7_a_mandatory_name_may_come_by_a_later_update(send, ask, ftrack_session, project):
    key = new_id()
    replies = send(
        create(
            "Project",
            id=key,
            project_schema_id=project["project_schema"]["id"],
        ),
        create("Folder", name="between", parent_id=project["id"]),
        update("Project", [key], name=f"p_{key[:8]}", full_name="Late"),
    )
    assert [each["action"] for each in replies] == ["create", "create", "update"]
    assert ask(f"select full_name from Project where id is {key}")[0]["full_name"] == "Late"


def test_2_7_the_client_may_name_a_project_later(ftrack_session, project):
    late = ftrack_session.create("Project", {"project_schema": project["project_schema"]})
    ftrack_session.create("Folder", {"name": "between", "parent": project})
    late["name"] = f"p_{uuid.uuid4().hex[:8]}"
    late["full_name"] = "Late"
    ftrack_session.commit()
    key = late["id"]
    ftrack_session.reset()
    assert ftrack_session.get("Project", key)["full_name"] == "Late"


@pytest.mark.parametrize(
    "bad",
    [
        create("Note", content="x", user_id="nobody"),
        update("Task", ["nothing"], name="x"),
        delete("Task", "nothing"),
        create("Project", name="", full_name="x"),
        query("select nonsense from Task"),
        {"action": "make_coffee"},
    ],
    ids=["create", "update", "delete", "constraint", "query", "operation"],
)
@pytest.mark.parametrize("place", ["first", "last"])
def test_2_7_nothing_of_a_failed_batch_is_stored(send, ask, project, task, bad, place):
    folder, label = new_id(), new_id()
    good = [
        create("Folder", id=folder, name="f", parent_id=project["id"]),
        create("NoteLabel", id=label, name="l"),
        update("Task", [task["id"]], name="changed"),
        create("Metadata", [task["id"], "k"], parent_type="Task", value="v"),
        delete("Folder", folder),
        delete("Task", task["id"]),
    ]
    error = send(*([bad, *good] if place == "first" else [*good, bad]))
    assert sorted(error) == ["content", "error", "error_code", "exception"]
    assert ask(f"select id from NoteLabel where id is {label}") == []
    assert ask(f"select key from Metadata where parent_id is {task['id']}") == []
    assert ask(f"select name from Task where id is {task['id']}")[0]["name"] == "comp"


def test_2_7_a_create_under_an_id_that_exists_is_refused(send, ask, project, task):
    error = send(create("Task", id=task["id"], name="second", parent_id=project["id"]))
    assert error["exception"] == "DuplicateEntryError"
    error = send(create("Folder", [task["id"]], name="second", parent_id=project["id"]))
    assert error["exception"] == "DuplicateEntryError"
    assert ask(f"select name from Task where id is {task['id']}")[0]["name"] == "comp"


def test_2_7_a_raw_call_passes_the_recorded_operations_by(ftrack_session, ask, project):
    waiting = ftrack_session.create("Folder", {"name": "waiting", "parent": project})
    made = new_id()
    ftrack_session.call([create("Folder", id=made, name="raw", parent_id=project["id"])])
    rows = ask(f"select name from Folder where parent_id is {project['id']}")
    assert [row["name"] for row in rows] == ["raw"]
    ftrack_session.commit()
    assert len(ask(f"select id from Folder where id in ({waiting['id']}, {made})")) == 2
