"""What drives the sandbox from outside ftrack's protocol: ready, reset, seen requests, faults."""

import collections
import dataclasses
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from ftrack_sandbox.access import Access
from ftrack_sandbox.body import TooLarge, read_body
from ftrack_sandbox.errors import InvalidCredentials, ValidationError
from ftrack_sandbox.faults import Fault, Faults

#: Operations remembered, and characters kept of an expression; an expression may list thousands of ids.
_REMEMBERED = 5000
_EXPRESSION_LENGTH = 2000


@dataclasses.dataclass(frozen=True)
class Asked:
    """One operation that a client asked for.

    *fault* is the kind of the fault that the call met, several with commas between them, or None.
    *request* counts the calls of `/api` from 1: operations of one call share it. *expression* is
    that of a query, *entity_type* that of any other operation on entities. *seconds* and
    *exception* (the error's wire name, or None) are those of the whole call.
    """

    request: int
    operation: str
    expression: str | None
    entity_type: str | None
    user: str
    seconds: float
    exception: str | None
    fault: str | None = None


class RequestLog:
    """The operations asked for last, oldest first. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._asked: collections.deque[Asked] = collections.deque(maxlen=_REMEMBERED)
        self._count = 0

    @property
    def count(self) -> int:
        """How many calls of `/api` there were since the server's start; `clear()` leaves it alone."""
        return self._count

    def add(
        self, user: str, operations: Any, seconds: float, exception: str | None, fault: str | None = None
    ) -> None:
        """Note one call. *operations* is the decoded body, whatever that was."""
        with self._lock:
            self._count += 1
            for each in operations if isinstance(operations, list) else [operations]:
                operation: Mapping[str, Any] = each if isinstance(each, Mapping) else {}
                self._asked.append(
                    Asked(
                        request=self._count,
                        operation=_text(operation.get("action")) or "",
                        expression=_text(operation.get("expression")),
                        entity_type=_text(operation.get("entity_type")),
                        user=user,
                        seconds=seconds,
                        exception=exception,
                        fault=fault,
                    )
                )

    def clear(self) -> None:
        """Forget what was asked so far."""
        with self._lock:
            self._asked.clear()

    def __len__(self) -> int:
        return len(self._asked)

    def __iter__(self) -> Iterator[Asked]:
        with self._lock:
            return iter(list(self._asked))

    def __getitem__(self, place: int) -> Asked:
        with self._lock:
            return self._asked[place]


def _text(value: Any) -> str | None:
    return value[:_EXPRESSION_LENGTH] if isinstance(value, str) else None


def routes(
    access: Access, log: RequestLog, faults: Faults, reset: Callable[[], None], max_body_mb: int
) -> list[Route]:
    """Return the paths below `/sandbox`.

    `ready` is open to all. The others want the headers `ftrack-user` and `ftrack-api-key` of an
    administrator or a global key, as `/api` does: a loopback address alone would let any web page
    that the developer has open empty the database.
    """

    def check(request: Request) -> None:
        headers = request.headers
        try:
            caller = access.authenticate(headers.get("ftrack-user"), headers.get("ftrack-api-key"))
        except InvalidCredentials as error:
            raise HTTPException(401, error.content) from error
        if not caller.is_administrator:
            raise HTTPException(403, "Only administrators may do this.")

    async def ready(request: Request) -> Response:
        return JSONResponse({"ready": True})

    async def start_again(request: Request) -> Response:
        await run_in_threadpool(check, request)
        await run_in_threadpool(reset)
        return JSONResponse({"reset": True})

    async def requests(request: Request) -> Response:
        await run_in_threadpool(check, request)
        return JSONResponse({"count": log.count, "requests": [dataclasses.asdict(each) for each in log]})

    async def ask_for_faults(request: Request) -> Response:
        await run_in_threadpool(check, request)
        try:
            wanted = _read_faults(await read_body(request, max_body_mb))
        except TooLarge as error:
            raise HTTPException(413, error.content, {"Connection": "close"}) from error
        await run_in_threadpool(faults.replace, wanted)
        return told_faults()

    async def faults_asked_for(request: Request) -> Response:
        await run_in_threadpool(check, request)
        return told_faults()

    def told_faults() -> Response:
        return JSONResponse({"faults": [each.as_json for each in faults]})

    return [
        Route("/sandbox/ready", ready),
        Route("/sandbox/reset", start_again, methods=["POST"]),
        Route("/sandbox/requests", requests),
        # Takes the place of all faults asked for before; an empty list ends them.
        Route("/sandbox/faults", ask_for_faults, methods=["POST"]),
        Route("/sandbox/faults", faults_asked_for),
    ]


def _read_faults(body: bytes) -> list[Fault]:
    """Return the faults of a JSON list; 422 saying which one is wrong, and what of it."""
    try:
        described = json.loads(body)
    except (ValueError, RecursionError):
        described = None
    if not isinstance(described, list):
        raise HTTPException(422, "The body must be a JSON list of faults.")
    wanted = []
    for number, each in enumerate(described, 1):
        try:
            wanted.append(Fault.read(each))
        except ValidationError as error:
            raise HTTPException(422, f"Fault {number}: {error.content}") from error
    return wanted
