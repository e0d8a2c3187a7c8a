"""What the listener changes on the client's event hub, so that an outage ends."""

import queue

import pytest

from ftrack_jobs.errors import ServerError
from ftrack_jobs.listener import _Outbox, _sends_at_once
from ftrack_jobs.session import new_event


def test_events_wait_for_a_connection_and_are_kept_back_while_there_is_none(ftrack_session):
    hub, heard = ftrack_session.event_hub, []
    hub.init_connection()
    hub.publish(new_event("test.before", {}))
    hub._event_send_queue = _Outbox(hub)
    hub.subscribe("topic=test.*", lambda event: heard.append(event["topic"]))
    hub.publish(new_event("test.after", {}))
    # The client would take them out and put them back for ever.
    with pytest.raises(queue.Empty):
        hub._event_send_queue.get_nowait()
    # Subscriptions are sent by each connection anyway.
    topics = [item[0]["topic"] for item in hub._event_send_queue.queue]
    assert [topic for topic in topics if not topic.startswith("ftrack.")] == ["test.before", "test.after"]
    assert "ftrack.meta.subscribe" not in topics
    hub.connect()
    while len(heard) < 2:
        hub.wait(0.1)
    assert heard == ["test.before", "test.after"]


def test_what_cannot_be_sent_is_given_up_at_once(ftrack_session):
    hub = ftrack_session.event_hub
    hub.connect()
    send = _sends_at_once(hub._send_packet)
    send("2")
    hub.disconnect()
    with pytest.raises(ServerError) as caught:
        send("2")
    assert caught.value.lost
