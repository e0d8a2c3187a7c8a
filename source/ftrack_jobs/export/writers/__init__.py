"""What writes tables, by the suffix of the file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from ..columns import Cell
from .csv import CsvWriter


class Writer(Protocol):
    """Writes a table to the path it was made with; its first row is the header. Raises `OSError`."""

    def write(self, cells: Sequence[Cell]) -> None:
        """Append one row."""

    def close(self) -> None:
        """Write what is left and let go of the file, also after a failure; may be called but once."""


#: Suffix in lower case -> what makes a writer to a path.
WRITERS: dict[str, Callable[[Path], Writer]] = {".csv": CsvWriter}
