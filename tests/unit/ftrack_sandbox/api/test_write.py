"""Creating, updating and deleting, and what the replies hold."""

from typing import Any

import pytest

from ftrack_sandbox.errors import (
    ApiError,
    DuplicateEntryError,
    IntegrityError,
    ParseError,
    PermissionDenied,
    UnknownOperation,
    ValidationError,
)

Desk = Any

TASK = "11c137c0-ee7e-4f9c-91c5-8c77cec22b2c"
SERVER_LOCATION = "3a372bde-05bc-11e4-8908-20c9d081909b"


# Create


def test_a_task_gets_project_status_type_and_author_from_where_it_is_made(desk: Desk) -> None:
    task = desk.create("Task", id="t", name="new", parent=desk.ref("Shot", "sh010"))
    assert task["project_id"] == "show"
    assert task["type_id"] == "type-comp"
    assert task["status_id"] == "status-done", "the type's own workflow wins"
    assert task["created_by_id"] == "user-kim"
    assert task["created_at"]["__type__"] == "datetime"
    assert task["object_type_id"] == TASK
    assert task["context_type"] == "task"
    assert task["parent"] == desk.ref("Shot", "sh010")


def test_a_shot_gets_the_first_status_of_its_own_schema(desk: Desk) -> None:
    shot = desk.create("Shot", name="sh020", parent_id="show")
    assert (shot["status_id"], shot["type_id"]) == ("status-done", "type-shot")


def test_status_of_a_task_without_override_is_the_first_of_the_workflow(desk: Desk) -> None:
    task = desk.create("Task", name="x", parent_id="sh010", type_id="type-shot")
    assert task["status_id"] == "status-working"


def test_values_sent_win_over_defaults(desk: Desk) -> None:
    task = desk.create(
        "Task", name="x", parent_id="sh010", type_id="type-shot", status_id="status-ready", bid=5
    )
    assert (task["type_id"], task["status_id"], task["bid"]) == ("type-shot", "status-ready", 5)


def test_the_reply_to_a_create_leaves_out_what_was_not_set(desk: Desk) -> None:
    user = desk.create("User", id="u", username="mia", first_name="Mia", last_name="Ek")
    assert user == {
        "__entity_type__": "User",
        "id": "u",
        "username": "mia",
        "first_name": "Mia",
        "last_name": "Ek",
        "is_active": False,
        "is_otp_enabled": False,
        "is_totp_enabled": False,
        "require_details_update": False,
        "user_type_id": "ac9fa5aa-4361-11e0-b7cc-0019bb4983d8",
        "resource_type": "user",
    }


def test_a_component_made_with_its_location_tells_it_like_the_recorded_one(desk: Desk) -> None:
    component, location = desk.run(
        desk.creating("FileComponent", id="c", name="data", file_type=".json", size=13),
        desk.creating(
            "ComponentLocation",
            id="l",
            component_id="c",
            resource_identifier="c",
            location_id=SERVER_LOCATION,
        ),
    )
    assert component["data"] == {
        "__entity_type__": "FileComponent",
        "id": "c",
        "name": "data",
        "file_type": ".json",
        "size": 13,
        "system_type": "file",
        "component_locations": [
            {
                "__entity_type__": "ComponentLocation",
                "id": "l",
                "component": {"__entity_type__": "FileComponent", "id": "c"},
                "component_id": "c",
                "location_id": SERVER_LOCATION,
                "resource_identifier": "c",
            }
        ],
    } | {name: component["data"][name] for name in ("version_id",) if name in component["data"]}
    assert location["data"] == {"__entity_type__": "ComponentLocation", "id": "l"}


def test_an_id_is_made_up_when_none_is_sent(desk: Desk) -> None:
    job = desk.create("Job", data="{}")
    assert len(job["id"]) == 36
    assert [row["id"] for row in desk.query("Job")] == [job["id"]]


def test_the_key_may_come_as_entity_key_only(desk: Desk) -> None:
    operation = {**desk.creating("Job"), "entity_key": ["j1"]}
    assert desk.run(operation)[0]["data"]["id"] == "j1"


def test_a_job_is_its_callers_queued_and_dated(desk: Desk) -> None:
    job = desk.create("Job", id="j")
    assert (job["user_id"], job["status"], job["type"]) == ("user-kim", "queued", "api_job")
    assert job["created_at"]["__type__"] == "datetime"
    assert "finished_at" not in job


def test_relations_are_taken_by_reference_or_by_key(desk: Desk) -> None:
    desk.create("Job", id="a", user=desk.ref("User", "user-lee"))
    desk.create("Job", id="b", user_id="user-lee")
    rows = desk.query("select user.username from Job order by id")
    assert rows[0]["user"]["username"] == "lee"
    assert rows[1]["user"] == desk.ref("User", "user-lee")


def test_a_reference_to_a_supertype_is_answered_concretely(desk: Desk) -> None:
    found = desk.create(
        "Appointment", type="assignment", context_id="comp", resource=desk.ref("Resource", "user-lee")
    )
    assert found["resource"]["__entity_type__"] == "User"


def test_a_second_create_under_one_id_is_refused(desk: Desk) -> None:
    desk.create("Job", id="j")
    with pytest.raises(DuplicateEntryError, match="Job j"):
        desk.create("Job", id="j")


def test_the_supertype_component_makes_a_file(desk: Desk) -> None:
    component = desk.create("Component", id="c", name="x")
    assert component["__entity_type__"] == "Component", "the client looks it up under what it asked for"
    assert desk.query("select id from Component")[0]["__entity_type__"] == "FileComponent"


def test_a_bare_context_cannot_be_created(desk: Desk) -> None:
    with pytest.raises(ApiError):
        desk.create("Context", name="x", parent_id="show")


def test_versions_of_an_asset_are_counted(desk: Desk) -> None:
    desk.create("Asset", id="a", name="geo", context_id="sh010")
    numbers = [
        result["data"]["version"] for result in desk.run(*[desk.creating("AssetVersion", asset_id="a")] * 3)
    ]
    assert numbers == [1, 2, 3]
    version = desk.create("AssetVersion", id="v", asset_id="a", task_id="comp")
    assert version["version"] == 4
    assert (version["status_id"], version["user_id"], version["is_published"]) == (
        "status-pending",
        "user-kim",
        True,
    )
    assert version["date"]["__type__"] == "datetime"
    assert desk.query("select latest_version.version from Asset")[0]["latest_version"]["version"] == 4
    latest = {
        row["version"]: row["is_latest_version"]
        for row in desk.query("select version, is_latest_version from AssetVersion")
    }
    assert latest == {1: False, 2: False, 3: False, 4: True}


def test_a_project_has_itself_as_project_and_starts_active(desk: Desk) -> None:
    project = desk.create("Project", id="p", name="p", full_name="P", project_schema_id="scheme")
    assert project["status"] == "active"
    assert project["context_type"] == "show"
    assert desk.create("Task", name="t", parent_id="p")["project_id"] == "p"


def test_review_session_object_and_dates_are_supplied(desk: Desk) -> None:
    session = desk.create("ReviewSession", id="r", name="weekly", description="", project_id="show")
    assert {"start_date", "end_date", "created_at", "created_by_id"} <= set(session)
    assert desk.query("select is_open from ReviewSession")[0]["is_open"] is True


# What is refused


@pytest.mark.parametrize(
    ("entity_type", "data", "named"),
    [
        ("Job", {"status": "lost"}, "lost"),
        ("Job", {"stattus": "done"}, "stattus"),
        ("Task", {"name": 5, "parent_id": "show"}, "name"),
        ("Task", {"name": "x", "parent_id": "show", "bid": "much"}, "bid"),
        ("Task", {"name": "x", "parent_id": "show", "start_date": "yesterday"}, "start_date"),
        ("Task", {"name": "x", "parent_id": "show", "time_logged": 3}, "time_logged"),
        ("Task", {"name": "x", "parent": "show"}, "parent"),
        ("Task", {"name": "x", "parent": {"__entity_type__": "User", "id": "user-kim"}}, "parent"),
        ("Task", {"name": "x", "object_type_id": "other", "parent_id": "show"}, "object_type_id"),
        ("Task", {"name": "x"}, "parent_id"),
        ("Project", {"name": "p", "project_schema_id": "scheme"}, "full_name"),
        ("Project", {"name": "p", "full_name": "P"}, "project_schema_id"),
        ("Appointment", {"type": "assignment", "context_id": "comp"}, "resource_id"),
        ("JobComponent", {"job_id": "j"}, "component_id"),
    ],
)
def test_a_bad_value_is_refused_by_name(
    desk: Desk, entity_type: str, data: dict[str, Any], named: str
) -> None:
    with pytest.raises(ValidationError, match=named) as caught:
        desk.create(entity_type, **data)
    assert entity_type in caught.value.content
    assert "{" not in caught.value.content


def test_a_reference_to_nothing_is_refused(desk: Desk) -> None:
    with pytest.raises(IntegrityError, match="user_id of Job j refers to User nobody"):
        desk.create("Job", id="j", user_id="nobody")
    with pytest.raises(IntegrityError, match="parent_id"):
        desk.create("Task", name="x", parent_id="nowhere")


def test_a_reference_may_come_before_what_it_names(desk: Desk) -> None:
    desk.run(
        desk.creating("Task", id="t", name="t", parent_id="later"),
        desk.creating("Shot", id="later", name="later", parent_id="show"),
    )
    row = desk.query("select project_id, link, status_id from Task where id is t")[0]
    assert row["project_id"] == "show"
    assert [entry["name"] for entry in row["link"]] == ["show", "later", "t"]
    assert [row["id"] for row in desk.query("Task where ancestors any (id is later)")] == ["t"]


def test_a_mandatory_attribute_may_follow_in_the_batch(desk: Desk) -> None:
    desk.run(
        desk.creating("Project", id="p", project_schema_id="scheme"),
        desk.creating("Job", id="j"),
        desk.updating("Project", "p", name="p", full_name="P"),
    )
    assert desk.query("select full_name from Project where id is p")[0]["full_name"] == "P"


def test_one_failure_undoes_the_whole_batch(desk: Desk) -> None:
    with pytest.raises(ValidationError):
        desk.run(desk.creating("Job", id="j"), desk.updating("Job", "j", status="lost"))
    assert desk.query("Job") == []
    assert desk.hub.events == []


@pytest.mark.parametrize("body", [{"action": "query"}, "query", None, [1], [{"no": "action"}]])
def test_a_body_that_is_no_list_of_operations_is_refused(desk: Desk, body: Any) -> None:
    from ftrack_sandbox.api.operation import run_batch

    with pytest.raises(ValidationError):
        run_batch(
            desk.services,
            desk.caller,
            body,
            base_url="",
            strict=False,
            repeat=False,
            only_requested=False,
            client_token=None,
            push_token=None,
        )


def test_an_unknown_operation_is_refused_in_the_words_the_client_looks_for(desk: Desk) -> None:
    with pytest.raises(UnknownOperation, match=r"^Invalid action u'compute_rollups'$"):
        desk.run({"action": "compute_rollups"})
    with pytest.raises(UnknownOperation):
        desk.run({"action": ["create"]})


def test_an_unknown_type_is_refused(desk: Desk) -> None:
    with pytest.raises(ParseError, match="Nonsense"):
        desk.create("Nonsense")


# Update


def test_the_reply_to_an_update_holds_key_change_and_system_projections(desk: Desk) -> None:
    assert desk.update("User", "user-lee", username="leo") == {
        "__entity_type__": "User",
        "id": "user-lee",
        "username": "leo",
        "resource_type": "user",
    }


def test_a_bare_key_is_taken_too(desk: Desk) -> None:
    operation = {**desk.updating("User", "user-lee", first_name="Lee"), "entity_key": "user-lee"}
    assert desk.run(operation)[0]["data"]["first_name"] == "Lee"


def test_a_job_that_ends_is_dated_and_one_that_goes_on_is_not(desk: Desk) -> None:
    desk.create("Job", id="j")
    assert desk.update("Job", "j", status="done")["finished_at"]["__type__"] == "datetime"
    assert desk.update("Job", "j", status="running")["finished_at"] is None


def test_immutable_attributes_are_refused_but_by_the_batch_that_made_the_row(desk: Desk) -> None:
    with pytest.raises(ValidationError, match="type"):
        desk.update("Shot", "sh010", type=desk.ref("Type", "type-comp"))
    with pytest.raises(ValidationError, match="id"):
        desk.update("Task", "comp", id="other")
    desk.update("Task", "comp", id="comp", name="still")
    desk.run(
        desk.creating("Shot", id="s", name="s", parent_id="show"),
        desk.creating("Job", id="j"),
        desk.updating("Shot", "s", type_id="type-comp"),
    )
    assert desk.query("select type_id from Shot where id is s")[0]["type_id"] == "type-comp"


def test_an_entity_keeps_its_type_but_for_the_object_type_of_a_typed_context(desk: Desk) -> None:
    shot = "bad911de-3bd6-47b9-8b46-3476e237cb36"
    assert desk.update("TypedContext", "comp", object_type_id=shot)["id"] == "comp"
    assert desk.query("select id from Context where id is comp")[0]["__entity_type__"] == "Shot"
    for entity_type, key, data in (
        ("TypedContext", "comp", {"object_type_id": "unknown"}),
        ("TypedContext", "comp", {"context_type": "show"}),
        ("Resource", "user-lee", {"resource_type": "group"}),
        ("Context", "show", {"context_type": "task"}),
    ):
        with pytest.raises(ValidationError, match=next(iter(data))):
            desk.update(entity_type, key, **data)


def test_updating_or_deleting_what_does_not_exist_is_an_error(desk: Desk) -> None:
    with pytest.raises(ValidationError, match="Job nothing"):
        desk.update("Job", "nothing", status="done")
    with pytest.raises(ValidationError, match="Job nothing"):
        desk.delete("Job", "nothing")
    with pytest.raises(ValidationError, match="Shot comp"):
        desk.update("Shot", "comp", name="a task is no shot")


def test_a_key_of_the_wrong_length_is_refused(desk: Desk) -> None:
    with pytest.raises(ValidationError, match="component_id, job_id"):
        desk.delete("JobComponent", "c")


def test_a_mandatory_value_cannot_be_emptied(desk: Desk) -> None:
    with pytest.raises(ValidationError, match="status_id"):
        desk.update("Task", "comp", status=None)


def test_a_moved_context_takes_its_project_and_what_lies_below_along(desk: Desk) -> None:
    desk.update("Shot", "sh010", parent=desk.ref("Project", "secret"))
    rows = desk.query("select project_id, link from TypedContext where id in (sh010, comp)")
    assert {row["project_id"] for row in rows} == {"secret"}
    assert {entry["name"] for row in rows for entry in row["link"][:1]} == {"secret"}


def test_a_context_cannot_be_moved_below_itself(desk: Desk) -> None:
    with pytest.raises(ValidationError, match="below itself"):
        desk.update("Shot", "sh010", parent=desk.ref("Task", "comp"))


def test_a_change_of_status_is_noted(desk: Desk) -> None:
    desk.update("Task", "comp", status_id="status-done")
    change = desk.query(
        "select status_changes.status_id, status_changes.from_status.name, status_changes.user_id "
        "from Task where id is comp"
    )
    noted = change[0]["status_changes"]
    assert [(each["status_id"], each["from_status"]["name"], each["user_id"]) for each in noted] == [
        ("status-done", "ready", "user-kim")
    ]


def test_dates_are_taken_in_every_form_and_told_in_one(desk: Desk) -> None:
    forms = [
        {"__type__": "datetime", "value": "2024-05-03T11:15:00+02:00"},
        {"__type__": "datetime", "value": "2024-05-03T09:15:00.123Z"},
        "2024-05-03 09:15:00",
    ]
    for form in forms:
        told = desk.update("Task", "comp", start_date=form)["start_date"]
        assert told == {"__type__": "datetime", "value": "2024-05-03T09:15:00"}


# Collections


def test_note_by_the_clients_helper_becomes_the_tasks_with_its_recipients(desk: Desk) -> None:
    desk.run(
        desk.creating("Note", id="n", content="Hi", author=desk.ref("User", "user-kim"), is_todo=False),
        desk.updating("Task", "comp", notes=[desk.ref("Note", "n")]),
        desk.creating("Recipient", note_id="n", resource_id="user-lee"),
        desk.updating(
            "Note", "n", recipients=[desk.ref("Recipient", "n", "user-lee", names=("note_id", "resource_id"))]
        ),
        desk.creating("NoteLabelLink", note_id="n", label_id="label"),
    )
    rows = desk.query(
        "select notes.content, notes.parent_type, notes.recipients, notes.category.name "
        "from Task where id is comp"
    )
    (note,) = rows[0]["notes"]
    assert note["content"] == "Hi"
    assert note["parent_type"] == "TypedContext"
    assert note["category"]["name"] == "Internal"
    assert {each["resource_id"] for each in note["recipients"]} == {"user-kim", "user-lee"}


def test_a_shorter_list_of_notes_cuts_nobody_off(desk: Desk) -> None:
    for key in ("n1", "n2"):
        desk.create("Note", id=key, content=key, parent_id="comp", parent_type="TypedContext")
    desk.update("Task", "comp", notes=[desk.ref("Note", "n1")])
    assert len(desk.query("select notes from Task where id is comp")[0]["notes"]) == 2


def test_a_reply_hangs_below_its_note_and_goes_with_it(desk: Desk) -> None:
    desk.create("Note", id="n", content="a", parent_id="comp", parent_type="TypedContext")
    desk.run(
        desk.creating("Note", id="r", content="b", author=desk.ref("User", "user-kim")),
        desk.updating("Note", "n", replies=[desk.ref("Note", "r")]),
    )
    assert desk.query("select in_reply_to_id from Note where id is r")[0]["in_reply_to_id"] == "n"
    desk.delete("Note", "n")
    assert desk.query("Note") == []


def test_metadata_is_added_and_removed_as_the_client_does_it(desk: Desk) -> None:
    member = desk.ref("Metadata", "comp", "a", names=("parent_id", "key"))
    desk.run(
        desk.creating("Metadata", parent_id="comp", parent_type="Task", key="a", value="b"),
        desk.updating("Task", "comp", metadata=[member]),
    )
    assert (
        desk.query("select metadata.key, metadata.value from Task where id is comp")[0]["metadata"][0][
            "value"
        ]
        == "b"
    )
    with pytest.raises(DuplicateEntryError, match="Metadata comp / a"):
        desk.create("Metadata", parent_id="comp", parent_type="Task", key="a", value="c")
    desk.run(desk.updating("Task", "comp", metadata=[]), desk.deleting("Metadata", "comp", "a"))
    assert desk.query("Metadata") == []


def test_items_of_a_list_are_what_was_sent_last(desk: Desk) -> None:
    desk.create("TypedContextList", id="l", name="dailies", project_id="show", category_id="category")
    desk.update("TypedContextList", "l", items=[desk.ref("Task", "comp"), desk.ref("Shot", "sh010")])
    assert {each["id"] for each in desk.query("select items from TypedContextList")[0]["items"]} == {
        "comp",
        "sh010",
    }
    reply = desk.update("TypedContextList", "l", items=[desk.ref("Task", "comp")])
    assert reply["items"] == [desk.ref("Task", "comp")]
    assert [each["entity_id"] for each in desk.query("select entity_id from ListObject")] == ["comp"]
    desk.create("ListObject", list_id="l", entity_id="sh010")
    assert len(desk.query("select items from TypedContextList")[0]["items"]) == 2


def test_a_list_takes_only_what_its_type_says(desk: Desk) -> None:
    desk.create("AssetVersionList", id="l", name="x", project_id="show", category_id="category")
    with pytest.raises(IntegrityError, match="entity_id"):
        desk.create("ListObject", list_id="l", entity_id="comp")


def test_scopes_are_replaced(desk: Desk) -> None:
    desk.update("Task", "comp", scopes=[desk.ref("Scope", "scope-a")])
    desk.update("Task", "comp", scopes=[desk.ref("Scope", "scope-b")])
    assert [each["id"] for each in desk.query("select scopes from Task where id is comp")[0]["scopes"]] == [
        "scope-b"
    ]


def test_members_of_a_sequence_point_at_their_container(desk: Desk) -> None:
    desk.run(
        desk.creating("SequenceComponent", id="s", name="seq", padding=4, file_type=".exr"),
        desk.creating("FileComponent", id="f1", name="1", container=desk.ref("SequenceComponent", "s")),
        desk.creating("FileComponent", id="f2", name="2"),
        desk.updating(
            "SequenceComponent",
            "s",
            members=[desk.ref("FileComponent", "f1"), desk.ref("FileComponent", "f2")],
        ),
    )
    assert len(desk.query("select members from SequenceComponent")[0]["members"]) == 2


def test_what_follows_from_other_rows_cannot_be_assigned(desk: Desk) -> None:
    with pytest.raises(ValidationError, match="descendants"):
        desk.update("Shot", "sh010", descendants=[])


def test_a_member_that_does_not_exist_is_refused(desk: Desk) -> None:
    with pytest.raises(IntegrityError, match="Note nothing"):
        desk.update("Task", "comp", notes=[desk.ref("Note", "nothing")])


# Delete


def test_deleting_a_project_removes_everything_below(desk: Desk) -> None:
    desk.create("Asset", id="a", name="geo", context_id="sh010")
    desk.create("AssetVersion", id="v", asset_id="a")
    desk.create("FileComponent", id="c", name="x", version_id="v")
    desk.create("ComponentLocation", id="cl", component_id="c", location_id="disk")
    desk.create("Note", id="n", content="n", parent_id="comp", parent_type="TypedContext")
    desk.create("Appointment", type="assignment", context_id="comp", resource_id="user-lee")
    desk.create("Metadata", parent_id="v", parent_type="AssetVersion", key="k", value="v")
    desk.create("Timelog", context_id="comp", user_id="user-lee", duration=60)
    desk.create("TypedContextList", id="l", name="x", project_id="show", category_id="category")
    assert desk.delete("Project", "show") is True
    for name in (
        "Asset",
        "AssetVersion",
        "Component",
        "ComponentLocation",
        "Note",
        "Recipient",
        "Appointment",
        "Metadata",
        "Timelog",
        "List",
    ):
        assert (
            desk.query(f"select {', '.join(desk.services.schema.find(name).primary_key)} from {name}") == []
        ), name
    assert [row["id"] for row in desk.query("select id from Context order by id")] == ["hidden", "secret"]
    closure = desk.services.schema.metadata.tables["context_ancestor"]
    with desk.services.store.read() as connection:
        assert connection.execute(closure.select()).all() == []


def test_a_deleted_thumbnail_is_let_go(desk: Desk) -> None:
    desk.create("FileComponent", id="c", name="thumbnail")
    desk.update("Task", "comp", thumbnail_id="c")
    desk.delete("FileComponent", "c")
    assert desk.query("select thumbnail_id from Task where id is comp")[0]["thumbnail_id"] is None


def test_what_others_cannot_do_without_stays(desk: Desk) -> None:
    with pytest.raises(IntegrityError, match="status_id"):
        desk.delete("Status", "status-ready")


def test_a_location_with_components_stays_until_they_are_gone(desk: Desk) -> None:
    desk.create("FileComponent", id="c", name="x")
    desk.create("ComponentLocation", id="cl", component_id="c", location_id="disk")
    with pytest.raises(ApiError) as caught:
        desk.delete("Location", "disk")
    assert caught.value.wire_name == "ServerError"
    desk.delete("ComponentLocation", "cl")
    assert desk.delete("Location", "disk") is True


def test_a_deleted_job_takes_its_attachments_rows_along(desk: Desk) -> None:
    desk.create("Job", id="j")
    desk.create("FileComponent", id="c", name="x")
    desk.create("JobComponent", component_id="c", job_id="j")
    desk.delete("Job", "j")
    assert desk.query("JobComponent") == []
    assert len(desk.query("Component")) == 1


# Uniqueness


def test_a_user_has_one_timer(desk: Desk) -> None:
    timer = desk.create("Timer", user=desk.ref("User", "user-lee"), context=None, name=None, comment="")
    assert timer["start"]["__type__"] == "datetime"
    with pytest.raises(DuplicateEntryError, match="Duplicate"):
        desk.create("Timer", user_id="user-lee")
    desk.create("Timer", user_id="user-kim")


def test_two_users_cannot_share_a_name(desk: Desk) -> None:
    with pytest.raises(DuplicateEntryError, match="username lee"):
        desk.create("User", username="lee")


# Reach


def test_rows_out_of_reach_are_missing_and_cannot_be_written(desk: Desk) -> None:
    lee = desk.as_user("lee")
    assert {row["id"] for row in lee.query("select id from Task")} == {"comp"}
    assert {row["id"] for row in lee.query("select id from Project")} == {"show"}
    with pytest.raises(PermissionDenied, match="Task hidden"):
        lee.update("Task", "hidden", name="x")
    with pytest.raises(PermissionDenied):
        lee.delete("Task", "hidden")
    with pytest.raises((PermissionDenied, IntegrityError)):
        lee.create("Task", name="x", parent_id="secret")
    with pytest.raises((PermissionDenied, IntegrityError)):
        lee.update("Task", "comp", parent_id="secret")
    assert lee.create("Task", name="fine", parent_id="sh010")["project_id"] == "show"


def test_administration_is_for_administrators(desk: Desk) -> None:
    lee = desk.as_user("lee")
    with pytest.raises(PermissionDenied, match="lee"):
        lee.create("Status", name="mine")
    with pytest.raises(PermissionDenied):
        lee.delete("Project", "show")
    assert lee.update("User", "user-lee", first_name="Lee")["first_name"] == "Lee"


def test_who_makes_a_private_project_reaches_it(desk: Desk) -> None:
    key = desk.services.access.make_key()
    robot = type(desk)(desk.services, desk.services.access.authenticate("kim", key), desk.hub)
    assert robot.query("Project where id is secret") == []
    robot.run(
        robot.creating(
            "Project", id="p", name="p", full_name="P", is_private=True, project_schema_id="scheme"
        ),
        robot.creating("Task", id="t", name="t", parent_id="p"),
    )
    again = type(desk)(desk.services, desk.services.access.authenticate("kim", key), desk.hub)
    assert len(again.query("select id from Task where project_id is p")) == 1


# Every type


def test_changes_are_published_once_the_batch_is_stored(desk: Desk) -> None:
    desk.update("Task", "comp", name="renamed")
    assert any(event["topic"] == "ftrack.update" for event in desk.hub.events)
