"""Queries through a whole batch: what rows hold, paging, computed attributes."""

from typing import Any

import pytest

from ftrack_sandbox.errors import ApiError, ParseError

Desk = Any

SERVER_LOCATION = "3a372bde-05bc-11e4-8908-20c9d081909b"


def test_a_row_has_key_system_projections_and_what_was_selected(desk: Desk) -> None:
    assert desk.query("select name from Task where id is comp") == [
        {
            "__entity_type__": "Task",
            "id": "comp",
            "context_type": "task",
            "object_type_id": "11c137c0-ee7e-4f9c-91c5-8c77cec22b2c",
            "project_id": "show",
            "name": "comp",
        }
    ]


def test_what_is_selected_is_always_there(desk: Desk) -> None:
    (row,) = desk.query(
        "select description, thumbnail.name, thumbnail_url, notes, start_date, parent.parent.parent.name, "
        "assignments.resource.username from Task where id is comp"
    )
    for name in ("description", "thumbnail", "thumbnail_url", "start_date"):
        assert row[name] is None, name
    assert row["notes"] == []
    assert row["assignments"] == []
    assert row["parent"]["parent"]["parent"] is None


def test_supertypes_answer_with_concrete_types(desk: Desk) -> None:
    found = {row["id"]: row["__entity_type__"] for row in desk.query("select id from Context")}
    assert found == {
        "show": "Project",
        "secret": "Project",
        "sh010": "Shot",
        "comp": "Task",
        "hidden": "Task",
    }


def test_through_a_resource_the_attributes_of_users_and_groups_are_there(desk: Desk) -> None:
    desk.create("Group", id="g", name="crew", local=True)
    for key, resource in (("a1", "user-lee"), ("a2", "g")):
        desk.create("Appointment", id=key, type="assignment", context_id="comp", resource_id=resource)
    (row,) = desk.query(
        "select assignments.resource.username, assignments.resource.name from Task where id is comp"
    )
    found = {each["id"]: each["resource"] for each in row["assignments"]}
    assert found["a1"]["username"] == "lee"
    assert found["a2"]["name"] == "crew"
    assert found["a2"]["username"] is None


def test_an_entity_is_told_once_in_a_batch_unless_repetition_is_asked_for(desk: Desk) -> None:
    expression = {"action": "query", "expression": "select status.name from Task where id is comp"}
    first, second = desk.run(expression, expression)
    assert first["data"][0]["status"]["name"] == "ready"
    assert second["data"] == [desk.ref("Task", "comp")]
    first, second = desk.run(expression, expression, repeat=True)
    assert second["data"][0]["status"]["name"] == "ready"


def test_a_full_page_announces_the_next(desk: Desk) -> None:
    def offset(expression: str) -> Any:
        return desk.run({"action": "query", "expression": expression})[0]["metadata"]["next"]["offset"]

    assert offset("select id from Task limit 1") == 1
    assert offset("select id from Task offset 1 limit 1") == 2
    assert offset("select id from Task offset 2 limit 1") is None
    assert offset("select id from Task limit 500") is None
    assert offset("select id from Task") is None


def test_link_leads_from_the_project_down(desk: Desk) -> None:
    desk.create("Asset", id="a", name="geo", context_id="sh010")
    desk.create("AssetVersion", id="v", asset_id="a")
    (task,) = desk.query("select link from Task where id is comp")
    assert task["link"] == [
        {"id": "show", "name": "show", "type": "Project"},
        {"id": "sh010", "name": "sh010", "type": "TypedContext"},
        {"id": "comp", "name": "comp", "type": "TypedContext"},
    ]
    (version,) = desk.query("select link from AssetVersion")
    assert [entry["type"] for entry in version["link"]] == ["Project", "TypedContext", "AssetVersion"]
    assert version["link"][-1]["id"] == "v"


def test_time_logged_is_summed_compared_and_sorted_by(desk: Desk) -> None:
    desk.update("Task", "comp", bid=7200)
    for seconds in (60, 3600):
        desk.create("Timelog", context_id="comp", duration=seconds)
    (row,) = desk.query("select time_logged, bid_time_logged_difference from Task where time_logged > 0")
    assert (row["time_logged"], row["bid_time_logged_difference"]) == (3660, 3540)
    rows = desk.query("select id from Task order by time_logged desc")
    assert [row["id"] for row in rows] == ["comp", "hidden"]


def test_addresses_are_signed_objects(desk: Desk) -> None:
    desk.create("Job", id="j")
    desk.create("FileComponent", id="c", name="report", file_type=".csv")
    desk.create("JobComponent", component_id="c", job_id="j")
    desk.create("ComponentLocation", id="here", component_id="c", location_id=SERVER_LOCATION)
    desk.create(
        "ComponentLocation", id="there", component_id="c", location_id="disk", resource_identifier="/x"
    )
    desk.update("Task", "comp", thumbnail_id="c")
    url = desk.query("select job_components.url from Job")[0]["job_components"][0]["url"]
    assert url["url"] == url["value"]
    assert url["url"].startswith("http://studio.test/")
    assert "signature=" in url["url"]
    found = {row["id"]: row["url"] for row in desk.query("select url from ComponentLocation")}
    assert "signature=" in found["here"]["url"]
    assert found["there"] is None
    assert "c" in desk.query("select thumbnail_url from Task where id is comp")[0]["thumbnail_url"]["url"]


def test_a_review_session_is_open_between_its_dates(desk: Desk) -> None:
    common = {"name": "x", "description": "", "project_id": "show"}
    desk.create("ReviewSession", id="now", **common)
    desk.create("ReviewSession", id="past", **common, start_date="2020-01-01", end_date="2020-01-08")
    found = {row["id"]: row["is_open"] for row in desk.query("select is_open from ReviewSession")}
    assert found == {"now": True, "past": False}
    assert [row["id"] for row in desk.query("ReviewSession where is_open is true")] == ["now"]


def test_grouping_needs_the_strict_header(desk: Desk) -> None:
    expression = {"action": "query", "expression": "select count(id), parent_id from Task group by parent_id"}
    with pytest.raises(ParseError, match="ftrack-strict-api"):
        desk.run(expression)
    rows = desk.run(expression, strict=True)[0]["data"]
    assert {row["parent_id"]: row["count_id"] for row in rows} == {"sh010": 1, "secret": 1}


@pytest.mark.parametrize(
    "expression", [None, 5, "", "select", "select x from Task", "select id from Nothing"]
)
def test_a_bad_expression_is_a_parse_error(desk: Desk, expression: Any) -> None:
    with pytest.raises(ParseError):
        desk.run({"action": "query", "expression": expression})


def test_a_query_sees_what_the_batch_wrote_before_it(desk: Desk) -> None:
    results = desk.run(
        desk.updating("Task", "comp", name="renamed"),
        {"action": "query", "expression": "select name from Task where name is renamed"},
    )
    assert [row["id"] for row in results[1]["data"]] == ["comp"]


# Server information and accounts


def test_server_information_has_the_four_recorded_keys(desk: Desk) -> None:
    (found,) = desk.run({"action": "query_server_information"})
    assert set(found) == {"version", "schema_hash", "storage_scenario", "is_timezone_support_enabled"}
    assert found["storage_scenario"] == {"scenario": "ftrack.automatic", "data": {}}
    assert found["schema_hash"] == desk.services.schema.hash


def test_server_information_answers_what_is_asked(desk: Desk) -> None:
    lee = desk.as_user("lee")
    (found,) = lee.run({"action": "query_server_information", "values": ["user_information", "version"]})
    assert set(found) == {"user_information", "version"}
    assert found["user_information"]["username"] == "lee"
    assert found["user_information"]["is_global_access_key"] is False


def test_schemas_come_as_the_bare_list(desk: Desk) -> None:
    (found,) = desk.run({"action": "query_schemas"})
    assert isinstance(found, list)
    assert len(found) == 116


def test_a_reset_key_replaces_the_former_one(desk: Desk) -> None:
    keys = desk.services.access
    old = keys.make_key("lee")
    operation = {
        "action": "reset_remote",
        "reset_type": "api_key",
        "entity_type": "User",
        "entity_key": "user-lee",
    }
    new = desk.run(operation)[0]["data"]["api_key"]
    assert keys.authenticate("lee", new).username == "lee"
    with pytest.raises(ApiError):
        keys.authenticate("lee", old)


def test_nobody_resets_the_key_of_another(desk: Desk) -> None:
    operation = {
        "action": "reset_remote",
        "reset_type": "api_key",
        "entity_type": "User",
        "entity_key": "user-kim",
    }
    with pytest.raises(ApiError, match="user-kim"):
        desk.as_user("lee").run(operation)


def test_an_unknown_reset_is_a_server_error(desk: Desk) -> None:
    with pytest.raises(ApiError) as caught:
        desk.run({"action": "reset_remote", "reset_type": "coffee"})
    assert caught.value.wire_name == "ServerError"
