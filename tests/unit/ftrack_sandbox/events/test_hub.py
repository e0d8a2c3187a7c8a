"""Who gets what, told without a socket."""

import json
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ftrack_sandbox.errors import ParseError
from ftrack_sandbox.events import hub as hub_module
from ftrack_sandbox.events.hub import EventError, Hub, HubUser
from ftrack_sandbox.events.socketio import FrameError


class Client:
    """One connection whose frames are kept."""

    def __init__(self, hub, username="kim"):
        self.frames = []
        self.closed = threading.Event()
        self.connection = hub.connect(
            HubUser(f"id of {username}", username), self.frames.append, self.closed.set
        )
        self._packet = 0

    def subscribe(self, expression, subscriber_id="s", **metadata):
        data = {"subscriber": {"id": subscriber_id, **metadata}, "subscription": expression}
        return self.send({"topic": "ftrack.meta.subscribe", "data": data})

    def unsubscribe(self, subscriber_id="s"):
        return self.send({"topic": "ftrack.meta.unsubscribe", "data": {"subscriber": {"id": subscriber_id}}})

    def send(self, event):
        """Send an event as Python does; return the object it is acknowledged with."""
        self._packet += 1
        data = json.dumps({"name": "ftrack.event", "args": [event]})
        self.connection.receive(f"5:{self._packet}+::{data}")
        prefix = f"6:::{self._packet}+"
        (found,) = [frame for frame in self.frames if frame.startswith(prefix)]
        self.frames.remove(found)
        (reply,) = json.loads(found[len(prefix) :])
        return reply

    @property
    def events(self):
        return [json.loads(frame[4:])["args"][0] for frame in self.frames if frame.startswith("5:::")]

    @property
    def topics(self):
        return [event["topic"] for event in self.events]


@pytest.fixture
def hub():
    return Hub()


def test_event_goes_to_the_connections_that_subscribed_to_it(hub):
    kim, lee = Client(hub), Client(hub, "lee")
    assert kim.subscribe("topic=studio.lunch") == {"success": True}
    assert lee.subscribe("topic=studio.dinner") == {"success": True}
    assert lee.send({"topic": "studio.lunch"}) == {"success": True}
    assert (kim.topics, lee.topics) == (["studio.lunch"], [])


def test_connection_gets_an_event_once_however_many_subscriptions_match(hub):
    kim = Client(hub)
    kim.subscribe("topic=studio.*", "a")
    kim.subscribe("topic=studio.lunch", "b")
    hub.publish({"topic": "studio.lunch"})
    assert kim.topics == ["studio.lunch"]


def test_publisher_gets_its_own_event_back(hub):
    kim = Client(hub)
    kim.subscribe("topic=studio.lunch")
    kim.send({"topic": "studio.lunch"})
    assert kim.topics == ["studio.lunch"]


def test_target_is_matched_against_the_subscriber_and_not_the_event(hub):
    kim, lee = Client(hub), Client(hub, "lee")
    kim.subscribe("topic=*", "s1", applicationId="ftrack.client.web", user={"id": "9f"})
    lee.subscribe("topic=*", "s2")
    hub.publish({"topic": "a", "target": 'applicationId=ftrack.client.web and user.id="9f"'})
    hub.publish({"topic": "b", "target": "id=s2"})
    hub.publish({"topic": "c", "target": "topic=c"})
    hub.publish({"topic": "d", "target": ""})
    assert (kim.topics, lee.topics) == (["a", "d"], ["b", "d"])


def test_target_and_subscription_must_meet_in_one_subscriber(hub):
    kim = Client(hub)
    kim.subscribe("topic=a", "s1")
    kim.subscribe("topic=b", "s2")
    hub.publish({"topic": "a", "target": "id=s2"})
    assert kim.topics == []


def test_reply_is_routed_to_the_asker_alone(hub):
    asker, answerer, other = Client(hub), Client(hub), Client(hub)
    for number, client in enumerate((asker, answerer, other)):
        client.subscribe("topic=ftrack.meta.reply", f"hub{number}")
    reply = {"topic": "ftrack.meta.reply", "target": "id=hub0", "inReplyToEvent": "e1", "data": {"items": []}}
    answerer.send(reply)
    assert [event["inReplyToEvent"] for event in asker.events] == ["e1"]
    assert (answerer.events, other.events) == ([], [])


def test_only_the_keys_that_python_knows_are_passed_on(hub):
    kim = Client(hub)
    kim.subscribe("topic=a")
    kim.send(
        {
            "topic": "a",
            "id": "e1",
            "data": {"x": 1, "more": 2},
            "sent": None,
            "more": 3,
            "in_reply_to_event": "e0",
        }
    )
    assert kim.events == [
        {
            "topic": "a",
            "id": "e1",
            "data": {"x": 1, "more": 2},
            "sent": None,
            "source": {},
            "target": "",
            "inReplyToEvent": None,
        }
    ]


def test_source_stays_as_sent(hub):
    kim = Client(hub)
    kim.subscribe("topic=a")
    source = {"id": "h", "user": {"username": "somebody"}, "host": "WS-12"}
    kim.send({"topic": "a", "source": source})
    assert kim.events[0]["source"] == source


def test_event_without_id_is_given_one(hub):
    kim = Client(hub)
    kim.subscribe("topic=a")
    hub.publish({"topic": "a"})
    hub.publish({"topic": "a"})
    first, second = (event["id"] for event in kim.events)
    assert first and second and first != second


def test_same_subscription_again_changes_nothing(hub):
    kim = Client(hub)
    assert kim.subscribe("topic=a") == {"success": True}
    assert kim.subscribe("topic=a") == {"success": True}
    hub.publish({"topic": "a"})
    assert kim.topics == ["a"]
    assert hub.connections[0].subscriptions == ("topic=a",)


def test_other_subscription_under_a_taken_id_is_refused_and_the_first_stays(hub):
    kim = Client(hub)
    kim.subscribe("topic=a")
    assert kim.subscribe("topic=b") == {
        "success": False,
        "message": "Subscriber with identifier s already exists.",
    }
    hub.publish({"topic": "a"})
    hub.publish({"topic": "b"})
    assert kim.topics == ["a"]


def test_same_subscriber_id_may_live_on_two_connections(hub):
    old, new = Client(hub), Client(hub)
    assert old.subscribe("topic=a") == new.subscribe("topic=a") == {"success": True}
    old.connection.leave()
    hub.publish({"topic": "a"})
    assert (old.topics, new.topics) == ([], ["a"])


def test_unsubscribing_ends_one_subscription(hub):
    kim = Client(hub)
    kim.subscribe("topic=a", "s1")
    kim.subscribe("topic=b", "s2")
    assert kim.unsubscribe("s1") == {"success": True}
    hub.publish({"topic": "a"})
    hub.publish({"topic": "b"})
    assert kim.topics == ["b"]
    assert kim.unsubscribe("s1") == {
        "success": False,
        "message": "There is no subscriber with identifier s1.",
    }


def test_nobody_sees_subscriptions_of_others(hub):
    kim, lee = Client(hub), Client(hub, "lee")
    kim.subscribe("topic=*")
    lee.subscribe("topic=a")
    lee.unsubscribe()
    assert kim.topics == []


@pytest.mark.parametrize(
    ("event", "message"),
    [
        ({}, "An event needs a topic."),
        ({"topic": ""}, "An event needs a topic."),
        ({"topic": 3}, "An event needs a topic."),
        ({"topic": "a", "target": {"id": "x"}}, "The target of an event must be text."),
        ({"topic": "a", "source": "me"}, "The source of an event must be an object."),
        ({"topic": "ftrack.meta.subscribe"}, "The event ftrack.meta.subscribe needs data."),
        (
            {"topic": "ftrack.meta.subscribe", "data": {"subscriber": {"id": "x"}}},
            "A subscription must be text.",
        ),
        (
            {"topic": "ftrack.meta.subscribe", "data": {"subscription": "topic=a"}},
            "A subscriber needs an id.",
        ),
        ({"topic": "ftrack.meta.unsubscribe", "data": {"subscriber": "x"}}, "A subscriber needs an id."),
    ],
)
def test_event_that_makes_no_sense_is_acknowledged_as_failed(hub, event, message):
    kim = Client(hub)
    kim.subscribe("topic=*")
    assert kim.send(event) == {"success": False, "message": message}
    assert kim.events == []


@pytest.mark.parametrize("target", ["id=", "   ", "id=a:b", "("])
def test_target_that_cannot_be_parsed_is_acknowledged_as_failed(hub, target):
    reply = Client(hub).send({"topic": "a", "target": target})
    assert reply["success"] is False
    assert reply["message"].startswith("Failed to parse")


def test_subscription_that_cannot_be_parsed_is_acknowledged_as_failed(hub):
    reply = Client(hub).subscribe("topic is a")
    assert reply["success"] is False
    assert "topic is a" in reply["message"]


def test_subscriptions_that_break_a_client_do_not_break_the_server(hub):
    kim, lee = Client(hub), Client(hub, "lee")
    for number, expression in enumerate(
        ["data=''", "data.x=a*", "data<5", "target=*", "source.id>=1", "inReplyToEvent=x*"]
    ):
        assert kim.subscribe(expression, str(number)) == {"success": True}
    lee.subscribe("topic=a")
    assert kim.send({"topic": "a", "data": {"x": None}}) == {"success": True}
    assert lee.topics == ["a"]


def test_event_without_packet_id_is_not_acknowledged(hub):
    kim = Client(hub)
    kim.subscribe("topic=a")
    kim.connection.receive('5:::{"name":"ftrack.event","args":[{"topic":"a"}]}')
    kim.connection.receive('5:::{"name":"ftrack.event","args":[{"topic":""}]}')
    assert kim.topics == ["a"]
    assert len(kim.frames) == 1


def test_frame_that_is_none_is_answered_with_an_error_packet(hub):
    kim = Client(hub)
    kim.connection.receive("rubbish")
    assert kim.frames == ["7:::Not a socket.io 0.9 packet."]


def test_broken_data_in_a_packet_with_id_is_acknowledged_as_failed(hub):
    kim = Client(hub)
    kim.connection.receive("5:9+::{broken")
    assert kim.frames == ['6:::9+[{"success": false, "message": "The packet\'s data is not JSON."}]']


def test_frame_over_the_limit_is_acknowledged_as_failed_and_the_connection_lives(hub, monkeypatch):
    monkeypatch.setattr(hub_module, "FRAME_LIMIT", 200)
    kim = Client(hub)
    kim.subscribe("topic=a")
    reply = kim.send({"topic": "a", "data": {"text": "x" * 200}})
    assert reply["success"] is False
    assert "no more than 200" in reply["message"]
    assert kim.send({"topic": "a"}) == {"success": True}
    assert kim.topics == ["a"]


@given(
    st.one_of(
        st.text(),
        st.builds("5:1+::{}".format, st.text()),
        st.builds("{}:1+::{}".format, st.integers(0, 8), st.text()),
    )
)
def test_no_frame_makes_a_connection_raise(frame):
    kim = Client(Hub())
    kim.connection.receive(frame)
    # Exactly one object in every acknowledgement, or Python's reader dies.
    for sent in kim.frames:
        if sent.startswith("6"):
            assert len(json.loads(sent.split("+", 1)[1])) == 1


def test_answered_heartbeats_are_counted(hub):
    kim = Client(hub)
    kim.connection.receive("2:::")
    kim.connection.receive("2::")
    assert kim.connection.heartbeats == 2
    assert kim.frames == []


def test_disconnect_packet_asks_for_the_end(hub):
    kim = Client(hub)
    kim.connection.receive("0::")
    assert kim.closed.is_set()


def test_connections_tell_who_listens_to_what(hub):
    kim, lee = Client(hub), Client(hub, "lee")
    kim.subscribe("topic=a", "s1")
    kim.subscribe("topic=b", "s2")
    assert [(each.username, each.subscriptions) for each in hub.connections] == [
        ("kim", ("topic=a", "topic=b")),
        ("lee", ()),
    ]
    assert [each.id for each in hub.connections] == [kim.connection.id, lee.connection.id]


def test_one_connection_can_be_dropped(hub):
    kim, lee = Client(hub), Client(hub, "lee")
    assert hub.drop(kim.connection.id) is True
    assert hub.drop("unknown") is False
    assert (kim.closed.is_set(), lee.closed.is_set()) == (True, False)


def test_closing_ends_all_connections_and_waits_until_they_have_left(hub):
    kim = Client(hub)
    leaving = threading.Thread(target=lambda: kim.closed.wait(10) and kim.connection.leave())
    leaving.start()
    hub.close(wait_s=10)
    assert hub.connections == []
    leaving.join()


def test_closed_hub_takes_no_more_connections(hub):
    hub.close()
    late = Client(hub)
    assert late.closed.is_set()
    assert hub.connections == []


@pytest.mark.parametrize(
    ("event", "error"),
    [
        ({}, EventError),
        ({"topic": "a", "target": "("}, ParseError),
        ({"topic": "a", "data": {1, 2}}, FrameError),
    ],
)
def test_server_is_told_of_an_event_it_cannot_publish(hub, event, error):
    with pytest.raises(error):
        hub.publish(event)


def test_events_of_each_publisher_arrive_in_order_while_many_publish_and_subscribe(hub):
    readers = [Client(hub) for _ in range(5)]
    for reader in readers:
        reader.subscribe("topic=count")
    start = threading.Barrier(5)

    def publish(name):
        start.wait()
        for number in range(100):
            hub.publish({"topic": "count", "data": [name, number]})

    def come_and_go():
        start.wait()
        for _ in range(100):
            guest = Client(hub)
            guest.subscribe("topic=count")
            guest.connection.leave()

    threads = [threading.Thread(target=publish, args=(name,)) for name in range(4)] + [
        threading.Thread(target=come_and_go)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for reader in readers:
        for name in range(4):
            assert [
                number for who, number in (event["data"] for event in reader.events) if who == name
            ] == list(range(100))
