"""Chapter 1 of the protocol reference, held against the running sandbox: transport and encodings.

What `test_transport.py` holds already is not repeated here. Functions are named after sections.
"""

import datetime
import hashlib
import json
import uuid

import arrow
import ftrack_api
import ftrack_api.exception
import pytest
import requests


@pytest.fixture(scope="module", autouse=True)
def left_as_found(ftrack_sandbox):
    """Take back what the tests of this module write; all tests share the sandbox."""
    yield
    ftrack_sandbox.reset()


@pytest.fixture
def shot(ftrack_session):
    """A shot with one task, in a project of the demo studio."""
    project = ftrack_session.query("Project").first()
    shot = ftrack_session.create("Shot", {"name": f"sh_{uuid.uuid4().hex[:8]}", "parent": project})
    ftrack_session.create("Task", {"name": "comp", "parent": shot})
    ftrack_session.commit()
    return shot


def query(expression):
    return {"action": "query", "expression": expression}


def create(entity_type, **data):
    data = {"__entity_type__": entity_type, **data}
    return {"action": "create", "entity_type": entity_type, "entity_data": data}


def update(entity_type, key, **data):
    data = {"__entity_type__": entity_type, **data}
    return {"action": "update", "entity_type": entity_type, "entity_key": [key], "entity_data": data}


def new_id():
    return str(uuid.uuid4())


def text(value):
    return {"__type__": "datetime", "value": value}


# 1.1 to 1.3.


def test_1_1_an_operation_may_carry_metadata_of_its_own(send):
    plain = query("select name from Status order by sort limit 3")
    assert send({**plain, "metadata": {"source": "a tool"}}) == send(plain)


def test_1_1_an_address_with_the_slash_of_javascript_writes_too(ftrack_sandbox, send):
    headers = {"ftrack-user": ftrack_sandbox.api_user, "ftrack-api-key": ftrack_sandbox.api_key}
    operation = create("Job", id=new_id(), data="{}")
    reply = requests.post(f"{ftrack_sandbox.url}//api", json=[operation], headers=headers, timeout=30)
    key = reply.json()[0]["data"]["id"]
    assert send(query(f"select id from Job where id is {key}"))[0]["data"] != []


def test_1_1_the_sorted_ascii_json_of_python_is_read_as_text(ftrack_session, send):
    name = "Größe 日本 \N{CLAPPER BOARD}"
    project = ftrack_session.query("Project").first()
    folder = ftrack_session.create("Folder", {"name": name, "parent": project})
    ftrack_session.commit()
    row = send(query(f"select name from Folder where id is {folder['id']}"))[0]["data"][0]
    assert row["name"] == name


def test_1_3_the_four_forms_of_a_reply(send):
    key = new_id()
    replies = send(
        create("Job", id=key, data="{}", status="running"),
        update("Job", key, status="done"),
        query("select name from State where short is DONE"),
        {"action": "delete", "entity_type": "Job", "entity_key": [key]},
    )
    assert [each["action"] for each in replies] == ["create", "update", "query", "delete"]
    assert [sorted(each) for each in replies] == [
        ["action", "data"],
        ["action", "data"],
        ["action", "data", "metadata"],
        ["action", "data"],
    ]
    assert replies[2]["metadata"] == {"next": {"offset": None}}
    assert [sorted(each) for each in replies[2]["data"]] == [["__entity_type__", "id", "name"]]
    assert replies[3]["data"] is True


def test_1_3_an_update_of_a_row_already_there_is_the_examples(send):
    key = new_id()
    send(create("Job", id=key, data="{}", status="running"))
    (reply,) = send(update("Job", key, status="failed"))
    assert {name: reply["data"][name] for name in ("__entity_type__", "id", "status")} == {
        "__entity_type__": "Job",
        "id": key,
        "status": "failed",
    }


def test_1_3_both_questions_of_the_start_are_answered_bare(send):
    schemas, information = send({"action": "query_schemas"}, {"action": "query_server_information"})
    assert isinstance(schemas, list)
    assert {"action", "data"}.isdisjoint(information)
    assert {each["type"] for each in schemas} == {"object"}


# 1.4 Errors by name. Those of credentials and queries are in test_transport.py.


@pytest.mark.parametrize(
    ("exception", "operation"),
    [
        ("ValidationError", create("Job", id=new_id(), data="{}", status="resting")),
        ("ValidationError", create("Project", id=new_id(), name="nameless")),
        ("IntegrityError", create("Note", id=new_id(), content="x", user_id=new_id())),
        ("ParseError", query("select url from Component")),
    ],
    ids=["bad value", "missing value", "reference to nothing", "unknown attribute"],
)
def test_1_4_an_error_goes_by_the_name_clients_know(send, exception, operation):
    error = send(operation)
    assert sorted(error) == ["content", "error", "error_code", "exception"]
    assert error["exception"] == exception
    assert (error["error_code"], error["error"]) == (None, None)


def test_1_4_the_documented_text_of_an_unknown_attribute(send):
    error = send(query("select url from Component"))
    assert error["content"] == "No attribute 'url' exists for schema 'Component'."
    assert send(query("select id from Task where"))["content"].startswith("Failed to parse: ")


# 1.5 Once a reply.


def test_1_5_the_rule_spans_queries_of_one_batch(send, shot):
    expression = query(f"select name, status.name from Shot where id is {shot['id']}")
    first, second = send(expression, expression)
    assert first["data"][0]["status"]["name"]
    assert first["data"][0]["name"] == shot["name"]
    assert second["data"] == [{"__entity_type__": "Shot", "id": shot["id"]}]
    # A reply of its own begins anew.
    assert send(expression)[0]["data"] == first["data"]


def test_1_5_what_two_operations_ask_of_one_entity_arrives_whole_with_either_client(
    send, ftrack_session, shot
):
    """Merged by type and key, wherever the parts were spelled out."""
    asked = [
        query(f"select name from Shot where id is {shot['id']}"),
        query(f"select description, status.name from Shot where id is {shot['id']}"),
    ]
    merged = {}
    for reply in send(*asked):
        merged.update(reply["data"][0])
    assert {"name", "description", "status"} <= merged.keys()
    ftrack_session.reset()
    first, second = (ftrack_session.merge(reply["data"][0]) for reply in ftrack_session.call(asked))
    assert first is second
    with ftrack_session.auto_populating(False):
        assert second["name"] == shot["name"]
        assert second["description"] is None
        assert second["status"]["name"]


def test_1_5_a_row_found_again_below_itself_is_a_reference_there(send, shot):
    (row,) = send(query(f"select name, children.parent.name from Shot where id is {shot['id']}"))[0]["data"]
    (task,) = row["children"]
    assert row["name"] == shot["name"]
    assert task["__entity_type__"] == "Task"
    assert task["parent"] == {"__entity_type__": "Shot", "id": shot["id"]}


def test_1_5_with_denormalize_the_same_place_is_spelled_out_for_each_row(send, ftrack_session, shot):
    ftrack_session.create("Task", {"name": "roto", "parent": shot})
    ftrack_session.commit()
    expression = query(f"select name, parent.name from Task where parent_id is {shot['id']} order by name")
    parent = {"__entity_type__": "Shot", "id": shot["id"], "name": shot["name"]}
    rows = send(expression, ftrack_api_options="strict:1;denormalize:1")[0]["data"]
    assert rows == [
        {"__entity_type__": "Task", "id": row["id"], "name": name, "parent": parent}
        for row, name in zip(rows, ("comp", "roto"), strict=True)
    ]
    parents = [row["parent"] for row in send(expression)[0]["data"]]
    assert parents[0].keys() > parent.keys()
    assert parents[1] == {"__entity_type__": "Shot", "id": shot["id"]}


def test_1_5_strict_alone_asks_for_the_requested_attributes_only(send, shot):
    expression = query(f"select name from Task where parent_id is {shot['id']}")
    (strict,) = send(expression, ftrack_api_options="strict:1")[0]["data"]
    (plain,) = send(expression)[0]["data"]
    assert sorted(strict) == ["__entity_type__", "id", "name"]
    assert plain.keys() - strict.keys() == {"context_type", "object_type_id", "project_id"}


@pytest.mark.parametrize(
    ("entity_type", "always"),
    [
        ("Task", {"context_type", "object_type_id", "project_id"}),
        ("AssetVersion", {"asset_id"}),
        ("Asset", {"context_id"}),
        ("User", {"resource_type"}),
        # The schema lists `version_id` too.
        ("FileComponent", {"system_type", "version_id"}),
        ("Component", {"system_type", "version_id"}),
    ],
)
def test_1_5_each_row_has_its_system_projections(send, entity_type, always):
    where = "where version_id is_not none " if "version_id" in always else ""
    (row,) = send(query(f"select id from {entity_type} {where}limit 1"))[0]["data"]
    assert row.keys() == {"__entity_type__", "id"} | always
    assert all(row[name] for name in always)


def test_1_5_a_relation_has_them_at_its_first_place_too(send):
    (row,) = send(query("select asset.name from AssetVersion where asset_id is_not none limit 1"))[0]["data"]
    assert row["asset"].keys() == {"__entity_type__", "id", "name", "context_id"}


# 1.5 Dates.

#: What a client sends, and what the server then tells.
DATES = {
    "naive": (text("2024-05-03T09:15:00"), "2024-05-03T09:15:00"),
    "python, utc": (text("2024-05-03T09:15:00+00:00"), "2024-05-03T09:15:00"),
    "python, offset": (text("2024-05-03T09:15:00+02:00"), "2024-05-03T07:15:00"),
    "python, offset over midnight": (text("2024-05-03T23:30:00-05:30"), "2024-05-04T05:00:00"),
    "python, a date": (text("2024-05-03"), "2024-05-03T00:00:00"),
    "python, microseconds": (text("2024-05-03T09:15:00.123456+00:00"), "2024-05-03T09:15:00"),
    "javascript": (text("2024-05-03T09:15:00.000Z"), "2024-05-03T09:15:00"),
    "the newer envelope": ({"__type__": "date", "value": "2024-05-03"}, "2024-05-03T00:00:00"),
}


@pytest.mark.parametrize(("sent", "told"), DATES.values(), ids=DATES)
def test_1_5_dates_come_in_every_form_and_go_out_as_naive_utc(send, shot, sent, told):
    (task,) = send(query(f"select id from Task where parent_id is {shot['id']}"))[0]["data"]
    (reply,) = send(update("Task", task["id"], start_date=sent))
    assert reply["data"]["start_date"] == text(told)
    (row,) = send(query(f"select start_date from Task where id is {task['id']}"))[0]["data"]
    assert row["start_date"] == text(told)


@pytest.mark.parametrize(
    "given",
    [
        arrow.get(2024, 5, 3, 9, 15),
        arrow.get(2024, 5, 3, 11, 15, tzinfo="Europe/Berlin"),
        datetime.datetime(2024, 5, 3, 9, 15),
        datetime.datetime(2024, 5, 3, 4, 15, tzinfo=datetime.timezone(datetime.timedelta(hours=-5))),
    ],
    ids=["arrow", "arrow of a zone", "naive", "with offset"],
)
def test_1_5_the_client_reads_back_the_moment_it_set(ftrack_session, shot, given):
    task = shot["children"][0]
    task["start_date"] = given
    ftrack_session.commit()
    ftrack_session.reset()
    assert ftrack_session.get("Task", task["id"])["start_date"] == arrow.get("2024-05-03T09:15:00+00:00")


def test_1_5_the_client_may_set_a_plain_date(ftrack_session, shot):
    task = shot["children"][0]
    task["end_date"] = datetime.date(2024, 5, 3)
    ftrack_session.commit()
    ftrack_session.reset()
    assert ftrack_session.get("Task", task["id"])["end_date"] == arrow.get(2024, 5, 3)


def test_1_5_a_date_that_is_none_is_refused_by_name(send, shot):
    error = send(update("Shot", shot["id"], created_at=text("2024-13-45")))
    assert (error["exception"], "created_at" in error["content"]) == ("ValidationError", True)


# 1.5 JSON texts, objects.


def test_1_5_json_valued_attributes_are_text_in_both_directions(ftrack_session, send):
    data = json.dumps({"description": "Größe {0}", "n": [1, None]})
    user = ftrack_session.query("User").first()
    job = ftrack_session.create("Job", {"user": user, "data": data})
    ftrack_session.commit()
    (row,) = send(query(f"select data from Job where id is {job['id']}"))[0]["data"]
    assert row["data"] == data
    ftrack_session.reset()
    assert ftrack_session.get("Job", job["id"])["data"] == data
    for each in ftrack_session.query("select config from CustomAttributeConfiguration"):
        assert isinstance(each["config"], str)
        assert isinstance(json.loads(each["config"]), dict)


@pytest.mark.parametrize("entity_type", ["Shot", "AssetVersion", "User", "Project"])
def test_1_5_thumbnail_urls_are_objects(ftrack_session, ftrack_sandbox, entity_type):
    entity = ftrack_session.query(
        f"select thumbnail_url from {entity_type} where thumbnail_id is_not none"
    ).first()
    url = entity["thumbnail_url"]
    assert {"url", "value"} <= url.keys()
    assert url["url"].startswith(ftrack_sandbox.url)
    assert url["value"].startswith(ftrack_sandbox.url)


@pytest.mark.parametrize("relation", ["note_components.url", "note_components.thumbnail_url"])
def test_1_5_urls_of_attachments_are_objects(ftrack_session, relation):
    name = relation.rpartition(".")[2]
    note = ftrack_session.query(f"select {relation} from Note where note_components any ()").first()
    for attached in note["note_components"]:
        assert {"url", "value"} <= attached[name].keys()


def test_1_5_link_is_a_list_from_the_project_down(ftrack_session, shot):
    task = shot["children"][0]
    project = task["project"]
    ftrack_session.reset()
    link = ftrack_session.query(f"select link from Task where id is {task['id']}").one()["link"]
    assert [each["id"] for each in link] == [project["id"], shot["id"], task["id"]]
    assert [each["name"] for each in link] == [project["name"], shot["name"], "comp"]
    assert all(each.keys() == {"id", "name", "type"} for each in link)
    assert all(isinstance(each["type"], str) for each in link)


# 1.6, 1.7.


def test_1_6_javascript_asks_both_questions_in_one_request(ftrack_sandbox, send):
    before = ftrack_sandbox.requests.count
    asked = {"action": "query_server_information", "values": ["version", "is_timezone_support_enabled"]}
    information, schemas = send(asked, {"action": "query_schemas"})
    assert ftrack_sandbox.requests.count == before + 1
    assert information == {"version": "dev", "is_timezone_support_enabled": True}
    assert len(schemas) == 116


def test_1_6_a_cache_of_another_server_is_fetched_anew(ftrack_sandbox, tmp_path):
    (tmp_path / "ftrack_api_schema_cache.json").write_text("[]", encoding="utf-8")
    before = ftrack_sandbox.requests.count
    session = ftrack_api.Session(
        server_url=ftrack_sandbox.url,
        api_user=ftrack_sandbox.api_user,
        api_key=ftrack_sandbox.api_key,
        plugin_paths=[],
        schema_cache_path=str(tmp_path),
    )
    assert ftrack_sandbox.requests.count == before + 2
    assert len(session.types) == 116
    session.close()
    kept = json.loads((tmp_path / "ftrack_api_schema_cache.json").read_text(encoding="utf-8"))
    written = json.dumps(kept, sort_keys=True).encode("utf-8")
    digest = hashlib.md5(written, usedforsecurity=False).hexdigest()
    assert digest == session.server_information["schema_hash"]


def test_1_7_a_plain_request_has_exactly_the_recorded_keys(send):
    (information,) = send({"action": "query_server_information"})
    assert information == {
        "storage_scenario": {"scenario": "ftrack.automatic", "data": {}},
        "schema_hash": information["schema_hash"],
        "version": "dev",
        "is_timezone_support_enabled": True,
    }
    assert len(information["schema_hash"]) == 32


def test_1_7_values_restrict_the_keys(send):
    (information,) = send({"action": "query_server_information", "values": ["version", "schema_hash"]})
    assert information.keys() == {"version", "schema_hash"}
    assert information["version"]


def test_1_7_the_keys_of_javascripts_types_may_be_asked_for(send, ftrack_session):
    wanted = (
        "custom_widget default_colors is_nested_subqueries_enabled license preferred_language "
        "week_startday workday_length display_week_numbers storage_limit display_task_dates_as_time "
        "product company_information user_information"
    ).split()
    (information,) = send({"action": "query_server_information", "values": wanted})
    assert information.keys() == set(wanted)
    assert {"logo_url", "name"} <= information["company_information"].keys()
    user = information["user_information"]
    assert user.keys() == set(
        "id username first_name last_name thumbnail_id thumbnail_url restricted_user access_key_id "
        "is_global_access_key permissions".split()
    )
    known = ftrack_session.query(f'User where username is "{ftrack_session.api_user}"').one()
    assert (user["id"], user["username"]) == (known["id"], known["username"])
    assert user["is_global_access_key"] is True
    assert user["restricted_user"] is False
    assert isinstance(user["permissions"], list)


# 1.8.


def test_1_8_the_hash_is_of_sorted_escaped_spaced_json(send):
    schemas, information = send({"action": "query_schemas"}, {"action": "query_server_information"})
    spelled = json.dumps(schemas, sort_keys=True, separators=(", ", ": "), ensure_ascii=True)
    digest = hashlib.md5(spelled.encode("utf-8"), usedforsecurity=False).hexdigest()
    assert information["schema_hash"] == digest
