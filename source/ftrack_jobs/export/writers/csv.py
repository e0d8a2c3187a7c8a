"""CSV as spreadsheets read it best: UTF-8 with a byte order mark, RFC 4180, no cell that is a formula."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from pathlib import Path

from ..columns import Cell, text_of

#: How a cell begins that a spreadsheet may take for a formula, also behind blanks or in full width.
_FORMULA = re.compile(r"[\t\r]|\s*[=+\-@\uFF1D\uFF0B\uFF0D\uFF20]")


class CsvWriter:
    """Writes rows to a CSV file, line ends CR LF.

    Text that would begin a formula gets an apostrophe in front; numbers are numbers, negative ones too. What
    UTF-8 cannot hold, halves of surrogate pairs, becomes a question mark; a NUL, which ends the text for many
    readers, is left out.
    """

    def __init__(self, path: Path) -> None:
        self._stream = path.open("w", encoding="utf-8-sig", errors="replace", newline="")
        self._csv = csv.writer(self._stream, lineterminator="\r\n")

    def write(self, cells: Sequence[Cell]) -> None:
        """Append one row. Raises `OSError`."""
        self._csv.writerow([_field(cell) for cell in cells])

    def close(self) -> None:
        """Write what is left and close the file. Raises `OSError`; the file is closed nevertheless."""
        self._stream.close()


def _field(cell: Cell) -> str:
    text = text_of(cell)
    if not isinstance(cell, str):
        return text
    return defuse(text.replace("\0", "")) if text else text


def defuse(text: str) -> str:
    """Return *text* with an apostrophe in front if a spreadsheet might run it as a formula."""
    return f"'{text}" if _FORMULA.match(text) else text
