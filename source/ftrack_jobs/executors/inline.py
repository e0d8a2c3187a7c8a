"""`InlineExecutor`: runs each Job in the thread that submits it. For tests and scripts."""

from __future__ import annotations

from collections.abc import Callable

from ..job_record import JobRecord, Report


class InlineExecutor:
    """An `Executor` without threads; *run* is called with each Job."""

    def __init__(self, run: Callable[[JobRecord, Report], None]) -> None:
        self._run = run
        self._closed = False

    def place(self) -> int:
        """Return 0: nobody ever waits."""
        return 0

    def waiting(self) -> int:
        """Return 0: nobody ever waits."""
        return 0

    def submit(self, record: JobRecord, report: Report) -> None:
        """Run the Job. Raises `RuntimeError` after `close`."""
        if self._closed:
            raise RuntimeError("The executor is closed.")
        self._run(record, report)

    def close(self) -> list[tuple[JobRecord, Report]]:
        """Take no more Jobs; return an empty list."""
        self._closed = True
        return []
