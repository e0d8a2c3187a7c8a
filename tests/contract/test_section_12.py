"""Section 12 of the protocol reference: the acceptance list of a sandbox, one test a line.

Each line is gone through once, as it stands; the chapters' own tests go into the depth.
"""

import hashlib
import io
import json
import uuid

import ftrack_api
import ftrack_api.exception
import ftrack_api.symbol
import PIL.Image
import pytest
import requests
import websocket

from coordinator import Browser
from web_page import DEADLINE_S, EVENT_KEYS, until
from wire import create, query, update

SERVER = ftrack_api.symbol.SERVER_LOCATION_ID
DISCOVER, LAUNCH, TRIGGER = (
    f"ftrack.action.{name}" for name in ("discover", "launch", "trigger-user-interface")
)


@pytest.fixture(scope="module", autouse=True)
def left_as_found(ftrack_sandbox):
    """Take back what the tests of this module write; all tests share the sandbox."""
    yield
    ftrack_sandbox.reset()


@pytest.fixture
def post(ftrack_sandbox):
    """Send a body to `/api` without a client library; returns the reply."""

    def run(operations, **headers):
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        whole = {"ftrack-user": ftrack_sandbox.api_user, "ftrack-api-key": ftrack_sandbox.api_key, **named}
        return requests.post(f"{ftrack_sandbox.url}/api", json=operations, headers=whole, timeout=DEADLINE_S)

    return run


@pytest.fixture
def session(ftrack_session):
    return ftrack_session


@pytest.fixture
def project(session):
    """A project of its own."""
    name = f"s12_{uuid.uuid4().hex[:8]}"
    schema = session.query("ProjectSchema where name is VFX").one()
    project = session.create("Project", {"name": name, "full_name": name, "project_schema": schema})
    session.commit()
    return project


@pytest.fixture
def shot(session, project):
    shot = session.create("Shot", {"name": "sh_010", "parent": project})
    session.commit()
    return shot


@pytest.fixture
def task(session, shot):
    task = session.create("Task", {"name": "comp", "parent": shot})
    session.commit()
    return task


@pytest.fixture
def kim(session):
    return session.query('User where username is "kim.ek"').one()


@pytest.fixture
def picture(tmp_path):
    target = io.BytesIO()
    PIL.Image.new("RGB", (640, 360), "red").save(target, "PNG")
    (tmp_path / "still.png").write_bytes(target.getvalue())
    return tmp_path / "still.png"


def get(url):
    return requests.get(url, timeout=DEADLINE_S)


def knows(sandbox, expression):
    return sum(expression in each.subscriptions for each in sandbox.hub.connections)


def test_12_1_lists_are_answered_with_lists_of_their_length_and_errors_with_an_object(post):
    for count in (0, 1, 3):
        reply = post([query("select id from Status limit 1")] * count)
        assert (reply.status_code, len(reply.json())) == (200, count)
    batch = [query("select id from Status"), query("select url from Component")]
    for strict in ("false", "true"):
        reply = post(batch, ftrack_strict_api=strict)
        assert (reply.status_code >= 400) is (strict == "true")
        assert reply.json() == {
            "exception": "ParseError",
            "content": "No attribute 'url' exists for schema 'Component'.",
            "error_code": None,
            "error": None,
        }


def test_12_2_the_hash_is_that_of_the_schemas_and_the_schemas_are_complete(post, session):
    information, schemas = post([{"action": "query_server_information"}, {"action": "query_schemas"}]).json()
    text = json.dumps(schemas, sort_keys=True)
    assert information["schema_hash"] == hashlib.md5(text.encode()).hexdigest()
    names = {each["id"] for each in schemas}
    assert len(names) == 116
    referred = {
        definition.get("$ref") or definition.get("items", {}).get("$ref")
        for each in schemas
        for definition in each["properties"].values()
    }
    assert referred - {None} <= names
    assert set(session.types) == names


def test_12_3_writes_are_checked_at_the_end_all_or_nothing_and_tell_what_was_made(post, project):
    user_id, name = str(uuid.uuid4()), f"u_{uuid.uuid4().hex}"
    late_name = [create("User", id=user_id), update("User", [user_id], username=name)]
    created, updated = (each["data"] for each in post(late_name).json())
    # One entity is spelled out once a reply: both places together tell of it.
    assert (created["id"], created["resource_type"], updated["id"]) == (user_id, "user", user_id)
    assert {**created, **updated}["username"] == name
    assert "email" not in created
    folder = str(uuid.uuid4())
    broken = [create("Folder", id=folder, name="x", parent_id=project["id"]), create("Project", name="y")]
    assert "exception" in post(broken).json()
    assert post([query(f"select id from Folder where id is {folder}")]).json()[0]["data"] == []
    gone = post([{"action": "delete", "entity_type": "User", "entity_key": [user_id]}]).json()
    assert gone == [{"action": "delete", "data": True}]


#: Forms of the query language, of which each finds the task, or what hangs on it, and nothing else.
FORMS = [
    'select context_type, id, name from Task where (id is "{task}") offset 0 limit 500',
    "select bid from Task where id is {task} offset 0 limit 500",
    "select status.id from Task where id is {task} offset 0 limit 500",
    "select parent.context_type, parent.id, parent.name from Task where id is {task} offset 0 limit 500",
    "select status.name, bid from Task where id in ({task},{task}) offset 0 limit 500",
    'select parent_id, key, value, parent_type from Metadata where (parent_id is "{task}" and key is "a")',
    'select value from Metadata where (parent_id is "{task}"and key is "a") offset 0 limit 500',
    'select key from Metadata where (parent_id is "{task}"and key is "a") or (parent_id is "2"and key is a)',
    'select id from Timer where user_id = "{kim}" limit 2',
    "Task where id={task} and name = comp",
    "Task where id is '{task}' and name is 'comp' and bid = 0",
    "Task where id is {task} and name is_not anim and name != anim",
    "Task where id is {task} and bid less_than 1 and bid < 1 and bid greater_than -1 and bid > -1",
    'Task where id is {task} and name like "c%" and name not_like "%x" and not name is anim',
    'Task where id is {task} and name in ("comp", anim) and name not_in (anim) and name not in (fx)',
    "Task where id is {task} and description is none and thumbnail is null and thumbnail_id is None",
    "Task where id is {task} and parent has (name is sh_010) and status has (state has (short is_not DONE))",
    "Task where project.name is {project} and metadata any (key is a and value is b)",
    "Project where name is {project} and children any (children any (name is comp))",
    "Project where children.children.name is comp and name is {project}",
    'Task where parent_id in (select id from Shot where project.name is "{project}")',
    "Task where id is {task} order by sort desc, name limit 20",
]


def test_12_4_every_form_of_a_query_is_understood_and_the_next_offset_is_always_told(
    post, session, task, kim, project
):
    task["metadata"]["a"] = "b"
    kim.start_timer(task, force=True)
    session.commit()
    names = {"task": task["id"], "kim": kim["id"], "project": project["name"]}
    for form in FORMS:
        reply = post([query(form.format(**names))]).json()
        assert isinstance(reply, list), (form, reply)
        (reply,) = reply
        assert [each["__entity_type__"] for each in reply["data"]] == [reply["data"][0]["__entity_type__"]], (
            form
        )
        assert reply["metadata"] == {"next": {"offset": None}}, form
    assert post([query("Status limit 2")]).json()[0]["metadata"] == {"next": {"offset": 2}}
    kim.stop_timer()


def test_12_5_every_selected_attribute_is_there_and_types_are_concrete(post, task):
    names = (
        "description, end_date, status, thumbnail.name, notes, assignments.resource, metadata, parent.name"
    )
    (row,) = post([query(f"select {names} from TypedContext where id is {task['id']}")]).json()[0]["data"]
    assert row["__entity_type__"] == "Task"
    assert {name: row[name] for name in ("description", "end_date", "thumbnail")} == dict.fromkeys(
        ("description", "end_date", "thumbnail")
    )
    assert {name: row[name] for name in ("notes", "assignments", "metadata")} == {
        "notes": [],
        "assignments": [],
        "metadata": [],
    }
    assert row["status"] == {"__entity_type__": "Status", "id": row["status"]["id"]}
    assert (row["parent"]["__entity_type__"], row["parent"]["name"]) == ("Shot", "sh_010")


def test_12_6_custom_attributes_are_dense_updates_insert_and_metadata_follow_their_pattern(
    post, session, shot
):
    def values():
        expression = (
            f"select custom_attributes.key, custom_attributes.value from Shot where id is {shot['id']}"
        )
        rows = post([query(expression)]).json()[0]["data"][0]["custom_attributes"]
        return {each["key"]: each["value"] for each in rows}

    applicable = session.query(
        "select key from CustomAttributeConfiguration where (object_type.name is Shot or is_hierarchical is"
        " true) and project_id is none"
    )
    assert {each["key"] for each in applicable} <= set(values())
    configuration = session.query(
        "CustomAttributeConfiguration where key is fend and object_type.name is Shot"
    ).one()
    for number in (12, 13):
        key = [configuration["id"], shot["id"]]
        (reply,) = post([update("ContextCustomAttributeValue", key, value=number)]).json()
        assert reply["data"]["value"] == number
        assert values()["fend"] == number
    reference = {"__entity_type__": "Metadata", "parent_id": shot["id"], "key": "a"}
    added = [
        {
            **create("Metadata", key="a", parent_id=shot["id"], parent_type="Shot", value="b"),
            "entity_key": [shot["id"], "a"],
        },
        update("Shot", [shot["id"]], metadata=[reference]),
    ]
    removed = [
        update("Shot", [shot["id"]], metadata=[]),
        {"action": "delete", "entity_type": "Metadata", "entity_key": [shot["id"], "a"]},
    ]
    stored = query(f"select key, value from Metadata where parent_id is {shot['id']}")
    for batch, wanted in ((added, ["b"]), (removed, [])):
        assert len(post(batch).json()) == 2
        assert [each["value"] for each in post([stored]).json()[0]["data"]] == wanted


def test_12_7_recipients_version_numbers_timers_and_what_goes_with_a_project(session, task, kim, project):
    nina = session.query('User where username is "nina.holm"').one()
    note = task.create_note("Please check", author=kim, recipients=[nina])
    session.commit()
    recipients = session.query(f"select resource_id from Recipient where note_id is {note['id']}").all()
    assert {kim["id"], nina["id"]} <= {each["resource_id"] for each in recipients}
    kind = session.query("AssetType").first()
    asset = session.create("Asset", {"name": "plate", "parent": task["parent"], "type": kind})
    numbers = []
    for _ in range(3):
        version = session.create("AssetVersion", {"asset": asset, "task": task})
        session.commit()
        numbers.append(version["version"])
    assert numbers == [1, 2, 3]
    kim.start_timer(task, force=True)
    with pytest.raises(ftrack_api.exception.NotUniqueError):
        kim.start_timer(task)
    session.rollback()
    kim.stop_timer()
    gone = {"Task": task["id"], "Asset": asset["id"], "AssetVersion": version["id"], "Note": note["id"]}
    session.delete(project)
    session.commit()
    for entity_type, entity_id in gone.items():
        assert session.query(f"{entity_type} where id is {entity_id}").all() == [], entity_type


def test_12_8_uploads_paths_of_files_and_signed_addresses(session, ftrack_sandbox, task, kim, picture):
    content, component_id = picture.read_bytes(), str(uuid.uuid4())
    (metadata,) = session.call(
        [
            {
                "action": "get_upload_metadata",
                "component_id": component_id,
                "file_name": "still.png",
                "file_size": len(content),
            }
        ]
    )
    # Before the component exists, and without any credentials.
    sent = requests.put(metadata["url"], data=content, headers=metadata["headers"], timeout=DEADLINE_S)
    assert sent.status_code < 400
    component = session.create(
        "FileComponent", {"id": component_id, "name": "still", "file_type": ".png", "size": len(content)}
    )
    place = session.create(
        "ComponentLocation",
        {"component": component, "location_id": SERVER, "resource_identifier": component_id},
    )
    session.commit()
    job = session.create("Job", {"user": kim, "data": json.dumps({"description": "Still"})})
    note = task.create_note("See", author=kim)
    session.commit()
    attached = session.create("JobComponent", {"component_id": component_id, "job_id": job["id"]})
    noted = session.create("NoteComponent", {"component_id": component_id, "note_id": note["id"]})
    task["thumbnail_id"] = component_id
    session.commit()
    for signed in (attached["url"], place["url"], noted["url"], task["thumbnail_url"]):
        assert signed["url"] == signed["value"]
        assert ftrack_sandbox.api_key not in signed["url"]
        assert get(signed["url"]).status_code == 200
    assert get(attached["url"]["url"]).content == content
    known = {"id": component_id, "username": session.api_user, "apiKey": session.api_key}

    def path(name, **more):
        return requests.get(
            f"{session.server_url}/component/{name}", params={**known, **more}, timeout=DEADLINE_S
        )

    assert path("get").content == content
    assert PIL.Image.open(io.BytesIO(path("thumbnail", size=100).content)).size == (100, 56)
    assert path("remove").status_code < 400
    assert path("get").status_code >= 400


def test_12_9_the_event_hub(ftrack_sandbox, kim):
    query = {"api_user": ftrack_sandbox.api_user, "api_key": ftrack_sandbox.api_key}
    handshake = requests.get(f"{ftrack_sandbox.url}/socket.io/1/", params=query, timeout=DEADLINE_S).text
    parts = handshake.split(":")
    assert len(parts) == 4
    assert "websocket" in parts[3]
    url = f"{ftrack_sandbox.url.replace('http', 'ws')}/socket.io/1/websocket/{parts[0]}"
    # Ten seconds for each packet, a heartbeat among them.
    socket = websocket.create_connection(url, timeout=10)
    assert socket.recv() == "1::"

    def say(topic, data, packet_id="", **more):
        event = {"topic": topic, "data": data, **more}
        socket.send(f"5:{packet_id}::" + json.dumps({"name": "ftrack.event", "args": [event]}))

    def packet():
        while (found := socket.recv()) == "2::":
            pass
        return found

    about = {"id": "s12", "applicationId": "test.s12"}
    for number in (1, 2):
        say(
            "ftrack.meta.subscribe",
            {"subscriber": about, "subscription": "topic=test.s12"},
            f"{number}+",
        )
        answer = packet()
        assert answer.startswith(f"6:::{number}+")
        assert json.loads(answer.removeprefix(f"6:::{number}+")) == [{"success": True}]
    say("ftrack.meta.subscribe", {"subscriber": {"id": "more"}, "subscription": "topic=test.*"})
    for target in ("", "applicationId=test.other and id=s12", "applicationId=test.s12"):
        say("test.s12", {"target": target}, target=target)
    came = [packet() for _ in range(2)]
    assert [each[:4] for each in came] == ["5:::"] * 2
    events = [each for frame in came for each in json.loads(frame[4:])["args"]]
    assert [set(each) for each in events] == [EVENT_KEYS] * 2
    assert [each["data"]["target"] for each in events] == ["", "applicationId=test.s12"]
    while socket.recv() != "2::":
        pass
    socket.close()


def test_12_10_somebody_clicks(open_session, ftrack_sandbox, page, task, kim):
    listener = open_session()
    listener.event_hub.connect()
    item = {"label": "Reports", "actionIdentifier": "studio.report"}
    form = {"items": [{"type": "text", "name": "title", "value": "", "label": "Title"}]}

    def launch(event):
        values, user = event["data"].get("values"), event["source"]["user"]
        if not values:
            return form
        job = listener.create(
            "Job", {"user_id": user["id"], "data": json.dumps({"description": values["title"]})}
        )
        component = listener.create("FileComponent", {"name": values["title"], "file_type": ".txt"})
        listener.commit()
        listener.create("JobComponent", {"component_id": component["id"], "job_id": job["id"]})
        job["status"] = "done"
        listener.commit()
        target = f'applicationId=ftrack.client.web and user.id="{user["id"]}"'
        data = {"type": "message", "success": True, "message": "Finished"}
        listener.event_hub.publish(ftrack_api.event.base.Event(TRIGGER, data=data, target=target))
        return {"success": True, "message": "Started"}

    listener.event_hub.subscribe(f"topic={DISCOVER}", lambda event: {"items": [item]})
    listener.event_hub.subscribe(f"topic={LAUNCH} and data.actionIdentifier=studio.report", launch)
    until(lambda: knows(ftrack_sandbox, f"topic={LAUNCH} and data.actionIdentifier=studio.report"))
    hub = listener.event_hub
    chosen = {"selection": [{"entityId": task["id"], "entityType": "task"}]}
    assert page.source["applicationId"] == "ftrack.client.web"
    assert page.ask(DISCOVER, chosen, hub) == [{"items": [item]}]
    assert page.ask(LAUNCH, {**item, **chosen}, hub) == [form]
    title = uuid.uuid4().hex
    values = {"values": {"title": title}}
    assert page.ask(LAUNCH, {**item, **chosen, **values}, hub) == [{"success": True, "message": "Started"}]
    until(lambda: page.told(TRIGGER), hub)
    assert [each["data"]["message"] for each in page.told(TRIGGER)] == ["Finished"]
    jobs = Browser(open_session("kim.ek")).jobs()
    assert (jobs[0]["description"], jobs[0]["status"]) == (title, "done")
    assert len(jobs[0]["urls"]) == 1


def test_12_11_each_commit_is_told_with_legacy_names(page, session, task, shot, project):
    page.subscribe("topic=ftrack.update")
    page.hear_itself()
    task["status"] = session.query("Status where name is Approved").one()
    session.commit()
    task["description"] = "twice"
    session.commit()
    until(lambda: len(page.told("ftrack.update")) == 2)
    first, second = page.told("ftrack.update")
    (entry,) = first["data"]["entities"]
    assert {
        name: entry[name] for name in ("action", "entityType", "entity_type", "entityId", "parentId")
    } == {
        "action": "update",
        "entityType": "task",
        "entity_type": "Task",
        "entityId": task["id"],
        "parentId": shot["id"],
    }
    assert entry["keys"] == ["statusid"]
    assert entry["changes"]["statusid"]["new"] == task["status_id"]
    assert [each["entityId"] for each in entry["parents"]] == [task["id"], shot["id"], project["id"]]
    assert [each["entityType"] for each in entry["parents"]] == ["task", "task", "show"]
    assert second["data"]["entities"][0]["keys"] == ["description"]


@pytest.fixture
def ask_for(ftrack_sandbox):
    """Ask for faults over HTTP, as somebody in another process does; all ended with the test."""

    def run(*faults):
        headers = {"ftrack-user": ftrack_sandbox.api_user, "ftrack-api-key": ftrack_sandbox.api_key}
        url = f"{ftrack_sandbox.url}/sandbox/faults"
        reply = requests.post(url, json=list(faults), headers=headers, timeout=DEADLINE_S)
        assert reply.status_code == 200, reply.text
        return reply.json()["faults"]

    yield run
    run()


def test_12_12_every_fault_of_the_list_can_be_switched_on(
    ask_for, ftrack_sandbox, open_session, page, session
):
    # Delayed, failing, and slow calls; pages; refused rights; braces in a text.
    ask_for({"kind": "delay", "operation": "query", "seconds": 0.05})
    assert session.query("Project").first() is not None
    assert list(ftrack_sandbox.requests)[-1].fault == "delay"
    ask_for({"kind": "slow", "operation": "query", "seconds": 0.05})
    assert session.query("Project").first() is not None
    assert list(ftrack_sandbox.requests)[-1].fault == "slow"
    ask_for({"kind": "error", "operation": "query", "exception": "ValidationError", "content": "Away"})
    with pytest.raises(ftrack_api.exception.ServerError, match=r"ValidationError\(Away\)"):
        session.query("Project").first()
    ask_for({"kind": "page", "operation": "query", "status": 500})
    with pytest.raises(json.JSONDecodeError):
        session.query("Project").first()
    ask_for({"kind": "error", "operation": "create", "exception": "PermissionError", "content": "Not you"})
    session.create("Job", {"data": "{}"})
    with pytest.raises(ftrack_api.exception.ServerError, match=r"PermissionError\(Not you\)"):
        session.commit()
    session.rollback()
    ask_for({"kind": "error", "content": "No {braces} {0}"})
    with pytest.raises(ftrack_api.exception.ServerError) as caught:
        session.query("Project").first()
    assert "No {braces} {0}" in caught.value.message
    with pytest.raises((KeyError, IndexError)):
        str(caught.value)
    # Two listeners with one identifier.
    heard, hubs = [], [open_session(name).event_hub for name in ("ada.lund", "zoe.oconnor")]
    expression = f"topic={LAUNCH} and data.actionIdentifier=test.s12"
    for hub in hubs:
        hub.connect()
        hub.subscribe(expression, heard.append)
    until(lambda: knows(ftrack_sandbox, expression) == 2)
    page.say(LAUNCH, {"actionIdentifier": "test.s12"})
    until(lambda: len(heard) == 2, *hubs)
    # Delivered twice to one of them.
    heard.clear()
    ask_for({"kind": "duplicate", "topic": LAUNCH, "user": "ada.lund"})
    event_id = page.say(LAUNCH, {"actionIdentifier": "test.s12"})
    until(lambda: len(heard) == 3, *hubs)
    assert [each["id"] for each in heard] == [event_id] * 3
    # Its socket dropped: it comes back by itself, and no heartbeat is answered by the new one.
    heard.clear()
    before = {each.id for each in ftrack_sandbox.hub.connections if each.username == "ada.lund"}
    ask_for(
        {"kind": "no_heartbeat", "user": "ada.lund", "count": 2},
        {"kind": "drop_socket", "user": "ada.lund"},
    )

    def back():
        found = [each for each in ftrack_sandbox.hub.connections if each.username == "ada.lund"]
        return [each for each in found if each.id not in before and expression in each.subscriptions]

    until(back)
    page.say(LAUNCH, {"actionIdentifier": "test.s12"})
    until(lambda: len(heard) == 2, *hubs)
    assert before.isdisjoint(each.id for each in ftrack_sandbox.hub.connections)
    beaten = {each.id: each.heartbeats for each in ftrack_sandbox.hub.connections}
    until(lambda: any(each.heartbeats > beaten[each.id] for each in ftrack_sandbox.hub.connections))
    assert [each.heartbeats for each in back()] == [0]
