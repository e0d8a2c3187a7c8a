"""Chapter 11 of the protocol reference, by its numbers, where the server has a part in the trap."""

import json
import threading
import uuid

import ftrack_api
import ftrack_api.exception
import ftrack_api.symbol
import pytest
import requests

from ftrack_sandbox.faults import Fault
from web_page import until


@pytest.fixture(scope="module", autouse=True)
def left_as_found(ftrack_sandbox):
    """Take back what the tests of this module write; all tests share the sandbox."""
    yield
    ftrack_sandbox.reset()


@pytest.fixture
def faults(ftrack_sandbox):
    yield ftrack_sandbox.faults
    ftrack_sandbox.faults.clear()


@pytest.fixture
def task(ftrack_session):
    project = ftrack_session.query("Project where name is stem2").one()
    shot = ftrack_session.create("Shot", {"name": f"c11_{uuid.uuid4().hex[:8]}", "parent": project})
    task = ftrack_session.create("Task", {"name": "comp", "parent": shot})
    ftrack_session.commit()
    return task


@pytest.fixture
def requests_of(ftrack_sandbox):
    """How many calls of the API something makes."""

    def run(action):
        before = ftrack_sandbox.requests.count
        action()
        return ftrack_sandbox.requests.count - before

    return run


def knows(sandbox, expression):
    return sum(expression in each.subscriptions for each in sandbox.hub.connections)


def test_11_7_a_new_query_with_projections_brings_what_others_changed(task, open_session):
    other = open_session()
    mine, name = other.get("Task", task["id"]), f"comp {uuid.uuid4().hex[:8]}"
    assert mine["name"] == "comp"
    task["name"] = name
    task.session.commit()
    assert mine["name"] == "comp"
    other.query(f"select name from Task where id is {task['id']}").one()
    assert mine["name"] == name


def test_11_9_each_attribute_not_loaded_is_one_request_for_each_entity(open_session, requests_of):
    def read(tasks):
        for each in tasks:
            assert each["bid"] is not None
            assert each["status"]["name"]

    session = open_session()
    tasks = session.query("select id from Task where name is compositing limit 3").all()
    assert requests_of(lambda: read(tasks)) >= 2 * len(tasks)
    session = open_session()
    expression = "select bid, status.name from Task where name is compositing limit 3"
    assert requests_of(lambda: read(session.query(expression).all())) == 1
    session = open_session()
    tasks = session.query("select id from Task where name is compositing limit 3").all()
    assert requests_of(lambda: session.populate(tasks, "bid, status.name")) == 1
    assert requests_of(lambda: read(tasks)) == 0


def test_11_10_a_supertype_is_asked_for_each_time(task, open_session, requests_of):
    session = open_session()
    session.get("Task", task["id"])
    assert requests_of(lambda: session.get("Task", task["id"])) == 0
    for _ in range(2):
        assert requests_of(lambda: session.get("TypedContext", task["id"])) == 1
    assert session.get("TypedContext", task["id"]) is session.get("Task", task["id"])


def test_11_11_what_is_populated_together_is_asked_for_as_the_type_of_the_first(task, open_session):
    session = open_session()
    found = session.query(
        f"select id from TypedContext where id in ({task['id']}, {task['parent_id']}) order by name"
    ).all()
    assert [each.entity_type for each in found] == ["Shot", "Task"]
    session.populate(found, "description, bid")
    with session.auto_populating(False):
        shot, comp = found
        assert shot["description"] is None
        assert comp["description"] is ftrack_api.symbol.NOT_SET


def test_11_13_a_heartbeat_event_to_oneself_comes_back(open_session, ftrack_sandbox):
    session, heard = open_session(), []
    session.event_hub.connect()
    topic = f"test.heartbeat.{uuid.uuid4().hex}"
    session.event_hub.subscribe(f"topic={topic}", heard.append)
    until(lambda: knows(ftrack_sandbox, f"topic={topic}"))
    session.event_hub.publish(ftrack_api.event.base.Event(topic))
    until(lambda: heard, session.event_hub)


def test_11_15_missed_events_are_not_replayed(open_session, ftrack_sandbox, page, task):
    listener, heard = open_session(), []
    hub = listener.event_hub
    hub.connect()
    hub.disconnect(unsubscribe=False)
    hub.subscribe("topic=ftrack.update", heard.append)
    page.subscribe("topic=ftrack.update")
    page.hear_itself()
    task["name"] = "missed"
    task.session.commit()
    until(lambda: page.told("ftrack.update"))
    hub.connect()
    until(lambda: knows(ftrack_sandbox, "topic=ftrack.update") == 2)
    task["name"] = "heard"
    task.session.commit()
    until(lambda: heard, hub)
    names = [each["data"]["entities"][0]["changes"]["name"]["new"] for each in heard]
    assert names == ["heard"]
    # So what was missed is asked for.
    assert listener.query(f"select name from Task where id is {task['id']}").one()["name"] == "heard"


def test_11_17_own_changes_come_back(open_session, ftrack_sandbox, task):
    session, heard = open_session(), []
    session.event_hub.connect()
    session.event_hub.subscribe("topic=ftrack.update", heard.append)
    until(lambda: knows(ftrack_sandbox, "topic=ftrack.update"))
    session.get("Task", task["id"])["name"] = "by myself"
    session.commit()
    until(lambda: heard, session.event_hub)
    assert heard[0]["source"]["user"]["username"] == session.api_user


def test_11_20_a_child_created_directly_is_safe_beside_a_whole_list(task, open_session):
    first, second = open_session(), open_session()
    mine = first.get("Task", task["id"])
    assert list(mine["notes"]) == []
    note = second.create("Note", {"content": "b", "parent_id": task["id"], "parent_type": "TypedContext"})
    second.commit()
    mine.create_note("a", author=first.query('User where username is "kim.ek"').one())
    first.commit()
    found = open_session().query(f"select content from Note where parent_id is {task['id']}")
    assert sorted(each["content"] for each in found) == ["a", "b"]
    assert note["id"] in {each["id"] for each in found}


def test_11_21_a_create_repeated_after_a_lost_reply_fails_and_duplicates_nothing(open_session, faults):
    session, name = open_session(), uuid.uuid4().hex
    faults.add(Fault("drop_after", operation="create", entity_type="Scope"))
    session.create("Scope", {"name": name})
    with pytest.raises(requests.exceptions.ConnectionError):
        session.commit()
    with pytest.raises(ftrack_api.exception.ServerError):
        session.commit()
    session.rollback()
    assert len(session.query(f"Scope where name is {name}").all()) == 1


def test_11_22_the_server_completes_what_the_client_did_not_wait_for(open_session, faults):
    impatient, name = open_session(timeout=0.2), uuid.uuid4().hex
    asked = faults.add(Fault("delay", operation="create", entity_type="Scope", seconds=600))
    impatient.create("Scope", {"name": name})
    with pytest.raises(requests.exceptions.Timeout):
        impatient.commit()
    impatient.rollback()
    session = open_session()
    assert (asked.met, session.query(f"Scope where name is {name}").all()) == (1, [])
    faults.clear()
    until(lambda: session.query(f"Scope where name is {name}").all())


def test_11_24_a_closed_session_leaves_the_hub(open_session, ftrack_sandbox):
    before = {each.id for each in ftrack_sandbox.hub.connections}
    session = open_session()
    session.event_hub.connect()
    until(lambda: {each.id for each in ftrack_sandbox.hub.connections} - before)
    session.close()
    until(lambda: not {each.id for each in ftrack_sandbox.hub.connections} - before)
    with pytest.raises(ftrack_api.exception.ConnectionClosedError):
        session.query("Project").all()


def test_11_27_what_a_handler_of_updates_returns_goes_to_nobody_and_harms_nobody(
    open_session, ftrack_sandbox, page, task
):
    session, handled = open_session(), threading.Event()
    session.event_hub.connect()

    def handle(event):
        handled.set()
        return {"success": True}

    session.event_hub.subscribe("topic=ftrack.update", handle)
    until(lambda: knows(ftrack_sandbox, "topic=ftrack.update"))
    task["name"] = "returned"
    task.session.commit()
    until(handled.is_set, session.event_hub)
    page.hear_itself()
    assert page.told("ftrack.meta.reply") == []
    handled.clear()
    task["name"] = "again"
    task.session.commit()
    until(handled.is_set, session.event_hub)


def test_11_29_an_attachment_of_a_job_is_made_by_its_key(open_session):
    session = open_session()
    user = session.query('User where username is "kim.ek"').one()
    component = session.create("FileComponent", {"name": "main"})
    job = session.create("Job", {"user": user, "data": json.dumps({"description": "x"})})
    session.commit()
    with pytest.raises(RecursionError):
        session.create("JobComponent", {"component": component, "job": job})
    session.rollback()
    key = {"component_id": component["id"], "job_id": job["id"]}
    made = session.create("JobComponent", key)
    session.commit()
    assert (made["component_id"], made["job_id"]) == (component["id"], job["id"])
    found = open_session().query(f"select job_components.component_id from Job where id is {job['id']}").one()
    assert [each["component_id"] for each in found["job_components"]] == [component["id"]]
