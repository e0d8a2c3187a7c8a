"""Chapter 2 of the protocol reference, 2.8 and 2.9: what the server supplies, forbids and takes along.

Driven by the unmodified Python client where it has a way, by plain requests where the wire itself
counts. Functions are named after sections; what other contract tests hold is not repeated.
"""

import uuid

import arrow
import ftrack_api
import ftrack_api.exception
import ftrack_api.symbol
import pytest

from wire import create, new_id, text, update

TASK_TYPES = ("Task", "Shot", "Sequence", "Episode", "Folder", "AssetBuild", "Milestone")


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


@pytest.mark.parametrize("status", ["running", "done"])
def test_2_8_when_a_job_has_finished_is_the_servers(send, ask, me, status):
    never = text("2001-01-01T00:00:00")
    (made,) = send(create("Job", user_id=me["id"], data="{}", created_at=never, finished_at=never))
    key = made["data"]["id"]
    select = f"select created_at, finished_at from Job where id is {key}"
    (row,) = ask(select)
    assert row["created_at"] != never
    assert row["finished_at"] is None
    send(update("Job", [key], status=status, finished_at=never))
    send(update("Job", [key], finished_at=never))
    (row,) = ask(select)
    assert row["finished_at"] != never
    assert (row["finished_at"] is None) == (status == "running")


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
