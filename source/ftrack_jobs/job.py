"""`Job`: what an action's `run` receives."""

from __future__ import annotations

import logging
import os
from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from .access import User
from .errors import DeclarationError, JobCancelled
from .form import Form
from .job_record import Report
from .launch import EntityRef, Launch
from .query import Query, Reach
from .session import Client

if TYPE_CHECKING:
    # A default, so that an action without a form may write `job: Job` in a strictly checked file. It is for
    # the type checker alone: at run time it takes Python 3.13.
    from typing_extensions import TypeVar as _TypeVar

    FormT = _TypeVar("FormT", bound=Form, default=Form)
else:
    FormT = TypeVar("FormT", bound=Form)

T = TypeVar("T")


class Job(Generic[FormT]):
    """One run of an action: what was selected, what the form said, and everything a run needs.

        def run(self, job: Job[ReportForm]) -> str:
            path = job.workdir / "report.txt"
            with path.open("w", encoding="utf-8") as stream:
                for shot in job.track(job.query("Shot", "name", "project_id is {p}", p=job.selection[0].id)):
                    stream.write(shot["name"] + "\\n")
            job.attach(path)
            return "Report written"

    *selection* holds the selected entities under their concrete types (`Shot`, not `TypedContext`), in the
    order of the selection, each known to be there and within the user's reach. *values* is the filled-in
    form. *user* is who clicked. *log* is for messages to administrators; they carry the Job's id.

    Belongs to the thread that `run` is called in; `progress` alone may be called from others too.
    """

    def __init__(
        self,
        *,
        launch: Launch,
        selection: Sequence[EntityRef],
        values: FormT,
        user: User,
        client: Client,
        reach: Reach,
        unrestricted: bool,
        report: Report,
        workdir: Path,
        log: logging.LoggerAdapter[logging.Logger],
    ) -> None:
        self.selection = tuple(selection)
        self.values = values
        self.user = user
        self.log = log
        #: An empty folder of this run; it is removed with all that is in it when the run has ended.
        self.workdir = workdir
        self._launch = launch
        self._client = client
        self._reach = reach
        self._unrestricted = unrestricted
        self._report = report
        self._attached: list[Path] = []

    @property
    def session(self) -> Any:
        """This run's own `ftrack_api.Session`, for entities and for writing.

        It may do what the *service* may do, whoever clicked. So it is there only for actions that say
        `reads = "service"` and name `allowed_roles`. What is written must be committed before `run` ends.
        """
        if not self._unrestricted:
            raise DeclarationError(
                "job.session is not limited to what the user may reach. Use job.query, or declare the action"
                ' with reads = "service" and allowed_roles.'
            )
        return self._client

    def query(
        self, entity_type: str, columns: str | Sequence[str] = "id", where: str = "", **params: Any
    ) -> Query:
        """Return the rows of *entity_type* for which *where* holds, as dicts, limited to the user's reach.

        *columns* are paths such as `name, status.name`. `{name}` in *where* stands for the parameter of that
        name, which is quoted as it must be.
        """
        return Query(self._client, entity_type, columns, where, reach=self._reach, **params)

    def progress(self, done: int | str, total: int | None = None, /) -> None:
        """Say how far the run is: `progress("Reading tasks")`, `progress(12_000, 41_230)`, or both in turn.

        Costs next to nothing, however often it is called: another thread tells the server, once a second.
        Raises `JobCancelled` when the run shall stop; let it pass.
        """
        if self._report.stop_reason is not None:
            raise JobCancelled(self._report.stop_reason)
        if isinstance(done, str):
            self._report.say(done)
        else:
            self._report.count(done, total)

    def track(self, items: Iterable[T], text: str | None = None, total: int | None = None) -> Iterator[T]:
        """Yield *items*, reporting each; the total is *total*, or their number where that costs nothing."""
        if text is not None:
            self.progress(text)
        if total is None and isinstance(items, Collection):
            total = len(items)
        done = 0
        self.progress(done, total)
        for item in items:
            yield item
            done += 1
            self.progress(done, total)

    def attach(self, path: str | os.PathLike[str]) -> None:
        """Attach the file at *path* to the Job when `run` has ended well. Several become one zip.

        Raises `FileNotFoundError` for anything but a file.
        """
        file = Path(path)
        if not file.is_file():
            raise FileNotFoundError(f"There is no file to attach at {file}.")
        self._attached.append(file)

    @property
    def attached(self) -> tuple[Path, ...]:
        """The files given to `attach`, in order, each once."""
        return tuple(dict.fromkeys(self._attached))
