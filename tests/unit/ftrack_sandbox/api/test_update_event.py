"""What an event tells of a commit, from changes made through the store."""

import datetime
import json

import pytest
import sqlalchemy

from ftrack_sandbox.access import Caller
from ftrack_sandbox.api.update_event import update_events

KIM = Caller("user-kim", "kim", "key", False, True, None)
TASK = "11c137c0-ee7e-4f9c-91c5-8c77cec22b2c"
SHOT = "bad911de-3bd6-47b9-8b46-3476e237cb36"
PROJECT_LINE = {"entityId": "show", "entityType": "show", "entity_type": "Project", "parentId": None}
SHOT_LINE = {"entityId": "sh010", "entityType": "task", "entity_type": "Shot", "parentId": "show"}
TASK_LINE = {"entityId": "comp", "entityType": "task", "entity_type": "Task", "parentId": "sh010"}


@pytest.fixture
def commit(services):
    """Make changes in one transaction and return its events; `write` is given it and the types."""

    def run(write, caller=KIM, **tokens):
        schema = services.schema
        with services.store.write() as transaction:
            write(transaction, schema.find)
            given = {"client_token": None, "push_token": None, **tokens}
            events = update_events(
                transaction.changes,
                schema,
                transaction.connection,
                caller,
                given["client_token"],
                given["push_token"],
            )
        # Whatever the hub is handed must be fit for JSON.
        assert json.loads(json.dumps(events)) == events
        return events

    return run


@pytest.fixture
def entities(commit):
    """Like `commit`, but return the entities of the one event."""

    def run(write):
        (event,) = commit(write)
        return event["data"]["entities"]

    return run


@pytest.fixture
def attributes(services):
    """Configurations of custom attributes."""
    services.store.load(
        [
            (
                "custom_attribute_configuration",
                [
                    {
                        "id": f"c-{key}",
                        "configuration_type": "value",
                        "key": key,
                        "entity_type": "task",
                        "object_type_id": TASK,
                    }
                    for key in ("fps", "done", "tags")
                ],
            )
        ]
    )


def remove(transaction, entity_type, key):
    transaction.delete_rows([(entity_type, transaction.fetch(entity_type, key))])


def value(transaction, find, key, entity_id, content, owner="Context"):
    row = {"configuration_id": f"c-{key}", "entity_id": entity_id, "value": content}
    transaction.insert(find(f"{owner}CustomAttributeValue"), row)


def test_update_of_a_task_has_the_recorded_shape(commit):
    (event,) = commit(
        lambda t, find: t.update(find("Task"), ("comp",), {"status_id": "status-working"}),
        client_token="c1",
        push_token="p1",
    )
    server_id, event_id = event["source"].pop("id"), event.pop("id")
    assert server_id and event_id and server_id != event_id
    assert event == {
        "topic": "ftrack.update",
        "sent": None,
        "target": "",
        "inReplyToEvent": None,
        "source": {
            "applicationId": "ftrack.api.python",
            "clientToken": "c1",
            "user": {"username": "kim", "id": "user-kim"},
        },
        "data": {
            "parents": ["comp", "sh010", "show"],
            "user": {"userid": "user-kim", "name": "kim"},
            "clientToken": "c1",
            "pushToken": "p1",
            "entities": [
                {
                    "action": "update",
                    "entityType": "task",
                    "entity_type": "Task",
                    "entityId": "comp",
                    "objectTypeId": TASK,
                    "parentId": "sh010",
                    "keys": ["statusid"],
                    "changes": {"statusid": {"old": "status-ready", "new": "status-working"}},
                    "parents": [TASK_LINE, SHOT_LINE, PROJECT_LINE],
                }
            ],
        },
    }


def test_commit_without_changes_has_no_event(commit):
    assert commit(lambda t, find: None) == []
    assert commit(lambda t, find: t.update(find("Task"), ("comp",), {"status_id": "status-ready"})) == []


def test_events_of_one_server_share_the_source_and_no_id(commit):
    (first,) = commit(lambda t, find: t.update(find("Task"), ("comp",), {"bid": 1.0}))
    (second,) = commit(lambda t, find: t.update(find("Task"), ("comp",), {"bid": 2.0}))
    assert first["source"]["id"] == second["source"]["id"]
    assert first["id"] != second["id"]


def test_full_name_of_the_caller_is_told(commit):
    def write(t, find):
        t.update(find("User"), ("user-kim",), {"first_name": "Kim", "last_name": "Ek"})

    (event,) = commit(write)
    assert event["data"]["user"] == {"userid": "user-kim", "name": "Kim Ek"}
    (entity,) = event["data"]["entities"]
    assert (entity["entityType"], entity["parentId"], entity["keys"]) == (
        "user",
        None,
        ["firstname", "lastname"],
    )
    assert [each["entityId"] for each in entity["parents"]] == ["user-kim"]
    assert "objectTypeId" not in entity


def test_added_entity_has_nothing_old(entities):
    def write(t, find):
        row = {
            "id": "t9",
            "name": "light",
            "parent_id": "sh010",
            "project_id": "show",
            "status_id": "status-ready",
        }
        t.insert(find("Task"), row)

    (entity,) = entities(write)
    assert (entity["action"], entity["entity_type"], entity["objectTypeId"]) == ("add", "Task", TASK)
    assert entity["parents"] == [{**TASK_LINE, "entityId": "t9"}, SHOT_LINE, PROJECT_LINE]
    assert entity["changes"]["name"] == {"old": None, "new": "light"}
    assert entity["changes"]["parent_id"] == {"old": None, "new": "sh010"}
    assert entity["changes"]["id"] == {"old": None, "new": "t9"}
    assert {"statusid", "showid", "object_typeid"} <= set(entity["keys"])
    assert entity["keys"] == list(entity["changes"])
    assert "description" not in entity["changes"]


def test_removed_entity_has_nothing_new_and_keeps_its_line(entities):
    def write(t, find):
        remove(t, find("Task"), ("comp",))
        remove(t, find("Shot"), ("sh010",))

    task, shot = entities(write)
    assert (task["action"], task["entityId"], task["parentId"]) == ("remove", "comp", "sh010")
    assert task["changes"]["name"] == {"old": "comp", "new": None}
    assert task["parents"] == [TASK_LINE, SHOT_LINE, PROJECT_LINE]
    assert shot["parents"] == [SHOT_LINE, PROJECT_LINE]


def test_new_parent_makes_it_a_move_and_the_line_is_the_new_one(entities):
    (entity,) = entities(lambda t, find: t.update(find("Task"), ("comp",), {"parent_id": "show"}))
    assert entity["action"] == "move"
    assert entity["changes"] == {"parent_id": {"old": "sh010", "new": "show"}}
    assert entity["parents"] == [{**TASK_LINE, "parentId": "show"}, PROJECT_LINE]


def test_project_is_a_show_of_its_own(entities):
    (entity,) = entities(
        lambda t, find: t.update(find("Project"), ("show",), {"full_name": "The Show", "is_private": True})
    )
    assert (entity["entityType"], entity["entity_type"], entity["parentId"]) == ("show", "Project", None)
    assert entity["changes"] == {
        "fullname": {"old": "show", "new": "The Show"},
        "private": {"old": False, "new": True},
    }
    assert entity["parents"] == [PROJECT_LINE]


def test_times_are_iso_text(entities):
    start = datetime.datetime(2026, 3, 1, 9, 30)
    (entity,) = entities(lambda t, find: t.update(find("Task"), ("comp",), {"start_date": start}))
    assert entity["changes"] == {"startdate": {"old": None, "new": "2026-03-01T09:30:00"}}


def test_number_that_json_cannot_hold_is_null(entities):
    (entity,) = entities(lambda t, find: t.update(find("Task"), ("comp",), {"bid": float("inf")}))
    assert entity["changes"] == {"bid": {"old": 0.0, "new": None}}


def test_changes_of_one_row_are_told_together(entities):
    def write(t, find):
        t.update(find("Task"), ("comp",), {"name": "a", "bid": 1.0})
        t.update(find("Shot"), ("sh010",), {"name": "sh020"})
        t.update(find("Task"), ("comp",), {"name": "b", "bid": 0.0})

    task, shot = entities(write)
    assert task["changes"] == {"name": {"old": "comp", "new": "b"}}
    assert shot["changes"] == {"name": {"old": "sh010", "new": "sh020"}}


def test_entity_made_and_then_changed_was_made_so(entities):
    def write(t, find):
        t.insert(find("Task"), {"id": "t9", "name": "a", "parent_id": "sh010", "project_id": "show"})
        t.update(find("Task"), ("t9",), {"name": "b"})

    (entity,) = entities(write)
    assert entity["action"] == "add"
    assert entity["changes"]["name"] == {"old": None, "new": "b"}


def test_entity_changed_and_then_removed_went_as_it_was(entities):
    def write(t, find):
        t.update(find("Task"), ("comp",), {"name": "b"})
        remove(t, find("Task"), ("comp",))

    (entity,) = entities(write)
    assert entity["action"] == "remove"
    assert entity["changes"]["name"] == {"old": "comp", "new": None}


def test_entity_made_and_removed_in_one_commit_was_never_there(commit, attributes):
    def write(t, find):
        t.insert(find("Task"), {"id": "t9", "name": "a", "parent_id": "sh010", "project_id": "show"})
        value(t, find, "fps", "t9", 24)
        remove(t, find("Task"), ("t9",))

    assert commit(write) == []


def test_custom_attribute_counts_as_an_update_of_its_owner(entities, attributes):
    (entity,) = entities(lambda t, find: value(t, find, "fps", "comp", 25))
    assert (entity["action"], entity["entityType"], entity["entity_type"]) == ("update", "task", "Task")
    assert (entity["entityId"], entity["parentId"], entity["objectTypeId"]) == ("comp", "sh010", TASK)
    assert entity["keys"] == ["fps"]
    assert entity["changes"] == {"fps": {"old": None, "new": "25"}}
    assert entity["parents"] == [TASK_LINE, SHOT_LINE, PROJECT_LINE]


@pytest.mark.parametrize(
    ("stored", "told"),
    [
        (True, "1"),
        (False, "0"),
        (24, "24"),
        (23.976, "23.976"),
        ("äöü", "äöü"),
        (["a", "b"], "a,b"),
        ([], ""),
    ],
)
def test_values_of_custom_attributes_are_text(entities, attributes, stored, told):
    (entity,) = entities(lambda t, find: value(t, find, "done", "comp", stored))
    assert entity["changes"] == {"done": {"old": None, "new": told}}


def test_custom_attributes_join_what_else_changed_on_their_owner(entities, attributes, services):
    services.store.load([("custom_attribute_value", [
        {"configuration_id": "c-fps", "entity_id": "comp", "owner_type": "Context", "value": 24}
    ])])  # fmt: skip

    def write(t, find):
        t.update(find("ContextCustomAttributeValue"), ("c-fps", "comp"), {"value": 25})
        t.update(find("Task"), ("comp",), {"name": "b"})
        value(t, find, "tags", "comp", ["x"])

    (entity,) = entities(write)
    assert entity["changes"] == {
        "name": {"old": "comp", "new": "b"},
        "fps": {"old": "24", "new": "25"},
        "tags": {"old": None, "new": "x"},
    }


def test_custom_attributes_of_a_new_entity_follow_as_its_update(entities, attributes):
    def write(t, find):
        t.insert(find("Task"), {"id": "t9", "name": "a", "parent_id": "sh010", "project_id": "show"})
        value(t, find, "fps", "t9", 24)

    added, updated = entities(write)
    assert (added["action"], updated["action"]) == ("add", "update")
    assert added["entityId"] == updated["entityId"] == "t9"
    assert "fps" not in added["keys"]
    assert updated["changes"] == {"fps": {"old": None, "new": "24"}}


def test_custom_attributes_of_a_removed_entity_are_not_told_apart(entities, attributes, services):
    services.store.load([("custom_attribute_value", [
        {"configuration_id": "c-fps", "entity_id": "comp", "owner_type": "Context", "value": 24}
    ])])  # fmt: skip

    def write(t, find):
        remove(t, find("ContextCustomAttributeValue"), ("c-fps", "comp"))
        remove(t, find("Task"), ("comp",))

    (entity,) = entities(write)
    assert entity["action"] == "remove"
    assert "fps" not in entity["keys"]


def test_note_belongs_to_what_its_parent_type_says(entities):
    def write(t, find):
        row = {
            "id": "n1",
            "content": "Please check",
            "user_id": "user-kim",
            "parent_id": "comp",
            "parent_type": "TypedContext",
        }
        t.insert(find("Note"), row)

    (entity,) = entities(write)
    assert (entity["entityType"], entity["parentId"]) == ("note", "comp")
    assert entity["changes"]["text"] == {"old": None, "new": "Please check"}
    assert entity["changes"]["userid"] == {"old": None, "new": "user-kim"}
    assert [each["entityId"] for each in entity["parents"]] == ["n1", "comp", "sh010", "show"]


def test_version_and_its_component_climb_through_asset_and_context(entities):
    def write(t, find):
        t.insert(find("Asset"), {"id": "a1", "name": "plate", "context_id": "comp"})
        t.insert(
            find("AssetVersion"), {"id": "v1", "asset_id": "a1", "version": 1, "status_id": "status-ready"}
        )
        t.insert(
            find("FileComponent"), {"id": "f1", "name": "main", "version_id": "v1", "system_type": "file"}
        )

    asset, version, component = entities(write)
    assert (asset["entityType"], version["entityType"], component["entity_type"]) == (
        "asset",
        "assetversion",
        "FileComponent",
    )
    assert [each["entityId"] for each in component["parents"]] == ["f1", "v1", "a1", "comp", "sh010", "show"]
    assert version["parentId"] == "a1"
    assert version["changes"]["assetid"] == {"old": None, "new": "a1"}


def test_job_is_told_in_the_plain_shape(entities):
    created = datetime.datetime(2026, 3, 1)
    job = {
        "id": "j1",
        "status": "running",
        "user_id": "user-kim",
        "data": "{}",
        "type": "api_job",
        "created_at": created,
    }
    (entity,) = entities(lambda t, find: t.insert(find("Job"), job))
    assert (entity["action"], entity["entityType"], entity["parentId"]) == ("add", "job", None)
    assert entity["changes"]["status"] == {"old": None, "new": "running"}
    assert [each["entityId"] for each in entity["parents"]] == ["j1"]


def test_key_of_several_parts_is_told_whole(entities):
    row = {"parent_id": "comp", "parent_type": "TypedContext", "key": "colour", "value": "red"}
    (entity,) = entities(lambda t, find: t.insert(find("Metadata"), row))
    assert (entity["entityId"], entity["parentId"]) == ("comp,colour", "comp")
    assert [each["entityId"] for each in entity["parents"]] == ["comp,colour", "comp", "sh010", "show"]


def test_dangling_or_circular_parents_end_the_line(entities):
    def write(t, find):
        t.update(find("Task"), ("comp",), {"parent_id": "gone"})
        t.update(find("Task"), ("hidden",), {"parent_id": "hidden", "name": "x"})

    lost, circular = entities(write)
    assert lost["parentId"] == "gone"
    assert [each["entityId"] for each in lost["parents"]] == ["comp"]
    assert [each["entityId"] for each in circular["parents"]] == ["hidden"]


def test_columns_that_no_attribute_shows_are_not_told(entities, services):
    assert "state_id" in services.schema.find("Status").table.c
    status = {"id": "new", "name": "new", "state_id": "state-ns", "is_active": True}
    (entity,) = entities(lambda t, find: t.insert(find("Status"), status))
    assert {key.lower() for key in entity["keys"]} == {"statusid", "name", "isactive"}


def test_many_changes_cost_few_statements(services):
    schema, statements = services.schema, []
    tasks = [
        {
            "id": f"t{number}",
            "name": "x",
            "context_type": "task",
            "object_type_id": TASK,
            "parent_id": "sh010",
            "project_id": "show",
        }
        for number in range(200)
    ]
    services.store.load([("context", tasks)])
    with services.store.write() as transaction:
        for task in tasks:
            transaction.update(schema.find("Task"), (task["id"],), {"name": "y"})
        sqlalchemy.event.listen(
            services.store.engine, "before_cursor_execute", lambda *given: statements.append(given[2])
        )
        (event,) = update_events(transaction.changes, schema, transaction.connection, KIM, None, None)
    assert len(event["data"]["entities"]) == 200
    # The shot, the project, the user.
    assert len(statements) == 3
