"""Bodies of requests: read up to a limit, and turned down beyond it.

A client reads no answer before it has sent its body, and one whose connection is closed meanwhile
sees that and no answer. So what is turned down is answered at once, and what still comes is dropped
for a while before the connection is closed.
"""

import asyncio
import contextlib

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Message, Receive, Send

from ftrack_sandbox.errors import ApiError

#: Bytes that may still come after the answer, and seconds for them.
LINGER_BYTES = 64 << 20
_LINGER_S = 3.0


class TooLarge(ApiError):
    """A body beyond the limit; nothing more of it is to be read."""

    def __init__(self, max_mb: int) -> None:
        super().__init__(f"The request is larger than {max_mb} MB.")


async def read_body(request: Request, max_mb: int) -> bytes:
    """Return the request's body of at most *max_mb* megabytes.

    Raises TooLarge, before anything is read where the request itself says how long it is; and
    starlette's ClientDisconnect.
    """
    largest = max_mb << 20
    announced = request.headers.get("content-length", "")
    if announced.isascii() and announced.isdigit() and int(announced) > largest:
        raise TooLarge(max_mb)
    body = bytearray()
    async for block in request.stream():
        if len(body) + len(block) > largest:
            raise TooLarge(max_mb)
        body += block
    return bytes(body)


async def turn_down(response: Response, receive: Receive, send: Send) -> None:
    """Answer a request whose body is not wanted, and close its connection."""
    response.headers["Connection"] = "close"
    start: Message = {"type": "http.response.start", "status": response.status_code}
    await send({**start, "headers": response.raw_headers})
    await send({"type": "http.response.body", "body": bytes(response.body), "more_body": True})
    # `asyncio.timeout` is not there before Python 3.11.
    with contextlib.suppress(asyncio.TimeoutError):
        await asyncio.wait_for(_drop(receive), _LINGER_S)
    await send({"type": "http.response.body", "body": b""})


async def _drop(receive: Receive) -> None:
    dropped = 0
    while dropped < LINGER_BYTES:
        message = await receive()
        dropped += len(message.get("body", b""))
        if message["type"] == "http.disconnect" or not message.get("more_body", False):
            return
