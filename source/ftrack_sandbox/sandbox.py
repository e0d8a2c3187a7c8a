"""`Sandbox`: the whole server in a thread of its own."""

import asyncio
import contextlib
import functools
import itertools
import logging
import pathlib
import secrets
import shutil
import socket
import sqlite3
import sys
import tempfile
import threading
from types import TracebackType
from typing import Any

import sqlalchemy
import uvicorn
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from starlette.applications import Starlette

from ftrack_sandbox import access
from ftrack_sandbox import seed as seeds
from ftrack_sandbox.access import Access
from ftrack_sandbox.api.operation import Services
from ftrack_sandbox.app import MAX_BODY_MB, create_app
from ftrack_sandbox.control import RequestLog
from ftrack_sandbox.errors import SandboxError
from ftrack_sandbox.events import peer
from ftrack_sandbox.events.hub import Hub, HubUser
from ftrack_sandbox.faults import CUT, Faults, Occasion
from ftrack_sandbox.login_route import LoginRoute
from ftrack_sandbox.schema import Schema, load_schema
from ftrack_sandbox.storage import Storage
from ftrack_sandbox.store import Rows, Store

_log = logging.getLogger(__name__)

#: Seconds of a stop: for taking leave of the event hub's clients, for requests under way, and for
#: the server's thread when what is left of them has been cut off.
_GOODBYE_S = 0.3
_GRACE_S = 0.4
_END_S = 1.0

#: Seconds within which the thread must listen; it takes some milliseconds.
_START_S = 30.0

#: Seconds that an idle connection is kept. A client that reuses one just as it is closed fails.
_KEEP_ALIVE_S = 75


class StartError(SandboxError):
    """The server cannot start; the text says why and what to do."""


class Sandbox:
    """A running ftrack server for real clients. Several may run in one process.

    *port* 0 takes a free one. Without *database* (a SQLAlchemy URL) and *storage* both are
    temporary and removed by `stop()`. An empty database is filled with the *seed* (`demo` or
    `empty`; *scale* multiplies the demo's tasks), a filled one is kept as it is. A SQLite file
    without *storage* keeps the files of its components in a folder beside it. Requests to the API
    of more than *max_body_mb* megabytes are refused.

        with Sandbox(seed="empty") as sandbox:
            session = ftrack_api.Session(sandbox.url, sandbox.api_key, sandbox.api_user)

    The members may be used from any thread between `start()` and `stop()`.
    """

    store: Store
    hub: Hub

    def __init__(
        self,
        host: str = "127.0.0.1",
        port: int = 0,
        database: str | None = None,
        storage: pathlib.Path | None = None,
        seed: str = "demo",
        scale: int = 1,
        max_body_mb: int = MAX_BODY_MB,
    ) -> None:
        self._host = host
        self._port = port
        self._database = database
        self._storage_root = storage
        self._seed = seed
        self._scale = scale
        self._max_body_mb = max_body_mb
        self._stack = contextlib.ExitStack()
        self._access: Access
        self._storage: Storage
        #: What clients asked of `/api`.
        self.requests = RequestLog()
        #: What of it, and of the event hub and the disk, shall fail.
        self.faults = Faults()
        #: The global key made for this run.
        self.api_key = ""
        #: The administrator that the key is to be used with.
        self.api_user = seeds.SERVICE_USER
        #: Address for clients, without a slash at its end.
        self.url = ""

    @property
    def environment(self) -> dict[str, str]:
        """What a client's process needs in its environment. Source: protocol reference 1.6."""
        return {
            "FTRACK_SERVER": self.url,
            "FTRACK_API_USER": self.api_user,
            "FTRACK_API_KEY": self.api_key,
        }

    def start(self) -> None:
        """Start serving; returns when clients are answered. Raises StartError."""
        with contextlib.ExitStack() as stack:
            # First of all, for it is what fails most and filling a database takes seconds.
            listening = _listen(self._host, self._port)
            stack.callback(listening.close)
            self._open(stack)
            self._fill()
            self.url = _url(self._host, listening.getsockname()[1])
            self.hub = Hub(self.faults)
            server = _Server(self._application())
            stack.callback(server.stop)
            stack.callback(self.hub.close, _GOODBYE_S)
            # First of all, so that nothing that a fault holds up holds up the end.
            stack.callback(self.faults.clear)
            server.start(listening)
            self._stack = stack.pop_all()

    def stop(self) -> None:
        """Stop serving, within 2 s whatever clients do, and remove what was temporary."""
        self._stack.close()

    def reset(self) -> None:
        """Return to the seed and end all faults; clients see the server as it was until it is done.

        The run's own key stays valid; personal keys and grants are gone.
        """
        self.faults.clear()
        with self._storage.staged() as staged:

            def rows(connection: sqlalchemy.Connection) -> Rows:
                select = sqlalchemy.select(access.API_KEY).where(access.API_KEY.c.user_id.is_(None))
                keys = [dict(row) for row in connection.execute(select).mappings()]
                return itertools.chain(
                    seeds.rows(self._seed, self._scale, staged), [(access.API_KEY.name, keys)]
                )

            self.store.replace(rows, staged.adopt)

    @property
    def storage(self) -> Storage:
        """The files of components."""
        return self._storage

    def make_key(self, username: str) -> str:
        """Make a personal key; the user's older one ends. Raises InvalidCredentials for unknown users."""
        return self._access.make_key(username)

    def grant_project(self, project_id: str) -> None:
        """Let the global key see a private project. Source: protocol reference 9.1."""
        self._access.grant_project(self.api_key, project_id)

    def __enter__(self) -> "Sandbox":
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _open(self, stack: contextlib.ExitStack) -> None:
        """Open storage and database; raises StartError."""
        schema = load_schema()
        if self._database is not None:
            _check_database(self._database, schema)
        folder = pathlib.Path(tempfile.mkdtemp(prefix="ftrack-sandbox-"))
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        database = self._database or f"sqlite:///{(folder / 'sandbox.db').as_posix()}"
        root = self._storage_root or _folder_beside(database) or folder / "files"
        try:
            self._storage = Storage(root)
        except OSError as error:
            raise StartError(f"The storage folder {root} cannot be written: {error.strerror}.") from error
        stack.callback(self._storage.drop_unfinished)
        self._storage.is_full = lambda: bool(self.faults.meet(Occasion("disk")))
        self.store = Store(schema, database, [access.METADATA])
        stack.callback(self.store.close)
        self._access = Access(self.store)

    def _fill(self) -> None:
        if self.store.is_empty:
            self.store.load(seeds.rows(self._seed, self._scale, self._storage))
        self.api_key = self._access.make_key()

    def _application(self) -> Starlette:
        services = Services(
            schema=self.store.schema,
            store=self.store,
            access=self._access,
            hub=self.hub,
            urls_secret=secrets.token_bytes(32),
            storage=self._storage,
        )
        more_routes = [
            *LoginRoute(self._access, self.api_user).routes,
            *peer.routes(self.hub, self._hub_user),
        ]
        return create_app(
            services, self.requests, self.faults, self.reset, more_routes, max_body_mb=self._max_body_mb
        )

    def _hub_user(self, username: str | None, key: str | None) -> HubUser:
        caller = self._access.authenticate(username, key)
        return HubUser(caller.user_id, caller.username)


class _Server(uvicorn.Server):
    """uvicorn in a thread, which tells when it listens."""

    def __init__(self, application: Starlette) -> None:
        self._application = application
        # The log of accesses would hold keys: they stand in queries.
        super().__init__(
            uvicorn.Config(
                self._serve_request,
                interface="asgi3",
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                lifespan="off",
                **peer.SERVER_SETTINGS,
                timeout_keep_alive=_KEEP_ALIVE_S,
                timeout_graceful_shutdown=1,
            )
        )
        self._listens = threading.Event()
        # A query that will not end must not keep the process from ending either.
        self._thread = threading.Thread(target=self._serve_all, name="ftrack-sandbox", daemon=True)
        self._sockets: list[socket.socket] = []
        self._loop: asyncio.AbstractEventLoop | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, and tell so."""
        self._loop = asyncio.get_running_loop()
        await super().startup(sockets=sockets)
        self._listens.set()

    def start(self, listening: socket.socket) -> None:
        """Serve on *listening*; returns when it does. Raises StartError."""
        self._sockets = [listening]
        self._thread.start()
        if not self._listens.wait(_START_S) or not self.started:
            raise StartError("The HTTP server did not start; its log says why.")

    def stop(self) -> None:
        """End within a bounded time."""
        self.should_exit = True
        if self._thread.ident is None:
            return
        self._thread.join(_GRACE_S)
        if self._loop is not None and self._thread.is_alive():
            # The loop may have ended just now.
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._cut_off)
            self._thread.join(_END_S)
        if self._thread.is_alive():
            _log.warning("a request is still being answered; it is left to itself")

    async def _serve_request(self, scope: Any, receive: Any, send: Any) -> None:
        """Give the application what ASGI has not: a way to drop the connection."""
        if scope["type"] == "http":
            cut = functools.partial(self._cut, scope.get("client"))
            scope["extensions"] = {**scope.get("extensions", {}), CUT: cut}
        await self._application(scope, receive, send)

    def _cut(self, client: tuple[str, int] | None) -> None:
        """Abort the connection from that address and port, which no other has."""
        for connection in list(self.server_state.connections):
            if client is not None and getattr(connection, "client", None) == client:
                connection.transport.abort()

    def _cut_off(self) -> None:
        """End the connections that are in the middle of something, such as half an upload."""
        for connection in list(self.server_state.connections):
            transport = getattr(connection, "transport", None)
            if transport is not None:
                transport.abort()

    def _serve_all(self) -> None:
        try:
            self.run(sockets=self._sockets)
        finally:
            self._listens.set()


def _listen(host: str, port: int) -> socket.socket:
    """Return a socket bound to host and port. Raises StartError."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except OSError as error:
        raise StartError(f"There is no host '{host}' to listen on: {error.strerror}.") from error
    listening = socket.socket(family, kind, protocol)
    try:
        if sys.platform != "win32":
            # On Windows this would share the port with whoever has it.
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        # A port that is bound by another server too shows only here.
        listening.listen(128)
    except OSError as error:
        listening.close()
        raise StartError(
            f"Port {port} of {host} cannot be listened on: {error.strerror}. "
            "Choose another one, or 0 for any that is free."
        ) from error
    return listening


def _url(host: str, port: int) -> str:
    """Return the address clients are told: a wild card is no address, so loopback stands for it."""
    known = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"http://[{known}]:{port}" if ":" in known else f"http://{known}:{port}"


def _folder_beside(database: str) -> pathlib.Path | None:
    """Return where the files of a SQLite database's components go; None for any other database."""
    url = sqlalchemy.make_url(database)
    if url.get_backend_name() != "sqlite" or not url.database:
        return None
    path = pathlib.Path(url.database)
    return path.with_name(f"{path.name}-files")


def _check_database(database: str, schema: Schema) -> None:
    """Refuse a database that cannot be opened, or that holds something else. Raises StartError."""
    try:
        url = sqlalchemy.make_url(database)
    except ArgumentError as error:
        raise StartError(
            f"'{database}' is not a database URL; one looks like sqlite:////var/lib/sandbox.db."
        ) from error
    shown = url.render_as_string(hide_password=True)
    if url.get_backend_name() == "sqlite" and url.database in (None, "", ":memory:"):
        raise StartError(
            "A SQLite database in memory cannot be shared by threads; name a file, or no database."
        )
    try:
        engine = sqlalchemy.create_engine(url)
        try:
            found = _columns(engine)
        finally:
            engine.dispose()
    except (SQLAlchemyError, sqlite3.Error, ImportError) as error:
        reason = getattr(error, "orig", None) or error
        raise StartError(f"The database {shown} cannot be opened: {reason}.") from error
    expected = {
        table.name: {column.name for column in table.columns}
        for metadata in (schema.metadata, access.METADATA)
        for table in metadata.tables.values()
    }
    if found and any(found.get(name) != columns for name, columns in expected.items()):
        raise StartError(
            f"The database {shown} holds tables that are not this sandbox's (or those of another version); "
            "name an empty database."
        )


def _columns(engine: sqlalchemy.Engine) -> dict[str, set[str]]:
    inspector = sqlalchemy.inspect(engine)
    found = inspector.get_multi_columns()
    return {table: {column["name"] for column in columns} for (_, table), columns in found.items()}
