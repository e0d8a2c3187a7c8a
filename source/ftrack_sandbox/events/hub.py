"""Who is connected, who has subscribed to what, and who gets which event. Knows no sockets.

Source: protocol reference 5.3 to 5.6. Nothing is kept for those who are away, and there is no
work queue: every connection with a matching subscription gets the event, once.
"""

import dataclasses
import logging
import threading
import uuid
from collections.abc import Callable, Mapping
from typing import Any

from ftrack_sandbox.errors import SandboxError
from ftrack_sandbox.events import socketio
from ftrack_sandbox.events.expression import Expression, parse
from ftrack_sandbox.faults import Faults, Occasion

#: Characters in one frame; longer ones are refused with an acknowledgement (assumed: the limit of
#: a real server is unknown).
FRAME_LIMIT = 4 * 1024 * 1024

_LOG = logging.getLogger(__name__)


class EventError(SandboxError):
    """An event that the hub cannot pass on, or a subscription it cannot take."""


@dataclasses.dataclass(frozen=True)
class HubUser:
    """Whose credentials opened a connection."""

    user_id: str
    username: str


@dataclasses.dataclass(frozen=True)
class ConnectionInfo:
    """One open connection, for people to look at.

    *subscriptions* are the expressions as sent; *heartbeats* counts those the client answered.
    """

    id: str
    username: str
    subscriptions: tuple[str, ...]
    heartbeats: int


@dataclasses.dataclass(frozen=True)
class _Subscription:
    text: str
    expression: Expression
    #: Whatever the subscriber told of itself, `id` at least; targets are matched against it.
    subscriber: Mapping[str, Any]


class Hub:
    """Passes events from publishers to subscribers. Thread-safe.

    No call waits for a reader: every connection brings a `send` that only puts the frame into
    that connection's own queue. Frames of one publisher reach each reader in the order of its
    calls. The *faults* asked for are met by connections and by events on their way.

    >>> hub = Hub()
    >>> frames = []
    >>> connection = hub.connect(HubUser("u1", "kim"), frames.append, lambda: None)
    >>> connection.subscribe({"id": "s1"}, "topic=studio.*")
    >>> hub.publish({"topic": "studio.lunch", "id": "e1"})
    >>> len(frames)
    1
    """

    def __init__(self, faults: Faults | None = None) -> None:
        self.faults = Faults() if faults is None else faults
        self.faults.listen(self._faults_changed)
        self._changed = threading.Condition()
        #: Replaced, never changed: publishers walk over it without a lock.
        self._connections: tuple[Connection, ...] = ()
        self._closed = False

    def connect(
        self,
        user: HubUser,
        send: Callable[[str], None],
        close: Callable[[], None],
        suffer: Callable[[str | None], None] = lambda kind: None,
    ) -> "Connection":
        """Add a connection. After `close` of the hub it is closed at once.

        *send* queues one frame, *close* asks for the connection's end; both are called from any
        thread, must return at once and never raise. So is *suffer*: it is told the kind of a fault
        that the socket has met, and None when the faults were ended. The caller ends with
        `Connection.leave`.
        """
        connection = Connection(self, user, send, close, suffer)
        with self._changed:
            closed = self._closed
            if not closed:
                self._connections = (*self._connections, connection)
        if closed:
            close()
        connection.meet_faults()
        return connection

    def publish(self, event: Mapping[str, Any]) -> None:
        """Deliver *event* to every connection that it is meant for, the publisher's included.

        Only the keys that clients know are passed on; one more and Python drops the event. An
        `id` is added when there is none, `source` stays as sent: that a real server adds the
        user's id to it is unknown, and clients that manage without it manage with it (assumed).
        Raises EventError, ParseError (of the target) and FrameError.
        Source: protocol reference 5.3, 5.6.
        """
        whole = _whole(event)
        target = parse(whole["target"]) if whole["target"] else None
        frame = socketio.event_frame(whole)
        for connection in self._connections:
            if connection.wants(whole, target):
                connection.deliver(whole["topic"], frame)

    @property
    def connections(self) -> list[ConnectionInfo]:
        """The open connections, oldest first."""
        return [connection.info for connection in self._connections]

    def drop(self, connection_id: str) -> bool:
        """End one connection; return whether there was one of that id."""
        found = [each for each in self._connections if each.id == connection_id]
        for connection in found:
            connection.close()
        return bool(found)

    def close(self, wait_s: float = 0.0) -> None:
        """End all connections and take no more; wait up to *wait_s* seconds until they are gone.

        Do not wait in the thread whose event loop serves the connections.
        """
        with self._changed:
            self._closed = True
        self.faults.unlisten(self._faults_changed)
        for connection in self._connections:
            connection.close()
        with self._changed:
            self._changed.wait_for(lambda: not self._connections, timeout=wait_s)

    def _faults_changed(self, added: bool) -> None:
        for connection in self._connections:
            if added:
                connection.meet_faults()
            else:
                connection.suffer(None)

    def _remove(self, connection: "Connection") -> None:
        with self._changed:
            self._connections = tuple(each for each in self._connections if each is not connection)
            self._changed.notify_all()


class Connection:
    """One client's end of the hub, made by `Hub.connect`.

    `receive` is called by one thread at a time, `wants`, `send` and `close` by any.
    """

    def __init__(
        self,
        hub: Hub,
        user: HubUser,
        send: Callable[[str], None],
        close: Callable[[], None],
        suffer: Callable[[str | None], None],
    ) -> None:
        self.id = uuid.uuid4().hex
        self.user = user
        self.send = send
        self.close = close
        self.suffer = suffer
        #: How many heartbeats the client has answered.
        self.heartbeats = 0
        self._hub = hub
        #: By subscriber id; replaced, never changed.
        self._subscriptions: Mapping[str, _Subscription] = {}

    @property
    def info(self) -> ConnectionInfo:
        """What there is to tell of the connection."""
        texts = tuple(each.text for each in self._subscriptions.values())
        return ConnectionInfo(self.id, self.user.username, texts, self.heartbeats)

    def leave(self) -> None:
        """Take the connection off the hub; its subscriptions end with it."""
        self._hub._remove(self)

    def wants(self, event: Mapping[str, Any], target: Expression | None) -> bool:
        """Whether one subscription matches *event* while its subscriber matches *target*.

        Without a target everybody is meant. Source: protocol reference 5.5, 5.6.
        """
        return any(
            each.expression.match(event) and (target is None or target.match(each.subscriber))
            for each in self._subscriptions.values()
        )

    def meet_faults(self) -> None:
        """Suffer the faults that are met by being connected."""
        for fault in self._hub.faults.meet(Occasion("socket", self.user.username, socket=self.id)):
            self.suffer(fault.kind)

    def deliver(self, topic: str, frame: str) -> None:
        """Send an event's frame, as the faults asked for have it."""
        met = {
            each.kind: each for each in self._hub.faults.meet(Occasion.delivery(self.user.username, topic))
        }
        for kind in met.keys() - {"duplicate", "late"}:
            self.suffer(kind)
        frames = [frame, frame] if "duplicate" in met else [frame]

        def send() -> None:
            for each in frames:
                self.send(each)

        if "late" in met:
            self._hub.faults.later(met["late"].wait_s, send)
        else:
            send()

    def receive(self, frame: str) -> None:
        """Act on one frame of the client; never raises, whatever the frame holds.

        A packet with an id is acknowledged with exactly one object, `{"success": true}` or
        `{"success": false, "message": ...}`. Source: protocol reference 5.2.
        """
        try:
            packet = socketio.decode(frame)
        except socketio.FrameError as error:
            _LOG.info("Frame of %s refused: %s", self.user.username, error)
            self.send(socketio.error(str(error)))
            return
        if packet.kind is socketio.Kind.HEARTBEAT:
            self.heartbeats += 1
        elif packet.kind is socketio.Kind.DISCONNECT:
            self.close()
        elif packet.kind is socketio.Kind.EVENT:
            reply = self._take(packet, len(frame))
            if packet.id is not None:
                self.send(socketio.acknowledgement(packet.id, reply))
        # Clients send nothing else that asks for anything.

    def subscribe(self, subscriber: Mapping[str, Any], subscription: str) -> None:
        """Add a subscription of *subscriber*, a mapping with an `id`.

        The same one again changes nothing: Python sends those it made before connecting twice.
        Another under a taken id is refused (assumed). Raises EventError and ParseError.
        Source: protocol reference 5.4.
        """
        identifier = _identifier(subscriber)
        known = self._subscriptions.get(identifier)
        if known is not None and known.text != subscription:
            raise EventError(f"Subscriber with identifier {identifier} already exists.")
        if known is None:
            added = _Subscription(subscription, parse(subscription), dict(subscriber))
            self._subscriptions = {**self._subscriptions, identifier: added}

    def unsubscribe(self, subscriber: Mapping[str, Any]) -> None:
        """End the subscription of *subscriber*. Raises EventError when there is none (assumed)."""
        identifier = _identifier(subscriber)
        if identifier not in self._subscriptions:
            raise EventError(f"There is no subscriber with identifier {identifier}.")
        self._subscriptions = {key: each for key, each in self._subscriptions.items() if key != identifier}

    def _take(self, packet: socketio.Packet, length: int) -> dict[str, Any]:
        """Act on an event packet; return the object to acknowledge it with."""
        try:
            if length > FRAME_LIMIT:
                raise EventError(f"The packet has {length} characters; no more than {FRAME_LIMIT} are taken.")
            self._handle(socketio.event_of(packet))
        except SandboxError as error:
            _LOG.info("Event of %s refused: %s", self.user.username, error)
            return {"success": False, "message": str(error)}
        return {"success": True}

    def _handle(self, event: Mapping[str, Any]) -> None:
        topic = event.get("topic")
        if topic not in ("ftrack.meta.subscribe", "ftrack.meta.unsubscribe"):
            self._hub.publish(event)
            return
        # Both are for the server alone (assumed): no subscriber sees them.
        data = event.get("data")
        if not isinstance(data, Mapping):
            raise EventError(f"The event {topic} needs data.")
        if topic == "ftrack.meta.unsubscribe":
            self.unsubscribe(data.get("subscriber", {}))
            return
        subscription = data.get("subscription")
        if not isinstance(subscription, str):
            raise EventError("A subscription must be text.")
        self.subscribe(data.get("subscriber", {}), subscription)


def _identifier(subscriber: Any) -> str:
    identifier = subscriber.get("id") if isinstance(subscriber, Mapping) else None
    if not isinstance(identifier, str) or not identifier:
        raise EventError("A subscriber needs an id.")
    return identifier


def _whole(event: Mapping[str, Any]) -> dict[str, Any]:
    """Return *event* with all the keys a client knows and no other. Raises EventError."""
    topic, target, source = event.get("topic"), event.get("target"), event.get("source")
    if not isinstance(topic, str) or not topic:
        raise EventError("An event needs a topic.")
    if target is not None and not isinstance(target, str):
        raise EventError("The target of an event must be text.")
    if source is not None and not isinstance(source, Mapping):
        raise EventError("The source of an event must be an object.")
    return {
        "topic": topic,
        "id": event.get("id") or uuid.uuid4().hex,
        "data": event.get("data"),
        "sent": event.get("sent"),
        "source": source or {},
        "target": target or "",
        "inReplyToEvent": event.get("inReplyToEvent"),
    }
