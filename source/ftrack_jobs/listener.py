"""`Listener`: the daemon around a host; it connects, waits, connects again, and stops in order."""

from __future__ import annotations

import contextlib
import logging
import queue
import random
import signal
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from .config import Config
from .errors import ServerError
from .plugin import host_of, register_folder
from .session import Client, Connection, drop_connection, new_event, open_session

logger = logging.getLogger(__name__)

#: Seconds between two tries to connect: the first pause, and the longest.
FIRST_PAUSE_S, LONGEST_PAUSE_S = 1.0, 30.0
#: Seconds after which a listener is called ready although its event to itself did not come back.
ECHO_TIMEOUT_S = 10.0
#: Exit codes of `run`.
STOPPED, BAD_CREDENTIALS = 0, 2

_LOADER = Path(__file__).with_name("loading")
_ECHO_TOPIC = "ftrack-jobs.listener.ready"


class Listener:
    """Hosts the actions, and unchanged any other plugin, below *plugin_paths*, until it is stopped.

    *on_ready* is called once, in the thread of `run`, when clicks arrive here.
    """

    def __init__(
        self,
        connection: Connection,
        plugin_paths: Sequence[str | Path],
        config: Config | None = None,
        *,
        on_ready: Callable[[], None] | None = None,
    ) -> None:
        self._connection = connection
        self._folders = [Path(path) for path in plugin_paths]
        self._config = config or Config()
        self._on_ready = on_ready
        # A plain flag: an Event's lock is not to be taken in a signal handler.
        self._stopping = False
        self._ready = False
        self._heard = False
        self._asked_at = 0.0

    def run(self) -> int:
        """Listen until `stop` is called, or SIGTERM or Ctrl-C arrives; return the exit code.

        Tries for ever to reach the server; only refused credentials end it. Signals are handled when this is
        the main thread; a second one ends the process at once.
        """
        with self._signals():
            client = self._open()
            if client is None:
                return STOPPED if self._stopping else BAD_CREDENTIALS
            try:
                self._serve(client)
            finally:
                self._close(client)
        return STOPPED

    def stop(self) -> None:
        """Ask `run` to return. May be called from any thread, and from a signal handler."""
        self._stopping = True

    # Session

    def _open(self) -> Client | None:
        """Return the session with all plugins; None when stopped, or when the credentials are refused."""
        connection = replace(self._connection, location_plugins=(str(_LOADER),))
        for attempt in self._attempts():
            try:
                return open_session(
                    connection,
                    timeout_s=self._config.event_timeout_s,
                    plugin_arguments={"ftrack_jobs_load": self._load},
                )
            except ServerError as error:
                if not error.lost and "credentials" in error.answer.lower():
                    logger.error(
                        "The server refuses the credentials of %s: %s Correct FTRACK_API_USER or"
                        " FTRACK_API_KEY.",
                        connection.api_user,
                        error.answer,
                    )
                    return None
                self._tell_trouble(attempt, f"No session with {connection.server_url}: {error.answer}")
        return None

    def _load(self, session: Client) -> None:
        host_of(session, self._config)
        for folder in self._folders:
            register_folder(session, folder)

    def _close(self, client: Client) -> None:
        logger.info("Stopping")
        try:
            host_of(client).close()
        finally:
            drop_connection(client.event_hub)
            with contextlib.suppress(Exception):
                client.close()

    # Event hub

    def _serve(self, client: Client) -> None:
        hub: Any = client.event_hub
        # The client's own reconnecting silences all logging of the process, and ends for good after five
        # minutes. *Source*: protocol reference 5.7. Without attempts `wait` returns at once, and we connect
        # ourselves.
        hub._auto_reconnect_attempts = 0
        hub._event_send_queue = _Outbox(hub)
        hub._send_packet = _sends_at_once(hub._send_packet)
        hub.subscribe(f'topic={_ECHO_TOPIC} and source.id="{hub.id}"', lambda event: self._say_ready(client))
        attempts = self._attempts()
        while self._connect(hub, attempts):
            self._ask_for_echo(hub)
            self._wait(client, hub)
            if not self._stopping:
                logger.warning("The connection to the event hub is lost; connecting again")
                # A server that takes connections only to drop them is not to be hammered.
                self._rest(FIRST_PAUSE_S)
            if self._heard:
                # It did work, so the next try need not wait.
                attempts = self._attempts()

    def _connect(self, hub: Any, attempts: Iterator[int]) -> bool:
        """Connect, however many of *attempts* it takes; return False when stopped meanwhile."""
        for attempt in attempts:
            try:
                drop_connection(hub)
                hub.connect()
            except Exception as error:  # noqa: BLE001 - whatever it is, it is tried again
                text = self._connection.scrub(_first_line(error))
                self._tell_trouble(attempt, f"The event hub cannot be reached: {text}")
            else:
                return True
        return False

    def _wait(self, client: Client, hub: Any) -> None:
        """Handle events until the connection is lost or the listener is stopped."""
        while not self._stopping and _alive(hub):
            try:
                hub.wait(duration=0.3)
            except Exception:  # noqa: BLE001 - subscriptions can raise out of `wait` (protocol reference 5.5)
                text = self._connection.scrub(traceback.format_exc())
                logger.error("A subscription failed; the event it was asked about is lost. %s", text)
            if not self._ready and time.monotonic() - self._asked_at > ECHO_TIMEOUT_S:
                logger.warning("An event to ourselves did not come back within %g s", ECHO_TIMEOUT_S)
                self._say_ready(client)

    def _ask_for_echo(self, hub: Any) -> None:
        # When it comes back the server has taken in all subscriptions, which were sent before it.
        self._asked_at = time.monotonic()
        self._heard = False
        hub.publish(new_event(_ECHO_TOPIC, {}), on_error="ignore")

    def _say_ready(self, client: Client) -> None:
        identifiers = ", ".join(each.identifier for each in host_of(client).registry) or "no action of ours"
        logger.info("Listening at %s as %s for %s", client.server_url, client.api_user, identifiers)
        self._heard = True
        if not self._ready:
            self._ready = True
            if self._on_ready is not None:
                self._on_ready()

    # Patience

    def _attempts(self) -> Iterator[int]:
        """Yield 0, 1, 2 and so on, with growing pauses between, until stopped."""
        pause, attempt = FIRST_PAUSE_S, 0
        while not self._stopping:
            yield attempt
            attempt += 1
            # Many listeners that lost one server shall not come back in the same moment.
            self._rest(pause * random.uniform(0.7, 1.3))
            pause = min(pause * 2, LONGEST_PAUSE_S)

    def _rest(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while not self._stopping and time.monotonic() < until:
            time.sleep(0.1)

    def _tell_trouble(self, attempt: int, text: str) -> None:
        # Once for each outage; an outage of hours would bury everything else.
        level = logging.DEBUG if attempt else logging.WARNING
        logger.log(level, "%s. Trying again, for as long as it takes", text)

    @contextlib.contextmanager
    def _signals(self) -> Iterator[None]:
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        names = (signal.SIGINT, signal.SIGTERM)
        before = {number: signal.getsignal(number) for number in names}

        def leave(number: int, frame: object) -> None:
            self.stop()
            for each in names:
                signal.signal(each, signal.SIG_DFL)

        for number in names:
            signal.signal(number, leave)
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


class _Outbox(queue.Queue[Any]):
    """The events of a hub that wait for a connection, in place of the client's own queue.

    `hub.connect` empties that one by publishing, which puts each event back while there is no connection: it
    never returns when the connection is lost just then. Tried against a server that was being restarted.
    Subscriptions need not wait here: `connect` sends all of them anyway. *Source*: `ftrack_api.event.hub`.
    """

    def __init__(self, hub: Any) -> None:
        super().__init__()
        self._hub = hub
        earlier = hub._event_send_queue
        while not earlier.empty():
            self.put(earlier.get_nowait())

    def put(self, item: Any, block: bool = True, timeout: float | None = None) -> None:
        """Keep the event, but for those that the next connection sends anew."""
        if item[0]["topic"] not in ("ftrack.meta.subscribe", _ECHO_TOPIC):
            super().put(item, block, timeout)

    def get_nowait(self) -> Any:
        """Return the next event. Raises `queue.Empty` also when it could not be sent."""
        if not self._hub.connected:
            raise queue.Empty
        return super().get_nowait()


def _sends_at_once(send: Callable[..., None]) -> Callable[..., None]:
    """Return *send* with errors of another type: after one of its own the client sleeps 15 s in its caller.

    That is the event thread, where everybody waits, and so does who wants to stop. *Source*: protocol
    reference 5.7; `EventHub._publish`.
    """

    def send_at_once(*arguments: Any, **more: Any) -> None:
        try:
            send(*arguments, **more)
        except Exception as error:
            raise ServerError(_first_line(error), lost=True) from error

    return send_at_once


def _alive(hub: Any) -> bool:
    """Tell whether events can arrive: a reader thread may end without a word (protocol reference 5.2)."""
    return bool(hub.connected) and hub._processor_thread.is_alive()


def _first_line(error: BaseException) -> str:
    try:
        lines = str(error).strip().splitlines()
    except Exception:  # noqa: BLE001 - the client's errors can fail to be text (protocol reference 1.4)
        lines = []
    return lines[0] if lines else type(error).__name__
