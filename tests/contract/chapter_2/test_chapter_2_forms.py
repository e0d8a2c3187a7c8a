"""Chapter 2 of the protocol reference, 2.1 to 2.5: what operations look like and what they answer.

Driven by the unmodified Python client where it has a way, by plain requests where the wire itself
counts. Functions are named after sections; what other contract tests hold is not repeated.
"""

import uuid

import ftrack_api
import ftrack_api.exception
import ftrack_api.symbol
import pytest

from wire import create, delete, new_id, query, reference, shape, text, update

#: Recorded with the creation of a user.
USER_TYPE_ID = "ac9fa5aa-4361-11e0-b7cc-0019bb4983d8"


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
