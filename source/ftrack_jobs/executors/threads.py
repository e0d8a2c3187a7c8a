"""`ThreadExecutor`: a bounded pool of threads in this process, and a line in front of it.

Not `concurrent.futures`: its threads are joined at exit, so one author's endless loop would keep the host
alive for ever, and a Job in its queue cannot be told its place.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable

from .. import errors
from ..job_record import JobRecord, Report

logger = logging.getLogger(__name__)


class ThreadExecutor:
    """An `Executor` that runs up to *workers* Jobs at a time; the others wait in the order they came.

    *run* is called with each Job in a daemon thread and must not raise. A thread is started when a Job needs
    one.
    """

    def __init__(self, run: Callable[[JobRecord, Report], None], workers: int = 4) -> None:
        self._run = run
        self._workers = max(1, workers)
        self._line: deque[tuple[JobRecord, Report]] = deque()
        self._changed = threading.Condition()
        self._started = 0
        # Threads without a Job, those just starting included.
        self._idle = 0
        self._closed = False

    def place(self) -> int:
        """Return the place in line of a Job submitted now; 0 when a worker takes it up at once."""
        with self._changed:
            ready = self._idle + self._workers - self._started
            return max(0, len(self._line) + 1 - ready)

    def waiting(self) -> int:
        """Return how many Jobs wait for a worker."""
        with self._changed:
            return max(0, len(self._line) - self._idle)

    def submit(self, record: JobRecord, report: Report) -> None:
        """Take a claimed Job. Raises `RuntimeError` after `close`, and where no thread can be started."""
        with self._changed:
            if self._closed:
                raise RuntimeError("The executor is closed.")
            self._line.append((record, report))
            if len(self._line) > self._idle and self._started < self._workers:
                self._start_worker()
            self._tell_places()
            self._changed.notify()

    def _start_worker(self) -> None:
        """Start one more thread, or leave the line to those that are there. Raises when there is none."""
        name = f"ftrack-jobs worker {self._started + 1}"
        try:
            threading.Thread(target=self._work, name=name, daemon=True).start()
        except RuntimeError as error:
            if not self._started:
                self._line.pop()
                raise
            logger.warning("Only %d workers can be started: %s", self._started, error)
            return
        self._started += 1
        self._idle += 1

    def close(self) -> list[tuple[JobRecord, Report]]:
        """Take no more Jobs and return those that wait. Does not wait for those that run."""
        with self._changed:
            self._closed = True
            left = list(self._line)
            self._line.clear()
            self._changed.notify_all()
            return left

    def _work(self) -> None:
        while True:
            with self._changed:
                while not self._line and not self._closed:
                    self._changed.wait()
                if self._closed:
                    return
                self._idle -= 1
                record, report = self._line.popleft()
                self._tell_places()
            try:
                self._run(record, report)
            except BaseException:
                # A worker that died would be missed by everybody in line.
                logger.exception("A worker failed; it goes on with the next Job")
            with self._changed:
                self._idle += 1

    def _tell_places(self) -> None:
        # Those at the front are taken up at once by idle workers.
        for index, (_, report) in enumerate(self._line):
            report.say(words_for(max(0, index + 1 - self._idle)))


def words_for(place: int) -> str:
    """Return the description of a Job at *place* in line, counted from 1; at 0 it is taken up at once."""
    return errors.WAITING.format(place=ordinal(place)) if place else errors.STARTING


def ordinal(number: int) -> str:
    """Return *number* as 1st, 2nd, 3rd, 4th."""
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number:,}{ending}"
