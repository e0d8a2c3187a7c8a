"""Section 5.8 of the protocol reference: feeds among what `ftrack.update` tells of."""

import threading
import time
import uuid

import pytest
from ftrack_api.event.hub import EventHub

from ftrack_sandbox.schema import load_schema
from hubs import end_hub

DEADLINE_S = 30.0


@pytest.fixture
def told(ftrack_sandbox):
    """Return a function that commits a session and returns what was told about it, by `entityType`."""
    hub = EventHub(ftrack_sandbox.url, ftrack_sandbox.api_user, ftrack_sandbox.api_key)
    hub.connect()
    events = []
    hub.subscribe("topic=ftrack.update", events.append)
    wait(lambda: any("topic=ftrack.update" in each.subscriptions for each in ftrack_sandbox.hub.connections))

    def commit(session):
        events.clear()
        session.commit()
        wait(lambda: events, hub)
        return {each["entityType"]: each for each in events[0]["data"]["entities"]}

    yield commit
    end_hub(hub)


def wait(condition, hub=None):
    end = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < end
        hub.wait(duration=0) if hub is not None else threading.Event().wait(0.01)


def test_5_8_a_feed_is_told_as_socialfeed_up_to_its_project(ftrack_session, told):
    project = ftrack_session.query("Project where name is open_shorts").one()
    event = ftrack_session.create("Event", {"id": 900001, "action": "change.status", "project": project})
    feed = ftrack_session.create("Feed", {"event": event, "owner_id": project["id"], "relation": "context"})
    found = told(ftrack_session)["socialfeed"]
    assert (found["action"], found["entity_type"], found["entityId"]) == ("add", "Feed", feed["id"])
    assert found["changes"]["ownerid"] == {"old": None, "new": project["id"]}
    assert found["changes"]["socialid"] == {"old": None, "new": event["id"]}
    assert [each["entityType"] for each in found["parents"]] == ["socialfeed", "socialevent", "show"]
    assert found["parents"][-1]["entityId"] == project["id"]
    feed["distance"] = 2
    found = told(ftrack_session)["socialfeed"]
    assert (found["action"], found["changes"]) == ("update", {"distance": {"old": 0, "new": 2}})
    ftrack_session.delete(feed)
    assert told(ftrack_session)["socialfeed"]["action"] == "remove"


def test_5_8_no_type_of_the_schema_is_a_socialnotification():
    """So none is published; which type of a real server that is, nobody outside knows."""
    assert "socialnotification" not in {each.legacy for each in load_schema().types.values()}


def test_9_3_a_feed_is_seen_where_its_event_is(ftrack_sandbox, ftrack_session):
    projects = {each["name"]: each for each in ftrack_session.query("select id, name from Project")}
    feeds = {}
    for number, name in enumerate(("open_shorts", "stem2")):
        event = ftrack_session.create("Event", {"id": 910001 + number, "project": projects[name]})
        feeds[name] = ftrack_session.create("Feed", {"event": event, "owner_id": str(uuid.uuid4())})["id"]
    ftrack_session.commit()
    session = type(ftrack_session)(
        ftrack_sandbox.url,
        ftrack_sandbox.make_key("pavel.novak"),
        "pavel.novak",
        plugin_paths=[],
        schema_cache_path=False,
    )
    seen = {each["id"] for each in session.query("select id from Feed")}
    session.close()
    assert seen & set(feeds.values()) == {feeds["open_shorts"]}
