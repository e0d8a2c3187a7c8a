"""The HTTP application: routes, the API endpoint, the error envelope.

Source: protocol reference 1.
"""

import dataclasses
import html
import json
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, NoReturn

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Route

from ftrack_sandbox import control
from ftrack_sandbox.api.operation import Services, run_batch
from ftrack_sandbox.api.server import VERSION
from ftrack_sandbox.body import TooLarge, read_body, turn_down
from ftrack_sandbox.control import RequestLog
from ftrack_sandbox.errors import ApiError, InvalidCredentials
from ftrack_sandbox.faults import AskedError, Fault, Faults, FaultyPaths, Occasion, play
from ftrack_sandbox.file_route import FileRoutes
from ftrack_sandbox.urls import Urls

_log = logging.getLogger(__name__)

#: Megabytes of the largest request body that `/api` takes, unless told otherwise (assumed).
MAX_BODY_MB = 64

#: Braces in an error's text break `str()` of the Python client's error. Source: protocol reference 1.4.
_NO_BRACES = str.maketrans("{}", "()")


@dataclasses.dataclass(frozen=True)
class ApiOptions:
    """The header `ftrack-api-options`. Source: protocol reference 1.5.

    `denormalize` without `strict` is ignored (assumed: the reference only says that it needs it).
    """

    only_requested: bool
    repeat: bool

    @classmethod
    def read(cls, text: str) -> "ApiOptions":
        """Read `strict:1;denormalize:1` or `denormalize=1;strict=1`; unknown options are ignored."""
        options = dict(each.replace("=", ":", 1).partition(":")[::2] for each in text.lower().split(";"))
        switched_on = {name.strip() for name, value in options.items() if value.strip() in ("1", "true", "")}
        strict = "strict" in switched_on
        return cls(strict, strict and "denormalize" in switched_on)


def create_app(
    services: Services,
    log: RequestLog,
    faults: Faults,
    reset: Callable[[], None],
    more_routes: Sequence[BaseRoute] = (),
    max_body_mb: int = MAX_BODY_MB,
) -> Starlette:
    """Return the application on *services*; *more_routes* are those of the event hub and of the login.

    *max_body_mb* bounds a request to `/api` and `/sandbox`; a file may be as large as was declared
    for it. *reset* is called by `/sandbox/reset` in a thread of the pool.
    """
    endpoint = Endpoint(services, log, faults, max_body_mb)
    routes: list[BaseRoute] = [
        Route("/", _front_page),
        # JavaScript appends `/api` to whatever URL it was given, one that ends with a slash too.
        Route("/api", endpoint, methods=["POST"]),
        Route("//api", endpoint, methods=["POST"]),
        *FileRoutes(services).routes,
        Route("/widget", _widget(Urls("", services.urls_secret))),
        *control.routes(services.access, log, faults, reset, max_body_mb),
        *more_routes,
    ]
    return Starlette(routes=routes, middleware=[_cross_origin(), Middleware(FaultyPaths, faults=faults)])


def _cross_origin() -> Middleware:
    """Admit pages of any origin, named exactly: a wild card forbids credentials.

    That gives nothing away, as there is no cookie: whoever asks must know a key.
    Source: protocol reference 1.2.
    """
    return Middleware(
        CORSMiddleware,
        allow_origin_regex=".*",
        allow_methods=["GET", "POST", "PUT", "HEAD", "OPTIONS"],
        allow_headers=["*"],
        allow_credentials=True,
        expose_headers=["ETag", "Content-Disposition", "FTRACK_VERSION"],
    )


async def _front_page(request: Request) -> Response:
    """Answer `GET /`; Connect reads the header. Source: protocol reference 1.9."""
    page = (
        "<!doctype html><html lang='en'><title>ftrack sandbox</title>"
        f"<h1>ftrack sandbox</h1><p>Version {html.escape(VERSION)}. "
        "The API is served at <code>/api</code>.</p></html>"
    )
    return HTMLResponse(page, headers={"FTRACK_VERSION": VERSION})


def _widget(urls: Urls) -> Callable[[Request], Awaitable[Response]]:
    """Return what answers the address of a widget: a page that says what would be shown."""

    async def answer(request: Request) -> Response:
        query = dict(request.query_params)
        if not urls.allows(request.url.path, query):
            raise HTTPException(403, "This address is not valid, or no longer.")
        shown = " ".join(query.get(name, "") for name in ("name", "entity_type", "entity_key"))
        return HTMLResponse(
            f"<!doctype html><html lang='en'><title>ftrack sandbox</title><p>{html.escape(shown)}</p></html>"
        )

    return answer


class Endpoint:
    """`POST /api` as an ASGI application: body in, one batch run in a thread of the pool, JSON out."""

    def __init__(self, services: Services, log: RequestLog, faults: Faults, max_body_mb: int) -> None:
        self._services = services
        self._max_body_mb = max_body_mb
        self._requests = log
        self._faults = faults

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer one request. Never raises for what a client sent."""
        request = Request(scope, receive)
        try:
            body = await read_body(request, self._max_body_mb)
        except TooLarge as error:
            await turn_down(_envelope(error, request), receive, send)
            return
        except ClientDisconnect:
            return
        if self._faults.waiting:
            await self._answer_with_faults(request, body, send)
        else:
            response = await run_in_threadpool(self._answer, request, body, time.monotonic())
            await response(scope, receive, send)

    async def _answer_with_faults(self, request: Request, body: bytes, send: Any) -> None:
        started = time.monotonic()
        over = self._faults.over
        user = request.headers.get("ftrack-user", "")
        operations = await run_in_threadpool(_decode_if_good, body)
        met = self._faults.meet(Occasion.call(user, operations))

        async def answer(scope: Any, receive: Any, send: Any) -> None:
            response = await run_in_threadpool(self._answer, request, body, started, met)
            await response(scope, receive, send)

        def note(fault: Fault) -> None:
            self._requests.add(user, operations, time.monotonic() - started, None, _kinds(met))

        await play(met, over, answer, request.scope, request.receive, send, note)

    def _answer(self, request: Request, body: bytes, started: float, met: Sequence[Fault] = ()) -> Response:
        headers = request.headers
        operations: Any = None
        exception: str | None = None
        try:
            caller = self._services.access.authenticate(
                headers.get("ftrack-user"), headers.get("ftrack-api-key")
            )
            operations = _decode(body)
            for fault in met:
                if fault.kind == "error":
                    raise AskedError(fault)
            options = ApiOptions.read(headers.get("ftrack-api-options", ""))
            results = run_batch(
                self._services,
                caller,
                operations,
                base_url=str(request.base_url),
                strict=_is_strict(request),
                repeat=options.repeat,
                only_requested=options.only_requested,
                client_token=headers.get("ftrack-clienttoken"),
                push_token=headers.get("ftrack-pushtoken"),
            )
            return _json(results)
        except ApiError as error:
            exception = error.wire_name
            return _envelope(error, request)
        except Exception:  # noqa: BLE001 - whatever it is, the client gets its envelope
            exception = ApiError.wire_name
            _log.exception("an API request failed unexpectedly")
            return _unexpected(request)
        finally:
            user = headers.get("ftrack-user", "")
            self._requests.add(user, operations, time.monotonic() - started, exception, _kinds(met))


def _decode(body: bytes) -> Any:
    """Return the decoded body. Raises ApiError for what is no JSON, or text that is no Unicode."""
    try:
        decoded = json.loads(body, parse_constant=_refuse_constant)
        if b"\\ud" in body or b"\\uD" in body:
            # Half of a surrogate pair is good JSON, yet no database takes it.
            json.dumps(decoded, ensure_ascii=False).encode("utf-8")
    except (ValueError, RecursionError) as error:
        raise ApiError("The request could not be read: its body is not JSON in UTF-8.") from error
    return decoded


def _decode_if_good(body: bytes) -> Any:
    try:
        return _decode(body)
    except ApiError:
        return None


def _kinds(met: Sequence[Fault]) -> str | None:
    return ", ".join(fault.kind for fault in met) or None


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


def _is_strict(request: Request) -> bool:
    return request.headers.get("ftrack-strict-api", "").strip().lower() == "true"


def _json(content: Any, status: int = 200) -> Response:
    data = json.dumps(content, separators=(",", ":"), allow_nan=False).encode("ascii")
    return Response(data, status, media_type="application/json")


def _envelope(error: ApiError, request: Request) -> Response:
    """Return an error as clients expect it. Source: protocol reference 1.4."""
    # Wrong credentials have an HTTP error status in either mode.
    failing = _is_strict(request) or isinstance(error, InvalidCredentials)
    content = {
        "exception": error.wire_name,
        "content": error.content if isinstance(error, AskedError) else error.content.translate(_NO_BRACES),
        "error_code": error.error_code,
        "error": None,
    }
    return _json(content, error.status if failing else 200)


def _unexpected(request: Request) -> Response:
    content = {
        "exception": ApiError.wire_name,
        "content": "The server failed unexpectedly; its log says why.",
        "error_code": None,
        "error": None,
    }
    return _json(content, 500 if _is_strict(request) else 200)
