"""How a fault is acted out on one HTTP request, in terms of ASGI alone.

A server that drops a connection is nothing that ASGI knows. Whoever serves the application puts a
function that does it into each request's scope, as the extension `CUT` (`Sandbox` does); it aborts
the TCP connection, so that no byte of a reply and no farewell is sent.
"""

import asyncio
import html
import http
import threading
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from typing import Any
from urllib.parse import parse_qs

from ftrack_sandbox.errors import ApiError
from ftrack_sandbox.faults.fault import PATHS, Fault
from ftrack_sandbox.faults.register import Faults, Occasion

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

#: Name of the ASGI extension: a function without arguments that drops the request's connection.
CUT = "ftrack_sandbox.cut"

#: Pieces in which a slow reply comes, and seconds between two looks whether a wait is over.
_PIECES = 20
_LOOK_S = 0.02


class AskedError(ApiError):
    """The error of a fault; its text is sent as it was asked for, braces included."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.content)
        self.content = fault.content
        self.wire_name = fault.exception
        self.status = fault.status or ApiError.status


class FaultyPaths:
    """Middleware: faults on `PATHS`."""

    def __init__(self, app: Application, faults: Faults) -> None:
        self._app = app
        self._faults = faults

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, unless it meets a fault."""
        name = PATHS.get(scope.get("path", "")) if scope["type"] == "http" else None
        if name is None or not self._faults.waiting:
            await self._app(scope, receive, send)
            return
        over = self._faults.over
        met = self._faults.meet(Occasion.path(_user(scope), name))
        if any(each.kind == "page" for each in met):
            # A reply in the middle of an upload would be a broken pipe to its sender.
            while (await receive()).get("more_body", False):
                pass
        await play(met, over, self._app, scope, receive, send)


async def play(
    met: Sequence[Fault],
    over: threading.Event,
    answer: Application,
    scope: Scope,
    receive: Receive,
    send: Send,
    note: Callable[[Fault], None] = lambda fault: None,
) -> None:
    """Have *answer* answer the request, but as the faults *met* have it.

    *note* is told of a fault that takes the place of the answer. Waits end early when *over* is
    set. A fault of kind `error` is left to *answer*.
    """
    for each in met:
        if each.kind == "delay":
            await _pause(each.wait_s, over)
    fault = next((each for each in met if each.kind not in ("delay", "error")), None)
    if fault is None:
        await answer(scope, receive, send)
    elif fault.kind in ("page", "drop", "timeout"):
        note(fault)
        await _refuse(fault, over, scope, receive, send)
    elif fault.kind == "slow":
        await answer(scope, receive, _Slow(send, fault.wait_s, over).send)
    else:
        await answer(scope, receive, _swallow)
        if fault.kind == "lost":
            await _page(fault, send)
        else:
            await _silence(fault.wait_s, over, receive)
            await _cut(scope, receive)


async def _refuse(fault: Fault, over: threading.Event, scope: Scope, receive: Receive, send: Send) -> None:
    if fault.kind == "page":
        await _page(fault, send)
        return
    if fault.kind == "timeout":
        await _silence(fault.wait_s, over, receive)
    await _cut(scope, receive)


async def _page(fault: Fault, send: Send) -> None:
    status = fault.status or 502
    phrase = http.HTTPStatus(status).phrase if status in {each.value for each in http.HTTPStatus} else "Error"
    page = (
        f"<!doctype html><html lang='en'><title>{status} {phrase}</title>"
        f"<h1>{phrase}</h1><p>{html.escape(fault.content)}</p></html>"
    ).encode()
    headers = [
        (b"content-type", b"text/html; charset=utf-8"),
        (b"content-length", str(len(page)).encode("ascii")),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": page})


async def _cut(scope: Scope, receive: Receive) -> None:
    """Drop the connection, and wait until the server has noticed: else it would answer itself."""
    scope["extensions"][CUT]()
    await _disconnected(receive)


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _pause(seconds: float, over: threading.Event) -> None:
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    while not over.is_set() and (rest := end - loop.time()) > 0:
        await asyncio.sleep(min(rest, _LOOK_S))


async def _silence(seconds: float, over: threading.Event, receive: Receive) -> None:
    """Wait, but no longer than the client does."""
    works = [asyncio.ensure_future(_pause(seconds, over)), asyncio.ensure_future(_disconnected(receive))]
    try:
        await asyncio.wait(works, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for each in works:
            each.cancel()
        await asyncio.gather(*works, return_exceptions=True)


async def _swallow(message: Message) -> None:
    """Take a part of a reply that nobody is to get."""


class _Slow:
    """Sends a reply's body in pieces, spread over *seconds*."""

    def __init__(self, send: Send, seconds: float, over: threading.Event) -> None:
        self._send = send
        self._pause_s = seconds / _PIECES
        self._over = over
        self._body = bytearray()

    async def send(self, message: Message) -> None:
        """Gather the body; send it when it is whole."""
        if message["type"] != "http.response.body":
            await self._send(message)
            return
        self._body += message.get("body", b"")
        if message.get("more_body", False):
            return
        length = max(1, -(-len(self._body) // _PIECES))
        for start in range(0, len(self._body), length):
            await _pause(self._pause_s, self._over)
            piece = bytes(self._body[start : start + length])
            await self._send({"type": "http.response.body", "body": piece, "more_body": True})
        await self._send({"type": "http.response.body", "body": b""})


def _user(scope: Scope) -> str | None:
    """Return whose request it is as far as it tells; a signed address does not."""
    headers: list[tuple[bytes, bytes]] = scope["headers"]
    for name, value in headers:
        if name == b"ftrack-user":
            return value.decode("latin-1")
    query: dict[str, list[str]] = parse_qs(scope.get("query_string", b"").decode("latin-1"))
    for key in ("username", "api_user"):
        if key in query:
            return query[key][0]
    return None
