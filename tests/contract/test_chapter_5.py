"""What a running sandbox tells over its event hub, to sessions and hubs of the unmodified client.

Named after the sections of the protocol reference. The hub on its own, without an API beside it,
is the matter of `test_event_hub.py`.
"""

import contextlib
import json
import threading
import time
import uuid

import ftrack_api
import ftrack_api.exception
import pytest
import requests
import websocket
from ftrack_api.event.base import Event
from ftrack_api.event.hub import EventHub

from hubs import end_hub

DEADLINE_S = 30.0
TASK, SHOT = "11c137c0-ee7e-4f9c-91c5-8c77cec22b2c", "bad911de-3bd6-47b9-8b46-3476e237cb36"

#: All that an event may hold on its way to Python. Source: protocol reference 5.3.
EVENT_KEYS = {"topic", "id", "data", "sent", "source", "target", "inReplyToEvent"}


def until(condition, *hubs):
    """Let *hubs* handle their events until *condition* holds."""
    end = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < end, "the condition never came to hold"
        for hub in hubs:
            hub.wait(duration=0)
        if not hubs:
            threading.Event().wait(0.01)


def ids(sandbox):
    """The connections of the hub."""
    return {each.id for each in sandbox.hub.connections}


class Ear:
    """Listens with a client's hub; `heard()` are the events up to now, each time the new ones."""

    def __init__(self, sandbox, hub, expression="topic=ftrack.update"):
        self._sandbox, self._hub, self._events = sandbox, hub, []
        # What the server sends later comes later, so that a marker ends what was sent before it.
        self._topic = f"test.marker.{uuid.uuid4().hex}"
        for text in (expression, f"topic={self._topic}"):
            hub.subscribe(text, self._events.append)
        until(lambda: any(f"topic={self._topic}" in each.subscriptions for each in sandbox.hub.connections))

    def heard(self):
        marker = uuid.uuid4().hex
        self._sandbox.hub.publish({"topic": self._topic, "id": marker})
        until(lambda: self._events and self._events[-1]["id"] == marker, self._hub)
        found = [each for each in self._events if each["topic"] != self._topic]
        self._events.clear()
        return found


@pytest.fixture
def make_hub(ftrack_sandbox):
    """Make connected hubs of the client, ended with the test."""
    with contextlib.ExitStack() as stack:

        def run(username=None, key=None):
            user = username or ftrack_sandbox.api_user
            hub = EventHub(ftrack_sandbox.url, user, key or ftrack_sandbox.api_key)
            hub.connect()
            stack.callback(end_hub, hub)
            return hub

        yield run


@pytest.fixture(scope="module")
def ear(ftrack_sandbox):
    """The hub of a listener that makes no changes itself."""
    hub = EventHub(ftrack_sandbox.url, "kim.ek", ftrack_sandbox.make_key("kim.ek"))
    hub.connect()
    yield Ear(ftrack_sandbox, hub)
    hub.disconnect()


@pytest.fixture
def told(ftrack_session, ear):
    """Commit what a session has pending; return the events that this made."""

    def run(session=ftrack_session):
        ear.heard()
        session.commit()
        return ear.heard()

    return run


@pytest.fixture
def entry(told):
    """Commit; return the only entry, of the only event, about entities of one `entityType`."""

    def run(kind, entity_id=None):
        (event,) = told()
        found = [
            each
            for each in event["data"]["entities"]
            if each["entityType"] == kind and entity_id in (None, each["entityId"])
        ]
        assert len(found) == 1
        return found[0]

    return run


class Place:
    """A task and what it lies in, as entities of one session."""

    def __init__(self, session, project, sequence, shot, task):
        self.session = session
        self.project, self.sequence, self.shot, self.task = project, sequence, shot, task

    @property
    def line(self):
        """The `parents` of the task."""
        above = [
            (self.task, "task", self.shot["id"]),
            (self.shot, "task", self.sequence["id"]),
            (self.sequence, "task", self.project["id"]),
            (self.project, "show", None),
        ]
        return [
            {"entityId": each["id"], "entityType": kind, "entity_type": each.entity_type, "parentId": parent}
            for each, kind, parent in above
        ]

    def ids(self):
        return [each["entityId"] for each in self.line]


@pytest.fixture
def place(ftrack_session):
    """A task in a shot of an open project, all made for the test."""
    session = ftrack_session
    project = session.query("select name, full_name from Project where name is stem2").one()
    name = uuid.uuid4().hex[:8]
    sequence = session.create("Sequence", {"name": f"sq_{name}", "parent": project})
    shot = session.create("Shot", {"name": f"sh_{name}", "parent": sequence})
    task = session.create("Task", {"name": f"comp {name}", "parent": shot, "description": "as it was"})
    session.commit()
    session.populate([task, shot], "status_id, type_id, name, description, thumbnail_id, priority_id, bid")
    yield Place(session, project, sequence, shot, task)
    session.rollback()
    session.delete(sequence)
    session.commit()


def other(session, type_name, entity_id):
    """Another row of a type."""
    return session.query(f"{type_name} where id is_not {entity_id}").first()


def changes(**pairs):
    """The `changes` of an update, each attribute given as (old, new)."""
    return {name: {"old": old, "new": new} for name, (old, new) in pairs.items()}


def news(entry, *names):
    """Check that an entry of something added has nothing old; return the new values of *names*."""
    assert entry["action"] == "add"
    assert entry["keys"] == list(entry["changes"])
    assert {pair["old"] for pair in entry["changes"].values()} == {None}
    assert set(names) <= set(entry["keys"])
    return {name: entry["changes"][name]["new"] for name in names}


class Raw:
    """A bare web socket, for what the client hides; like a browser it gives packets no ids."""

    def __init__(self, sandbox, username=None, key=None):
        query = {"api_user": username or sandbox.api_user, "api_key": key or sandbox.api_key}
        text = requests.get(f"{sandbox.url}/socket.io/1/", params=query, timeout=DEADLINE_S).text
        self.handshake = text.split(":")
        address = f"{sandbox.url.replace('http', 'ws')}/socket.io/1/websocket/{self.handshake[0]}"
        self.socket = websocket.create_connection(address, timeout=DEADLINE_S)
        self.first = self.socket.recv()

    def say(self, topic, data, packet_id="", **more):
        event = {"topic": topic, "data": data, **more}
        self.socket.send(f"5:{packet_id}::" + json.dumps({"name": "ftrack.event", "args": [event]}))

    def subscribe(self, expression, identifier=None):
        """Return once the server has taken the subscription."""
        subscriber = {"id": identifier or uuid.uuid4().hex}
        self.say("ftrack.meta.subscribe", {"subscriber": subscriber, "subscription": expression}, "1+")
        assert json.loads(self.packet().removeprefix("6:::1+")) == [{"success": True}]

    def packet(self):
        """The next packet that is no heartbeat."""
        while (packet := self.socket.recv()) == "2::":
            pass
        return packet

    def event(self):
        """The event in the next packet."""
        packet = self.packet()
        assert packet.startswith("5:::")
        body = json.loads(packet[4:])
        assert sorted(body) == ["args", "name"]
        assert body["name"] == "ftrack.event"
        (event,) = body["args"]
        return event


@pytest.fixture
def make_raw(ftrack_sandbox):
    with contextlib.ExitStack() as stack:

        def run(username=None, key=None):
            raw = Raw(ftrack_sandbox, username, key)
            stack.callback(raw.socket.close)
            return raw

        yield run


@pytest.fixture(scope="module")
def quiet_socket(ftrack_sandbox):
    """A socket that only waits; when it was opened, and when its first heartbeat came."""
    raw, times = Raw(ftrack_sandbox), [time.monotonic()]

    def wait():
        with contextlib.suppress(websocket.WebSocketException, OSError):
            while raw.socket.recv() != "2::":
                pass
            times.append(time.monotonic())

    thread = threading.Thread(target=wait, daemon=True)
    thread.start()
    yield thread, times
    raw.socket.close()


@pytest.fixture(autouse=True)
def _waits_from_the_first_test_on(quiet_socket):
    """Let the time until a heartbeat pass while other tests run."""


# 5.1 Connection.


@pytest.mark.parametrize("style", ["headers", "query"])
@pytest.mark.parametrize("kind", ["personal", "global"])
def test_5_1_a_handshake_has_four_parts_for_every_kind_of_key(ftrack_sandbox, style, kind):
    key = ftrack_sandbox.make_key("zoe.oconnor") if kind == "personal" else ftrack_sandbox.api_key
    if style == "headers":
        given = {"headers": {"ftrack-user": "zoe.oconnor", "ftrack-api-key": key}}
    else:
        given = {"params": {"api_user": "zoe.oconnor", "api_key": key}}
    reply = requests.get(f"{ftrack_sandbox.url}/socket.io/1/", timeout=DEADLINE_S, **given)
    assert reply.status_code == 200
    session_id, heartbeat, close, transports = reply.text.split(":")
    assert session_id
    assert int(heartbeat) > 0
    assert int(close) > 0
    assert "websocket" in transports.split(",")


@pytest.mark.parametrize(
    ("username", "whose"),
    [("zoe.oconnor", "kim.ek"), ("ingrid.solberg", None), ("nobody.known", None), ("kim.ek", "wrong")],
    ids=["key of another", "inactive user", "unknown user", "unknown key"],
)
def test_5_1_a_handshake_without_right_credentials_is_no_connection(ftrack_sandbox, username, whose):
    keys = {None: ftrack_sandbox.api_key, "wrong": "wrong"}
    key = keys[whose] if whose in keys else ftrack_sandbox.make_key(whose)
    before = ids(ftrack_sandbox)
    with pytest.raises(ftrack_api.exception.EventHubConnectionError):
        EventHub(ftrack_sandbox.url, username, key).connect()
    assert ids(ftrack_sandbox) <= before


def test_5_1_the_session_id_carries_the_user_to_the_web_socket(ftrack_sandbox, make_raw):
    before = {each.id for each in ftrack_sandbox.hub.connections}
    raw = make_raw("zoe.oconnor", ftrack_sandbox.make_key("zoe.oconnor"))
    assert raw.first == "1::"
    (opened,) = [each for each in ftrack_sandbox.hub.connections if each.id not in before]
    assert opened.username == "zoe.oconnor"


def test_5_1_a_session_with_own_headers_and_cookies_connects(ftrack_sandbox, open_session):
    session = open_session(
        auto_connect_event_hub=True, headers={"X-Studio": "north"}, cookies={"studio": "north"}
    )
    assert session.event_hub.connected


# 5.2 Packets and 5.3 the event object.


def test_5_2_an_acknowledgement_holds_one_object_and_comes_only_when_asked_for(make_raw):
    raw = make_raw()
    raw.say("test.nothing", {})
    raw.say("test.nothing", {}, packet_id="7+")
    packet = raw.packet()
    assert packet.startswith("6:::7+")
    assert json.loads(packet[6:]) == [{"success": True}]


def test_5_2_and_5_3_an_update_is_one_packet_without_id_and_with_known_keys_only(place, make_raw):
    raw = make_raw()
    raw.subscribe("topic=ftrack.update")
    place.task["name"] = "renamed"
    place.session.commit()
    event = raw.event()
    assert set(event) == EVENT_KEYS
    assert (event["topic"], event["target"]) == ("ftrack.update", "")
    assert (event["sent"], event["inReplyToEvent"]) == (None, None)
    assert event["id"]


def test_5_3_the_event_of_a_client_arrives_as_it_was_published(make_hub, make_raw):
    raw, hub = make_raw(), make_hub("kim.ek")
    raw.subscribe("topic=test.whole")
    sent = Event("test.whole", data={"a": [1, {"b": None}], "text": "Käse"}, target="")
    hub.publish(sent)
    event = raw.event()
    assert set(event) == EVENT_KEYS
    assert event["id"] == sent["id"]
    assert event["data"] == {"a": [1, {"b": None}], "text": "Käse"}
    assert event["inReplyToEvent"] is None
    assert event["source"]["id"] == hub.id
    assert event["source"]["user"]["username"] == "kim.ek"
    assert event["source"]["host"]


def test_5_3_a_key_that_python_does_not_know_is_not_passed_on(ftrack_sandbox, make_hub, make_raw):
    ear = Ear(ftrack_sandbox, make_hub(), "topic=test.more")
    raw = make_raw()
    raw.say("test.more", {"a": 1}, packet_id="1+", id="e1", subscriber="x", applicationId="y")
    assert raw.packet().startswith("6:::1+")
    # The client drops an event with any further key.
    assert [(each["id"], each["data"]) for each in ear.heard()] == [("e1", {"a": 1})]


# 5.4 Subscribing.


def test_5_4_a_new_session_has_its_three_subscriptions_once(ftrack_sandbox, open_session):
    before = {each.id for each in ftrack_sandbox.hub.connections}
    open_session("kim.ek", auto_connect_event_hub=True)

    def subscriptions():
        return sorted(
            text
            for each in ftrack_sandbox.hub.connections
            if each.id not in before
            for text in each.subscriptions
        )

    until(lambda: len(subscriptions()) == 3)
    scenario = 'data.storage_scenario.scenario="ftrack.centralized-storage"'
    assert subscriptions() == [
        f"topic=ftrack.connect.verify-startup and {scenario}",
        "topic=ftrack.meta.reply",
        f"topic=ftrack.storage-scenario.activate and {scenario}",
    ]


def test_5_4_a_subscription_said_twice_delivers_once(make_raw):
    raw = make_raw()
    for _ in range(2):
        raw.subscribe("topic=test.twice", "same")
    raw.say("test.twice", {"n": 1})
    raw.say("test.twice", {"n": 2})
    assert [raw.event()["data"]["n"] for _ in range(2)] == [1, 2]


def test_5_4_unsubscribing_with_all_that_became_known_of_the_subscriber_ends_it(make_raw):
    raw = make_raw()
    raw.subscribe("topic=test.first", "one")
    raw.subscribe("topic=test.*", "two")
    subscriber = {"id": "two", "user": {"username": "kim"}, "host": "WS-12"}
    raw.say("ftrack.meta.unsubscribe", {"subscriber": subscriber}, "2+")
    assert json.loads(raw.packet().removeprefix("6:::2+")) == [{"success": True}]
    raw.say("test.second", {})
    raw.say("test.first", {})
    assert raw.event()["topic"] == "test.first"


# 5.6 Who receives an event.


def test_5_6_two_requesters_each_get_the_replies_to_their_own_question(ftrack_sandbox, make_hub, make_raw):
    python, browser, answerer = make_hub("kim.ek"), make_raw("ada.lund"), make_hub("zoe.oconnor")
    answerer.subscribe("topic=test.ask", lambda event: {"echo": event["data"]["n"]})
    # A browser checks no target: whatever reply it gets, it takes for its own.
    browser.subscribe("topic=ftrack.meta.reply", "browser")
    until(lambda: any("topic=test.ask" in each.subscriptions for each in ftrack_sandbox.hub.connections))
    replies = []
    for number in range(3):
        python.publish(Event("test.ask", data={"n": number}), on_reply=replies.append)
        browser.say("test.ask", {"n": 10 + number}, id=f"question{number}", source={"id": "browser"})
    until(lambda: len(replies) == 3, answerer, python)
    # Python's questions and the browser's come over two sockets, in any order.
    taken = threading.Event()
    thread = threading.Thread(target=lambda: (answered(browser, got := []), told.append(got), taken.set()))
    told = []
    thread.start()
    until(taken.is_set, answerer)
    thread.join(DEADLINE_S)
    (got,) = told
    assert sorted(each["data"]["echo"] for each in replies) == [0, 1, 2]
    assert [each["data"] for each in got] == [{"echo": 10}, {"echo": 11}, {"echo": 12}]
    assert [each["inReplyToEvent"] for each in got] == ["question0", "question1", "question2"]
    assert {each["target"] for each in got} == {"id=browser"}
    assert {each["topic"] for each in got} == {"ftrack.meta.reply"}
    assert {each["source"]["user"]["username"] for each in got} == {"zoe.oconnor"}


def answered(raw, into, count=3):
    for _ in range(count):
        into.append(raw.event())


def test_5_6_several_replies_to_one_event_all_arrive(ftrack_sandbox, make_hub):
    asker, first, second = make_hub("kim.ek"), make_hub("ada.lund"), make_hub("zoe.oconnor")
    for name, hub in (("first", first), ("second", second)):
        hub.subscribe("topic=test.several", lambda event, name=name: {"from": name})
    until(
        lambda: (
            sum("topic=test.several" in each.subscriptions for each in ftrack_sandbox.hub.connections) == 2
        )
    )
    replies = []
    asker.publish(Event("test.several"), on_reply=replies.append)
    until(lambda: len(replies) == 2, first, second, asker)
    assert sorted(each["data"]["from"] for each in replies) == ["first", "second"]


def test_5_6_sixty_hubs_each_hear_a_commit_once(ftrack_sandbox, place, make_hub):
    users = ("kim.ek", "ada.lund", "zoe.oconnor")
    ears = [Ear(ftrack_sandbox, make_hub(users[number % 3])) for number in range(60)]
    place.task["name"] = "heard by all"
    place.session.commit()
    heard = [each.heard() for each in ears]
    assert [len(events) for events in heard] == [1] * 60
    assert len({events[0]["id"] for events in heard}) == 1
    assert heard[0][0]["data"]["entities"][0]["entityId"] == place.task["id"]


def test_5_6_an_update_can_be_subscribed_to_by_what_is_in_it(ftrack_sandbox, place, make_hub):
    name = ftrack_sandbox.api_user
    mine = Ear(ftrack_sandbox, make_hub(), f'topic=ftrack.update and source.user.username="{name}"')
    others = Ear(ftrack_sandbox, make_hub(), f'topic=ftrack.update and source.user.username!="{name}"')
    place.task["name"] = "mine"
    place.session.commit()
    assert (len(mine.heard()), len(others.heard())) == (1, 0)


# 5.7 Connection life, as far as the server has a part in it.


def test_5_7_a_dropped_session_comes_back_and_hears_what_is_committed_then(ftrack_sandbox, place, make_hub):
    hub = make_hub("kim.ek")
    known = {each.id for each in ftrack_sandbox.hub.connections}
    ear = Ear(ftrack_sandbox, hub)
    (before,) = [each for each in ftrack_sandbox.hub.connections if ear._topic in str(each.subscriptions)]
    assert ftrack_sandbox.hub.drop(before.id)
    until(
        lambda: any(
            each.id not in known and sorted(each.subscriptions) == sorted(before.subscriptions)
            for each in ftrack_sandbox.hub.connections
        ),
        hub,
    )
    place.task["name"] = "after the drop"
    place.session.commit()
    (event,) = ear.heard()
    assert event["data"]["entities"][0]["changes"]["name"]["new"] == "after the drop"


def test_5_7_what_is_told_to_those_who_are_away_is_lost(ftrack_sandbox, place, make_hub):
    hub = make_hub("kim.ek")
    ear = Ear(ftrack_sandbox, hub)
    (before,) = [each.id for each in ftrack_sandbox.hub.connections if ear._topic in str(each.subscriptions)]
    hub.disconnect(unsubscribe=False)
    until(lambda: before not in ids(ftrack_sandbox))
    place.task["name"] = "nobody there"
    place.session.commit()
    hub.connect()
    until(lambda: any(ear._topic in str(each.subscriptions) for each in ftrack_sandbox.hub.connections))
    place.task["name"] = "somebody there"
    place.session.commit()
    told = [each["data"]["entities"][0]["changes"]["name"]["new"] for each in ear.heard()]
    assert told == ["somebody there"]


def test_5_7_a_closed_session_is_gone_from_the_hub(ftrack_sandbox, open_session):
    before = ids(ftrack_sandbox)
    session = open_session(auto_connect_event_hub=True)
    (opened,) = ids(ftrack_sandbox) - before
    session.close()
    until(lambda: opened not in ids(ftrack_sandbox))


# 5.8 The event as a whole.


def test_5_8_a_status_change_is_told_with_legacy_names_and_parents(place, told, open_session):
    session = open_session("kim.ek", headers={"ftrack-clienttoken": "f3a1", "ftrack-pushtoken": "undefined"})
    task = session.get("Task", place.task["id"])
    before = task["status_id"]
    task["status"] = other(session, "Status", before)
    wanted = task["status"]["id"]
    user = session.query("User where username is kim.ek").one()
    (event,) = told(session)
    assert event["topic"] == "ftrack.update"
    assert (event["sent"], event["target"], event["in_reply_to_event"]) == (None, "", None)
    assert event["source"]["id"]
    assert event["source"]["clientToken"] == "f3a1"
    assert event["source"]["user"] == {"username": "kim.ek", "id": user["id"]}
    line = place.line
    assert event["data"] == {
        "parents": place.ids(),
        "user": {"userid": user["id"], "name": "Kim Ek"},
        "clientToken": "f3a1",
        "pushToken": "undefined",
        "entities": [
            {
                "action": "update",
                "entityType": "task",
                "entity_type": "Task",
                "entityId": task["id"],
                "objectTypeId": TASK,
                "parentId": place.shot["id"],
                "keys": ["statusid"],
                "changes": {"statusid": {"old": before, "new": wanted}},
                "parents": line,
            }
        ],
    }


def test_5_8_without_tokens_there_are_none(place, told):
    place.task["name"] = "no tokens"
    (event,) = told()
    assert (event["data"]["clientToken"], event["data"]["pushToken"]) == (None, None)


def test_5_8_a_listener_hears_its_own_commits_and_can_tell_them_by_token_and_user(
    ftrack_sandbox, place, open_session
):
    session = open_session(
        "ada.lund", auto_connect_event_hub=True, headers={"ftrack-clienttoken": "listener-1"}
    )
    ear = Ear(ftrack_sandbox, session.event_hub)
    session.get("Task", place.task["id"])["name"] = "my own"
    session.commit()
    (event,) = ear.heard()
    assert event["data"]["clientToken"] == "listener-1"
    assert event["source"]["user"]["username"] == "ada.lund"


def test_5_8_a_batch_that_fails_tells_nothing(place, ear):
    place.session.commit()
    ear.heard()
    place.task["name"] = "never"
    place.session.create("JobComponent", {"component_id": "none", "job_id": "none"})
    with pytest.raises(ftrack_api.exception.ServerError):
        place.session.commit()
    place.session.rollback()
    assert ear.heard() == []
    # Nor does what was undone come along with the next commit.
    place.task["description"] = "the next one"
    place.session.commit()
    (event,) = ear.heard()
    assert [each["keys"] for each in event["data"]["entities"]] == [["description"]]


def test_5_8_reading_and_writing_what_is_there_already_tell_nothing(place, ear):
    ear.heard()
    place.session.query("Task where id is " + place.task["id"]).one()
    key, name = [place.task["id"]], place.task["name"]
    update = {"action": "update", "entity_type": "Task", "entity_key": key, "entity_data": {"name": name}}
    place.session.call([update])
    assert ear.heard() == []


def test_5_8_a_batch_tells_of_every_entity_once_and_what_it_tells_is_stored_already(
    ftrack_sandbox, place, open_session, make_hub
):
    reader, hub, seen = open_session(), make_hub("kim.ek"), []

    def check(event):
        for each in event["data"]["entities"]:
            found = reader.query(f"select name from TypedContext where id is {each['entityId']}").first()
            seen.append((each["entityId"], each["action"], found and found["name"]))

    ear = Ear(ftrack_sandbox, hub)
    hub.subscribe("topic=ftrack.update", check)
    made = [place.session.create("Task", {"name": f"t{n}", "parent": place.shot}) for n in range(3)]
    place.shot["name"] = "renamed shot"
    place.session.commit()
    assert len(ear.heard()) == 1
    wanted = [(each["id"], "add", each["name"]) for each in made]
    assert sorted(seen) == sorted([*wanted, (place.shot["id"], "update", "renamed shot")])


def test_5_8_a_second_session_hears_the_commits_of_the_first_once_and_in_order(place, ear):
    ear.heard()
    for number in range(20):
        place.task["name"] = f"name {number}"
        place.session.commit()
    pairs = [each["data"]["entities"][0]["changes"]["name"] for each in ear.heard()]
    assert [pair["new"] for pair in pairs] == [f"name {number}" for number in range(20)]
    assert [pair["old"] for pair in pairs[1:]] == [pair["new"] for pair in pairs[:-1]]


def test_5_8_events_of_writers_at_once_come_in_the_order_in_which_they_were_stored(place, ear, open_session):
    ear.heard()
    sessions = [open_session(name) for name in ("kim.ek", "ada.lund", "zoe.oconnor")]

    def write(session):
        task = session.get("Task", place.task["id"])
        for number in range(8):
            task["description"] = f"{session.api_user} {number}"
            session.commit()

    threads = [threading.Thread(target=write, args=(each,)) for each in sessions]
    for each in threads:
        each.start()
    for each in threads:
        each.join(DEADLINE_S)
    pairs = [each["data"]["entities"][0]["changes"]["description"] for each in ear.heard()]
    assert len(pairs) == 24
    assert [pair["old"] for pair in pairs] == ["as it was", *(pair["new"] for pair in pairs[:-1])]


# 5.8 Entities, one after another.


def test_5_8_a_new_task_has_nothing_old(place, entry):
    task = place.session.create("Task", {"name": "paint", "parent": place.shot})
    found = entry("task")
    assert news(found, "name", "parent_id") == {"name": "paint", "parent_id": place.shot["id"]}
    assert found["entity_type"] == "Task"
    assert (found["entityId"], found["parentId"]) == (task["id"], place.shot["id"])
    assert found["objectTypeId"] == TASK
    assert found["parents"] == [{**place.line[0], "entityId": task["id"]}, *place.line[1:]]


def test_5_8_a_new_context_tells_what_the_server_supplied(place, entry):
    place.session.create("Task", {"name": "paint", "parent": place.shot})
    found = entry("task")
    stored = place.session.query(
        f"select status_id, type_id, priority_id from Task where id is {found['entityId']}"
    ).one()
    assert news(found, "statusid", "typeid", "priorityid") == {
        "statusid": stored["status_id"],
        "typeid": stored["type_id"],
        "priorityid": stored["priority_id"],
    }


def test_5_8_a_removed_task_has_nothing_new_and_keeps_its_parents(place, told):
    line, ids, name = place.line, place.ids(), place.task["name"]
    place.session.delete(place.task)
    (event,) = told()
    (found,) = [each for each in event["data"]["entities"] if each["entityType"] == "task"]
    assert (found["action"], found["entityId"], found["parentId"]) == ("remove", ids[0], ids[1])
    assert found["changes"]["name"] == {"old": name, "new": None}
    assert {pair["new"] for pair in found["changes"].values()} == {None}
    assert found["keys"] == list(found["changes"])
    assert found["parents"] == line
    place.task = place.session.create("Task", {"name": "another", "parent": place.shot})


def test_5_8_what_goes_along_with_a_removed_entity_is_told_too(place, told):
    shot, task = place.shot["id"], place.task["id"]
    place.session.delete(place.shot)
    (event,) = told()
    found = [(each["entityId"], each["action"]) for each in event["data"]["entities"]]
    assert sorted(found) == sorted([(shot, "remove"), (task, "remove")])


def test_5_8_a_rename_is_one_key(place, entry):
    before = place.task["name"]
    place.task["name"] = "renamed, Übermalung"
    found = entry("task")
    assert (found["action"], found["keys"]) == ("update", ["name"])
    assert found["changes"] == changes(name=(before, "renamed, Übermalung"))
    assert found["parents"] == place.line


@pytest.mark.parametrize(
    ("attribute", "legacy", "value"),
    [
        ("description", "description", "Näher ran.\n🙂"),
        ("bid", "bid", 7200.0),
        ("start_date", "startdate", "2026-03-02"),
        ("end_date", "enddate", "2026-03-06"),
    ],
)
def test_5_8_an_attribute_of_a_task_has_its_legacy_name(place, entry, attribute, legacy, value):
    place.task[attribute] = value
    found = entry("task", place.task["id"])
    assert (found["action"], found["keys"]) == ("update", [legacy])
    told = found["changes"][legacy]["new"]
    assert told.startswith(value) if legacy.endswith("date") else told == value


@pytest.mark.parametrize(
    ("relation", "legacy", "target"),
    [("type", "typeid", "Type"), ("priority", "priorityid", "Priority"), ("status", "statusid", "Status")],
)
def test_5_8_a_relation_of_a_task_is_told_by_its_legacy_key(place, entry, relation, legacy, target):
    before = place.task[f"{relation}_id"]
    wanted = other(place.session, target, before)
    place.task[relation] = wanted
    found = entry("task")
    assert found["keys"] == [legacy]
    assert found["changes"] == {legacy: {"old": before, "new": wanted["id"]}}


def test_5_8_a_shot_is_a_task_by_its_legacy_type(place, entry):
    before = place.shot["status_id"]
    place.shot["status"] = other(place.session, "Status", before)
    wanted = place.shot["status_id"] = place.shot["status"]["id"]
    found = entry("task")
    assert (found["entity_type"], found["objectTypeId"]) == ("Shot", SHOT)
    assert found["changes"] == changes(statusid=(before, wanted))
    assert found["parents"] == place.line[1:]


def test_5_8_a_task_with_another_parent_has_moved(place, entry):
    shot = place.session.create("Shot", {"name": "other shot", "parent": place.sequence})
    place.session.commit()
    before, place.shot = place.shot, shot
    place.task["parent"] = shot
    found = entry("task")
    assert found["action"] == "move"
    assert found["changes"] == changes(parent_id=(before["id"], shot["id"]))
    assert found["parentId"] == shot["id"]
    assert found["parents"] == place.line


def test_5_8_a_thumbnail_is_told_as_thumbid(place, entry):
    component = place.session.create("FileComponent", {"name": "thumbnail"})
    place.session.commit()
    place.task["thumbnail_id"] = component["id"]
    found = entry("task")
    assert found["changes"] == changes(thumbid=(None, component["id"]))


@pytest.mark.parametrize(
    ("entity", "key", "value", "text"),
    [
        ("shot", "on_hold", True, "1"),
        ("shot", "fstart", 1009, "1009"),
        ("shot", "brief", "heller, größer", "heller, größer"),
        ("task", "complexity", ["hard"], "hard"),
        ("shot", "resolution", "2048x1152", "2048x1152"),
    ],
    ids=["boolean", "number", "text", "enumerator", "hierarchical"],
)
def test_5_8_a_custom_attribute_is_told_under_its_key_as_text(place, entry, entity, key, value, text):
    owner = getattr(place, entity)
    owner["custom_attributes"][key] = value
    found = entry("task")
    assert (found["action"], found["entityId"]) == ("update", owner["id"])
    assert found["keys"] == [key]
    assert found["changes"][key]["new"] == text


def test_5_8_a_custom_attribute_that_changes_again_has_its_old_value_as_text(place, entry):
    place.shot["custom_attributes"]["fstart"] = 1001
    place.session.commit()
    place.shot["custom_attributes"]["fstart"] = 1009
    assert entry("task")["changes"] == changes(fstart=("1001", "1009"))


def test_5_8_a_project_is_a_show(place, told):
    session, name = place.session, f"show_{uuid.uuid4().hex[:8]}"
    schema = session.query("ProjectSchema").first()
    project = session.create(
        "Project",
        {
            "name": name,
            "full_name": "A show",
            "project_schema": schema,
            "status": "active",
            "is_private": False,
            "start_date": "2026-01-05",
            "end_date": "2026-06-30",
        },
    )
    (event,) = told()
    (found,) = [each for each in event["data"]["entities"] if each["entityType"] == "show"]
    line = [{"entityId": project["id"], "entityType": "show", "entity_type": "Project", "parentId": None}]
    told_of = news(found, "name", "fullname", "status", "startdate", "enddate", "projectschemeid", "private")
    assert told_of["startdate"].startswith("2026-01-05")
    assert told_of["enddate"].startswith("2026-06-30")
    assert (told_of["name"], told_of["fullname"], told_of["status"]) == (name, "A show", "active")
    assert (told_of["projectschemeid"], told_of["private"]) == (schema["id"], False)
    assert found["parents"] == line
    project["full_name"] = "The show"
    project["status"] = "hidden"
    (event,) = told()
    (found,) = event["data"]["entities"]
    assert (found["action"], found["parentId"]) == ("update", None)
    assert found["changes"] == changes(fullname=("A show", "The show"), status=("active", "hidden"))
    assert found["parents"] == line
    assert event["data"]["parents"] == [project["id"]]
    session.delete(project)
    (event,) = told()
    removed = [(each["entityType"], each["action"]) for each in event["data"]["entities"]]
    assert ("show", "remove") in removed


@pytest.fixture
def version(place):
    """A version of an asset of the place's shot."""
    kind = place.session.query("AssetType").first()
    asset = place.session.create("Asset", {"name": "plate", "parent": place.shot, "type": kind})
    made = place.session.create("AssetVersion", {"asset": asset, "task": place.task, "comment": "first"})
    place.session.commit()
    place.session.populate(made, "status_id, comment, version, thumbnail_id")
    return made


def test_5_8_an_asset_is_told_with_its_context(place, entry):
    kind = place.session.query("AssetType").first()
    asset = place.session.create("Asset", {"name": "plate", "parent": place.shot, "type": kind})
    found = entry("asset")
    assert found["entity_type"] == "Asset"
    assert news(found, "name", "typeid", "context_id") == {
        "name": "plate",
        "typeid": kind["id"],
        "context_id": place.shot["id"],
    }
    assert found["parentId"] == place.shot["id"]
    line = {"entityId": asset["id"], "entityType": "asset", "entity_type": "Asset"}
    assert found["parents"] == [{**line, "parentId": place.shot["id"]}, *place.line[1:]]


def test_5_8_a_new_version_tells_its_number_and_user(place, version, entry):
    made = place.session.create(
        "AssetVersion", {"asset": version["asset"], "task": place.task, "comment": "second"}
    )
    found = entry("assetversion")
    assert found["entity_type"] == "AssetVersion"
    user = place.session.query(f"User where username is {place.session.api_user}").one()
    told_of = news(found, "statusid", "taskid", "assetid", "comment", "ispublished", "version", "userid")
    assert told_of.pop("statusid")
    assert told_of == {
        "taskid": place.task["id"],
        "assetid": version["asset_id"],
        "comment": "second",
        "ispublished": True,
        "version": 2,
        "userid": user["id"],
    }
    assert [each["entityId"] for each in found["parents"]] == [
        made["id"],
        version["asset_id"],
        *place.ids()[1:],
    ]


def test_5_8_the_status_of_a_version_is_told_with_asset_context_and_project(place, version, told):
    before = version["status_id"]
    version["status"] = other(place.session, "Status", before)
    wanted, asset = version["status"]["id"], version["asset_id"]
    (event,) = told()
    line = [
        {
            "entityId": version["id"],
            "entityType": "assetversion",
            "entity_type": "AssetVersion",
            "parentId": asset,
        },
        {"entityId": asset, "entityType": "asset", "entity_type": "Asset", "parentId": place.shot["id"]},
        *place.line[1:],
    ]
    assert event["data"]["entities"] == [
        {
            "action": "update",
            "entityType": "assetversion",
            "entity_type": "AssetVersion",
            "entityId": version["id"],
            "parentId": asset,
            "keys": ["statusid"],
            "changes": changes(statusid=(before, wanted)),
            "parents": line,
        }
    ]
    assert event["data"]["parents"] == [each["entityId"] for each in line]


def test_5_8_the_thumbnail_and_comment_of_a_version_have_their_legacy_names(place, version, entry):
    component = place.session.create("FileComponent", {"name": "thumbnail"})
    place.session.commit()
    version["thumbnail_id"] = component["id"]
    version["comment"] = "better"
    found = entry("assetversion")
    assert found["changes"] == changes(thumbid=(None, component["id"]), comment=("first", "better"))


def test_5_8_the_custom_attribute_of_a_version_is_text(version, entry):
    version["custom_attributes"]["tech_ok"] = True
    found = entry("assetversion")
    assert (found["action"], found["keys"]) == ("update", ["tech_ok"])
    assert found["changes"]["tech_ok"]["new"] == "1"


def test_5_8_an_assignment_is_an_appointment(place, entry):
    user = place.session.query("User where username is kim.ek").one()
    made = place.session.create(
        "Appointment", {"context": place.task, "resource": user, "type": "assignment"}
    )
    found = entry("appointment")
    assert news(found, "type", "resource_id", "context_id") == {
        "type": "assignment",
        "resource_id": user["id"],
        "context_id": place.task["id"],
    }
    assert found["entityId"] == made["id"]
    assert found["parents"][1:] == place.line
    place.session.delete(made)
    found = entry("appointment")
    assert (found["action"], found["parents"][1:]) == ("remove", place.line)
    assert found["changes"]["resource_id"] == {"old": user["id"], "new": None}


def test_5_8_a_note_belongs_to_what_it_is_on(place, entry):
    user = place.session.query("User where username is kim.ek").one()
    note = place.task.create_note("Please check", user)
    found = entry("note")
    told_of = news(
        found, "text", "noteid", "userid", "is_todo", "date", "triggerdate", "parent_type", "project_id"
    )
    assert told_of.pop("date") == told_of.pop("triggerdate")
    assert told_of == {
        "text": "Please check",
        "noteid": note["id"],
        "userid": user["id"],
        "is_todo": False,
        "parent_type": told_of["parent_type"],
        "project_id": place.project["id"],
    }
    assert (found["entityId"], found["parentId"]) == (note["id"], place.task["id"])
    assert found["parents"][1:] == place.line
    note["content"] = "Please check again"
    found = entry("note")
    assert (found["action"], found["changes"]) == (
        "update",
        changes(text=("Please check", "Please check again")),
    )


@pytest.mark.parametrize("how", ["relation", "list"])
def test_5_8_a_reply_names_its_note_and_ends_with_the_project(place, entry, how):
    user = place.session.query("User where username is kim.ek").one()
    note = place.task.create_note("Please check", user)
    place.session.commit()
    if how == "list":
        reply = note.create_reply("Done", user)
    else:
        reply = place.session.create("Note", {"content": "Done", "author": user, "in_reply_to": note})
    identifier = reply["id"]
    found = entry("note", identifier)
    assert news(found, "text", "noteparentid") == {"text": "Done", "noteparentid": note["id"]}
    assert found["parents"][0]["entityId"] == identifier
    assert found["parents"][-1] == place.line[-1]


def test_5_8_a_list_and_what_is_put_on_it(place, entry):
    session = place.session
    category = session.query("ListCategory").first()
    made = session.create("TypedContextList", {"name": "Due", "project": place.project, "category": category})
    found = entry("list")
    assert news(found, "name") == {"name": "Due"}
    assert (found["entityId"], found["parentId"]) == (made["id"], place.project["id"])
    assert found["parents"][-1] == place.line[-1]
    made["items"].append(place.task)
    found = entry("listobject")
    assert news(found, "listid", "entityid") == {"listid": made["id"], "entityid": place.task["id"]}
    assert found["parents"][-1] == place.line[-1]
    made["name"] = "Due today"
    assert entry("list")["changes"] == changes(name=("Due", "Due today"))
    made["items"].remove(place.task)
    found = entry("listobject")
    assert (found["action"], found["changes"]["entityid"]["old"]) == ("remove", place.task["id"])
    session.delete(made)
    assert entry("list")["action"] == "remove"


def test_5_8_a_link_is_a_dependency(place, entry):
    link = place.session.create("TypedContextLink", {"from": place.shot, "to": place.task})
    found = entry("dependency")
    assert found["entity_type"] == "TypedContextLink"
    assert news(found, "from_id", "to_id") == {"from_id": place.shot["id"], "to_id": place.task["id"]}
    assert found["entityId"] == link["id"]
    assert found["parents"][-1] == place.line[-1]


def test_5_8_a_user_is_told_by_its_legacy_names(ftrack_session, entry):
    name = f"new.{uuid.uuid4().hex[:8]}"
    user = ftrack_session.create("User", {"username": name, "first_name": "New", "is_active": False})
    found = entry("user")
    assert news(found, "username", "firstname", "isactive") == {
        "username": name,
        "firstname": "New",
        "isactive": False,
    }
    line = {"entityId": user["id"], "entityType": "user", "entity_type": "User", "parentId": None}
    assert found["parents"] == [line]
    user["first_name"] = "Newer"
    found = entry("user")
    assert (found["action"], found["changes"]) == ("update", changes(firstname=("New", "Newer")))
    ftrack_session.delete(user)
    assert entry("user")["action"] == "remove"


def test_5_8_a_project_opened_to_a_role_is_a_userroleproject(place, entry):
    held = place.session.query("select id from UserSecurityRole where user.username is pavel.novak").first()
    made = place.session.create(
        "UserSecurityRoleProject", {"project": place.project, "user_security_role": held}
    )
    found = entry("userroleproject")
    assert news(found, "project_id", "user_role_id") == {
        "project_id": place.project["id"],
        "user_role_id": held["id"],
    }
    place.session.delete(made)
    assert entry("userroleproject")["action"] == "remove"


def test_5_8_a_review_session_belongs_to_its_project(place, entry):
    made = place.session.create(
        "ReviewSession",
        {"name": "Friday", "project": place.project, "start_date": "2026-03-02", "end_date": "2026-03-06"},
    )
    found = entry("reviewsession")
    assert news(found, "name") == {"name": "Friday"}
    assert found["parentId"] == place.project["id"]
    assert found["parents"][-1] == place.line[-1]
    made["name"] = "Monday"
    assert entry("reviewsession")["changes"] == changes(name=("Friday", "Monday"))
    place.session.delete(made)
    assert entry("reviewsession")["action"] == "remove"


# Last, so that the time until then has passed while the others ran.


def test_5_2_a_heartbeat_comes_within_ten_seconds(quiet_socket):
    thread, times = quiet_socket
    thread.join(DEADLINE_S)
    opened, beaten = times
    assert beaten - opened <= 10
