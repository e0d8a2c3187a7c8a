"""`Reporter`: one thread that speaks with the server for all Jobs of a host together."""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass

from . import errors
from .errors import ServerError
from .job_record import QUEUED, RUNNING, JobRecord, Report, description_update, statuses
from .session import Client, Connection, ask_raw, open_session

logger = logging.getLogger(__name__)

#: Seconds a request of the reporter may take. Runs wait for it at their end.
REQUEST_TIMEOUT_S = 10.0
#: Operations in one batch.
_BATCH = 200


@dataclass
class _Watched:
    """One Job under watch. *shown* is the description that was written last; None before the first."""

    record: JobRecord
    report: Report
    shown: str | None = None


class Reporter:
    """Shows what waiting and running Jobs say, and tells a run to stop whose Job was ended or deleted.

    Every *interval_s* at most two requests, for all Jobs together and however often they report: their
    statuses, then the changed descriptions. It writes descriptions, never a status. Its thread starts with
    the first Job.
    """

    def __init__(
        self, connection: Connection, *, interval_s: float = 1.0, timeout_s: float = REQUEST_TIMEOUT_S
    ) -> None:
        self._connection = connection
        self._interval_s = interval_s
        self._timeout_s = timeout_s
        self._watched: dict[Report, _Watched] = {}
        self._changed = threading.Condition()
        #: Held while a request is on its way: whoever has it knows that nobody writes.
        self._sending = threading.Lock()
        self._thread: threading.Thread | None = None
        self._closed = False
        self._client: Client | None = None
        self._in_trouble = False

    def watch(self, record: JobRecord, report: Report) -> None:
        """Begin to speak for the Job. Raises `RuntimeError` when no thread can be started."""
        with self._changed:
            if self._closed:
                return
            if self._thread is None:
                thread = threading.Thread(target=self._work, name="ftrack-jobs reporter", daemon=True)
                # Raises where the system has no thread left; the next Job may have more luck.
                thread.start()
                self._thread = thread
            self._watched[report] = _Watched(record, report)
            self._changed.notify()

    def release(self, *reports: Report, timeout_s: float = -1) -> None:
        """Let go of Jobs: when this returns, nothing is written to them from here any more.

        Waits for what is on its way, at the longest for the timeouts of its few requests, or for *timeout_s*.
        """
        with self._changed:
            for report in reports:
                self._watched.pop(report, None)
        if self._sending.acquire(timeout=timeout_s):
            self._sending.release()

    def close(self) -> None:
        """Let go of all Jobs and end the thread; does not wait for it."""
        with self._changed:
            self._closed = True
            self._watched.clear()
            self._changed.notify_all()

    def _work(self) -> None:
        next_round = time.monotonic() + self._interval_s
        while self._wait_until(next_round):
            began = time.monotonic()
            self._round()
            took = time.monotonic() - began
            # A slow server is not asked more often than it can answer.
            next_round = began + took + max(self._interval_s - took, min(took, 5.0))
        self._drop_client()

    def _wait_until(self, moment: float) -> bool:
        """Wait for *moment* and for a Job to watch; return False when the reporter was closed meanwhile."""
        with self._changed:
            while not self._closed:
                left = moment - time.monotonic()
                if self._watched and left <= 0:
                    return True
                self._changed.wait(left if self._watched else None)
        return False

    def _round(self) -> None:
        with self._sending:
            with self._changed:
                watched = list(self._watched.values())
            if not watched:
                return
            try:
                client = self._open()
                self._stop_ended(client, watched)
                self._describe(client, watched)
            except ServerError as error:
                self._tell_trouble(error)
            except Exception as error:  # noqa: BLE001 - the reporter lives as long as its host
                self._tell_trouble(ServerError(type(error).__name__, lost=True))
                self._drop_client()
            else:
                self._in_trouble = False

    def _stop_ended(self, client: Client, watched: Sequence[_Watched]) -> None:
        """Tell those runs to stop whose Job is gone, or is no longer ours to run."""
        found = statuses(client, [each.record.id for each in watched])
        for each in watched:
            if found.get(each.record.id) not in (QUEUED, RUNNING):
                each.report.stop(errors.CANCELLED)

    def _describe(self, client: Client, watched: Sequence[_Watched]) -> None:
        changed: list[tuple[_Watched, str]] = []
        for each in watched:
            text = self._words(each)
            if text is not None and text != each.shown and each.report.stop_reason is None:
                changed.append((each, text))
        for first in range(0, len(changed), _BATCH):
            self._send(client, changed[first : first + _BATCH])

    def _words(self, watched: _Watched) -> str | None:
        try:
            return self._connection.scrub(watched.report.text)
        except Exception as error:  # noqa: BLE001 - an author may report anything, and silences no other by it
            logger.debug("Job %s reports what cannot be shown: %s", watched.record.id, type(error).__name__)
            return watched.shown

    def _send(self, client: Client, changed: Sequence[tuple[_Watched, str]]) -> None:
        try:
            ask_raw(client, [description_update(each.record, text) for each, text in changed])
        except ServerError as error:
            if error.lost:
                raise
            if len(changed) == 1:
                # Deleted since we looked; the next look tells its run.
                logger.debug("Job %s refused its description: %s", changed[0][0].record.id, error)
                return
            # One Job that was deleted has made the server refuse all of them.
            for each in changed:
                self._send(client, [each])
            return
        for watched, text in changed:
            watched.shown = text

    def _open(self) -> Client:
        if self._client is None or self._client.closed:
            self._client = open_session(self._connection, timeout_s=self._timeout_s)
        return self._client

    def _drop_client(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            with contextlib.suppress(Exception):
                client.close()

    def _tell_trouble(self, error: ServerError) -> None:
        # Once, not every second: the Jobs run on meanwhile, and what they say last is written when it can be.
        level = logging.DEBUG if self._in_trouble else logging.WARNING
        self._in_trouble = True
        logger.log(level, "Progress of Jobs cannot be shown at the moment: %s", error)
