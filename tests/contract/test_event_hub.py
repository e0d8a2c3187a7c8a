"""The unmodified client's event hub, and raw sockets that misbehave, against the sandbox's."""

import contextlib
import json
import logging
import socket
import threading
import time

import pytest
import requests
import uvicorn
import websocket
from ftrack_api.event.base import Event
from ftrack_api.event.hub import EventHub
from ftrack_api.exception import EventHubConnectionError
from starlette.applications import Starlette

from coordinator import wait_for
from ftrack_sandbox.errors import InvalidCredentials
from ftrack_sandbox.events import peer
from ftrack_sandbox.events.hub import Hub, HubUser
from hubs import end_hub

DEADLINE_S = 30.0
KEY = "not-a-secret"


def until(condition, *hubs):
    """Let *hubs* handle their events until *condition* holds."""
    end = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < end, "the condition never came to hold"
        for hub in hubs:
            hub.wait(duration=0)
        if not hubs:
            threading.Event().wait(0.02)


def authenticate(username, key):
    if key != KEY or not username:
        raise InvalidCredentials("The supplied API key is not valid for this user.")
    return HubUser(f"id of {username}", username)


class Server:
    """The event hub's routes and nothing else, served from a thread."""

    def __init__(self, port=0, **options):
        self.hub = Hub()
        application = Starlette(routes=peer.routes(self.hub, authenticate, **options))
        self._server = uvicorn.Server(
            uvicorn.Config(
                application,
                port=port,
                log_config=None,
                timeout_graceful_shutdown=1,
                **peer.SERVER_SETTINGS,
            )
        )
        self._thread = threading.Thread(target=self._server.run)

    def __enter__(self):
        self._thread.start()
        until(lambda: self._server.started)
        self.port = self._server.servers[0].sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        return self

    def __exit__(self, *exception):
        self.stop()

    def stop(self):
        self.hub.close(wait_s=1)
        self._server.should_exit = True
        self._thread.join(DEADLINE_S)
        assert not self._thread.is_alive()

    def cut(self):
        """End every transport without a word, as a broken network does."""
        for connection in list(self._server.server_state.connections):
            connection.loop.call_soon_threadsafe(connection.transport.abort)

    def subscriptions(self):
        return [text for each in self.hub.connections for text in each.subscriptions]

    def subscribed(self, count):
        """A condition: that many subscriptions have arrived, beside each hub's own to replies."""
        return lambda: sum(text != "topic=ftrack.meta.reply" for text in self.subscriptions()) == count

    def handshake(self, **query):
        return requests.get(f"{self.url}/socket.io/1/", params=query, timeout=DEADLINE_S)

    def websocket_url(self):
        session_id = self.handshake(api_user="jo", api_key=KEY).text.split(":")[0]
        return f"ws://127.0.0.1:{self.port}/socket.io/1/websocket/{session_id}"


@pytest.fixture
def server():
    with Server(heartbeat_s=0.05) as running:
        yield running


@pytest.fixture
def make_hub(server):
    """Make connected hubs, ended with the test."""
    with contextlib.ExitStack() as stack:

        def make(username="kim", url=None):
            hub = EventHub(url or server.url, username, KEY)
            hub.connect()
            stack.callback(end_hub, hub)
            return hub

        yield make


@pytest.fixture
def make_raw(server):
    """Make bare web sockets, each past its first packet."""
    with contextlib.ExitStack() as stack:

        def make(url=None):
            raw = websocket.create_connection(url or server.websocket_url(), timeout=DEADLINE_S)
            stack.callback(raw.close)
            assert raw.recv() == "1::"
            return raw

        yield make


def say(raw, topic, data=None, packet_id=""):
    raw.send(
        f"5:{packet_id}::" + json.dumps({"name": "ftrack.event", "args": [{"topic": topic, "data": data}]})
    )


def listen(raw, expression):
    say(raw, "ftrack.meta.subscribe", {"subscriber": {"id": "raw"}, "subscription": expression})


def next_packet(raw):
    """Receive the next packet that is no heartbeat."""
    while (packet := raw.recv()) == "2::":
        pass
    return packet


def test_subscriber_gets_what_another_hub_publishes(server, make_hub):
    kim, lee, got = make_hub("kim"), make_hub("lee"), []
    kim.subscribe("topic=studio.lunch and source.user.username=lee", got.append)
    until(server.subscribed(1))
    lee.publish(Event("studio.lunch", data={"text": "Käse 🧀"}))
    until(lambda: got, kim)
    assert got[0]["data"] == {"text": "Käse 🧀"}
    assert got[0]["source"]["user"] == {"username": "lee"}
    assert got[0]["source"]["id"] == lee.id


def test_connection_is_announced_first(make_hub):
    kim, got = make_hub(), []
    kim.subscribe("topic=ftrack.meta.connected", got.append)
    until(lambda: got, kim)


def test_publisher_hears_itself(server, make_hub):
    kim, got = make_hub(), []
    kim.subscribe("topic=a", got.append)
    until(server.subscribed(1))
    kim.publish(Event("a"))
    until(lambda: got, kim)


def test_several_subscriptions_of_one_hub_cost_one_delivery(server, make_hub):
    kim, got = make_hub(), []
    for expression in ("topic=studio.a", "topic=studio.*", "topic=studio.a and data.x=1"):
        kim.subscribe(expression, lambda event: got.append(event["id"]))
    until(server.subscribed(3))
    kim.publish(Event("studio.a", id="first", data={"x": "1"}))
    kim.publish(Event("studio.a", id="last", data={"x": "1"}))
    until(lambda: "last" in got, kim)
    kim.wait(duration=0)
    assert got == ["first"] * 3 + ["last"] * 3


def test_reply_reaches_the_asker_and_nobody_else(server, make_hub):
    asker, answerer, other = make_hub("asker"), make_hub("answerer"), make_hub("other")
    replies, overheard = [], []
    answerer.subscribe("topic=ask", lambda event: {"echo": event["data"]["text"]})
    other.subscribe("topic=ftrack.meta.reply", overheard.append)
    other.subscribe("topic=end", overheard.append)
    until(lambda: len(server.subscriptions()) == 6)
    asker.publish(Event("ask", id="question", data={"text": "hm"}), on_reply=replies.append)
    until(lambda: replies, answerer, asker)
    assert replies[0]["data"] == {"echo": "hm"}
    assert replies[0]["in_reply_to_event"] == "question"
    assert replies[0]["source"]["user"]["username"] == "answerer"
    answerer.publish(Event("end"))
    until(lambda: overheard, other)
    assert [event["topic"] for event in overheard] == ["end"]


def test_target_picks_subscribers_by_what_they_told_of_themselves(server, make_hub):
    kim, lee, got = make_hub("kim"), make_hub("lee"), []
    for hub, name in ((kim, "kim"), (lee, "lee")):
        hub.subscribe(
            "topic=a",
            lambda event, name=name: got.append((name, event["id"])),
            {"applicationId": name, "user": {"id": "9 f"}},
        )
    until(server.subscribed(2))
    kim.publish(Event("a", id="1", target='applicationId=lee and user.id="9 f"'))
    kim.publish(Event("a", id="2", target="applicationId=nobody"))
    kim.publish(Event("a", id="3"))
    until(lambda: ("kim", "3") in got and ("lee", "3") in got, kim, lee)
    assert sorted(got) == [("kim", "3"), ("lee", "1"), ("lee", "3")]


def test_wildcard_means_begins_with(server, make_hub):
    kim, got = make_hub(), []
    kim.subscribe("topic=studio.*", lambda event: got.append(event["topic"]))
    until(server.subscribed(1))
    # The client itself would take the first one too: it is the server that does not send it.
    for topic in ("my.studio.a", "studio.b"):
        kim.publish(Event(topic))
    until(lambda: "studio.b" in got, kim)
    assert got == ["studio.b"]


def test_unsubscribed_callback_is_not_even_sent_to(server, make_hub):
    kim, raw_topics = make_hub(), []
    identifier = kim.subscribe("topic=a", lambda event: None)
    kim.subscribe("topic=b", lambda event: raw_topics.append(event["topic"]))
    until(server.subscribed(2))
    kim.unsubscribe(identifier)
    until(server.subscribed(1))
    # Subscribed in the hub alone, so that an event sent by mistake would show.
    kim._add_subscriber("topic=a", lambda event: raw_topics.append(event["topic"]))
    kim.publish(Event("a"))
    kim.publish(Event("b"))
    until(lambda: "b" in raw_topics, kim)
    assert raw_topics == ["b"]


def test_subscriptions_made_before_connecting_are_taken_once(server, make_hub, caplog):
    caplog.set_level(logging.WARNING)
    hub, got = EventHub(server.url, "kim", KEY), []
    hub.init_connection()
    hub.subscribe("topic=a", got.append)
    hub.connect()
    try:
        until(server.subscribed(1))
        hub.publish(Event("a"))
        until(lambda: got, hub)
        assert len(got) == 1
        until(lambda: not hub._packet_callbacks)
    finally:
        hub.disconnect()
    assert caplog.messages == []


def test_failing_subscription_is_acknowledged_as_failed_and_the_hub_lives(server, make_hub, caplog):
    kim, got = make_hub(), []
    kim.subscribe("topic=a", got.append, subscriber={"id": 7})
    until(
        lambda: any(
            "Server failed to subscribe subscriber 7: A subscriber needs an id." in text
            for text in caplog.messages
        )
    )
    kim.subscribe("topic=b", got.append)
    until(server.subscribed(1))
    kim.publish(Event("b"))
    until(lambda: got, kim)


def test_event_that_cannot_be_passed_on_is_acknowledged_as_failed(make_hub, caplog):
    make_hub().publish(Event("a", target="id=(("))
    until(lambda: any("Failed to parse: id=((" in text for text in caplog.messages))


def test_every_packet_of_a_hub_is_acknowledged(server, make_hub):
    kim = make_hub()
    for number in range(20):
        kim.publish(Event(f"topic{number}"))
    until(lambda: not kim._packet_callbacks)


def test_heartbeats_are_sent_and_answered(server, make_hub):
    make_hub()
    until(lambda: [True for each in server.hub.connections if each.heartbeats >= 5])


def test_server_event_reaches_every_hub_once_and_in_order(server, make_hub):
    hubs, got = [make_hub(f"user{number}") for number in range(20)], {}
    for hub in hubs:
        got[hub] = []
        hub.subscribe("topic=ftrack.update", lambda event, hub=hub: got[hub].append(event["data"]["number"]))
    until(server.subscribed(20))
    for number in range(50):
        server.hub.publish({"topic": "ftrack.update", "data": {"number": number}})
    until(lambda: all(numbers and numbers[-1] == 49 for numbers in got.values()), *hubs)
    assert all(numbers == list(range(50)) for numbers in got.values())


@pytest.mark.parametrize("how", ["cut", "drop"])
def test_hub_comes_back_after_its_socket_is_gone(server, make_hub, how):
    kim, got = make_hub(), []
    kim.subscribe("topic=a", got.append)
    until(server.subscribed(1))
    (before,) = server.hub.connections
    server.cut() if how == "cut" else server.hub.drop(before.id)
    until(
        lambda: before.id not in [each.id for each in server.hub.connections] and server.subscribed(1)(), kim
    )
    server.hub.publish({"topic": "a"})
    until(lambda: got, kim)


def test_hub_comes_back_after_the_server_was_restarted(make_hub):
    got = []
    with Server() as server:
        kim = make_hub(url=server.url)
        kim._auto_reconnect_delay = 0.1
        kim.subscribe("topic=a", got.append)
        until(server.subscribed(1))
    # The socket ended with the packet that makes a client connect anew, not with a close frame.
    with Server(server.port) as server:
        until(server.subscribed(1), kim)
        server.hub.publish({"topic": "a"})
        until(lambda: got, kim)


@pytest.mark.parametrize(("username", "key"), [("kim", "wrong"), ("", KEY), ("kim", "")])
def test_bad_credentials_end_in_a_connection_error(server, username, key):
    with pytest.raises(EventHubConnectionError, match="401"):
        EventHub(server.url, username, key).connect()
    assert server.hub.connections == []


def test_handshake_tells_session_numbers_and_transport(server):
    response = server.handshake(api_user="jo", api_key=KEY)
    assert response.status_code == 200
    assert response.text.split(":")[1:] == ["15", "25", "websocket"]


def test_handshake_refuses_bad_credentials_of_the_query_without_telling_them(server):
    response = server.handshake(api_user="jo", api_key="wrong-key")
    assert response.status_code == 401
    assert "wrong-key" not in response.text


def test_session_carries_the_authentication_and_opens_one_socket_only(server, make_raw):
    url = server.websocket_url()
    make_raw(url)
    assert [each.username for each in server.hub.connections] == ["jo"]
    with pytest.raises(websocket.WebSocketBadStatusException, match="403"):
        websocket.create_connection(url, timeout=DEADLINE_S)


def test_key_in_an_address_is_not_logged(server, make_raw, caplog):
    caplog.set_level(logging.INFO)
    make_raw(server.websocket_url() + f"?api_user=jo&api_key={KEY}")
    with pytest.raises(websocket.WebSocketBadStatusException):
        unknown = f"ws://127.0.0.1:{server.port}/socket.io/1/websocket/guessed?api_key={KEY}"
        websocket.create_connection(unknown, timeout=DEADLINE_S)
    for logged in ("GET /socket.io/1/", "[accepted]", "403"):
        # The server's thread may answer before it logs.
        wait_for(lambda logged=logged: any(logged in text for text in caplog.messages), logged)
    assert KEY not in caplog.text


def test_unknown_session_is_refused(server):
    with pytest.raises(websocket.WebSocketBadStatusException, match="403"):
        websocket.create_connection(
            f"ws://127.0.0.1:{server.port}/socket.io/1/websocket/guessed", timeout=DEADLINE_S
        )


def test_session_expires():
    with Server(session_s=0.0) as server, pytest.raises(websocket.WebSocketBadStatusException, match="403"):
        websocket.create_connection(server.websocket_url(), timeout=DEADLINE_S)


def test_client_without_packet_ids_gets_events_without_ids_and_no_acknowledgement(make_raw):
    raw = make_raw()
    listen(raw, "topic=a")
    say(raw, "a", {"x": 1})
    packet = next_packet(raw)
    assert packet.startswith('5:::{"name":"ftrack.event","args":[{')
    assert json.loads(packet[4:])["args"][0]["data"] == {"x": 1}


def test_rubbish_harms_neither_its_sender_nor_the_others(server, make_hub, make_raw):
    kim, raw, got = make_hub(), make_raw(), []
    kim.subscribe("topic=a", got.append)
    listen(raw, "topic=a")
    until(server.subscribed(2))
    for frame in (
        "",
        "rubbish",
        "5:1+::",
        "5:2+::{}",
        "99::",
        "5:3+::" + "[" * 100_000,
        "6:::x",
        "3:::hello",
        "8::",
        "1::/room",
    ):
        raw.send(frame)
    raw.send_binary(b"\xff\x00")
    say(raw, "a")
    until(lambda: got, kim)
    packets = [next_packet(raw)]
    while not packets[-1].startswith("5"):
        packets.append(next_packet(raw))
    assert [packet[:5] for packet in packets] == [
        "7:::N",
        "7:::N",
        "6:::1",
        "6:::2",
        "7:::N",
        "6:::3",
        "7:::N",
        "5:::{",
    ]


def test_too_long_a_message_is_refused_politely(make_raw):
    raw = make_raw()
    listen(raw, "topic=a")
    say(raw, "a", "x" * peer.FRAME_LIMIT, packet_id="1+")
    refusal = next_packet(raw)
    assert refusal.startswith('6:::1+[{"success": false')
    assert str(peer.FRAME_LIMIT) in refusal
    say(raw, "a", "short")
    assert next_packet(raw).startswith("5:::")


def test_client_that_answers_no_heartbeat_is_let_go():
    with Server(heartbeat_s=0.05, patience_s=0.2) as server:
        raw = websocket.create_connection(server.websocket_url(), timeout=DEADLINE_S)
        packets = [raw.recv()]
        while packets[-1] != "0::":
            packets.append(raw.recv())
        assert packets[0] == "1::"
        assert set(packets[1:-1]) == {"2::"}
        with pytest.raises(websocket.WebSocketConnectionClosedException):
            raw.recv()
        until(lambda: not server.hub.connections)
        raw.close()


def test_client_that_answers_heartbeats_is_kept():
    with Server(heartbeat_s=0.05, patience_s=1.0) as server:
        kim = EventHub(server.url, "kim", KEY)
        kim.connect()
        until(lambda: server.hub.connections)
        (before,) = server.hub.connections
        until(lambda: server.hub.connections[0].heartbeats > 25)
        assert server.hub.connections[0].id == before.id
        kim.disconnect()


def test_disconnect_packet_ends_the_connection(server, make_raw):
    raw = make_raw()
    raw.send("0::")
    until(lambda: not server.hub.connections)


def test_reader_that_takes_nothing_hinders_nobody_not_even_the_end(make_hub):
    got, text = [], "x" * 100_000
    with Server() as server:
        stuck = websocket.create_connection(
            server.websocket_url(), timeout=DEADLINE_S, sockopt=[(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)]
        )
        listen(stuck, "topic=*")
        kim = make_hub(url=server.url)
        kim.subscribe("topic=small", lambda event: got.append(event["data"]))
        until(server.subscribed(2))
        for number in range(200):
            server.hub.publish({"topic": "large", "data": text})
            server.hub.publish({"topic": "small", "data": {"number": number}})
        until(lambda: len(got) == 200, kim)
        assert [each["number"] for each in got] == list(range(200))
        assert len(server.hub.connections) == 2
        kim.disconnect()
    # Leaving the block has stopped the server although 20 MB still waited for the stuck reader.
    stuck.shutdown()


def test_stopping_the_server_ends_open_connections(make_raw):
    with Server() as server:
        raw = make_raw(server.websocket_url())
    assert next_packet(raw) == "0::"
    with pytest.raises(websocket.WebSocketConnectionClosedException):
        raw.recv()
