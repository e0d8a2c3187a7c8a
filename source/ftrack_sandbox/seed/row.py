"""What all of the seed shares: ids made of names, the day it is at the studio, rows into batches."""

import datetime
import random
import uuid
from collections.abc import Iterable, Iterator
from typing import Any

#: One row and the table it belongs to.
Row = tuple[str, dict[str, Any]]

#: The moment the studio stands still at; naive UTC, like every time in the database.
NOW = datetime.datetime(2026, 3, 16, 9, 0)
DAY = datetime.timedelta(days=1)
HOUR_S = 3600

#: Rows handed to the database in one statement. Larger gains nothing, smaller costs time.
BATCH_ROWS = 4000

_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_DNS, "demo.ftrack-sandbox")


def identify(name: str) -> str:
    """Return the id that belongs to *name*: the same in every run and on every machine."""
    return str(uuid.uuid5(_NAMESPACE, name))


def dice(name: str) -> random.Random:
    """Return a source of chance that throws the same for the same *name*, on every Python."""
    return random.Random(f"ftrack-sandbox/{name}")


def at(text: str) -> datetime.datetime:
    """Return the naive UTC time of ISO *text*."""
    return datetime.datetime.fromisoformat(text)


def batches(rows: Iterable[Row]) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Collect *rows* into lists of one table whose rows all have the same keys.

    No list is longer than `BATCH_ROWS`, so that memory does not grow with the studio.
    """
    waiting: dict[tuple[str, tuple[str, ...]], list[dict[str, Any]]] = {}
    for table, row in rows:
        kind = (table, tuple(row))
        batch = waiting.get(kind)
        if batch is None:
            batch = waiting[kind] = []
        batch.append(row)
        if len(batch) >= BATCH_ROWS:
            del waiting[kind]
            yield table, batch
    for (table, _), batch in waiting.items():
        yield table, batch
