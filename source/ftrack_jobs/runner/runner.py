"""`Runner`: takes a claimed Job from start to final status, in the thread it is called in."""

from __future__ import annotations

import contextlib
import logging
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from .. import errors
from ..access import User
from ..errors import DeclarationError
from ..job_record import FAILED, JobRecord, Report, start
from ..registry import Registry
from ..session import Client, Connection, worker_session
from .ending import TRIED_FOR_S, Ending
from .outcome import Outcome, outcome_of
from .work import Work

logger = logging.getLogger(__name__)


def _no_reporter(report: Report) -> None:
    """Stand in for the reporter where there is none."""


@dataclass(frozen=True)
class Runner:
    """Runs Jobs of the actions in *registry*, each with a session of its own.

    *release* is called before a Job's end is written, and returns when nobody else writes to that Job any
    more. May be used from several threads.
    """

    registry: Registry
    connection: Connection
    release: Callable[[Report], None] = _no_reporter
    request_timeout_s: float = 60.0
    ending_tried_for_s: float = TRIED_FOR_S

    def run(self, record: JobRecord, report: Report) -> None:
        """Run the Job of *record* and write how it ended. Raises nothing; sets `report.ended` at the end."""
        try:
            with run_folder() as folder:
                report.folder = folder
                self._run(record, report, folder)
        except BaseException as error:  # noqa: BLE001 - the thread goes on to the next Job
            self._run_without_folder(record, report, error)
        finally:
            self.release(report)
            report.ended.set()

    def _run(self, record: JobRecord, report: Report, folder: Path) -> None:
        try:
            action_class = self.registry.find(record.launch.identifier)
        except DeclarationError as error:
            unknown = Outcome(FAILED, str(error))
            ending = self._ending(record, record.launch.identifier, folder, lambda _: unknown)
            self._write(ending, None, report, unknown)
            return
        work = Work(action_class, record.launch, self.connection, report, folder, record.id)
        ending = self._ending(record, work.title, folder, work.translate)
        try:
            with worker_session(self.connection, timeout_s=self.request_timeout_s) as client:
                if not start(client, record, errors.RUNNING):
                    logger.info("Job %s was stopped before it ran", record.id, extra=_about(record))
                    return
                report.say(errors.RUNNING)
                outcome = work.outcome(client, User(record.launch.user_id or "", record.launch.username))
                _log_end(record, outcome)
                self._write(ending, client, report, outcome)
        except Exception as error:  # noqa: BLE001 - the session did not open, or the Job could not be started
            self._write(ending, None, report, work.translate(error))

    def _write(self, ending: Ending, client: Client | None, report: Report, outcome: Outcome) -> None:
        # Whoever closes the host may have been faster.
        self.release(report)
        if report.take_ending():
            ending.write(client, outcome)

    def _ending(
        self, record: JobRecord, title: str, folder: Path, translate: Callable[[BaseException], Outcome]
    ) -> Ending:
        return Ending(self.connection, record, title, folder, translate, self.ending_tried_for_s)

    def _run_without_folder(self, record: JobRecord, report: Report, error: BaseException) -> None:
        """End a Job for which not even a folder could be made, or whose author ended the thread."""

        def translate(problem: BaseException) -> Outcome:
            return outcome_of(
                problem,
                title=record.launch.identifier,
                identifier=record.launch.identifier,
                key=self.connection.api_key,
                scrub=self.connection.scrub,
            )

        outcome = translate(error)
        ending = self._ending(record, record.launch.identifier, Path(tempfile.gettempdir()), translate)
        self._write(ending, None, report, Outcome(outcome.status, outcome.description))


@contextlib.contextmanager
def run_folder() -> Iterator[Path]:
    """Make a folder for one run and remove it at the end, with all that is in it."""
    folder = Path(tempfile.mkdtemp(prefix="ftrack-jobs-"))
    try:
        yield folder
    finally:
        remove_folder(folder)


def remove_folder(folder: Path) -> None:
    """Remove *folder*; what another program holds open stays, and is logged."""
    shutil.rmtree(folder, ignore_errors=True)
    if folder.exists():
        logger.warning("The folder %s could not be removed: a file in it is still open", folder)


def _log_end(record: JobRecord, outcome: Outcome) -> None:
    level = logging.ERROR if outcome.detail else logging.INFO
    text = outcome.detail or outcome.description
    logger.log(level, "Job %s ended as %s: %s", record.id, outcome.status, text, extra=_about(record))


def _about(record: JobRecord) -> dict[str, str]:
    launch = record.launch
    return {
        "action": launch.identifier,
        "job_id": record.id,
        "launch_id": launch.event_id,
        "user": launch.username,
    }
