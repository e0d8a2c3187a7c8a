"""Sixty clients, fifty events a second: nothing twice, nothing missing, in order, with the heart beating."""

import itertools
import threading
import time
import uuid

import ftrack_api.event.hub
import pytest
import websocket
from ftrack_api.event.base import Event

from coordinator import wait_for

CLIENTS = 60
PUBLISHERS = 5
PER_SECOND = 50
#: Long enough for two heartbeats.
SECONDS = 11


@pytest.fixture
def hubs(ftrack_sandbox):
    made = []
    for _ in range(CLIENTS):
        hub = ftrack_api.event.hub.EventHub(
            ftrack_sandbox.url, ftrack_sandbox.api_user, ftrack_sandbox.api_key
        )
        hub.connect()
        made.append(hub)
    yield made
    for hub in made:
        hub.disconnect()


class Pulse:
    """A bare web socket that notes when heartbeats come."""

    def __init__(self, hub):
        self.times = []
        session = hub._get_socket_io_session()
        address = f"ws://{hub.get_network_location()}/socket.io/1/websocket/{session.id}"
        self._socket = websocket.create_connection(address, timeout=30)
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self):
        try:
            while True:
                if self._socket.recv().startswith("2::"):
                    self.times.append(time.monotonic())
                    self._socket.send("2:::")
        except (websocket.WebSocketException, OSError):
            return

    def close(self):
        self._socket.close()
        self._thread.join(10)


def test_5_6_sixty_clients_hear_fifty_events_a_second_once_and_in_order(hubs):
    topic = f"load.{uuid.uuid4().hex}"
    heard = [[] for _ in hubs]
    for hub, events in zip(hubs, heard, strict=True):
        hub.subscribe(f"topic={topic}", lambda event, events=events: events.append(dict(event["data"])))
    # An event of its own that came back tells each client that its subscription is known.
    for hub in hubs:
        back = []
        echo = f"{topic}.{hub.id}"
        hub.subscribe(f"topic={echo}", back.append)
        hub.publish(Event(echo))
        wait_for(lambda back=back: back, "The echo", lambda hub=hub: hub.wait(0.02))
    pulse = Pulse(hubs[0])
    began = time.monotonic()
    total = PER_SECOND * SECONDS
    pace = threading.Event()
    for number in range(total):
        hub = hubs[number % PUBLISHERS]
        hub.publish(Event(topic, data={"publisher": number % PUBLISHERS, "number": number}))
        pace.wait(max(0.0, began + (number + 1) / PER_SECOND - time.monotonic()))
    for hub, events in zip(hubs, heard, strict=True):
        wait_for(lambda events=events: len(events) >= total, "Every event", lambda hub=hub: hub.wait(0.02))
    ended = time.monotonic()
    pulse.close()
    for events in heard:
        assert sorted(each["number"] for each in events) == list(range(total))
        for publisher in range(PUBLISHERS):
            numbers = [each["number"] for each in events if each["publisher"] == publisher]
            assert numbers == sorted(numbers)
    assert len(pulse.times) >= 2
    pauses = [later - earlier for earlier, later in itertools.pairwise([began, *pulse.times, ended])]
    assert max(pauses) <= 10
