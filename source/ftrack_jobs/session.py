"""Opens and closes sessions with the server; the only module that imports `ftrack_api`.

Everybody else sees the untyped client through the Protocol `Client`, which lists the calls we use.
"""

from __future__ import annotations

import contextlib
import json
import threading
import urllib.parse
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, cast

import ftrack_api
import ftrack_api.event.base
import ftrack_api.exception
import ftrack_api.symbol
import requests

from .errors import ServerError

#: Seconds a worker's request may take; the client's own default (protocol reference 1.1).
WORKER_TIMEOUT_S = 60.0

#: Id of the built-in location that uploads to the server. *Source*: protocol reference 8.1.
SERVER_LOCATION_ID: str = ftrack_api.symbol.SERVER_LOCATION_ID
#: Id of the built-in location that takes file paths as they are. *Source*: protocol reference 8.1.
ORIGIN_LOCATION_ID: str = ftrack_api.symbol.ORIGIN_LOCATION_ID


class Hub(Protocol):
    """The event hub of a client, as far as we use it. *Source*: `ftrack_api.event.hub`."""

    id: str

    @property
    def connected(self) -> bool: ...

    def connect(self) -> None: ...

    def disconnect(self) -> None: ...

    def subscribe(
        self,
        subscription: str,
        callback: Callable[[Any], object],
        subscriber: dict[str, Any] | None = None,
        priority: int = 100,
    ) -> str: ...

    def unsubscribe(self, subscriber_identifier: str) -> None: ...

    def publish(
        self,
        event: Any,
        synchronous: bool = False,
        on_reply: Callable[[Any], object] | None = None,
        on_error: str = "raise",
    ) -> Any: ...

    def wait(self, duration: float | None = None) -> None: ...


class Client(Protocol):
    """The calls of an `ftrack_api.Session` that we use. Not to be shared between threads.

    *Source*: `ftrack_api.session`; protocol reference 11, trap 2.
    """

    request_timeout: float
    types: Mapping[str, Any]
    schemas: Sequence[Mapping[str, Any]]

    @property
    def server_url(self) -> str: ...

    @property
    def api_user(self) -> str: ...

    @property
    def api_key(self) -> str: ...

    @property
    def closed(self) -> bool: ...

    @property
    def event_hub(self) -> Hub: ...

    @property
    def recorded_operations(self) -> Any: ...

    @property
    def server_information(self) -> Mapping[str, Any]: ...

    def call(self, data: list[dict[str, Any]]) -> list[Any]: ...

    def query(self, expression: str, page_size: int = 500) -> Any: ...

    def get(self, entity_type: str, entity_key: Any) -> Any: ...

    def create(self, entity_type: str, data: dict[str, Any] | None = None) -> Any: ...

    def delete(self, entity: Any) -> None: ...

    def commit(self) -> None: ...

    def rollback(self) -> None: ...

    def create_component(
        self, path: str, data: dict[str, Any] | None = None, location: Any = "auto"
    ) -> Any: ...

    def close(self) -> None: ...


@dataclass(frozen=True)
class Connection:
    """All that is needed to open a session like another one: where, as whom, with which key.

    Stays in its process, for it holds the key; never written to JSON. The key is not part of the `repr`.
    *location_plugins* lists folders of plugins that worker sessions load (usually none: each session would
    register every plugin again, protocol reference 10.1).
    """

    server_url: str
    api_user: str
    api_key: str = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    cookies: Mapping[str, str] = field(default_factory=dict, repr=False)
    location_plugins: tuple[str, ...] = ()

    @classmethod
    def of(cls, client: Client, location_plugins: Sequence[str] = ()) -> Connection:
        """Return what opened *client*, with the headers and cookies it was given.

        *Source*: `ftrack_api.event.hub` keeps both as they were passed to `Session`.
        """
        hub: Any = client.event_hub
        headers = {
            name: value
            for name, value in dict(getattr(hub, "_headers", {})).items()
            if name.lower() != "ftrack-strict-api"
        }
        return cls(
            server_url=client.server_url,
            api_user=client.api_user,
            api_key=client.api_key,
            headers=headers,
            cookies=dict(getattr(hub, "_cookies", {})),
            location_plugins=tuple(location_plugins),
        )

    def scrub(self, text: str) -> str:
        """Return *text* without the key, in any form in which it may stand in a URL or a message."""
        return scrub(text, self.api_key)


def scrub(text: str, key: str) -> str:
    """Return *text* with each occurrence of *key*, plain or URL-quoted, replaced by `***`."""
    if not key:
        return text
    for form in sorted({key, urllib.parse.quote(key), urllib.parse.quote_plus(key)}, key=len, reverse=True):
        text = text.replace(form, "***")
    return text


def is_session(candidate: object) -> bool:
    """Tell whether *candidate* is an `ftrack_api.Session`: other APIs scan the same plugin path.

    *Source*: protocol reference 10.1.
    """
    return isinstance(candidate, ftrack_api.Session)


def open_session(
    connection: Connection,
    *,
    timeout_s: float = WORKER_TIMEOUT_S,
    plugin_arguments: Mapping[str, Any] | None = None,
) -> Client:
    """Open a session without event-hub connection and without the plugins of the environment.

    One request when the schema cache is warm, else two (protocol reference 1.6).
    Raises `ServerError` when the server refuses or cannot be reached.
    """
    try:
        session = ftrack_api.Session(
            server_url=connection.server_url,
            api_user=connection.api_user,
            api_key=connection.api_key,
            plugin_paths=list(connection.location_plugins),
            plugin_arguments=dict(plugin_arguments or {}),
            auto_connect_event_hub=False,
            timeout=timeout_s,
            headers=dict(connection.headers),
            cookies=dict(connection.cookies),
        )
    except Exception as error:
        translated = as_server_error(error, connection.api_key)
        if translated is None:
            raise
        raise translated from error
    return cast(Client, session)


@contextlib.contextmanager
def worker_session(connection: Connection, *, timeout_s: float = WORKER_TIMEOUT_S) -> Iterator[Client]:
    """Open a session for one thread and close it at the end, whatever happens between.

    Raises `ServerError` when it cannot be opened.
    """
    client = open_session(connection, timeout_s=timeout_s)
    try:
        yield client
    finally:
        # Pending changes were judged before; `close` would only warn about them again.
        client.recorded_operations.clear()
        client.close()


def drop_connection(hub: Hub) -> None:
    """End the connection of *hub*, if there is one, but keep its subscriptions and what waits to be sent.

    In place of `EventHub.disconnect`, which waits for the server's farewell without a limit and so never
    returns where the server is silent. Call it before the session's `close` for the same reason.

    *Source*: `ftrack_api.event.hub` makes the socket blocking; `websocket` 0.59 then waits for its reader's
    lock.
    """
    inner = cast(Any, hub)
    # First, for the reader connects again where it finds the connection gone without it.
    inner._intentional_disconnect = True
    connection, inner._connection = inner._connection, None
    if connection is None:
        return
    reader = inner._processor_thread
    reader.cancel()
    with contextlib.suppress(Exception):
        connection.abort()
    # Were it alive when the next connection is made, it would take that one for its own and end it.
    if reader is not threading.current_thread():
        reader.join(5.0)
    with contextlib.suppress(Exception):
        connection.shutdown()


def new_event(topic: str, data: Mapping[str, Any], source: Mapping[str, Any] | None = None) -> Any:
    """Return an event for `Hub.publish`, which fills in what *source* lacks.

    *Source*: protocol reference 5.3; `ftrack_api.event.base`.
    """
    return ftrack_api.event.base.Event(topic, data=dict(data), source=dict(source or {}))


def ask(client: Client, operations: list[dict[str, Any]]) -> list[Any]:
    """Send *operations* as one request and return their results in order.

    Raises `ServerError`, whose `lost` tells whether they may have been carried out nevertheless.

    *Source*: protocol reference 1.3, 1.4.
    """
    try:
        return client.call(operations)
    except Exception as error:
        translated = as_server_error(error, client.api_key)
        if translated is None:
            raise
        raise translated from error


def ask_raw(client: Client, operations: list[dict[str, Any]]) -> list[Any]:
    """Send *operations* as one request and return their results as plain JSON, in order.

    For reading in bulk: the client's `call` makes an entity object of every row and drops what its classes do
    not know. The request goes out on the client's own connection, so headers, cookies and key are the same.
    Raises `ServerError` like `ask`; call it from the client's own thread only.

    *Source*: protocol reference 1.1 to 1.4; `ftrack_api.session` keeps its `requests.Session` as `_request`.
    """
    try:
        response = cast(Any, client)._request.post(
            f"{client.server_url}/api",
            headers={"content-type": "application/json", "accept": "application/json"},
            data=json.dumps(operations),
            timeout=client.request_timeout,
        )
    except requests.exceptions.RequestException as error:
        raise ServerError(_first_line(scrub(_network_text(error), client.api_key)), lost=True) from error
    try:
        results = json.loads(response.content)
    except ValueError as error:
        raise ServerError("the reply was not JSON", lost=True) from error
    if isinstance(results, dict) and "exception" in results:
        text = f"{results['exception']}({results.get('content')})"
        raise ServerError(_first_line(scrub(text, client.api_key)))
    if not isinstance(results, list) or len(results) != len(operations):
        raise ServerError("the reply does not fit what was asked", lost=True)
    return results


def rows(client: Client, expression: str) -> list[Any]:
    """Return the first page of rows that *expression* finds, as entities that ask for nothing more.

    *Source*: protocol reference 2.2. Goes past the client's cut-out of `limit` and `offset` (3.8).
    """
    result: list[Any] = ask(client, [{"action": "query", "expression": expression}])[0]["data"]
    return result


def as_server_error(error: BaseException, key: str = "") -> ServerError | None:
    """Return *error* as our `ServerError`, or None when it has nothing to do with the server.

    *Source*: protocol reference 1.1 and 1.4: network failures are `requests` exceptions, a page in place of
    JSON with a failing status is a bare `ValueError` out of the client's `call`, and `str` of the client's
    own error may raise, so its `message` is read.
    """
    if isinstance(error, ServerError):
        return error
    if isinstance(error, ftrack_api.exception.ServerError):
        text = scrub(str(error.message), key)
        lost = "unexpected format" in text
        text = text.removeprefix("Server reported error: ")
        return ServerError(_first_line(text), lost=lost)
    if isinstance(error, requests.exceptions.RequestException):
        return ServerError(_first_line(scrub(_network_text(error), key)), lost=not _refused(error))
    if isinstance(error, json.JSONDecodeError) and _from_client(error):
        return ServerError("the reply was not JSON", lost=True)
    if isinstance(error, ftrack_api.exception.LocationError):
        return ServerError(_first_line(scrub(_location_text(error), key)))
    return None


def _refused(error: requests.exceptions.RequestException) -> bool:
    """Tell whether *error* is an answer that would be the same if it were asked for again."""
    status = getattr(error.response, "status_code", 0)
    return 400 <= status < 500 and status not in (408, 425, 429)


def _network_text(error: requests.exceptions.RequestException) -> str:
    if error.response is not None:
        # Without the address: that of an upload is signed.
        return f"{error.response.status_code} {error.response.reason}".strip()
    if isinstance(error, requests.exceptions.Timeout):
        return "no reply in time"
    if isinstance(error, requests.exceptions.SSLError):
        return "its certificate was not accepted"
    if isinstance(error, requests.exceptions.ConnectionError):
        return "it cannot be reached"
    return f"{type(error).__name__}: {error}"


def _location_text(error: Any) -> str:
    cause = error.details.get("error")
    # The client puts what happened on the network, its address included, into words of its own.
    for each in (cause, getattr(cause, "__context__", None)):
        if isinstance(each, requests.exceptions.RequestException):
            return _network_text(each)
    return str(getattr(cause, "message", None) or cause or error.message)


def _from_client(error: BaseException) -> bool:
    trace = error.__traceback__
    while trace is not None:
        if str(trace.tb_frame.f_globals.get("__name__", "")).startswith("ftrack_api."):
            return True
        trace = trace.tb_next
    return False


def _first_line(text: str) -> str:
    lines = text.strip().splitlines() or ["no text"]
    return lines[0][:500]
