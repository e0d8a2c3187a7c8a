"""The work of one launch, with a Job on the server or without: everything between two sessions' ends."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .. import errors
from ..access import User, look_up, reach_of
from ..action import Action, read_values, title_of, types_fit, wrong_type
from ..errors import DeclarationError, JobFailed, LaunchRefused
from ..job import Job
from ..job_record import Report
from ..launch import EntityRef, Launch
from ..query import EVERYTHING
from ..session import Client, Connection
from .outcome import Outcome, done, outcome_of

#: What authors log through `job.log` comes under this name.
job_logger = logging.getLogger("ftrack_jobs.job")


@dataclass(frozen=True)
class Work:
    """One launch of an action and what is around it. *folder* is the run's own, for its files."""

    action_class: type[Action]
    launch: Launch
    connection: Connection
    report: Report
    folder: Path
    job_id: str = ""

    @property
    def title(self) -> str:
        """What the action is called in sentences."""
        return title_of(self.action_class)

    def outcome(self, client: Client, user: User) -> Outcome:
        """Do the work with *client* and return how it ended. Raises only what ends the whole process."""
        try:
            return self._done(client, user)
        except (KeyboardInterrupt, GeneratorExit):
            raise
        except BaseException as error:  # noqa: BLE001 - authors' code may raise anything, SystemExit too
            return self.translate(error)

    def translate(self, error: BaseException) -> Outcome:
        """Return the outcome that *error* stands for."""
        return outcome_of(
            error,
            title=self.title,
            identifier=self.action_class.identifier,
            key=self.connection.api_key,
            scrub=self.connection.scrub,
            headless=not self.job_id,
        )

    def _done(self, client: Client, user: User) -> Outcome:
        action = self.action_class(client)
        job = self._job(action, client, user)
        text = action.run(job)
        if text is not None and not isinstance(text, str):
            raise DeclarationError(f"run() returned {type(text).__name__}; it must return a text, or None.")
        left = len(client.recorded_operations)
        if left:
            raise JobFailed(errors.UNCOMMITTED.format(title=self.title, count=left))
        return done(self.connection.scrub(text or ""), job.attached)

    def _job(self, action: Action, client: Client, user: User) -> Job[Any]:
        values = read_values(action, self.launch, client.schemas)
        unrestricted = action.reads == "service"
        reach = EVERYTHING if unrestricted else reach_of(client, user.id, user.username)
        selection = look_up(client, self.launch.selection, reach)
        self._check_selection(action, selection)
        workdir = self.folder / "work"
        workdir.mkdir()
        return Job(
            launch=self.launch,
            selection=selection,
            values=values,
            user=user,
            client=client,
            reach=reach,
            unrestricted=unrestricted,
            report=self.report,
            workdir=workdir,
            log=self._log(user),
        )

    def _check_selection(self, action: Action, selection: Sequence[EntityRef]) -> None:
        # Again, and now by the rows themselves: a click can come from anybody who speaks to the hub.
        if action.allowed_types and not selection:
            raise LaunchRefused(errors.EMPTY_SELECTION.format(title=self.title))
        if not types_fit(selection, action.allowed_types, lambda: selection, unseen=False):
            raise LaunchRefused(wrong_type(action, selection))

    def _log(self, user: User) -> logging.LoggerAdapter[logging.Logger]:
        about = {
            "action": self.launch.identifier,
            "job_id": self.job_id,
            "launch_id": self.launch.event_id,
            "user": user.username,
        }
        return logging.LoggerAdapter(job_logger, about)
