"""`Executor`: where claimed Jobs are worked on; one module for each kind of place."""

from __future__ import annotations

from typing import Protocol

from ..job_record import JobRecord, Report


class Executor(Protocol):
    """Takes claimed Jobs and runs them, now or later. May be used from several threads."""

    def place(self) -> int:
        """Return the place in line of a Job submitted now; 0 when a worker takes it up at once."""

    def waiting(self) -> int:
        """Return how many Jobs wait for a worker."""

    def submit(self, record: JobRecord, report: Report) -> None:
        """Take a claimed Job. Raises `RuntimeError` after `close`."""

    def close(self) -> list[tuple[JobRecord, Report]]:
        """Take no more Jobs and return those that wait. Does not wait for those that run."""
