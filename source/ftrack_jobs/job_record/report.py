"""`Report`: what a run says, and what it is told."""

from __future__ import annotations

import threading
from pathlib import Path

from .. import errors


class Report:
    """The latest words of one Job, the order to stop it, and who may write its end.

    Every method may be called from any thread, and none waits or asks the server.
    """

    def __init__(self, text: str) -> None:
        # One tuple, replaced as a whole, so that no reader sees half of a report.
        self._said: tuple[str, int | None, int | None] = (text, None, None)
        self._stop_reason: str | None = None
        self._ending = threading.Lock()
        #: Where the run keeps its files while it lasts.
        self.folder: Path | None = None
        #: Set when nothing more will be done for the Job in this process.
        self.ended = threading.Event()

    def say(self, text: str) -> None:
        """Replace the words; a count said before is forgotten."""
        self._said = (text, None, None)

    def count(self, done: int, total: int | None = None) -> None:
        """Say how far the run is, behind the words said before."""
        self._said = (self._said[0], done, total)

    @property
    def text(self) -> str:
        """The latest words, such as `Reading tasks 12,000 of 41,230 (29 %)`."""
        words, done, total = self._said
        if done is None:
            return words
        if total is None or total <= 0:
            counted = errors.PROGRESS.format(done=done)
        else:
            percent = max(0, min(100, done * 100 // total))
            counted = errors.PROGRESS_OF.format(done=done, total=total, percent=percent)
        return f"{words} {counted}" if words else counted

    def stop(self, reason: str) -> None:
        """Tell the run to stop; the first reason stands."""
        if self._stop_reason is None:
            self._stop_reason = reason

    @property
    def stop_reason(self) -> str | None:
        """Why the run shall stop, or None."""
        return self._stop_reason

    def take_ending(self) -> bool:
        """Tell the caller, once, that it is the one who writes how the Job ended."""
        return self._ending.acquire(blocking=False)
