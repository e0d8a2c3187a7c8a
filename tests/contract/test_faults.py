"""Faults on request, as real clients meet them: each kind does what its description says, and no more."""

import contextlib
import dataclasses
import json
import random
import socket
import threading
import time
import uuid
from urllib.parse import urlsplit

import ftrack_api.exception
import ftrack_api.symbol
import pytest
import requests
import websocket
from ftrack_api.event.hub import EventHub
from ftrack_api.exception import EventHubConnectionError

from ftrack_sandbox.faults import KINDS, Fault
from ftrack_sandbox.sandbox import Sandbox
from hubs import end_hub

DEADLINE_S = 30.0


def until(condition, *hubs):
    """Let *hubs* handle their events until *condition* holds."""
    end = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < end, "the condition never came to hold"
        for hub in hubs:
            hub.wait(duration=0)
        if not hubs:
            threading.Event().wait(0.01)


@pytest.fixture
def faults(ftrack_sandbox):
    yield ftrack_sandbox.faults
    ftrack_sandbox.faults.clear()


@pytest.fixture
def control(ftrack_sandbox, faults):
    """Ask for faults over HTTP, as a test in another process does."""

    def run(method, body=None, **headers):
        whole = {"ftrack-user": ftrack_sandbox.api_user, "ftrack-api-key": ftrack_sandbox.api_key, **headers}
        data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        return requests.request(
            method, f"{ftrack_sandbox.url}/sandbox/faults", data=data, headers=whole, timeout=DEADLINE_S
        )

    return run


@pytest.fixture
def create(ftrack_session):
    """Create a scope through the client's own connection; removed with the test, if it came to be."""
    names = []

    def run(name=None):
        names.append(name or uuid.uuid4().hex)
        data = {"__entity_type__": "Scope", "name": names[-1]}
        return ftrack_session.call([{"action": "create", "entity_type": "Scope", "entity_data": data}])

    run.exists = lambda: ftrack_session.query(f'Scope where name is "{names[-1]}"').first() is not None
    yield run
    for name in names:
        for scope in ftrack_session.query(f'Scope where name is "{name}"').all():
            ftrack_session.delete(scope)
    ftrack_session.commit()


def post(sandbox, expression, user=None, **headers):
    """Ask one query as a client without any client library would."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    whole = {"ftrack-user": user or sandbox.api_user, "ftrack-api-key": sandbox.api_key, **named}
    body = [{"action": "query", "expression": expression}]
    return requests.post(f"{sandbox.url}/api", json=body, headers=whole, timeout=DEADLINE_S)


def bytes_of_reply(sandbox):
    """Ask over a bare TCP connection; return all bytes that come until it ends."""
    address = urlsplit(sandbox.url)
    body = json.dumps([{"action": "query", "expression": "select id from Status"}])
    head = (
        f"POST /api HTTP/1.1\r\nHost: {address.netloc}\r\nftrack-user: {sandbox.api_user}\r\n"
        f"ftrack-api-key: {sandbox.api_key}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    with socket.create_connection((address.hostname, address.port), timeout=DEADLINE_S) as connection:
        connection.sendall((head + body).encode())
        with contextlib.suppress(ConnectionResetError):
            return b"".join(iter(lambda: connection.recv(65536), b""))
    return b""


def last_asked(sandbox):
    return list(sandbox.requests)[-1]


# Replies.


def test_an_error_comes_after_the_calls_to_be_let_through_and_then_no_more(ftrack_session, faults):
    asked = faults.add(Fault(operation="query", entity_type="Status", skip=1, content="Database is away"))
    for _ in range(2):
        ftrack_session.query("Task").first()
    assert ftrack_session.query("Status").first()
    with pytest.raises(ftrack_api.exception.ServerError) as caught:
        ftrack_session.query("select id, name from Status order by id").first()
    assert "Database is away" in caught.value.message
    assert ftrack_session.query("Status order by name").first()
    assert (asked.seen, asked.met, asked.pending) == (2, 1, False)


def test_an_error_has_its_status_in_strict_mode_only(ftrack_sandbox, faults):
    faults.add(Fault(exception="PermissionError", content="Not you", status=403, count=2))
    plain = post(ftrack_sandbox, "Status")
    strict = post(ftrack_sandbox, "Status", ftrack_strict_api="true")
    assert (plain.status_code, strict.status_code) == (200, 403)
    envelope = {"exception": "PermissionError", "content": "Not you", "error_code": None, "error": None}
    assert plain.json() == strict.json() == envelope
    assert last_asked(ftrack_sandbox).exception == "PermissionError"


def test_an_error_may_hold_the_braces_that_the_client_stumbles_over(ftrack_session, faults):
    faults.add(Fault(content="no disk {db-3}"))
    with pytest.raises(ftrack_api.exception.ServerError) as caught:
        ftrack_session.query("Status").first()
    assert "no disk {db-3}" in caught.value.message
    with pytest.raises(KeyError):
        str(caught.value)


@pytest.mark.parametrize("status", [500, 502])
def test_a_page_leaves_nothing_done(ftrack_sandbox, ftrack_session, faults, create, status):
    faults.add(Fault("page", operation="create", status=status))
    # What the client makes of it is no error of its own.
    with pytest.raises(json.JSONDecodeError):
        create()
    assert not create.exists()
    faults.add(Fault("page", status=status, content="<b>maintenance</b>"))
    reply = post(ftrack_sandbox, "Status")
    assert reply.status_code == status
    assert reply.headers["content-type"].startswith("text/html")
    assert "&lt;b&gt;maintenance" in reply.text


def test_a_lost_reply_leaves_all_done(ftrack_sandbox, faults, create):
    faults.add(Fault("lost", operation="create"))
    with pytest.raises(json.JSONDecodeError):
        create()
    assert last_asked(ftrack_sandbox).fault == "lost"
    assert create.exists()


def test_a_connection_dropped_at_once_leaves_nothing_done(ftrack_sandbox, faults, create):
    faults.add(Fault("drop", operation="create"))
    with pytest.raises(requests.exceptions.ConnectionError):
        create()
    asked = last_asked(ftrack_sandbox)
    assert (asked.operation, asked.fault, asked.exception) == ("create", "drop", None)
    assert not create.exists()


def test_a_connection_dropped_after_the_write_leaves_it_done(ftrack_sandbox, faults, create):
    faults.add(Fault("drop_after", operation="create", seconds=0.1))
    with pytest.raises(requests.exceptions.ConnectionError):
        create()
    assert last_asked(ftrack_sandbox).fault == "drop_after"
    assert create.exists()


@pytest.mark.parametrize("kind", ["drop", "drop_after", "timeout"])
def test_a_dropped_connection_has_no_byte_of_a_reply(ftrack_sandbox, faults, caplog, kind):
    assert bytes_of_reply(ftrack_sandbox).startswith(b"HTTP/1.1 200")
    faults.add(Fault(kind, **({} if kind == "drop" else {"seconds": 0.1})))
    assert bytes_of_reply(ftrack_sandbox) == b""
    assert bytes_of_reply(ftrack_sandbox).startswith(b"HTTP/1.1 200")
    # Nor does the web server take it for a failure of its own.
    assert [each.getMessage() for each in caplog.records if each.name.startswith("uvicorn")] == []


def test_a_timeout_is_silence_and_then_a_dropped_connection(ftrack_session, faults, create):
    faults.add(Fault("timeout", operation="create", seconds=0.2))
    with pytest.raises(requests.exceptions.ConnectionError) as caught:
        create()
    assert not isinstance(caught.value, requests.exceptions.Timeout)
    assert not create.exists()


def test_a_timeout_outlasts_a_client_that_does_not_wait(ftrack_session, faults, create):
    faults.add(Fault("timeout", operation="create", seconds=600))
    ftrack_session.request_timeout = 0.2
    with pytest.raises(requests.exceptions.ReadTimeout):
        create()
    ftrack_session.request_timeout = DEADLINE_S
    assert not create.exists()


def test_a_delayed_call_is_carried_out_even_when_its_client_has_gone(
    ftrack_sandbox, ftrack_session, faults, create
):
    faults.add(Fault("delay", operation="create", seconds=0.3, count=2))
    assert create()[0]["action"] == "create"
    asked = last_asked(ftrack_sandbox)
    assert asked.fault == "delay" and asked.seconds >= 0.3
    ftrack_session.request_timeout = 0.1
    with pytest.raises(requests.exceptions.ReadTimeout):
        create()
    ftrack_session.request_timeout = DEADLINE_S
    until(create.exists)


def test_a_slow_reply_comes_whole_though_it_takes_longer_than_the_clients_patience(
    ftrack_sandbox, ftrack_session, faults
):
    wanted = {status["name"] for status in ftrack_session.query("select name from Status")}
    ftrack_session.reset()
    slow = faults.add(Fault("slow", operation="query", entity_type="Status", seconds=1.2))
    # The client's limit is for the time between two pieces.
    ftrack_session.request_timeout = 0.6
    assert {status["name"] for status in ftrack_session.query("select name from Status")} == wanted
    assert slow.met == 1


def test_a_slow_reply_comes_in_pieces_the_rest_of_them_at_once_when_the_faults_end(ftrack_sandbox, faults):
    whole = post(ftrack_sandbox, "select name from Status").content
    headers = {"ftrack-user": ftrack_sandbox.api_user, "ftrack-api-key": ftrack_sandbox.api_key}
    asking = {
        "url": f"{ftrack_sandbox.url}/api",
        "json": [{"action": "query", "expression": "select name from Status"}],
        "headers": headers,
    }
    faults.add(Fault("slow", seconds=3600, count=2))
    with pytest.raises(requests.exceptions.ConnectionError, match="Read timed out"):
        requests.post(timeout=0.2, **asking)
    with requests.post(timeout=DEADLINE_S, stream=True, **asking) as reply:
        faults.clear()
        assert reply.content == whole
    faults.add(Fault("slow", seconds=0.5))
    with requests.post(timeout=DEADLINE_S, stream=True, **asking) as reply:
        pieces = list(iter(lambda: reply.raw.read1(1 << 20), b""))
    assert b"".join(pieces) == whole
    assert len(pieces) > 5


def test_a_delay_goes_together_with_what_comes_after_it(ftrack_sandbox, faults):
    faults.add(Fault("delay", seconds=0.2))
    faults.add(Fault(content="late and wrong"))
    assert post(ftrack_sandbox, "Status").json()["content"] == "late and wrong"
    asked = last_asked(ftrack_sandbox)
    assert asked.fault == "delay, error" and asked.seconds >= 0.2


# Files.


@pytest.fixture
def upload(ftrack_session, tmp_path):
    location = ftrack_session.get("Location", ftrack_api.symbol.SERVER_LOCATION_ID)

    def run(content=b"all of it"):
        path = tmp_path / "file.txt"
        path.write_bytes(content)
        run.id = str(uuid.uuid4())
        try:
            return ftrack_session.create_component(str(path), data={"id": run.id}, location=location)
        except ftrack_api.exception.LocationError:
            ftrack_session.rollback()
            raise

    return run


@pytest.mark.parametrize("content", [b"x" * 3_000_000, b""])
def test_a_full_disk_fails_the_upload_and_keeps_nothing(ftrack_sandbox, faults, upload, content):
    asked = faults.add(Fault("full_disk"))
    with pytest.raises(ftrack_api.exception.LocationError, match="507 Server Error"):
        upload(content)
    assert asked.met == 1
    assert not ftrack_sandbox.storage.exists(upload.id)
    assert list((ftrack_sandbox.storage.root / "incoming").iterdir()) == []
    upload(content)
    assert ftrack_sandbox.storage.path(upload.id).read_bytes() == content


@pytest.mark.parametrize(
    ("kind", "reason", "kept"),
    [
        ("page", "502 Server Error", False),
        ("drop", "Connection", False),
        ("drop_after", "Connection", True),
    ],
)
def test_an_upload_meets_faults_that_name_it(ftrack_sandbox, faults, upload, kind, reason, kept):
    faults.add(Fault(kind, operation="upload"))
    with pytest.raises(ftrack_api.exception.LocationError, match=reason):
        upload(b"x" * 3_000_000)
    assert ftrack_sandbox.storage.exists(upload.id) is kept


def test_each_part_of_an_upload_meets_faults_too(ftrack_session, faults):
    operation = {
        "action": "get_upload_metadata",
        "component_id": str(uuid.uuid4()),
        "file_name": "cut.mov",
        "file_size": 8,
        "parts": 2,
    }
    urls = [each["signed_url"] for each in ftrack_session.call([operation])[0]["urls"]]
    faults.add(Fault("page", operation="upload", skip=1))
    faults.add(Fault("full_disk", skip=1))
    replies = [requests.put(urls[0], data=b"half", timeout=DEADLINE_S) for _ in range(4)]
    assert [reply.status_code for reply in replies] == [200, 502, 507, 200]


def test_a_download_meets_faults_that_name_it_and_its_user(ftrack_sandbox, faults, upload):
    component = upload()

    def get():
        query = {"id": component["id"], "username": ftrack_sandbox.api_user, "apiKey": ftrack_sandbox.api_key}
        return requests.get(f"{ftrack_sandbox.url}/component/get", params=query, timeout=DEADLINE_S)

    faults.add(Fault("page", operation="download", user="kim.ek"))
    faults.add(Fault("page"))
    assert get().content == b"all of it"
    faults.add(Fault("page", operation="download", user=ftrack_sandbox.api_user, status=500))
    assert get().status_code == 500
    faults.add(Fault("drop", operation="download"))
    with pytest.raises(requests.exceptions.ConnectionError):
        get()
    assert get().content == b"all of it"


# Who meets which.


def test_faults_are_chosen_by_user(ftrack_sandbox, faults):
    faults.add(Fault(user="kim.ek", content="Not Kim"))
    assert "data" in post(ftrack_sandbox, "Status").json()[0]
    assert post(ftrack_sandbox, "Status", user="kim.ek").json()["content"] == "Not Kim"


def test_faults_are_chosen_by_operation_and_type_of_any_part_of_a_batch(ftrack_session, faults):
    faults.add(Fault(operation="query", entity_type="Scope"))
    task, scope = (
        {"action": "query", "expression": "select id from Task limit 1"},
        {"action": "query", "expression": "Scope where name is nothing"},
    )
    assert ftrack_session.call([task, {"action": "query_server_information"}])
    with pytest.raises(ftrack_api.exception.ServerError):
        ftrack_session.call([task, scope])
    assert ftrack_session.call([task, scope])


def test_of_two_faults_on_one_call_the_second_waits_for_the_next(ftrack_sandbox, faults):
    first, second = faults.add(Fault(content="one")), faults.add(Fault(content="two"))
    replies = [post(ftrack_sandbox, "Status").json() for _ in range(3)]
    assert [reply["content"] for reply in replies[:2]] == ["one", "two"]
    assert isinstance(replies[2], list)
    assert (first.seen, first.met, second.seen, second.met) == (1, 1, 2, 1)


def test_with_a_probability_and_a_seed_the_same_calls_fail_in_each_run(ftrack_sandbox, faults):
    def run(seed):
        faults.replace([Fault("page", probability=0.5, seed=seed, count=1000)])
        return [post(ftrack_sandbox, "Status limit 1").status_code == 502 for _ in range(16)]

    numbers = random.Random(7)
    assert run(7) == run(7) == [numbers.random() < 0.5 for _ in range(16)]
    assert run(8) != run(7)
    faults.replace([Fault("page", probability=0, count=1000)])
    assert post(ftrack_sandbox, "Status").status_code == 200


# Control.


def test_what_is_pending_and_how_often_it_was_met_is_told(ftrack_sandbox, control):
    page = {"kind": "page", "operation": "query", "count": 3, "status": 500}
    disk = {"kind": "full_disk", "skip": 1}
    told = control("POST", [page, disk])
    assert told.status_code == 200
    rest = {"skip": 0, "probability": 1.0, "seed": 0, "content": "A fault was asked for."}
    assert told.json()["faults"][0] == {**page, **rest, "seen": 0, "met": 0, "pending": True}
    for _ in range(4):
        post(ftrack_sandbox, "Status")
    first, second = control("GET").json()["faults"]
    assert (first["seen"], first["met"], first["pending"]) == (3, 3, False)
    assert (second["kind"], second["skip"], second["met"], second["pending"]) == ("full_disk", 1, 0, True)


def test_a_new_list_takes_the_place_of_the_old_one_and_an_empty_one_ends_all(ftrack_sandbox, control):
    control("POST", [{"kind": "page"}, {"kind": "drop"}])
    assert [each["kind"] for each in control("POST", [{"content": "new"}]).json()["faults"]] == ["error"]
    assert post(ftrack_sandbox, "Status").json()["content"] == "new"
    assert control("POST", []).json() == {"faults": []}
    assert post(ftrack_sandbox, "Status").status_code == 200


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        (b"{", "JSON list"),
        ({"kind": "page"}, "JSON list"),
        ([7], "Fault 1: A fault is an object with some of kind, operation"),
        ([{}, {"kind": "odd"}], "Fault 2: kind must be one of delay, error, page, lost, drop, drop_after"),
        ([{"kind": ["page"]}], "kind must be one of"),
        ([{"kind": "page", "statu": 1}], "statu is no field of a fault; allowed are kind, operation"),
        ([{"kind": "page", "topic": "x"}], "topic has no meaning for the kind page; allowed are kind, "),
        (
            [{"kind": "full_disk", "user": "kim"}],
            "user has no meaning for the kind full_disk; allowed are kind, ",
        ),
        ([{"skip": "1"}], "skip must be a whole number from 0"),
        ([{"skip": True}], "skip must be a whole number"),
        ([{"count": 0}], "count must be a whole number from 1"),
        ([{"probability": 1.5}], "probability must be a number from 0 to 1"),
        ([{"seed": 0.5}], "seed must be a whole number"),
        ([{"kind": "delay", "seconds": -1}], "seconds must be a number from 0 to 3600"),
        (b'[{"kind": "delay", "seconds": NaN}]', "seconds must be a number from 0 to 3600"),
        ([{"kind": "page", "status": 200}], "status must be a whole number from 400 to 599"),
        ([{"operation": ""}], "operation must be a text that is not empty"),
        ([{"content": None}], "content must be a text"),
        ([{"operation": "upload"}], "operation upload is none of /api"),
        ([{"kind": "drop", "operation": "upload", "entity_type": "Task"}], "no entity_type goes with it"),
    ],
)
def test_a_wrong_description_is_refused_with_what_is_allowed_and_changes_nothing(control, body, wanted):
    control("POST", [{"kind": "page", "user": "nobody"}])
    reply = control("POST", body)
    assert reply.status_code == 422
    assert wanted in reply.text
    assert [each["user"] for each in control("GET").json()["faults"]] == ["nobody"]


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_faults_are_for_those_who_know_a_key(control, method):
    assert control(method, [], **{"ftrack-api-key": "wrong"}).status_code == 401


# The event hub.


def connections(sandbox, user):
    return [each for each in sandbox.hub.connections if each.username == user]


@pytest.fixture
def nobody_else(ftrack_sandbox):
    """Wait for the end of connections of an earlier test."""
    until(lambda: ftrack_sandbox.hub.connections == [])


@pytest.fixture
def make_hub(ftrack_sandbox, faults, nobody_else):
    """Make a client's hub that has subscribed to a topic of this test; returns it and its events."""
    with contextlib.ExitStack() as stack:

        def run(user, topic):
            hub, events = EventHub(ftrack_sandbox.url, user, ftrack_sandbox.api_key), []
            hub.connect()
            stack.callback(end_hub, hub)
            # Undone before the hub's end, for a dead socket would be waited for.
            stack.callback(faults.clear)
            hub.subscribe(f"topic={topic}", events.append)
            until(lambda: subscribed(ftrack_sandbox, user, topic))
            return hub, events

        yield run


def subscribed(sandbox, user, topic):
    return [each.id for each in connections(sandbox, user) if f"topic={topic}" in each.subscriptions]


@pytest.fixture
def make_raw(ftrack_sandbox, faults, nobody_else):
    """Make bare web sockets, past their first packet; with *topic* subscribed to it."""
    with contextlib.ExitStack() as stack:

        def run(user, topic=None):
            query = {"api_user": user, "api_key": ftrack_sandbox.api_key}
            reply = requests.get(f"{ftrack_sandbox.url}/socket.io/1/", params=query, timeout=DEADLINE_S)
            url = (
                f"{ftrack_sandbox.url.replace('http', 'ws')}/socket.io/1/websocket/{reply.text.split(':')[0]}"
            )
            raw = websocket.create_connection(url, timeout=DEADLINE_S)
            stack.callback(raw.shutdown)
            assert raw.recv() == "1::"
            if topic is not None:
                count = len(subscribed(ftrack_sandbox, user, topic))
                subscriber = {"id": uuid.uuid4().hex}
                data = {"subscriber": subscriber, "subscription": f"topic={topic}"}
                say(raw, "ftrack.meta.subscribe", data)
                until(lambda: len(subscribed(ftrack_sandbox, user, topic)) > count)
            return raw

        yield run


def say(raw, topic, data=None):
    raw.send("5:::" + json.dumps({"name": "ftrack.event", "args": [{"topic": topic, "data": data}]}))


def all_frames(raw):
    """Return what comes until the connection ends."""
    frames = []
    with contextlib.suppress(websocket.WebSocketConnectionClosedException, ConnectionResetError):
        while True:
            frames.append(raw.recv())
    return frames


def next_event(raw):
    """Return the next event's topic, and the frames before it."""
    before = []
    while not (frame := raw.recv()).startswith("5:::"):
        before.append(frame)
    return json.loads(frame[4:])["args"][0]["topic"], before


@pytest.fixture
def topic():
    return f"test.{uuid.uuid4().hex}"


def test_dropped_sockets_come_back_by_themselves(ftrack_sandbox, faults, make_hub, topic):
    kim, heard = make_hub("kim.ek", topic)
    lee, heard_too = make_hub("joerg.weiss", topic)
    before = {each.id for each in ftrack_sandbox.hub.connections}
    asked = faults.add(Fault("drop_socket"))
    assert (asked.met, asked.pending) == (len(before), False)
    for user in ("kim.ek", "joerg.weiss"):
        until(lambda user=user: set(subscribed(ftrack_sandbox, user, topic)) - before)
    until(lambda: not before & {each.id for each in ftrack_sandbox.hub.connections})
    ftrack_sandbox.hub.publish({"topic": topic})
    until(lambda: heard and heard_too, kim, lee)
    assert (len(heard), len(heard_too)) == (1, 1)


def test_a_dropped_socket_gets_no_farewell_and_others_users_stay(ftrack_sandbox, faults, make_raw, topic):
    kim, lee = make_raw("kim.ek", topic), make_raw("joerg.weiss", topic)
    stays = {each.id for each in connections(ftrack_sandbox, "joerg.weiss")}
    asked = faults.add(Fault("drop_socket", user="kim.ek"))
    assert [each for each in all_frames(kim) if each != "2::"] == []
    assert asked.met == 1
    until(lambda: connections(ftrack_sandbox, "kim.ek") == [])
    assert {each.id for each in connections(ftrack_sandbox, "joerg.weiss")} == stays
    ftrack_sandbox.hub.publish({"topic": topic})
    assert next_event(lee)[0] == topic


def test_a_socket_is_dropped_just_as_an_event_comes(ftrack_sandbox, faults, make_hub, topic):
    hub, heard = make_hub("kim.ek", topic)
    (before,) = subscribed(ftrack_sandbox, "kim.ek", topic)
    faults.add(Fault("drop_socket", topic=topic, skip=1))
    for number in range(2):
        ftrack_sandbox.hub.publish({"topic": topic, "data": {"number": number}})
    until(lambda: set(subscribed(ftrack_sandbox, "kim.ek", topic)) - {before})
    ftrack_sandbox.hub.publish({"topic": topic, "data": {"number": 2}})
    until(lambda: heard and heard[-1]["data"]["number"] == 2, hub)
    # The second one is lost, and with it the first if it was still on its way.
    assert [event["data"]["number"] for event in heard] in ([0, 2], [2])


def test_through_a_half_open_socket_nothing_passes_until_the_faults_end(
    ftrack_sandbox, faults, make_raw, topic
):
    kim, lee = make_raw("kim.ek", topic), make_raw("joerg.weiss", topic)
    asked = faults.add(Fault("half_open", user="kim.ek"))
    assert (asked.met, asked.pending) == (1, False)
    ftrack_sandbox.hub.publish({"topic": topic, "data": "not for Kim"})
    assert next_event(lee)[0] == topic
    say(kim, topic, "not from Kim")
    assert len(subscribed(ftrack_sandbox, "kim.ek", topic)) == 1
    faults.clear()
    assert [each for each in all_frames(kim) if each != "2::"] == []
    ftrack_sandbox.hub.publish({"topic": topic, "data": "after all"})
    frame = next(each for each in iter(lee.recv, None) if each.startswith("5:::"))
    assert json.loads(frame[4:])["args"][0]["data"] == "after all"


def test_a_client_with_a_half_open_socket_takes_it_for_connected(ftrack_sandbox, faults, make_hub, topic):
    hub, heard = make_hub("kim.ek", topic)
    (before,) = subscribed(ftrack_sandbox, "kim.ek", topic)
    faults.add(Fault("half_open"))
    ftrack_sandbox.hub.publish({"topic": topic, "data": 1})
    assert hub.connected
    assert subscribed(ftrack_sandbox, "kim.ek", topic) == [before]
    faults.clear()
    until(lambda: set(subscribed(ftrack_sandbox, "kim.ek", topic)) - {before})
    ftrack_sandbox.hub.publish({"topic": topic, "data": 2})
    until(lambda: heard, hub)
    assert [event["data"] for event in heard] == [2]


def test_without_heartbeats_the_connection_goes_on_in_silence(ftrack_sandbox, faults, make_raw, topic):
    beating = make_raw("kim.ek", topic)
    asked = faults.add(Fault("no_heartbeat", user="kim.ek", count=2))
    silent = make_raw("kim.ek", topic)
    assert asked.met == 2
    ftrack_sandbox.hub.publish({"topic": topic})
    assert next_event(beating) == (topic, ["2::"])
    assert next_event(silent) == (topic, [])


def test_a_client_goes_on_without_heartbeats(ftrack_sandbox, faults, make_hub, topic):
    faults.add(Fault("no_heartbeat", user="kim.ek", count=1))
    silent, heard = make_hub("kim.ek", topic)
    make_hub("joerg.weiss", topic)
    until(lambda: connections(ftrack_sandbox, "joerg.weiss")[0].heartbeats)
    ftrack_sandbox.hub.publish({"topic": topic})
    until(lambda: heard, silent)
    assert silent.connected
    assert [each.heartbeats for each in connections(ftrack_sandbox, "kim.ek")] == [0]


def test_a_duplicate_event_is_handled_twice_by_one_user_and_once_by_others(
    ftrack_sandbox, faults, make_hub, topic
):
    kim, heard = make_hub("kim.ek", topic)
    lee, heard_too = make_hub("joerg.weiss", topic)
    asked = faults.add(Fault("duplicate", user="kim.ek", topic="test.*"))
    for number in range(2):
        ftrack_sandbox.hub.publish({"topic": topic, "id": f"{topic} {number}"})
    until(lambda: heard and heard[-1]["id"].endswith("1"), kim)
    until(lambda: heard_too and heard_too[-1]["id"].endswith("1"), lee)
    assert [event["id"][-1] for event in heard] == ["0", "0", "1"]
    assert [event["id"][-1] for event in heard_too] == ["0", "1"]
    assert asked.met == 1


def test_a_late_event_is_overtaken_and_comes_at_its_time_or_when_the_faults_end(
    ftrack_sandbox, faults, make_hub, topic
):
    hub, heard = make_hub("kim.ek", topic)
    faults.add(Fault("late", topic=topic, seconds=0.2))
    for number in (1, 2):
        ftrack_sandbox.hub.publish({"topic": topic, "data": number})
    until(lambda: len(heard) == 2, hub)
    assert [event["data"] for event in heard] == [2, 1]
    faults.add(Fault("late", topic=topic, seconds=3600))
    faults.add(Fault("duplicate", topic=topic))
    ftrack_sandbox.hub.publish({"topic": topic, "data": 3})
    ftrack_sandbox.hub.publish({"topic": topic, "data": 4})
    until(lambda: len(heard) == 3, hub)
    faults.clear()
    until(lambda: len(heard) == 5, hub)
    assert [event["data"] for event in heard] == [2, 1, 4, 3, 3]


def test_a_handshake_meets_faults_that_name_it(ftrack_sandbox, faults):
    faults.add(Fault("page", operation="handshake", user="kim.ek"))
    hub = EventHub(ftrack_sandbox.url, "kim.ek", ftrack_sandbox.api_key)
    with pytest.raises(EventHubConnectionError):
        hub.connect()
    hub.connect()
    hub.disconnect()


# The end of faults.


class Waiting(threading.Thread):
    """Asks one query in the background; `outcome` is its status or the class of its exception."""

    def __init__(self, sandbox):
        super().__init__(daemon=True)
        self.outcome = None
        self._sandbox = sandbox
        self.start()

    def run(self):
        try:
            self.outcome = post(self._sandbox, "Status").status_code
        except requests.exceptions.RequestException as error:
            self.outcome = type(error)

    def end(self):
        self.join(DEADLINE_S)
        return self.outcome


def test_a_reset_ends_all_faults_and_what_they_hold_up():
    with Sandbox(seed="empty") as sandbox:
        asked = sandbox.faults.add(Fault("timeout", seconds=3600))
        held_up = Waiting(sandbox)
        until(lambda: asked.met)
        sandbox.faults.add(Fault("page", count=1000))
        headers = {"ftrack-user": sandbox.api_user, "ftrack-api-key": sandbox.api_key}
        assert requests.post(f"{sandbox.url}/sandbox/reset", headers=headers, timeout=DEADLINE_S).ok
        assert held_up.end() is requests.exceptions.ConnectionError
        assert list(sandbox.faults) == []
        assert post(sandbox, "Status").status_code == 200


def test_a_call_that_is_held_up_does_not_hold_up_the_end_of_the_server():
    with Sandbox(seed="empty") as sandbox:
        asked = sandbox.faults.add(Fault("delay", seconds=3600))
        held_up = Waiting(sandbox)
        until(lambda: asked.met)
    assert held_up.end() in (200, requests.exceptions.ConnectionError)


def test_every_kind_and_every_field_has_its_row_on_the_page_about_faults(pytestconfig):
    page = (pytestconfig.rootpath / "doc" / "faults.md").read_text(encoding="utf-8")
    common = set.intersection(*(set(kind.fields) for kind in KINDS.values()))
    order = [field.name for field in dataclasses.fields(Fault)]
    for name, kind in KINDS.items():
        own = ", ".join(f"`{each}`" for each in order if each in kind.fields - common) or "none"
        assert f"| `{name}` | {kind.does} | {own} |" in page
    rows = [line.split("|")[1] for line in page.splitlines() if line.startswith("| `")]
    assert [each for each in order if not any(f"`{each}`" in row for row in rows)] == []
