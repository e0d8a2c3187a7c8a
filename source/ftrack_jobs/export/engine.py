"""`export`: from rows to a finished file, or to none."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from .. import errors
from ..errors import QueryError
from ..query import Query
from .columns import Column
from .reader import Progress, Reader
from .writers import WRITERS, Writer


def export(
    rows: Query | Iterable[Mapping[str, Any]],
    columns: Sequence[Column | str],
    path: Path,
    *,
    order_by: Sequence[str] = (),
    on_progress: Progress | None = None,
) -> int:
    """Write *columns* of *rows* to a new file at *path*, in the format of its suffix; return how many rows.

    Of a query, the columns that it was made with do not matter: what *columns* need is read. Other rows are
    mappings, nested as a query's are, or with whole paths as keys. *order_by* holds paths; of equal rows the
    order of reading stays. *on_progress* is called with the rows read so far, and with their total, None if
    unknown; what it raises ends the export.

    A file that was at *path* is replaced once the new one is complete; after any exception there is no trace
    of a new one. Raises `QueryError` for wrong columns or suffix, `ServerError`, and `OSError` when the disk
    is full.
    """
    wanted = [Column(column) if isinstance(column, str) else column for column in columns]
    make_writer = WRITERS.get(path.suffix.lower())
    if make_writer is None:
        raise QueryError(errors.UNKNOWN_FORMAT.format(suffix=path.suffix, known=", ".join(WRITERS)))
    reader = Reader(rows, wanted, order_by)
    count = 0
    with _finished(path, make_writer) as writer:
        writer.write([column.heading for column in wanted])
        for cells in reader.cells(on_progress):
            writer.write(cells)
            count += 1
    return count


@contextlib.contextmanager
def _finished(path: Path, make_writer: Callable[[Path], Writer]) -> Iterator[Writer]:
    """Give a writer to a file beside *path*, which takes its place at the end, or goes if the end is bad."""
    # Another name for each attempt: two exports to one path must not write into one file.
    part = path.with_name(f".{uuid.uuid4().hex}.part")
    try:
        writer = make_writer(part)
        try:
            yield writer
        except BaseException:
            # What went wrong first is what is told, even if the file cannot be finished either.
            with contextlib.suppress(OSError):
                writer.close()
            raise
        writer.close()
        part.replace(path)
    finally:
        # Closed by now, which Windows insists on; after the replacement there is nothing left to remove.
        part.unlink(missing_ok=True)
