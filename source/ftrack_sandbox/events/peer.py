"""One web socket of one client: handshake, frames in and out, heartbeats, end.

Source: protocol reference 5.1, 5.2. Nothing here blocks the event loop: credentials are checked
in a thread, and frames for the client wait in an `Outbox` that any thread may fill.

How a connection ends decides whether a Python client comes back. After a web socket close frame
its reader thread dies silently; after the packet `0::`, or when the transport just ends, it
connects anew. So this side never sends a close frame: it sends `0::` and returns, whereupon the
web server closes the transport. The web server must not send one either, hence
`SERVER_SETTINGS`. Source: the client's `event/hub.py`, `_ProcessorThread.run`.
"""

import asyncio
import collections
import contextlib
import secrets
import threading
import time
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import HTTPConnection, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from ftrack_sandbox.errors import InvalidCredentials
from ftrack_sandbox.events import socketio
from ftrack_sandbox.events.hub import FRAME_LIMIT, Connection, Hub, HubUser

#: Seconds between a handshake and its web socket (assumed; clients connect at once).
SESSION_S = 30.0

#: Seconds without an answered heartbeat after which a client is taken for gone (assumed).
PATIENCE_S = 60.0

#: Seconds to get rid of the last packet.
_FAREWELL_S = 0.2

#: Characters that may wait for one slow reader before its connection is given up (assumed).
OUTBOX_LIMIT = 64 * 1024 * 1024

#: What uvicorn must be told so that it closes no web socket by itself: pings of its own would end
#: clients that are merely suspended, and a limit below ours would end those we refuse politely.
SERVER_SETTINGS: Mapping[str, Any] = {"ws_ping_interval": None, "ws_max_size": 16 * FRAME_LIMIT}

Authenticate = Callable[[str | None, str | None], HubUser]


def routes(
    hub: Hub,
    authenticate: Authenticate,
    *,
    heartbeat_s: float = 5.0,
    patience_s: float = PATIENCE_S,
    session_s: float = SESSION_S,
) -> list[BaseRoute]:
    """Return the routes of the event hub: the handshake and the web socket.

    *authenticate* takes user name and key, either may be None, and raises InvalidCredentials; it
    is called in a thread of its own. JavaScript closes its socket after 15 s without a heartbeat.
    """
    sessions = _Sessions(session_s)

    async def handshake(request: Request) -> Response:
        user, key = _credentials(request)
        _hide_query(request)
        try:
            found = await run_in_threadpool(authenticate, user, key)
        except InvalidCredentials as error:
            return PlainTextResponse(error.content, error.status)
        return PlainTextResponse(f"{sessions.open(found)}:15:25:websocket")

    async def socket(websocket: WebSocket) -> None:
        _hide_query(websocket)
        user = sessions.take(websocket.path_params["session_id"])
        if user is None:
            # Not accepted yet, so the client is answered with 403 and says so.
            await websocket.close()
            return
        await websocket.accept()
        await _serve(hub, user, websocket, heartbeat_s, patience_s)

    return [
        Route("/socket.io/1/", handshake, methods=["GET"]),
        WebSocketRoute("/socket.io/1/websocket/{session_id}", socket),
    ]


class Outbox:
    """The frames that wait for one client. `put` and `end` may be called from any thread."""

    def __init__(self, limit: int = OUTBOX_LIMIT) -> None:
        self._loop = asyncio.get_running_loop()
        self._limit = limit
        self._lock = threading.Lock()
        self._frames: collections.deque[str] = collections.deque()
        self._size = 0
        self._ended = False
        self._filled = asyncio.Event()
        #: Set when the connection is to end.
        self.ended = asyncio.Event()

    def put(self, frame: str) -> None:
        """Queue *frame*. A reader so slow that too much waits for it loses its connection."""
        with self._lock:
            if self._ended:
                return
            first = not self._frames
            full = bool(self._frames) and self._size + len(frame) > self._limit
            if not full:
                self._frames.append(frame)
                self._size += len(frame)
        if full:
            self.end()
        elif first:
            self._wake(self._filled)

    def end(self) -> None:
        """Ask for the connection's end; what still waits is not sent."""
        with self._lock:
            self._ended = True
            self._frames.clear()
        self._wake(self.ended)

    async def take(self) -> str:
        """Wait for the next frame and return it; for one reader in the event loop."""
        while True:
            with self._lock:
                if self._frames:
                    frame = self._frames.popleft()
                    self._size -= len(frame)
                    return frame
                self._filled.clear()
            await self._filled.wait()

    def _wake(self, event: asyncio.Event) -> None:
        # A loop that is closed already has no reader left to wake.
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(event.set)


class Line:
    """What faults have done to one web socket. `suffer` may be called from any thread."""

    def __init__(self, end: Callable[[], None]) -> None:
        self._end = end
        #: Whether nothing passes any more, although the socket is open.
        self.dead = False
        #: Whether the connection ends without a packet that says so.
        self.cut = False
        #: Whether heartbeats are sent.
        self.beats = True

    def suffer(self, kind: str | None) -> None:
        """Suffer a fault of that kind, or with None the end of all: what is dead stays so and is dropped."""
        if kind == "half_open":
            self.dead = True
        elif kind == "no_heartbeat":
            self.beats = False
        elif kind is None:
            self.beats = True
        if kind == "drop_socket" or (kind is None and self.dead):
            self.cut = True
            self._end()


class _Sessions:
    """Handshakes whose web socket is awaited: each id opens one, and not for long.

    The id carries the authentication, for the web socket comes without. Used in the event loop
    only. Source: protocol reference 5.1.
    """

    def __init__(self, valid_s: float) -> None:
        self._valid_s = valid_s
        #: Oldest first.
        self._waiting: dict[str, tuple[float, HubUser]] = {}

    def open(self, user: HubUser) -> str:
        """Return a new session id for *user*."""
        self._forget()
        session_id = secrets.token_hex(16)
        self._waiting[session_id] = (time.monotonic() + self._valid_s, user)
        return session_id

    def take(self, session_id: str) -> HubUser | None:
        """Return whose id this is and forget it; None for one that is unknown, used or too old."""
        self._forget()
        _, user = self._waiting.pop(session_id, (0.0, None))
        return user

    def _forget(self) -> None:
        now = time.monotonic()
        while self._waiting:
            oldest = next(iter(self._waiting))
            if self._waiting[oldest][0] > now:
                return
            del self._waiting[oldest]


async def _serve(
    hub: Hub, user: HubUser, websocket: WebSocket, heartbeat_s: float, patience_s: float
) -> None:
    """Serve one accepted web socket until either side has had enough."""
    outbox = Outbox()
    line = Line(outbox.end)
    outbox.put(socketio.CONNECT)
    connection = hub.connect(user, outbox.put, outbox.end, line.suffer)
    try:
        gone = await _first(
            _read(websocket, connection, line),
            _write(websocket, outbox, line),
            _beat(connection, line, heartbeat_s, patience_s),
            _end(outbox),
        )
        outbox.end()
        if not (gone or line.dead or line.cut):
            # Best effort: a reader that takes nothing any more must not hold the end up.
            with contextlib.suppress(WebSocketDisconnect, asyncio.TimeoutError):
                await asyncio.wait_for(websocket.send_text(socketio.DISCONNECT), _FAREWELL_S)
    finally:
        # Last of all: who waits in `Hub.close` may stop the web server then.
        connection.leave()


async def _first(*works: Coroutine[Any, Any, bool]) -> bool:
    """Run all *works* until one is done; return its result when the others are cancelled.

    Each returns whether the client has gone already.
    """
    tasks = [asyncio.ensure_future(work) for work in works]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    return any([task.result() for task in done])


async def _read(websocket: WebSocket, connection: Connection, line: Line) -> bool:
    while True:
        message = await websocket.receive()
        if message["type"] == "websocket.disconnect":
            return True
        if line.dead:
            continue
        text = message.get("text")
        # Nothing of socket.io 0.9 comes as bytes; told so, like any frame that is none.
        connection.receive(text if text is not None else "")


async def _write(websocket: WebSocket, outbox: Outbox, line: Line) -> bool:
    try:
        while True:
            frame = await outbox.take()
            if not line.dead:
                await websocket.send_text(frame)
    except WebSocketDisconnect:
        return True


async def _end(outbox: Outbox) -> bool:
    await outbox.ended.wait()
    return False


async def _beat(connection: Connection, line: Line, heartbeat_s: float, patience_s: float) -> bool:
    """Send heartbeats, also in busy times; return when they stay unanswered for too long."""
    heard, silent_s = connection.heartbeats, 0.0
    while silent_s < patience_s:
        asked = line.beats and not line.dead
        if asked:
            connection.send(socketio.HEARTBEAT)
        await asyncio.sleep(heartbeat_s)
        silent_s = 0.0 if connection.heartbeats != heard or not asked else silent_s + heartbeat_s
        heard = connection.heartbeats
    return False


def _credentials(request: Request) -> tuple[str | None, str | None]:
    """User name and key, from the headers (Python) or from the query (JavaScript)."""
    headers, query = request.headers, request.query_params
    user = headers.get("ftrack-user", query.get("api_user"))
    return user, headers.get("ftrack-api-key", query.get("api_key"))


def _hide_query(connection: HTTPConnection) -> None:
    """Keep the key out of the web server's log, which shows this very scope.

    JavaScript puts its key into both addresses, although the web socket has no need of it.
    """
    connection.scope["query_string"] = b""
