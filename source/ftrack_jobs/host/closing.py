"""How a host ends: the Jobs it cannot finish are ended on the server before the process goes."""

from __future__ import annotations

import atexit
import contextlib
import logging
import os
import signal
import threading
import weakref
from collections.abc import Iterator, Mapping
from typing import Any, Protocol

from .. import errors
from ..errors import ServerError
from ..job_record import FAILED, QUEUED, RUNNING, JobRecord, Report, status_update, statuses
from ..runner import remove_folder
from ..session import Client, Connection, ask_raw, worker_session

logger = logging.getLogger(__name__)

#: Seconds a request at the end may take. Two are sent, and all shall be over within five seconds.
REQUEST_TIMEOUT_S = 1.0


class Closable(Protocol):
    """What can be closed when the process ends."""

    def close(self) -> None:
        """End everything within a few seconds."""


def close_jobs(
    client: Client | None,
    connection: Connection,
    jobs: Mapping[Report, JobRecord],
    words: str = errors.HOST_CLOSED,
) -> None:
    """End *jobs* as failed, saying *words*, and remove their folders. Raises nothing.

    A Job that has ended otherwise, in the last moment or by somebody else, stays as it is.
    """
    try:
        with _short_session(client, connection) as usable:
            found = statuses(usable, [record.id for record in jobs.values()])
            unfinished = [each for each in jobs.values() if found.get(each.id) in (QUEUED, RUNNING)]
            _fail(usable, unfinished, words)
    except ServerError as error:
        logger.error("%d Jobs could not be ended while their host closes: %s", len(jobs), error)
    except Exception as error:  # noqa: BLE001 - the process is on its way out, and shall get there
        logger.error(
            "%d Jobs could not be ended while their host closes: %s", len(jobs), type(error).__name__
        )
    for report in jobs:
        if report.folder is not None:
            remove_folder(report.folder)
        report.ended.set()


def _fail(client: Client, records: list[JobRecord], words: str) -> None:
    operations = [status_update(record, FAILED, words) for record in records]
    if not operations:
        return
    try:
        ask_raw(client, operations)
    except ServerError as error:
        if error.lost or len(operations) == 1:
            raise
        # One that was deleted this moment has made the server refuse all of them.
        for operation in operations:
            with contextlib.suppress(ServerError):
                ask_raw(client, [operation])


@contextlib.contextmanager
def _short_session(client: Client | None, connection: Connection) -> Iterator[Client]:
    if client is None or client.closed:
        with worker_session(connection, timeout_s=REQUEST_TIMEOUT_S) as fresh:
            yield fresh
        return
    patience = client.request_timeout
    client.request_timeout = REQUEST_TIMEOUT_S
    try:
        yield client
    finally:
        client.request_timeout = patience


def close_at_exit(host: Closable) -> None:
    """Arrange that *host* is closed when the process ends: by itself, by Ctrl-C, or by SIGTERM.

    Held weakly.
    """
    reference = weakref.ref(host)

    def close() -> None:
        still_there = reference()
        if still_there is not None:
            still_there.close()

    # Before the handlers of `atexit`: the sessions of running Jobs have theirs there, and would be closed
    # first. *Source*: `ftrack_api.session` registers `close` with `atexit`; `concurrent.futures` uses the
    # same hook as we.
    register: Any = getattr(threading, "_register_atexit", atexit.register)
    with contextlib.suppress(RuntimeError):
        register(close)
    _close_at_sigterm(reference)


def _close_at_sigterm(reference: weakref.ref[Closable]) -> None:
    """Let SIGTERM close the host before it ends the process, where it would end it without a word otherwise.

    Only in the main thread, and only where nobody else handles the signal. The process still dies of the
    signal.
    """
    if threading.current_thread() is not threading.main_thread():
        return
    if signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        return

    def leave(number: int, frame: object) -> None:
        # The second one ends the process at once.
        signal.signal(number, signal.SIG_DFL)
        # In a thread, because what runs here may hold the very locks that closing needs.
        threading.Thread(target=close_and_die, args=(number,), daemon=True).start()

    def close_and_die(number: int) -> None:
        try:
            host = reference()
            if host is not None:
                host.close()
        finally:
            os.kill(os.getpid(), number)

    signal.signal(signal.SIGTERM, leave)
