"""Chapter 2 of the protocol reference, held against the running sandbox: the operations.

Driven by the unmodified Python client where it has a way, by plain requests where the wire itself
counts. Functions are named after sections; what other contract tests hold is not repeated.
"""

import json
import uuid

import arrow
import ftrack_api
import ftrack_api.exception
import ftrack_api.symbol
import pytest
import requests

TASK_TYPES = ("Task", "Shot", "Sequence", "Episode", "Folder", "AssetBuild", "Milestone")

#: Recorded with the creation of a user.
USER_TYPE_ID = "ac9fa5aa-4361-11e0-b7cc-0019bb4983d8"


@pytest.fixture(scope="module", autouse=True)
def left_as_found(ftrack_sandbox):
    """Take back what the tests of this module write; all tests share the sandbox."""
    yield
    ftrack_sandbox.reset()


@pytest.fixture
def send(ftrack_sandbox):
    """Return a function that sends operations without a client library and returns the JSON."""

    def post(*operations):
        headers = {"ftrack-user": ftrack_sandbox.api_user, "ftrack-api-key": ftrack_sandbox.api_key}
        return requests.post(f"{ftrack_sandbox.url}/api", json=operations, headers=headers, timeout=30).json()

    return post


@pytest.fixture
def ask(send):
    """Return a function that sends one expression and returns its rows."""
    return lambda expression: send(query(expression))[0]["data"]


@pytest.fixture
def project(ftrack_session):
    """An empty project of the richer schema."""
    schema = ftrack_session.query('ProjectSchema where name is "VFX"').one()
    name = f"p_{uuid.uuid4().hex[:8]}"
    project = ftrack_session.create("Project", {"name": name, "full_name": name, "project_schema": schema})
    ftrack_session.commit()
    return project


@pytest.fixture
def task(ftrack_session, project):
    task = ftrack_session.create("Task", {"name": "comp", "parent": project})
    ftrack_session.commit()
    return task


@pytest.fixture
def shot(ftrack_session, project):
    shot = ftrack_session.create("Shot", {"name": "sh010", "parent": project})
    ftrack_session.commit()
    return shot


@pytest.fixture
def version(ftrack_session, project):
    asset = ftrack_session.create("Asset", {"name": "plate", "parent": project})
    version = ftrack_session.create("AssetVersion", {"asset": asset})
    ftrack_session.commit()
    return version


@pytest.fixture
def me(ftrack_session):
    return ftrack_session.query(f'User where username is "{ftrack_session.api_user}"').one()


@pytest.fixture
def other(ftrack_session):
    return ftrack_session.query('User where username is "kim.ek"').one()


def query(expression):
    return {"action": "query", "expression": expression}


def create(entity_type, key=None, /, **data):
    data = {"__entity_type__": entity_type, **data}
    made = {"action": "create", "entity_type": entity_type, "entity_data": data}
    return made if key is None else {**made, "entity_key": key}


def update(entity_type, key, /, **data):
    data = {"__entity_type__": entity_type, **data}
    return {"action": "update", "entity_type": entity_type, "entity_key": key, "entity_data": data}


def delete(entity_type, *key):
    return {"action": "delete", "entity_type": entity_type, "entity_key": list(key)}


def reference(entity_type, key):
    return {"__entity_type__": entity_type, "id": key}


def text(value):
    return {"__type__": "datetime", "value": value}


def new_id():
    return str(uuid.uuid4())


def shape(wire):
    """Keys and nesting of a reply; what stands in place of values is their kind."""
    if isinstance(wire, list):
        return [shape(each) for each in wire]
    if isinstance(wire, dict):
        return {name: value if name == "__entity_type__" else shape(value) for name, value in wire.items()}
    return type(wire).__name__


# 2.1.


def test_2_1_the_client_resets_a_key_and_the_new_one_works(ftrack_sandbox, ftrack_session, tmp_path):
    user = ftrack_session.create("User", {"username": f"u-{uuid.uuid4().hex[:8]}", "is_active": True})
    ftrack_session.commit()
    former = user.reset_api_key()
    key = ftrack_session.reset_remote("api_key", entity=user)["api_key"]
    arguments = {
        "server_url": ftrack_sandbox.url,
        "api_user": user["username"],
        "plugin_paths": [],
        "schema_cache_path": str(tmp_path),
    }
    ftrack_api.Session(api_key=key, **arguments).close()
    assert key != former
    with pytest.raises(ftrack_api.exception.ServerError):
        ftrack_api.Session(api_key=former, **arguments)


def test_2_1_an_unknown_reset_type_is_a_server_error(ftrack_session):
    with pytest.raises(ftrack_api.exception.ServerError):
        ftrack_session.reset_remote("favourite_colour")


# 2.2 The recorded queries, in equal situations.

RECORDED_TASK = {
    "__entity_type__": "Task",
    "id": "str",
    "context_type": "str",
    "object_type_id": "str",
    "project_id": "str",
}
RECORDED_STATUS = {
    "__entity_type__": "Status",
    "id": "str",
    "state": {"__entity_type__": "State", "id": "str", "short": "str"},
}


def test_2_2_recorded_name(send):
    (reply,) = send(query("select name from Task limit 1"))
    assert shape(reply["data"]) == [{**RECORDED_TASK, "name": "str"}]
    assert reply.keys() == {"action", "data", "metadata"}
    assert (reply["action"], reply["metadata"]) == ("query", {"next": {"offset": 1}})


def test_2_2_recorded_name_and_date(send):
    (reply,) = send(query("select name, created_at from Task limit 1"))
    assert shape(reply["data"]) == [
        {**RECORDED_TASK, "name": "str", "created_at": {"__type__": "str", "value": "str"}}
    ]
    assert reply["data"][0]["created_at"]["__type__"] == "datetime"
    assert reply["metadata"] == {"next": {"offset": 1}}


@pytest.mark.parametrize("count", [1, 2])
def test_2_2_recorded_state_through_status(ftrack_session, project, send, count):
    for name in ("a", "b"):
        ftrack_session.create("Task", {"name": name, "parent": project})
    ftrack_session.commit()
    where = f"status.state.short is NOT_STARTED and project_id is {project['id']}"
    (reply,) = send(query(f"select status.state.short from Task where {where} limit {count}"))
    again = {"__entity_type__": "Status", "id": "str"}
    wanted = [{**RECORDED_TASK, "status": RECORDED_STATUS}, {**RECORDED_TASK, "status": again}]
    assert shape(reply["data"]) == wanted[:count]
    assert reply["metadata"] == {"next": {"offset": count}}
    assert reply["data"][0]["status"]["state"]["short"] == "NOT_STARTED"


def test_2_2_recorded_version_among_its_asset_s(ftrack_session, version, send):
    for _ in range(2):
        ftrack_session.create("AssetVersion", {"asset": version["asset"]})
    ftrack_session.commit()
    where = f"asset_id is_not none and id is {version['id']}"
    (reply,) = send(query(f"select version, asset.versions.version from AssetVersion where {where} limit 1"))
    bare = reference("AssetVersion", version["id"])
    (row,) = reply["data"]
    versions = sorted(row["asset"].pop("versions"), key=lambda each: each.get("version", 0))
    assert row == {
        **bare,
        "asset_id": version["asset_id"],
        "version": 1,
        "asset": {**reference("Asset", version["asset_id"]), "context_id": version["asset"]["context_id"]},
    }
    assert versions == [
        bare,
        {**reference("AssetVersion", versions[1]["id"]), "asset_id": version["asset_id"], "version": 2},
        {**reference("AssetVersion", versions[2]["id"]), "asset_id": version["asset_id"], "version": 3},
    ]
    assert reply["metadata"] == {"next": {"offset": 1}}


def test_2_2_pages_follow_each_other_to_the_end(ftrack_session, project, send):
    names = ["a", "b", "c", "d", "e"]
    for name in names:
        ftrack_session.create("Folder", {"name": name, "parent": project})
    ftrack_session.commit()
    offset, pages = 0, []
    while offset is not None:
        where = f"where parent_id is {project['id']} order by name"
        (reply,) = send(query(f"select name from Folder {where} offset {offset} limit 2"))
        pages.append([row["name"] for row in reply["data"]])
        offset = reply["metadata"]["next"]["offset"]
    assert pages == [["a", "b"], ["c", "d"], ["e"]]
    found = ftrack_session.query(f"Folder where parent_id is {project['id']} order by name", page_size=1)
    assert [each["name"] for each in found] == names


# 2.3 create.


def test_2_3_the_recorded_user(send):
    name = new_id()
    (reply,) = send(create("User", username=name, first_name="first", last_name="last"))
    assert reply == {
        "action": "create",
        "data": {
            "__entity_type__": "User",
            "id": reply["data"]["id"],
            "username": name,
            "first_name": "first",
            "last_name": "last",
            "is_active": False,
            "is_otp_enabled": False,
            "is_totp_enabled": False,
            "require_details_update": False,
            "user_type_id": USER_TYPE_ID,
            "resource_type": "user",
        },
    }
    assert uuid.UUID(reply["data"]["id"])


def test_2_3_the_recorded_component_and_its_location(send):
    """As JavaScript uploads: three operations in one request."""
    key, place = new_id(), new_id()
    component, metadata, location = send(
        create("FileComponent", id=key, name="data", file_type=".json", size=13),
        {"action": "get_upload_metadata", "component_id": key, "file_name": "data.json", "file_size": 13},
        create("ComponentLocation", id=place, component_id=key, resource_identifier=key),
    )
    assert component == {
        "action": "create",
        "data": {
            "__entity_type__": "FileComponent",
            "id": key,
            "name": "data",
            "file_type": ".json",
            "size": 13,
            "system_type": "file",
            "component_locations": [
                {
                    "__entity_type__": "ComponentLocation",
                    "id": place,
                    "resource_identifier": key,
                    "component_id": key,
                    "component": reference("FileComponent", key),
                }
            ],
        },
    }
    assert location == {"action": "create", "data": reference("ComponentLocation", place)}
    assert metadata == {
        "component_id": key,
        "url": metadata["url"],
        "headers": {"Content-Length": "13", "Content-Type": "application/json"},
    }


def test_2_3_the_example_of_a_note(send, me):
    key = new_id()
    (reply,) = send(
        create("Note", [key], id=key, content="Hi", is_todo=False, author=reference("User", me["id"]))
    )
    sent = {**reference("Note", key), "content": "Hi", "is_todo": False}
    assert {name: reply["data"][name] for name in sent} == sent
    assert {name: reply["data"]["author"][name] for name in ("__entity_type__", "id")} == reference(
        "User", me["id"]
    )


def test_2_3_the_python_client_makes_ids_and_they_are_kept(ftrack_session, ask, project):
    folder = ftrack_session.create("Folder", {"name": "f", "parent": project})
    key = folder["id"]
    ftrack_session.commit()
    assert folder["id"] == key
    assert ask(f"select name from Folder where id is {key}")[0]["name"] == "f"


def test_2_3_without_key_and_id_the_server_invents_one(send, ask, project):
    (reply,) = send(create("Folder", name="f", parent_id=project["id"]))
    assert uuid.UUID(reply["data"]["id"])
    assert ask(f"select name from Folder where id is {reply['data']['id']}")[0]["name"] == "f"


def test_2_3_parts_of_a_key_come_in_the_order_of_the_schema(send, ask, task):
    send(create("Metadata", [task["id"], "a"], parent_type="Task", value="b"))
    (row,) = ask(f"select value from Metadata where parent_id is {task['id']}")
    assert row == {"__entity_type__": "Metadata", "parent_id": task["id"], "key": "a", "value": "b"}


def test_2_3_relations_come_as_reference_or_as_key_by_turns(send, ask, project, me, other):
    by_reference, by_key = send(
        create("Folder", name="r", parent=reference("Project", project["id"])),
        create("Folder", name="k", parent_id=project["id"]),
    )
    for reply in (by_reference, by_key):
        (row,) = ask(f"select parent_id, parent.name from Folder where id is {reply['data']['id']}")
        assert (row["parent_id"], row["parent"]["name"]) == (project["id"], project["name"])
    (note,) = send(create("Note", content="x", author=reference("User", me["id"])))
    send(update("Note", [note["data"]["id"]], user_id=other["id"]))
    (row,) = ask(f"select user_id, author.username from Note where id is {note['data']['id']}")
    assert (row["user_id"], row["author"]["username"]) == (other["id"], "kim.ek")
    send(update("Note", [note["data"]["id"]], author=reference("User", me["id"])))
    assert ask(f"select user_id from Note where id is {note['data']['id']}")[0]["user_id"] == me["id"]


def test_2_3_a_create_reply_holds_all_that_was_sent_and_the_system_projections(send, project, me):
    sent = {
        "name": "x",
        "description": "Größe",
        "bid": 3600,
        "sort": 7.5,
        "start_date": text("2024-05-03T09:00:00"),
    }
    (reply,) = send(create("Task", parent_id=project["id"], **sent))
    assert {name: reply["data"][name] for name in sent} == sent
    assert reply["data"]["parent_id"] == project["id"]
    always = {name: reply["data"][name] for name in ("context_type", "project_id")}
    assert always == {"context_type": "task", "project_id": project["id"]}
    (again,) = send(create("User", username=new_id(), email=None))
    assert again["data"]["email"] is None


def test_2_3_a_create_reply_does_not_hold_what_was_not_set(ftrack_session, ftrack_sandbox):
    user = ftrack_session.create("User", {"username": new_id(), "first_name": "Kim"})
    ftrack_session.commit()
    with ftrack_session.auto_populating(False):
        for name in ("email", "last_name", "thumbnail_id"):
            assert user[name] is ftrack_api.symbol.NOT_SET
        assert user["first_name"] == "Kim"
        assert user["is_active"] is False
    before = ftrack_sandbox.requests.count
    assert user["email"] is None
    assert ftrack_sandbox.requests.count == before + 1


def test_2_3_a_component_may_be_created_through_its_supertype(ftrack_session, ask):
    component = ftrack_session.create("Component", {"name": "x"})
    ftrack_session.commit()
    (row,) = ask(f"select name from Component where id is {component['id']}")
    assert (row["__entity_type__"], row["name"], row["system_type"]) == ("FileComponent", "x", "file")


# 2.4 update.


def test_2_4_the_recorded_user(send):
    (made,) = send(create("User", username=new_id()))
    key, name = made["data"]["id"], f"testName-{new_id()}"
    (reply,) = send(update("User", [key], username=name))
    assert reply == {
        "action": "update",
        "data": {**reference("User", key), "username": name, "resource_type": "user"},
    }


def test_2_4_a_key_may_be_bare(send, ask, task):
    (reply,) = send(update("Task", task["id"], description="bare"))
    assert reply["data"]["id"] == task["id"]
    assert ask(f"select description from Task where id is {task['id']}")[0]["description"] == "bare"


def test_2_4_a_key_of_parts_follows_the_primary_key(send, ask, task):
    send(create("Metadata", parent_id=task["id"], key="a", parent_type="Task", value="b"))
    (reply,) = send(update("Metadata", [task["id"], "a"], value="c"))
    whole = {"__entity_type__": "Metadata", "parent_id": task["id"], "key": "a", "value": "c"}
    assert {name: reply["data"][name] for name in whole} == whole
    assert "exception" in send(update("Metadata", ["a", task["id"]], value="d"))
    assert ask(f"select value from Metadata where parent_id is {task['id']}")[0]["value"] == "c"


@pytest.mark.parametrize(
    ("entity_type", "name", "value"),
    [
        ("Task", "object_type_id", "bad911de-3bd6-47b9-8b46-3476e237cb36"),
        ("Task", "created_at", text("2020-01-01T00:00:00")),
        ("Task", "id", "another"),
        ("Task", "time_logged", 5),
        ("Task", "link", []),
        ("Task", "thumbnail_url", {"url": "http://x.test"}),
        ("Shot", "bid", 99),
        ("Shot", "start_date", text("2020-01-01T00:00:00")),
        ("Job", "type", "other"),
        ("User", "resource_type", "group"),
        ("Metadata", "key", "other"),
        ("AssetVersion", "is_latest_version", False),
    ],
)
def test_2_4_what_is_immutable_is_refused(request, send, ask, entity_type, name, value):
    made = {
        "Task": lambda: request.getfixturevalue("task"),
        "Shot": lambda: request.getfixturevalue("shot"),
        "AssetVersion": lambda: request.getfixturevalue("version"),
        "User": lambda: request.getfixturevalue("other"),
    }
    if entity_type == "Metadata":
        key = [request.getfixturevalue("task")["id"], "a"]
        send(create("Metadata", key, parent_type="Task", value="b"))
    elif entity_type == "Job":
        key = [send(create("Job", data="{}"))[0]["data"]["id"]]
    else:
        key = [made[entity_type]()["id"]]
    where = f"key is a and parent_id is {key[0]}" if entity_type == "Metadata" else f"id is {key[0]}"
    before = ask(f"select {name} from {entity_type} where {where}")
    error = send(update(entity_type, key, **{name: value}))
    assert error["exception"] == "ValidationError"
    assert name in error["content"]
    after = ask(f"select {name} from {entity_type} where {where}")
    for row in (*before, *after):
        row.pop("thumbnail_url", None)
    assert before == after


def test_2_4_the_client_refuses_it_by_itself_once_loaded(ftrack_session, shot):
    ftrack_session.reset()
    loaded = ftrack_session.query(f"select bid from Shot where id is {shot['id']}").one()
    with pytest.raises(ftrack_api.exception.ImmutableAttributeError):
        loaded["bid"] = 5


def test_2_4_a_commit_of_the_client_clears_and_takes_the_reply(ftrack_session, task):
    task["name"] = "renamed"
    task["thumbnail_id"] = None
    ftrack_session.commit()
    with ftrack_session.auto_populating(False):
        assert task["name"] == "renamed"
        assert task["thumbnail_id"] is None


# 2.5 delete.


def test_2_5_the_reply_to_a_delete(send, ask, task):
    assert send(delete("Task", task["id"])) == [{"action": "delete", "data": True}]
    assert ask(f"select id from Task where id is {task['id']}") == []


def test_2_5_parts_of_a_key(send, ask, task):
    send(
        create("Metadata", [task["id"], "a"], parent_type="Task", value="1"),
        create("Metadata", [task["id"], "b"], parent_type="Task", value="2"),
    )
    assert send(delete("Metadata", task["id"], "a")) == [{"action": "delete", "data": True}]
    assert [row["key"] for row in ask(f"select key from Metadata where parent_id is {task['id']}")] == ["b"]


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


# 2.8 Defaults, row by row.


@pytest.mark.parametrize("entity_type", TASK_TYPES)
def test_2_8_contexts(ftrack_session, ask, project, me, entity_type):
    before = arrow.utcnow().shift(seconds=-1)
    entity = ftrack_session.create(entity_type, {"name": "x", "parent": project})
    ftrack_session.commit()
    key = entity["id"]
    ftrack_session.reset()
    entity = ftrack_session.get(entity_type, key)
    assert entity["project_id"] == project["id"]
    assert entity["context_type"] == "task"
    assert [each["id"] for each in entity["link"]] == [project["id"], key]
    assert entity["bid"] == 0
    assert isinstance(entity["sort"], int | float)
    assert before <= entity["created_at"] <= arrow.utcnow()
    assert entity["created_by"]["id"] == me["id"]
    assert entity["priority_id"] == "9661b320-3a0c-11e2-81c1-0800200c9a66"
    assert entity["object_type"]["name"].replace(" ", "") == entity_type
    schema = entity["project"]["project_schema"]
    assert entity["status"] in (schema.get_statuses(entity_type, entity["type_id"]) or [entity["status"]])
    assert entity["type"] in (schema.get_types(entity_type) or [entity["type"]])
    assert entity["status"]["name"]
    assert entity["type"]["name"]


def test_2_8_the_status_of_a_task_is_one_of_its_types_own_workflow(ftrack_session, project):
    schema = project["project_schema"]
    usual = {each["id"] for each in schema.get_statuses("Task")}
    own = next(each for each in ftrack_session.query("Status") if each["id"] not in usual)
    taken = {each["type_id"] for each in schema["_overrides"]}
    kind = next(each for each in schema.get_types("Task") if each["id"] not in taken)
    workflow = ftrack_session.create("WorkflowSchema", {"name": "own"})
    workflow["statuses"].append(own)
    override = ftrack_session.create(
        "ProjectSchemaOverride",
        {"project_schema_id": schema["id"], "type_id": kind["id"], "workflow_schema": workflow},
    )
    task = ftrack_session.create("Task", {"name": "x", "parent": project, "type": kind})
    ftrack_session.commit()
    ftrack_session.reset()
    schema = ftrack_session.get("ProjectSchema", schema["id"])
    assert [each["id"] for each in schema.get_statuses("Task", kind["id"])] == [own["id"]]
    assert ftrack_session.get("Task", task["id"])["status_id"] == own["id"]
    ftrack_session.delete(override)
    ftrack_session.commit()


def test_2_8_projects_too_know_when_and_by_whom(ftrack_session, project, me):
    assert project["created_by"]["id"] == me["id"]
    assert abs((arrow.utcnow() - project["created_at"]).total_seconds()) < 60
    assert project["context_type"] == "show"
    assert (project["is_global"], project["is_private"]) == (False, False)
    assert [each["id"] for each in project["link"]] == [project["id"]]


def test_2_8_versions_count_within_their_asset(ftrack_session, project, me):
    asset = ftrack_session.create("Asset", {"name": "plate", "parent": project})
    first = ftrack_session.create("AssetVersion", {"asset": asset})
    second = ftrack_session.create("AssetVersion", {"asset": asset})
    alone = ftrack_session.create(
        "AssetVersion", {"asset": ftrack_session.create("Asset", {"name": "b", "parent": project})}
    )
    ftrack_session.commit()
    third = ftrack_session.create("AssetVersion", {"asset": asset})
    # Made when stored.
    assert third["version"] in (None, ftrack_api.symbol.NOT_SET)
    ftrack_session.commit()
    assert [each["version"] for each in (first, second, third, alone)] == [1, 2, 3, 1]
    assert third["is_published"] is True
    assert abs((arrow.utcnow() - third["date"]).total_seconds()) < 60
    assert third["user"]["id"] == me["id"]
    assert third["status"] in project["project_schema"].get_statuses("AssetVersion")
    assert asset["latest_version"]["id"] == third["id"]
    ftrack_session.reset()
    versions = ftrack_session.query(
        f"select version, is_latest_version from AssetVersion where asset_id is {asset['id']}"
    )
    assert {each["version"]: each["is_latest_version"] for each in versions} == {1: False, 2: False, 3: True}


@pytest.mark.parametrize(
    ("entity_type", "system_type"),
    [("FileComponent", "file"), ("SequenceComponent", "sequence"), ("ContainerComponent", "container")],
)
def test_2_8_components_tell_their_kind(ftrack_session, send, entity_type, system_type):
    data = {"padding": 4} if entity_type == "SequenceComponent" else {}
    (reply,) = send(create(entity_type, **data))
    assert (reply["data"]["system_type"], reply["data"]["name"]) == (system_type, "main")
    component = ftrack_session.create(entity_type, data)
    ftrack_session.commit()
    assert (component["system_type"], component["name"]) == (system_type, "main")


def test_2_8_notes_have_a_date_and_one_recipient_named_makes_two(ftrack_session, task, me, other):
    note = task.create_note("Hi", me, recipients=[other])
    ftrack_session.commit()
    assert len(note["recipients"]) == 2
    key = note["id"]
    ftrack_session.reset()
    note = ftrack_session.get("Note", key)
    assert {each["resource_id"] for each in note["recipients"]} == {me["id"], other["id"]}
    assert abs((arrow.utcnow() - note["date"]).total_seconds()) < 60
    assert {each["recipient"]["username"] for each in note["recipients"]} == {
        ftrack_session.api_user,
        "kim.ek",
    }


def test_2_8_author_and_caller_are_recipients_unasked(ftrack_session, task, me, other):
    note = task.create_note("Hi", other)
    ftrack_session.commit()
    rows = ftrack_session.query(f"Recipient where note_id is {note['id']}")
    assert {each["resource_id"] for each in rows} == {me["id"], other["id"]}


def test_2_8_jobs(ftrack_session, send, other):
    job = ftrack_session.create("Job", {"user": other, "data": "{}"})
    ftrack_session.commit()
    assert (job["status"], job["type"]) == ("queued", "api_job")
    assert abs((arrow.utcnow() - job["created_at"]).total_seconds()) < 60
    job["status"] = "running"
    ftrack_session.commit()
    assert job["finished_at"] is None
    job["status"] = "done"
    ftrack_session.commit()
    ftrack_session.reset()
    assert abs((arrow.utcnow() - ftrack_session.get("Job", job["id"])["finished_at"]).total_seconds()) < 60
    # JavaScript sends no schema defaults.
    (reply,) = send(create("Job", user_id=other["id"], data="{}"))
    assert (reply["data"]["status"], reply["data"]["type"]) == ("queued", "api_job")


def test_2_8_typed_contexts_compute(ftrack_session, project, me):
    shot = ftrack_session.create("Shot", {"name": "sh", "parent": project})
    task = ftrack_session.create("Task", {"name": "t", "parent": shot, "bid": 7200})
    other = ftrack_session.create("Task", {"name": "u", "parent": task})
    for seconds in (600, 900):
        data = {"context": task, "user": me, "duration": seconds, "start": arrow.utcnow()}
        ftrack_session.create("Timelog", data)
    ftrack_session.commit()
    ftrack_session.reset()
    task = ftrack_session.query(
        "select time_logged, bid_time_logged_difference, thumbnail_url, ancestors, descendants "
        f"from Task where id is {task['id']}"
    ).one()
    assert task["time_logged"] == 1500
    assert task["bid_time_logged_difference"] == 5700
    assert {each["id"] for each in task["ancestors"]} == {shot["id"]}
    assert {each["id"] for each in task["descendants"]} == {other["id"]}
    below = ftrack_session.query(f"select descendants from Shot where id is {shot['id']}").one()
    assert {each["id"] for each in below["descendants"]} == {task["id"], other["id"]}
    below = ftrack_session.query(f"select descendants from Project where id is {project['id']}").one()
    assert {each["id"] for each in below["descendants"]} == {shot["id"], task["id"], other["id"]}


# 2.9 Constraints and cascades, row by row.


@pytest.mark.parametrize("missing", ["name", "full_name", "project_schema"])
def test_2_9_a_project_needs(ftrack_session, ask, project, missing):
    data = {
        "name": f"p_{uuid.uuid4().hex[:8]}",
        "full_name": "Whole",
        "project_schema": project["project_schema"],
    }
    del data[missing]
    made = ftrack_session.create("Project", data)
    with pytest.raises(ftrack_api.exception.ServerError, match="ValidationError"):
        ftrack_session.commit()
    ftrack_session.rollback()
    assert ask(f"select id from Project where id is {made['id']}") == []


def test_2_9_a_project_goes_with_everything_below(ftrack_session, ask, project, version, me):
    shot = ftrack_session.create("Shot", {"name": "sh", "parent": project})
    task = ftrack_session.create("Task", {"name": "t", "parent": shot})
    ftrack_session.commit()
    note = task.create_note("n", me)
    reply = note.create_reply("r", me)
    ftrack_session.create("Appointment", {"context": task, "resource": me, "type": "assignment"})
    timelog = ftrack_session.create(
        "Timelog", {"context": task, "user": me, "duration": 1, "start": arrow.utcnow()}
    )
    component = ftrack_session.create("FileComponent", {"version": version})
    category = ftrack_session.query("ListCategory").first()
    listed = ftrack_session.create(
        "TypedContextList", {"name": "l", "project": project, "category": category}
    )
    listed["items"].append(shot)
    task["metadata"]["k"] = "v"
    session_of_review = ftrack_session.create(
        "ReviewSession",
        {
            "name": "r",
            "description": "",
            "project": project,
            "start_date": arrow.utcnow(),
            "end_date": arrow.utcnow(),
        },
    )
    ftrack_session.commit()
    ftrack_session.delete(project)
    ftrack_session.commit()
    gone = {
        "Context": [project["id"], shot["id"], task["id"]],
        "Note": [note["id"], reply["id"]],
        "Asset": [version["asset_id"]],
        "AssetVersion": [version["id"]],
        "Component": [component["id"]],
        "Timelog": [timelog["id"]],
        "List": [listed["id"]],
        "ReviewSession": [session_of_review["id"]],
    }
    for entity_type, keys in gone.items():
        assert ask(f"select id from {entity_type} where id in ({', '.join(keys)})") == [], entity_type
    assert ask(f"select id from Appointment where context_id is {task['id']}") == []
    assert ask(f"select key from Metadata where parent_id is {task['id']}") == []
    assert ask(f"select id from ListObject where list_id is {listed['id']}") == []
    assert ask(f"select id from User where id is {me['id']}") != []


def test_2_9_a_task_takes_its_notes_along(ftrack_session, ask, task, shot, me):
    note, kept = task.create_note("n", me), shot.create_note("m", me)
    ftrack_session.commit()
    ftrack_session.delete(task)
    ftrack_session.commit()
    rows = ask(f"select id from Note where id in ({note['id']}, {kept['id']})")
    assert [row["id"] for row in rows] == [kept["id"]]


def test_2_9_a_version_goes_after_its_component(ftrack_session, ask, version):
    component = ftrack_session.create("FileComponent", {"version": version, "name": "x"})
    ftrack_session.commit()
    ftrack_session.delete(component)
    ftrack_session.delete(version)
    ftrack_session.commit()
    assert ask(f"select id from AssetVersion where id is {version['id']}") == []
    assert ask(f"select id from Component where id is {component['id']}") == []


def test_2_9_a_location_stays_until_its_components_are_gone_and_committed(ftrack_session, ask):
    location = ftrack_session.create("Location", {"name": f"studio.{uuid.uuid4().hex[:8]}"})
    component = ftrack_session.create("FileComponent", {"name": "x"})
    place = ftrack_session.create(
        "ComponentLocation", {"component": component, "location": location, "resource_identifier": "x"}
    )
    ftrack_session.commit()
    ftrack_session.delete(location)
    with pytest.raises(ftrack_api.exception.ServerError):
        ftrack_session.commit()
    ftrack_session.rollback()
    assert len(ask(f"select id from Location where id is {location['id']}")) == 1
    ftrack_session.delete(place)
    ftrack_session.commit()
    ftrack_session.delete(location)
    ftrack_session.commit()
    assert ask(f"select id from Location where id is {location['id']}") == []


def test_2_9_one_timer_a_user_by_the_word_the_client_looks_for(ftrack_session, ask, task):
    user = ftrack_session.create("User", {"username": new_id(), "is_active": True})
    ftrack_session.commit()
    timer = user.start_timer(task, comment="c", name="n")
    assert abs((arrow.utcnow() - timer["start"]).total_seconds()) < 60
    with pytest.raises(ftrack_api.exception.NotUniqueError):
        user.start_timer(task)
    ftrack_session.rollback()
    second = user.start_timer(task, force=True)
    assert second["id"] != timer["id"]
    timelog = user.stop_timer()
    assert ask(f"select id from Timer where user_id is {user['id']}") == []
    rows = ask(f"select comment, name, context_id from Timelog where user_id is {user['id']}")
    assert {row["comment"] for row in rows} == {"c", ""}
    assert {row["context_id"] for row in rows} == {task["id"]}
    assert timelog["id"] in {row["id"] for row in rows}


def test_2_9_the_second_timer_is_a_duplicate_entry(ftrack_session, send, task):
    user = ftrack_session.create("User", {"username": new_id()})
    ftrack_session.commit()
    error = send(
        create("Timer", user_id=user["id"], context_id=task["id"]),
        create("Timer", user_id=user["id"], context_id=task["id"]),
    )
    assert error["exception"] == "DuplicateEntryError"


def test_2_9_what_is_unique_by_its_key(ftrack_session, send, ask, task, me):
    component, note, job, label = new_id(), new_id(), new_id(), new_id()
    send(
        create("FileComponent", id=component),
        create("Note", id=note, content="n"),
        create("Job", id=job, data="{}"),
        create("NoteLabel", id=label, name="l"),
    )
    other = ftrack_session.query('User where username is "kim.ek"').one()
    rows = {
        "Metadata": {"parent_id": task["id"], "key": "a"},
        "JobComponent": {"job_id": job, "component_id": component},
        "NoteComponent": {"note_id": note, "component_id": component},
        "Recipient": {"note_id": note, "resource_id": other["id"]},
        "NoteLabelLink": {"note_id": note, "label_id": label},
    }
    for entity_type, data in rows.items():
        more = {"parent_type": "Task", "value": "v"} if entity_type == "Metadata" else {}
        operation = create(entity_type, **data, **more)
        assert isinstance(send(operation), list), entity_type
        assert send(operation)["exception"] == "DuplicateEntryError", entity_type
        where = " and ".join(f'{name} is "{value}"' for name, value in data.items())
        assert len(ask(f"select {', '.join(data)} from {entity_type} where {where}")) == 1


def test_2_9_labels_and_categories_are_the_same_rows(ftrack_session, task, me):
    label = ftrack_session.create("NoteLabel", {"name": "Urgent", "color": "#ff0000", "sort": 5})
    ftrack_session.commit()
    category = ftrack_session.get("NoteCategory", label["id"])
    assert (category.entity_type, category["name"], category["color"]) == (
        "NoteCategory",
        "Urgent",
        "#ff0000",
    )
    note = task.create_note("n", me, labels=[label])
    ftrack_session.commit()
    key = note["id"]
    ftrack_session.reset()
    note = ftrack_session.get("Note", key)
    assert note["category"]["id"] == label["id"]
    assert [each["label"]["name"] for each in note["note_label_links"]] == ["Urgent"]


def test_2_9_a_category_given_with_the_note_reads_as_such(ftrack_session, task, me):
    category = ftrack_session.query("NoteCategory").first()
    with pytest.warns(PendingDeprecationWarning):
        note = task.create_note("n", me, category=category)
    ftrack_session.commit()
    ftrack_session.reset()
    assert ftrack_session.get("Note", note["id"])["category"]["id"] == category["id"]


def test_2_9_what_is_required_need_not_be_sent(send, ftrack_session, project, version):
    """`required` says "not null in the database"."""
    required = {each["id"]: each.get("required", []) for each in ftrack_session.schemas}
    category = ftrack_session.query("ListCategory").first()["id"]
    least = {
        "Task": {"name": "x", "parent_id": project["id"]},
        "Shot": {"name": "x", "parent_id": project["id"]},
        "Milestone": {"name": "x", "parent_id": project["id"]},
        "Project": {
            "name": f"p_{uuid.uuid4().hex[:8]}",
            "full_name": "x",
            "project_schema_id": project["project_schema"]["id"],
        },
        "User": {"username": new_id()},
        "Note": {"content": "x"},
        "Job": {},
        "AssetVersion": {"asset_id": version["asset_id"]},
        "FileComponent": {},
        "Timelog": {"start": text("2024-01-01T00:00:00"), "duration": 1},
        "TypedContextList": {"project_id": project["id"], "category_id": category},
    }
    for entity_type, data in least.items():
        assert set(required[entity_type]) - data.keys() - {"id"}, entity_type
        (reply,) = send(create(entity_type, **data))
        empty = [name for name in required[entity_type] if reply["data"].get(name) is None]
        assert empty == [], entity_type


# 2.10 Custom attributes.

ENUMERATED = {"multiSelect": True, "data": json.dumps([{"menu": "Easy", "value": "e"}, {"menu": "Hard"}])}

#: By type: its default, a good value, and one of the wrong type.
CUSTOM = {
    "text": ("none", "Größe {0}", 5),
    "boolean": (False, True, "yes"),
    "number": (24, 29.97, "twelve"),
    "date": (None, "2024-05-03T09:15:00", "tomorrow"),
    "enumerator": (["e"], ["e", "h"], 7),
    "dynamic enumerator": ([], ["x"], 7),
    "expression": ("{a} + 1", "{b} + 2", 5),
}


@pytest.fixture
def configure(ftrack_session):
    """Return a function that makes a configuration everybody may read and write."""
    kinds = {each["name"]: each for each in ftrack_session.query("CustomAttributeType")}
    roles = ftrack_session.query("SecurityRole").all()

    def make(key, kind="text", default=None, entity_type="task", of="Task", config=None, permit=True, **more):
        configuration = ftrack_session.create(
            "CustomAttributeConfiguration",
            {
                "key": key,
                "label": key.title(),
                "type": kinds[kind],
                "entity_type": entity_type,
                "default": default,
                "config": json.dumps(config or {}),
                **more,
            },
        )
        if entity_type == "task" and not more.get("is_hierarchical"):
            name = {"AssetBuild": "Asset Build"}.get(of, of)
            configuration["object_type"] = ftrack_session.query(f'ObjectType where name is "{name}"').one()
        if permit:
            configuration["read_security_roles"] = roles
            configuration["write_security_roles"] = roles
        ftrack_session.commit()
        made.append(configuration["id"])
        # The client asks for the configurations once a session.
        if hasattr(ftrack_session, "_custom_attribute_configurations"):
            del ftrack_session._custom_attribute_configurations
        return configuration["id"]

    made = []
    yield make
    ftrack_session.reset()
    ftrack_session.call([delete("CustomAttributeConfiguration", key) for key in made])


@pytest.fixture
def value_of(ask):
    """Return a function that tells the stored or default value of one attribute, by the wire."""

    def read(entity, key):
        (row,) = ask(
            "select custom_attributes.key, custom_attributes.value "
            f"from {entity.entity_type} where id is {entity['id']}"
        )
        found = [each["value"] for each in row["custom_attributes"] if each["key"] == key]
        assert len(found) == 1
        return found[0]

    return read


@pytest.mark.parametrize("kind", CUSTOM)
def test_2_10_each_type_has_its_default_takes_its_values_and_no_others(
    ftrack_session, configure, task, value_of, kind
):
    default, good, bad = CUSTOM[kind]
    configure("attr", kind, default, config=ENUMERATED if kind == "enumerator" else None)
    ftrack_session.reset()
    task = ftrack_session.get("Task", task["id"])
    assert task["custom_attributes"]["attr"] == default
    task["custom_attributes"]["attr"] = arrow.get(good) if kind == "date" else good
    ftrack_session.commit()
    assert value_of(task, "attr") == (text(good) if kind == "date" else good)
    ftrack_session.reset()
    task = ftrack_session.get("Task", task["id"])
    read = task["custom_attributes"]["attr"]
    assert read == (arrow.get(good) if kind == "date" else good)
    task["custom_attributes"]["attr"] = bad
    with pytest.raises(ftrack_api.exception.ServerError) as caught:
        ftrack_session.commit()
    assert "ValidationError" in caught.value.message
    assert f'Custom attribute value for "attr" must be of type {kind}. Got ' in caught.value.message
    ftrack_session.rollback()
    assert value_of(task, "attr") == (text(good) if kind == "date" else good)


def test_2_10_the_documented_text_of_a_wrong_type(ftrack_session, project):
    shot = ftrack_session.create("Shot", {"name": "sh", "parent": project})
    ftrack_session.commit()
    ftrack_session.reset()
    shot = ftrack_session.get("Shot", shot["id"])
    shot["custom_attributes"]["fstart"] = "twelve"
    with pytest.raises(ftrack_api.exception.ServerError) as caught:
        ftrack_session.commit()
    assert 'Custom attribute value for "fstart" must be of type number. Got ' in caught.value.message


def test_2_10_a_date_takes_a_bare_date_too(ftrack_session, configure, task, send, value_of):
    configuration = configure("due", "date")
    send(
        update(
            "ContextCustomAttributeValue",
            [configuration, task["id"]],
            value={"__type__": "date", "value": "2024-05-03"},
        )
    )
    assert value_of(task, "due") == text("2024-05-03T00:00:00")


@pytest.mark.parametrize("entity_type", [*TASK_TYPES, "Project"])
def test_2_10_the_collection_is_dense(ftrack_session, project, entity_type):
    """One row for every configuration that applies, its default where nothing is stored."""
    entity = project
    if entity_type != "Project":
        entity = ftrack_session.create(entity_type, {"name": "x", "parent": project})
        ftrack_session.commit()
    ftrack_session.reset()
    entity = ftrack_session.get(entity_type, entity["id"])
    word = "show" if entity_type == "Project" else "task"
    wanted = {}
    for each in ftrack_session.query(
        "select key, project_id, entity_type, object_type_id, is_hierarchical, default "
        "from CustomAttributeConfiguration"
    ):
        of_type = word == "show" or each["object_type_id"] == entity["object_type_id"]
        if each["is_hierarchical"]:
            wanted[each["key"]] = None
        elif each["project_id"] is None and each["entity_type"] == word and of_type:
            wanted[each["key"]] = each["default"]
    assert dict(entity["custom_attributes"]) == wanted
    assert wanted


def test_2_10_the_example_an_update_of_a_row_not_stored_inserts_it(configure, send, ask, task, value_of):
    configuration = configure("frames", "number", 1)
    where = f"configuration_id is {configuration} and entity_id is {task['id']}"
    assert ask(f"select value from ContextCustomAttributeValue where {where}") == []
    for value in (12, 13):
        (reply,) = send(update("ContextCustomAttributeValue", [configuration, task["id"]], value=value))
        wanted = {
            "__entity_type__": "ContextCustomAttributeValue",
            "configuration_id": configuration,
            "entity_id": task["id"],
            "value": value,
        }
        assert reply["action"] == "update"
        assert {name: reply["data"][name] for name in wanted} == wanted
        assert value_of(task, "frames") == value
    (row,) = ask(f"select key, value from ContextCustomAttributeValue where {where}")
    assert (row["key"], row["value"]) == ("frames", 13)


def test_2_10_rows_of_the_owners_types_are_not_created(configure, send, task, value_of):
    configuration = configure("frames", "number", 1)
    data = {"configuration_id": configuration, "entity_id": task["id"], "value": 5}
    assert "exception" in send(create("ContextCustomAttributeValue", **data))
    assert value_of(task, "frames") == 1


def test_2_10_the_generic_type_takes_create_update_and_delete(configure, send, task, value_of):
    configuration = configure("frames", "number", 1)
    data = {"configuration_id": configuration, "entity_id": task["id"]}
    assert isinstance(send(create("CustomAttributeValue", value=5, **data)), list)
    assert value_of(task, "frames") == 5
    send(update("CustomAttributeValue", [configuration, task["id"]], value=6))
    assert value_of(task, "frames") == 6
    assert send(delete("CustomAttributeValue", configuration, task["id"]))[0]["data"] is True
    assert value_of(task, "frames") == 1


def test_2_10_a_key_without_row_is_a_key_error_of_the_client(ftrack_session, task):
    ftrack_session.reset()
    task = ftrack_session.get("Task", task["id"])
    with pytest.raises(KeyError):
        task["custom_attributes"]["no such key"]
    with pytest.raises(KeyError):
        task["custom_attributes"]["no such key"] = 1


def owner_of(session, kind, project):
    """A new entity of a kind, not committed yet."""
    if kind in TASK_TYPES:
        return session.create(kind, {"name": "x", "parent": project})
    if kind == "Project":
        name = f"p_{uuid.uuid4().hex[:8]}"
        return session.create(
            "Project", {"name": name, "full_name": name, "project_schema": project["project_schema"]}
        )
    if kind == "User":
        return session.create("User", {"username": new_id()})
    if kind == "TypedContextList":
        category = session.query("ListCategory").first()
        return session.create(kind, {"name": "l", "project": project, "category": category})
    asset = session.create("Asset", {"name": "a", "parent": project})
    return asset if kind == "Asset" else session.create("AssetVersion", {"asset": asset})


OWNERS = {
    "Task": "task",
    "AssetBuild": "task",
    "Project": "show",
    "AssetVersion": "assetversion",
    "Asset": "asset",
    "User": "user",
    "TypedContextList": "list",
}


@pytest.mark.parametrize("kind", OWNERS)
def test_2_10_a_value_set_before_the_commit_goes_into_the_same_batch(
    ftrack_session, ftrack_sandbox, configure, project, value_of, kind
):
    configure("fresh", default="d", entity_type=OWNERS[kind], of=kind)
    entity = owner_of(ftrack_session, kind, project)
    entity["custom_attributes"]["fresh"] = "set"
    before = ftrack_sandbox.requests.count
    ftrack_session.commit()
    assert ftrack_sandbox.requests.count == before + 1
    assert value_of(entity, "fresh") == "set"
    ftrack_session.reset()
    entity = ftrack_session.get(kind, entity["id"])
    assert entity["custom_attributes"]["fresh"] == "set"


@pytest.mark.parametrize("kind", OWNERS)
def test_2_10_a_value_of_a_committed_entity(ftrack_session, configure, project, value_of, kind):
    configure("later", default="d", entity_type=OWNERS[kind], of=kind)
    entity = owner_of(ftrack_session, kind, project)
    ftrack_session.commit()
    ftrack_session.reset()
    entity = ftrack_session.get(kind, entity["id"])
    assert entity["custom_attributes"]["later"] == "d"
    entity["custom_attributes"]["later"] = "e"
    ftrack_session.commit()
    assert entity["custom_attributes"]["later"] == "e"
    assert value_of(entity, "later") == "e"


def test_2_10_no_match_before_the_commit_is_a_value_error(ftrack_session, project):
    task = ftrack_session.create("Task", {"name": "x", "parent": project})
    with pytest.raises(ValueError, match="no such key"):
        task["custom_attributes"]["no such key"] = 1
    ftrack_session.rollback()


def test_2_10_one_of_the_project_wins(ftrack_session, configure, project, value_of):
    configure("code", default="global")
    own = configure("code", default="own", project_id=project["id"])
    # The client looks at the new entity's own `project_id`, which the server else would supply.
    data = {"name": "x", "parent": project, "project_id": project["id"]}
    task = ftrack_session.create("Task", data)
    task["custom_attributes"]["code"] = "set"
    ftrack_session.commit()
    assert value_of(task, "code") == "set"
    values = ftrack_session.query(
        f"select configuration_id from ContextCustomAttributeValue where entity_id is {task['id']}"
    )
    assert [each["configuration_id"] for each in values] == [own]
    elsewhere = ftrack_session.query(f"Task where project_id is_not {project['id']}").first()
    assert value_of(elsewhere, "code") == "global"


def test_2_10_hierarchical_ones_answer_only_what_is_stored_there(ftrack_session, configure, project):
    configure("colour", default="ACES", entity_type="show", is_hierarchical=True)
    shot = ftrack_session.create("Shot", {"name": "sh", "parent": project})
    task = ftrack_session.create("Task", {"name": "t", "parent": shot})
    asset = ftrack_session.create("Asset", {"name": "a", "parent": shot})
    version = ftrack_session.create("AssetVersion", {"asset": asset})
    shot["custom_attributes"]["colour"] = "P3"
    ftrack_session.commit()
    keys = {each.entity_type: each["id"] for each in (project, shot, task, asset, version)}
    ftrack_session.reset()
    read = {name: ftrack_session.get(name, key)["custom_attributes"]["colour"] for name, key in keys.items()}
    assert read == {"Project": None, "Shot": "P3", "Task": None, "Asset": None, "AssetVersion": None}


def test_2_10_enumerators_hold_a_json_text_within_a_json_text(ftrack_session, send, configure):
    key = configure("level", "enumerator", ["e"], config=ENUMERATED)
    (row,) = send(query(f"select config from CustomAttributeConfiguration where id is {key}"))[0]["data"]
    assert isinstance(row["config"], str)
    config = json.loads(row["config"])
    assert config["multiSelect"] is True
    assert json.loads(config["data"])[0] == {"menu": "Easy", "value": "e"}
    for each in ftrack_session.query("select config, type.name from CustomAttributeConfiguration"):
        config = json.loads(each["config"])
        if each["type"]["name"] == "enumerator":
            assert all({"menu", "value"} >= item.keys() for item in json.loads(config["data"]))
            assert isinstance(config["multiSelect"], bool)
        if each["type"]["name"] == "number":
            assert isinstance(config.get("isdecimal", False), bool)


def test_2_10_without_roles_nobody_sees_or_sets_a_value(ftrack_session, configure, send, task):
    key = configure("secret", default="d", permit=False)
    ftrack_session.reset()
    keys = ftrack_session.get("Task", task["id"])["custom_attributes"].keys()
    assert "secret" not in keys
    error = send(update("ContextCustomAttributeValue", [key, task["id"]], value="x"))
    assert error["exception"] == "PermissionError"

    def permit(right):
        configuration = ftrack_session.get("CustomAttributeConfiguration", key)
        configuration[right] = ftrack_session.query("SecurityRole").all()
        ftrack_session.commit()
        ftrack_session.reset()
        return ftrack_session.get("Task", task["id"])

    assert permit("read_security_roles")["custom_attributes"]["secret"] == "d"
    error = send(update("ContextCustomAttributeValue", [key, task["id"]], value="x"))
    assert error["exception"] == "PermissionError"
    permit("write_security_roles")["custom_attributes"]["secret"] = "x"
    ftrack_session.commit()
    ftrack_session.reset()
    assert ftrack_session.get("Task", task["id"])["custom_attributes"]["secret"] == "x"


def test_2_10_links_are_asked_for_by_their_own_type_only(ftrack_session, send):
    for name in ("custom_attribute_links", "custom_attribute_links_from"):
        assert name not in ftrack_session.types["Task"].attributes.keys()
        error = send(query(f"select {name} from Task limit 1"))
        assert error["exception"] == "ParseError"
    sample = ftrack_session.query("select configuration_id, from_id from CustomAttributeLink").first()
    where = f"configuration_id is {sample['configuration_id']} and from_id is {sample['from_id']}"
    found = ftrack_session.query(f"select to_id from CustomAttributeLink where {where}").all()
    assert sample["id"] in [each["id"] for each in found]
    assert all(each["to_id"] for each in found)


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
