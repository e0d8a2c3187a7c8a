"""Writes how a Job ended: its file goes up first, then everything in one batch, until it is written."""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from .. import errors
from ..filename import safe_filename
from ..job_record import DONE, FAILED, JobRecord, finish, look
from ..session import Client, Connection, as_server_error, worker_session
from .attachment import component_id_of, discard, pack, upload
from .outcome import Outcome, chain

logger = logging.getLogger(__name__)

#: Seconds for which the end of a Job is offered to a server that does not answer.
TRIED_FOR_S = 60.0
#: Seconds before the second try, and the most between two.
FIRST_PAUSE_S, LONGEST_PAUSE_S = 1.0, 15.0


@dataclass(frozen=True)
class Ending:
    """The end of one Job: everything that is needed to write it down.

    *translate* maps an exception on the way to the outcome that stands instead. *folder* is for files made
    here.
    """

    connection: Connection
    record: JobRecord
    title: str
    folder: Path
    translate: Callable[[BaseException], Outcome]
    tried_for_s: float = TRIED_FOR_S

    def write(self, client: Client | None, outcome: Outcome) -> None:
        """Write *outcome*, over *client* first, then over new sessions while the server does not answer.

        Raises nothing: what cannot be written within `tried_for_s` is logged.
        """
        deadline = time.monotonic() + self.tried_for_s
        pause = FIRST_PAUSE_S
        while True:
            try:
                with self._session(client) as usable:
                    self._hand_over(usable, outcome)
                return
            except Exception as error:  # noqa: BLE001 - every ending is written, whatever happens on the way
                client = None
                if is_lost(error) and time.monotonic() + pause < deadline:
                    time.sleep(pause)
                    pause = min(pause * 2, LONGEST_PAUSE_S)
                elif outcome.files or outcome.detail:
                    # The Job ends all the same, and says why it has no file.
                    outcome = self._without_file(error, outcome)
                    deadline = time.monotonic() + self.tried_for_s
                else:
                    self._give_up(error)
                    return

    def _hand_over(self, client: Client, outcome: Outcome) -> None:
        """Write *outcome*; harmless where an earlier call got half way. Raises what the client raises."""
        component_id = component_id_of(self.record.id)
        seen = look(client, self.record.id)
        if seen is None or seen[0] in (DONE, FAILED):
            if seen == (outcome.status, self.record.data(outcome.description)):
                return  # An earlier call did it, and its reply was lost.
            self._stand_back(client, seen is None, component_id, outcome)
            return
        file = self._file(outcome)
        if file is None:
            finish(client, self.record, outcome.status, outcome.description)
            return
        try:
            upload(client, file, component_id, self.connection.scrub)
            finish(client, self.record, outcome.status, outcome.description, component_id)
        except Exception as error:
            if is_lost(error):
                raise
            discard(client, component_id)
            if look(client, self.record.id) is not None:
                raise
            self._say_deleted()

    def _stand_back(self, client: Client, deleted: bool, component_id: str, outcome: Outcome) -> None:
        """Leave the Job as somebody else ended it, and throw our late result away."""
        if outcome.files or outcome.detail:
            discard(client, component_id)
        if deleted:
            self._say_deleted()
            return
        words = outcome.description if outcome.cancelled else errors.CANCELLED
        finish(client, self.record, None, words)

    def _file(self, outcome: Outcome) -> Path | None:
        if not outcome.detail:
            return pack(outcome.files, self.folder, self.title)
        path = self.folder / f"{safe_filename(self.title)} failed.txt"
        path.write_text(outcome.detail, encoding="utf-8", errors="backslashreplace", newline="\n")
        return path

    def _without_file(self, error: BaseException, outcome: Outcome) -> Outcome:
        """Return what to write after *error* kept the file from getting up."""
        instead = self.translate(error) if outcome.status == DONE else outcome
        logger.warning(
            "The file of Job %s could not be attached. %s",
            self.record.id,
            instead.detail or instead.description,
            extra=self._about(),
        )
        return replace(instead, files=(), detail="")

    @contextlib.contextmanager
    def _session(self, client: Client | None) -> Iterator[Client]:
        if client is None or client.closed:
            with worker_session(self.connection) as fresh:
                yield fresh
            return
        # What was left unsaved has been judged; it must not go up with the file.
        client.rollback()
        yield client

    def _say_deleted(self) -> None:
        logger.info("Job %s was deleted while it ran", self.record.id, extra=self._about())

    def _give_up(self, error: BaseException) -> None:
        found = as_server_error(error, self.connection.api_key)
        said = str(found) if found else type(error).__name__
        logger.error("The end of Job %s could not be written: %s", self.record.id, said, extra=self._about())

    def _about(self) -> dict[str, str]:
        launch = self.record.launch
        return {
            "action": launch.identifier,
            "job_id": self.record.id,
            "launch_id": launch.event_id,
            "user": launch.username,
        }


def is_lost(error: BaseException) -> bool:
    """Tell whether *error* leaves open what the server did, so that asking again may help."""
    found = [as_server_error(each) for each in chain(error)]
    return any(each is not None and each.lost for each in found)
