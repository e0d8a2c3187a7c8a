"""Chapter 5 of the protocol reference: packets, expressions, delivery, the end of a connection, topics."""

import contextlib
import json
import threading
import uuid

import ftrack_api
import ftrack_api.exception
import ftrack_api.symbol
import pytest
import requests
import websocket
from ftrack_api.event.base import Event
from ftrack_api.event.hub import EventHub

from ftrack_sandbox.faults import Fault
from web_page import DEADLINE_S, until


@pytest.fixture
def make_hub(ftrack_sandbox):
    """Make connected hubs of the client, ended with the test."""
    with contextlib.ExitStack() as stack:

        def run(username="kim.ek"):
            hub = EventHub(ftrack_sandbox.url, username, ftrack_sandbox.api_key)
            hub.connect()
            stack.callback(lambda: hub.disconnect() if hub.connected else None)
            return hub

        yield run


@pytest.fixture
def faults(ftrack_sandbox):
    yield ftrack_sandbox.faults
    ftrack_sandbox.faults.clear()


@pytest.fixture
def socket(ftrack_sandbox):
    """A web socket past its first packet."""
    query = {"api_user": ftrack_sandbox.api_user, "api_key": ftrack_sandbox.api_key}
    text = requests.get(f"{ftrack_sandbox.url}/socket.io/1/", params=query, timeout=DEADLINE_S).text
    address = f"{ftrack_sandbox.url.replace('http', 'ws')}/socket.io/1/websocket/{text.split(':')[0]}"
    socket = websocket.create_connection(address, timeout=DEADLINE_S)
    assert socket.recv() == "1::"
    yield socket
    socket.close()


def packet(socket):
    """The next packet that is no heartbeat."""
    while (found := socket.recv()) == "2::":
        pass
    return found


def frame(topic, data, packet_id=""):
    event = {"topic": topic, "data": data}
    return f"5:{packet_id}::" + json.dumps({"name": "ftrack.event", "args": [event]})


def knows(sandbox, expression):
    return any(expression in each.subscriptions for each in sandbox.hub.connections)


# 5.2 Packets.


def test_5_2_a_failed_acknowledgement_has_one_object_with_a_message(socket):
    data = {"subscriber": {"id": "a"}, "subscription": "topic="}
    socket.send(frame("ftrack.meta.subscribe", data, "4+"))
    answer = packet(socket)
    assert answer.startswith("6:::4+")
    (told,) = json.loads(answer.removeprefix("6:::4+"))
    assert told["success"] is False
    assert isinstance(told["message"], str)


@pytest.mark.parametrize("answer", ["2:::", "2::"], ids=["python", "javascript"])
def test_5_2_a_heartbeat_may_be_answered_as_each_client_does(answer, socket, ftrack_sandbox):
    counted = sum(each.heartbeats for each in ftrack_sandbox.hub.connections)
    socket.send(answer)
    until(lambda: sum(each.heartbeats for each in ftrack_sandbox.hub.connections) > counted)


def test_5_2_a_disconnect_packet_ends_the_connection(socket):
    socket.send("0::")
    with pytest.raises((websocket.WebSocketException, OSError)):
        while True:
            assert packet(socket) in ("0::", "")
            if not socket.connected:
                raise websocket.WebSocketConnectionClosedException


def test_5_2_an_event_of_javascript_is_passed_on_and_not_acknowledged(socket):
    socket.send(
        frame("ftrack.meta.subscribe", {"subscriber": {"id": "a"}, "subscription": "topic=test.js"}, "1+")
    )
    assert packet(socket).startswith("6:::1+")
    socket.send(frame("test.js", {"n": 1}))
    body = packet(socket)
    assert body.startswith("5:::")
    assert len(json.loads(body[4:])["args"]) == 1


# 5.5 Subscription and target expressions.

#: Expressions, and whether they hold for an event of topic T with the data DATA.
DATA = {"name": "comp", "n": 3, "deep": {"a": "x"}, "none": None}
EXPRESSIONS = {
    "topic=T": True,
    "topic = T": True,
    'topic="T"': True,
    "topic='T'": True,
    "topic=T.more": False,
    "topic=T and data.name=comp": True,
    "topic=T AND data.name=anim": False,
    "topic=T and (data.name=anim or data.name=comp)": True,
    "topic=T and not data.name=anim": True,
    "topic=T and Not data.name=comp": False,
    "data.name=anim or topic=T and data.name=comp": True,
    "topic=T and data.name!=anim": True,
    "topic=T and data.name!=comp": False,
    "topic=T and data.missing=comp": False,
    "topic=T and data.missing!=comp": False,
    "topic=T and data.deep.a=x": True,
    "topic=T and data.n=3": False,
    "topic=T and data.name>bomp": True,
    "topic=T and data.name<bomp": False,
    "topic=T and data.name>=comp": True,
    "topic=T and data.name<=comp": True,
    "topic=T and data.name=co*": True,
    "topic=T and source.user.username=kim.ek": True,
    'topic=T and source.user.username="ada.lund"': False,
}


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_5_5_an_expression_decides_what_is_sent(expression, page):
    topic = f"test.{uuid.uuid4().hex}"
    page.subscribe(expression.replace("T", topic, 1) if "topic" in expression else expression)
    page.say(topic, DATA)
    page.hear_itself()
    assert bool(page.told(topic)) is EXPRESSIONS[expression]


@pytest.mark.parametrize(
    "expression", ['topic=T and data.name=""', "topic=T and data.none=x*", "topic=T and data.n>2"]
)
def test_5_5_what_raises_in_the_client_harms_nobody_at_the_server(expression, page):
    topic = f"test.{uuid.uuid4().hex}"
    page.subscribe(expression.replace("T", topic, 1))
    page.say(topic, DATA)
    page.hear_itself()
    assert page.told(topic) == []


@pytest.mark.parametrize(
    ("target", "wanted"),
    [
        ("", True),
        ("id=ID", True),
        ("id=other", False),
        ("applicationId=test.app", True),
        ('applicationId=test.app and user.id="u1"', True),
        ('applicationId=test.app and user.id="u2"', False),
        ("not applicationId=test.app", False),
    ],
)
def test_5_5_a_target_is_held_against_what_subscribers_told_of_themselves(target, wanted, page):
    topic, subscriber = f"test.{uuid.uuid4().hex}", uuid.uuid4().hex
    about = {"id": subscriber, "applicationId": "test.app", "user": {"id": "u1"}}
    page.subscribe(f"topic={topic}", about)
    page.say(topic, {}, target=target.replace("ID", subscriber))
    page.hear_itself()
    assert bool(page.told(topic)) is wanted


# 5.6 Who receives an event.


def test_5_6_a_publisher_receives_its_own_event_once_however_many_subscriptions_match(page):
    topic = f"test.{uuid.uuid4().hex}"
    for expression in (f"topic={topic}", f"topic={topic[:12]}*", f"topic={topic} and data.n=x"):
        page.subscribe(expression)
    page.say(topic, {"n": "x"})
    page.hear_itself()
    assert len(page.told(topic)) == 1


def test_5_6_every_connection_with_a_matching_subscription_gets_it(make_hub, ftrack_sandbox, page):
    topic, heard = f"test.{uuid.uuid4().hex}", {}
    hubs = {name: make_hub(name) for name in ("kim.ek", "ada.lund", "client.review")}
    for name, hub in hubs.items():
        hub.subscribe(f"topic={topic}", heard.setdefault(name, []).append)
    until(lambda: sum(f"topic={topic}" in each.subscriptions for each in ftrack_sandbox.hub.connections) == 3)
    event_id = page.say(topic, {})
    until(lambda: all(heard.values()), *hubs.values())
    assert [[each["id"] for each in events] for events in heard.values()] == [[event_id]] * 3


def test_5_6_the_form_of_a_reply(make_hub, ftrack_sandbox, page):
    topic, hub = f"test.{uuid.uuid4().hex}", make_hub()
    hub.subscribe(f"topic={topic}", lambda event: {"items": []}, subscriber={"id": "listener"})
    until(lambda: knows(ftrack_sandbox, f"topic={topic}"))
    event_id = page.say(topic, {})
    until(lambda: page.replies(event_id), hub)
    (reply,) = page.replies(event_id)
    assert reply.pop("id")
    assert reply["source"].pop("host")
    assert reply == {
        "topic": "ftrack.meta.reply",
        "data": {"items": []},
        "target": f"id={page.id}",
        "inReplyToEvent": event_id,
        "source": {"id": "listener", "user": {"username": "kim.ek"}},
        "sent": None,
    }


def test_5_6_what_is_published_synchronously_never_reaches_the_server(make_hub, page):
    hub = make_hub()
    page.subscribe("topic=test.local")
    hub.subscribe("topic=test.local", lambda event: "here")
    assert hub.publish(Event("test.local"), synchronous=True) == ["here"]
    page.hear_itself()
    assert page.told("test.local") == []


# 5.7 Connection life.


def test_5_7_a_client_that_gives_up_tells_itself_alone_and_waits_no_longer(
    make_hub, ftrack_sandbox, page, faults
):
    hub, told = make_hub("ada.lund"), []
    hub._auto_reconnect_attempts, hub._auto_reconnect_delay = 2, 0
    hub.subscribe("topic=ftrack.meta.disconnected", told.append)
    page.subscribe("topic=ftrack.meta.disconnected")
    until(lambda: knows(ftrack_sandbox, "topic=ftrack.meta.disconnected"))
    waiting = threading.Thread(target=hub.wait, daemon=True)
    waiting.start()
    refused = faults.add(Fault("drop", operation="handshake", user="ada.lund", count=1000))
    faults.add(Fault("drop_socket", user="ada.lund"))
    waiting.join(DEADLINE_S)
    assert not waiting.is_alive()
    assert refused.met == 2
    assert len(told) == 1
    assert not hub.connected
    page.hear_itself()
    assert page.told("ftrack.meta.disconnected") == []


# 5.9 Other topics.


def test_5_9_a_dynamic_enumerator_is_asked_by_the_page_and_answered_with_a_list(
    make_hub, ftrack_sandbox, page
):
    hub, answer = make_hub(), [{"name": "A", "value": "a"}, {"name": "B", "value": "b"}]
    hub.subscribe("topic=ftrack.dynamic-enumerator", lambda event: answer)
    until(lambda: knows(ftrack_sandbox, "topic=ftrack.dynamic-enumerator"))
    assert page.ask("ftrack.dynamic-enumerator", {"attributeName": "vendor"}, hub) == [answer]


def test_5_9_a_path_is_asked_for_and_answered(make_hub, ftrack_sandbox, page):
    hub = make_hub()
    topic = "ftrack.location.request-resolve"
    hub.subscribe(f"topic={topic}", lambda event: {"path": f"/mnt/{event['data']['componentId']}"})
    until(lambda: knows(ftrack_sandbox, f"topic={topic}"))
    data = {"componentId": "c1", "locationName": "studio.disk"}
    assert page.ask(topic, data, hub) == [{"path": "/mnt/c1"}]


def test_5_9_components_added_and_removed_are_told_by_the_client(ftrack_session, page, tmp_path):
    for name in ("added", "removed"):
        page.subscribe(f"topic=ftrack.location.component-{name}")
    page.hear_itself()
    ftrack_session.event_hub.connect()
    (tmp_path / "a.txt").write_text("a")
    server = ftrack_session.get("Location", ftrack_api.symbol.SERVER_LOCATION_ID)
    component = ftrack_session.create_component(str(tmp_path / "a.txt"), location=server)
    server.remove_component(component)
    until(lambda: page.told("ftrack.location.component-removed"))
    told = {"component_id": component["id"], "location_id": server["id"]}
    for name in ("added", "removed"):
        # The client tells of its own location in memory too.
        found = [each["data"] for each in page.told(f"ftrack.location.component-{name}")]
        assert [each for each in found if each["location_id"] == server["id"]] == [told]


def test_5_9_topics_of_connect_and_of_storage_may_pass_too(make_hub, ftrack_sandbox, page):
    hub, heard = make_hub(), threading.Event()
    hub.subscribe("topic=ftrack.connect", lambda event: heard.set())
    until(lambda: knows(ftrack_sandbox, "topic=ftrack.connect"))
    page.say("ftrack.connect", {"type": "show"})
    until(heard.is_set, hub)


def test_5_9_what_the_client_says_to_itself_at_its_start_stays_there(
    ftrack_sandbox, ftrack_schema_cache, page
):
    for topic in ("ftrack.api.session.*", "ftrack.meta.connected", "ftrack.storage-scenario.activate"):
        page.subscribe(f"topic={topic}")
    page.hear_itself()
    session = ftrack_api.Session(
        ftrack_sandbox.url,
        ftrack_sandbox.api_key,
        ftrack_sandbox.api_user,
        plugin_paths=[],
        schema_cache_path=str(ftrack_schema_cache),
        auto_connect_event_hub=True,
    )
    ready = []
    session.event_hub.subscribe("topic=ftrack.meta.connected", ready.append)
    session._auto_connect_event_hub_thread.join(DEADLINE_S)
    session.reset()
    session.close()
    page.hear_itself()
    ours = ("ftrack.api.session", "ftrack.meta.connected", "ftrack.storage-scenario")
    assert [each["topic"] for each in page.events if each["topic"].startswith(ours)] == []
