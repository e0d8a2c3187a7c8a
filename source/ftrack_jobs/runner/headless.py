"""`run_headless`: an action without a Job, for the command line."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from .. import errors
from ..access import find_user, may_run
from ..action import Action
from ..errors import LaunchRefused
from ..job_record import DONE, FAILED, Report
from ..launch import Launch
from ..session import Connection, worker_session
from .attachment import distinct_names
from .outcome import Outcome
from .runner import run_folder
from .work import Work

#: Called with text, done, total at each report.
OnProgress = Callable[[str, "int | None", "int | None"], None]


@dataclass(frozen=True)
class Ended:
    """How a headless run ended: `done` or `failed`, its sentence, the files it left in the output folder.

    *detail* is the traceback of an unexpected exception, without the key.
    """

    status: str
    message: str
    files: tuple[Path, ...] = ()
    detail: str = ""


def run_headless(
    action_class: type[Action], launch: Launch, connection: Connection, output: Path, on_progress: OnProgress
) -> Ended:
    """Run *action_class* for *launch* and copy what it attaches to the folder *output*.

    The user's role, selection and values are checked as for a click; fields without a value take their
    default. *on_progress* is called in the thread of the run. Raises nothing but `KeyboardInterrupt`.
    """
    report = _ReportAloud(on_progress)
    launch = launch.with_values(launch.values or {})
    with run_folder() as folder:
        work = Work(action_class, launch, connection, report, folder)
        try:
            with worker_session(connection) as client:
                user = find_user(client, launch, work.title)
                if not may_run(client, user, action_class.allowed_roles):
                    roles = " or ".join(action_class.allowed_roles)
                    raise LaunchRefused(errors.NOT_ALLOWED.format(title=work.title, roles=roles))
                outcome = work.outcome(client, user)
            files = _copy(outcome.files, output)
        except Exception as error:  # noqa: BLE001 - the caller gets a sentence
            outcome, files = work.translate(error), ()
    return _ended(outcome, files)


def _ended(outcome: Outcome, files: tuple[Path, ...]) -> Ended:
    status = DONE if outcome.status == DONE else FAILED
    return Ended(status, outcome.description, files, outcome.detail)


def _copy(files: Sequence[Path], output: Path) -> tuple[Path, ...]:
    """Copy *files* to the folder *output*, over files of the same name; none is ever seen half written."""
    if files:
        output.mkdir(parents=True, exist_ok=True)
    found = []
    for file, name in zip(files, distinct_names([file.name for file in files]), strict=True):
        target = output / name
        partial = target.with_name(f".{name}.part")
        try:
            shutil.copyfile(file, partial)
            partial.replace(target)
        finally:
            partial.unlink(missing_ok=True)
        found.append(target)
    return tuple(found)


class _ReportAloud(Report):
    """Passes each report on at once: there is nobody else to tell."""

    def __init__(self, on_progress: OnProgress) -> None:
        super().__init__("")
        self._on_progress = on_progress
        self._words = ""

    def say(self, text: str) -> None:
        self._words = text
        self._on_progress(text, None, None)

    def count(self, done: int, total: int | None = None) -> None:
        self._on_progress(self._words, done, total)
