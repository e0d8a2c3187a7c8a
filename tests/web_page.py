"""ftrack's web page as the event hub knows it: a bare web socket that says what the reference's examples say.

`coordinator.Browser` clicks with the official client; this one hides nothing of what goes over the wire.
"""

from __future__ import annotations

import contextlib
import json
import threading
import time
import uuid
from collections.abc import Callable
from typing import Any

import requests
import websocket

DEADLINE_S = 30.0

#: All that an event may hold on its way to Python. Source: protocol reference 5.3.
EVENT_KEYS = {"topic", "id", "data", "sent", "source", "target", "inReplyToEvent"}


def until(condition: Callable[[], Any], *hubs: Any) -> None:
    """Let *hubs* of the Python client handle their events until *condition* holds."""
    end = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < end, "the condition never came to hold"
        for hub in hubs:
            hub.wait(duration=0)
        # What others do in their threads needs the processor too.
        threading.Event().wait(0.002)


class Page:
    """One open page of a user. *Source*: protocol reference 5.1 to 5.3, 6.2, 6.6.

    It listens for replies to what it asks and for what is said to the user unasked; `events` are all that
    came, in order, exactly as they came. Like a browser's, its packets have no ids.
    """

    def __init__(self, sandbox: Any, username: str, user_id: str, key: str | None = None) -> None:
        self.id = uuid.uuid4().hex
        self.source = {
            "id": self.id,
            "applicationId": "ftrack.client.web",
            "user": {"username": username, "id": user_id},
        }
        self.events: list[dict[str, Any]] = []
        self._socket = _opened(sandbox.url, username, key or sandbox.api_key)
        assert self._socket.recv() == "1::"
        threading.Thread(target=self._read, daemon=True).start()
        self.subscribe("topic=ftrack.meta.reply", {"id": self.id})
        about = {"id": uuid.uuid4().hex, "applicationId": "ftrack.client.web", "user": self.source["user"]}
        self.subscribe("topic=ftrack.action.trigger-user-interface", about)
        # What is sent later is answered later, so the hub has taken both when this comes back.
        self.hear_itself()

    def subscribe(self, expression: str, subscriber: dict[str, Any] | None = None) -> None:
        data = {"subscriber": subscriber or {"id": uuid.uuid4().hex}, "subscription": expression}
        self.say("ftrack.meta.subscribe", data)

    def say(self, topic: str, data: dict[str, Any], **more: Any) -> str:
        """Publish an event, by the page unless *more* tells otherwise; returns its id."""
        event = {"topic": topic, "id": uuid.uuid4().hex, "data": data, "source": self.source, **more}
        self._socket.send("5:::" + json.dumps({"name": "ftrack.event", "args": [event]}))
        return str(event["id"])

    def hear_itself(self, *hubs: Any) -> None:
        """Return when all that was sent to this page before has come."""
        topic = f"test.marker.{uuid.uuid4().hex}"
        self.subscribe(f"topic={topic}")
        self.say(topic, {})
        until(lambda: self.told(topic), *hubs)

    def told(self, topic: str) -> list[dict[str, Any]]:
        """The events of a topic that have come up to now."""
        return [each for each in list(self.events) if each["topic"] == topic]

    def replies(self, event_id: str) -> list[dict[str, Any]]:
        """The replies to an event that have come up to now."""
        return [each for each in self.told("ftrack.meta.reply") if each["inReplyToEvent"] == event_id]

    def ask(self, topic: str, data: dict[str, Any], *hubs: Any, replies: int = 1, **more: Any) -> list[Any]:
        """Publish an event and return the `data` of its replies, once there are so many."""
        event_id = self.say(topic, data, **more)
        until(lambda: len(self.replies(event_id)) >= replies, *hubs)
        return [each["data"] for each in self.replies(event_id)]

    def close(self) -> None:
        self._socket.close()

    def _read(self) -> None:
        with contextlib.suppress(websocket.WebSocketException, OSError):
            while True:
                packet = self._socket.recv()
                if packet == "2::":
                    self._socket.send("2::")
                if packet.startswith("5:::"):
                    self.events += json.loads(packet[4:])["args"]


def _opened(url: str, username: str, key: str) -> websocket.WebSocket:
    query = {"api_user": username, "api_key": key}
    reply = requests.get(f"{url}/socket.io/1/", params=query, timeout=DEADLINE_S)
    reply.raise_for_status()
    address = f"{url.replace('http', 'ws')}/socket.io/1/websocket/{reply.text.split(':')[0]}"
    return websocket.create_connection(address, timeout=DEADLINE_S)
