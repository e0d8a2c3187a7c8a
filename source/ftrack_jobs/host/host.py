"""`Host`: what the daemon, ftrack Connect and any plain script have in common."""

from __future__ import annotations

import contextlib
import os
import platform
import threading
import time
import weakref
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from .. import errors
from ..action import Action, Desk
from ..config import Config
from ..errors import ServerError
from ..executors.threads import ThreadExecutor, words_for
from ..job_record import JobRecord, Report
from ..registry import Registry
from ..reporter import Reporter
from ..runner import Runner
from ..session import Client, Connection, open_session
from .closing import close_at_exit, close_jobs

#: Seconds for which a server that did not answer is not asked again by the event thread, where everybody
#: waits.
_REST_S = 5.0


class Host:
    """Offers actions on the event hub of *session* and runs their Jobs; one for each such session.

    Making one, and adding actions, asks the server nothing and starts no thread. The first click does:
    workers, one reporter, and a session of the host's own for the questions of the event thread, with a short
    timeout.

    Holds *session* weakly: it goes when its owner lets it go.
    """

    def __init__(self, session: Client, config: Config | None = None) -> None:
        config = config or Config()
        self._session = weakref.ref(session)
        self._config = config
        self.connection = Connection.of(session, config.location_plugins)
        self.registry = Registry()
        self.hub_id = session.event_hub.id
        #: Names this process and session in the Jobs it makes.
        self.owner = f"{platform.node()}:{os.getpid()}:{self.hub_id}"
        self._reporter = Reporter(
            self.connection, interval_s=config.report_interval_s, timeout_s=config.event_timeout_s
        )
        runner = Runner(self.registry, self.connection, self._reporter.release, config.request_timeout_s)
        self._runner = runner
        self._executor = ThreadExecutor(self._run, config.workers)
        self._desk = Desk(self)
        self._subscribers: dict[str, list[str]] = {}
        self._active: dict[Report, JobRecord] = {}
        self._changed = threading.Condition()
        self._closing = False
        self._leaving_arranged = False
        self._client: Client | None = None
        self._client_lock = threading.RLock()
        self._resting: tuple[float, ServerError] | None = None

    def add(self, action_class: type[Action], limit_to_user: str | None = None) -> None:
        """Offer *action_class*, in place of an action of the same identifier that was offered before.

        With *limit_to_user* only that user's events are answered. They are told apart here and not in the
        subscription: a user name may hold what its language does not take (protocol reference 5.5).
        """
        session = self._session()
        if session is None:
            return
        hub = session.event_hub
        for subscriber in self._subscribers.pop(action_class.identifier, []):
            hub.unsubscribe(subscriber)
        action = action_class(session)
        if limit_to_user is not None:
            action.limit_to_user = limit_to_user
        self.registry.add(action_class)
        self._subscribers[action_class.identifier] = action.subscribe(hub, self._desk)

    # What the desk needs; see `Floor`.

    @property
    def schemas(self) -> Sequence[Mapping[str, Any]]:
        """The schemas of the site, as the session has them; empty while it is still being opened."""
        return getattr(self._session(), "schemas", ())

    @contextlib.contextmanager
    def client(self) -> Iterator[Client]:
        """Lend the session for questions of the event thread, to one caller at a time.

        Raises `ServerError` when it cannot be opened, and at once when the server did not answer a moment
        ago: the next menu would only wait as long again.
        """
        with self._client_lock:
            if self._resting is not None and time.monotonic() < self._resting[0]:
                raise self._resting[1]
            if self._closing:
                raise ServerError("this host is closed")
            try:
                if self._client is None or self._client.closed:
                    self._client = open_session(self.connection, timeout_s=self._config.event_timeout_s)
                yield self._client
            except ServerError as error:
                if error.lost:
                    self._resting = (time.monotonic() + _REST_S, error)
                raise
            else:
                self._resting = None

    def refusal(self, title: str) -> str | None:
        """Return why no further launch is taken now, or None."""
        if self._closing:
            return errors.HOST_CLOSING.format(title=title)
        waiting = self._executor.waiting()
        if waiting >= self._config.queue_limit and self._executor.place() > 0:
            return errors.QUEUE_FULL.format(title=title, count=waiting)
        return None

    def first_words(self) -> str:
        """Return the description of a Job that is taken now: its place in line."""
        return words_for(self._executor.place())

    def submit(self, record: JobRecord, title: str) -> None:
        """Run the claimed Job when its turn comes; while the host is being closed it ends at once.

        Raises `RuntimeError` when no thread can be started for it; the Job has ended as failed then.
        """
        report = Report(errors.STARTING)
        with self._changed:
            taken = not self._closing
            if taken:
                self._active[report] = record
        if not taken:
            self._end({report: record})
            return
        if not self._leaving_arranged:
            self._leaving_arranged = True
            close_at_exit(self)
        try:
            self._reporter.watch(record, report)
            self._executor.submit(record, report)
        except RuntimeError as error:
            if self._closing:
                return  # This moment: `close` has seen the Job among the active ones.
            # The system has no thread left. Nobody else would ever end the Job.
            named = f"{type(error).__name__}: {error}"
            self._end({report: record}, errors.UNEXPECTED_HEADLESS.format(title=title, error=named))
            raise

    def scrub(self, text: str) -> str:
        """Return *text* without the API key."""
        return self.connection.scrub(text)

    # Life of Jobs

    def join(self, timeout_s: float) -> bool:
        """Wait until no Job is waiting or running; return False when some still are after *timeout_s*."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._active, timeout_s)

    def close(self, timeout_s: float = 5.0) -> None:
        """Take no more launches and end all Jobs as failed, saying that the host was closed.

        Those that report stop by themselves; the others are given up within *timeout_s*. May be called twice,
        and from any thread; the session stays open.
        """
        deadline = time.monotonic() + timeout_s
        with self._changed:
            if self._closing:
                return
            self._closing = True
            active = dict(self._active)
        for report in active:
            report.stop(errors.HOST_CLOSED)
        waiting = {report: record for record, report in self._executor.close()}
        self._end(waiting)
        # Half of the time for runs that stop when told, and that write their own end.
        patience = time.monotonic() + (deadline - time.monotonic()) / 2
        for report in active:
            if report not in waiting:
                report.ended.wait(max(0.0, patience - time.monotonic()))
        self._end({report: record for report, record in active.items() if not report.ended.is_set()})
        self._reporter.close()
        self._close_client()

    def _run(self, record: JobRecord, report: Report) -> None:
        try:
            self._runner.run(record, report)
        finally:
            self._forget([report])

    def _end(self, jobs: Mapping[Report, JobRecord], words: str = errors.HOST_CLOSED) -> None:
        """Write the end of *jobs* that this host will not run to it, and say why."""
        if not jobs:
            return
        for report in jobs:
            report.take_ending()
        # What it has on its way would be written over the end.
        self._reporter.release(*jobs, timeout_s=0.3)
        # The event thread may hold its session in a request that takes long.
        free = self._client_lock.acquire(timeout=0.5)
        try:
            close_jobs(self._client if free else None, self.connection, jobs, words)
        finally:
            if free:
                self._client_lock.release()
        self._forget(jobs)

    def _forget(self, reports: Sequence[Report] | Mapping[Report, JobRecord]) -> None:
        with self._changed:
            for report in reports:
                self._active.pop(report, None)
            self._changed.notify_all()

    def _close_client(self) -> None:
        # The event thread may be in the midst of a question; then the session goes with the process.
        if not self._client_lock.acquire(timeout=0.5):
            return
        try:
            client, self._client = self._client, None
        finally:
            self._client_lock.release()
        if client is not None:
            with contextlib.suppress(Exception):
                client.close()
