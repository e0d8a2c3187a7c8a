"""From a query, or from any rows, to the cells of a table in the wanted order."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Sized
from typing import Any, TypeAlias

from .. import errors
from ..errors import QueryError
from ..query import EVERYTHING, Part, Query, Row, nearest
from .columns import Cell, Column, as_parts, cell_of, complete, names_of_link, projections, value_at

#: What is told while rows are read: how many so far, and of how many, None where that is unknown.
Progress: TypeAlias = "Callable[[int, int | None], None]"

#: Rows that are no query's are told in portions of this size.
_PORTION = 500


class Reader:
    """Reads *columns* of *source*, and whatever else *order_by* needs, page by page."""

    def __init__(
        self,
        source: Query | Iterable[Mapping[str, Any]],
        columns: Sequence[Column],
        order_by: Sequence[str],
    ) -> None:
        if not columns:
            raise QueryError(errors.NO_COLUMNS)
        self._source = source
        paths = [*(column.path for column in columns), *order_by]
        if isinstance(source, Query):
            every = [complete(source.types, source.entity_type, path) for path in paths]
            _check_keys(source, paths, every)
            self._source = source.with_columns([each for parts in every for each in projections(parts)])
        else:
            every = [as_parts(path) for path in paths]
        self._cells = every[: len(columns)]
        self._order = every[len(columns) :]
        self._paths = paths

    def cells(self, on_progress: Progress | None) -> Iterator[list[Cell]]:
        """Yield the cells of each row; to order them, those of all rows are kept until the last is read."""
        rows = self._rows(on_progress)
        if not self._order:
            yield from map(self._row_cells, rows)
            return
        # Cells and keys are kept, not rows: those share entities with their whole page.
        kept = [(self._sort_key(row), self._row_cells(row)) for row in rows]
        kept.sort(key=lambda each: each[0])
        for _, cells in kept:
            yield cells

    def _rows(self, on_progress: Progress | None) -> Iterator[Row]:
        total = self._total() if on_progress else None
        done = 0
        if on_progress:
            on_progress(0, total)
        for page in self._pages():
            yield from page
            done += len(page)
            if on_progress:
                on_progress(done, None if total is None else max(done, total))

    def _total(self) -> int | None:
        if isinstance(self._source, Query):
            return self._source.count()
        return len(self._source) if isinstance(self._source, Sized) else None

    def _pages(self) -> Iterator[list[Row]]:
        if isinstance(self._source, Query):
            yield from self._source.pages()
            return
        page: list[Row] = []
        for row in self._source:
            page.append(dict(row))
            if len(page) == _PORTION:
                yield page
                page = []
        if page:
            yield page

    def _row_cells(self, row: Row) -> list[Cell]:
        return [
            cell_of(self._value(row, index, parts), parts[-1].name == "link")
            for index, parts in enumerate(self._cells)
        ]

    def _sort_key(self, row: Row) -> list[Any]:
        first = len(self._cells)
        return [
            sort_key(names_of_link(value) if parts[-1].name == "link" and value is not None else value)
            for index, parts in enumerate(self._order, first)
            for value in (self._value(row, index, parts),)
        ]

    def _value(self, row: Row, index: int, parts: Sequence[Part]) -> Any:
        # Rows that are no query's may be flat, the whole path being one key.
        path = self._paths[index]
        return row[path] if len(parts) > 1 and path in row else value_at(row, parts)


def sort_key(value: Any) -> tuple[Any, ...]:
    """Return a key under which values of any kinds can be compared; what is missing comes last.

    Text is compared character by character, as the server's own clients do; links name by name.
    """
    if value is None:
        return (9,)
    if isinstance(value, (bool, int, float)):
        return (0, value)
    if isinstance(value, datetime.datetime):
        return (1, value.timestamp())
    if isinstance(value, datetime.date):
        midnight = datetime.datetime(value.year, value.month, value.day, tzinfo=datetime.timezone.utc)
        return (1, midnight.timestamp())
    if isinstance(value, str):
        return (2, value)
    if isinstance(value, list):
        return (3, [sort_key(item) for item in value])
    return (4, str(value))


def _check_keys(query: Query, paths: Sequence[str], every: Sequence[Sequence[Part]]) -> None:
    """Refuse custom attributes that nobody configured: a column of nothing would look like missing values.

    One request, where there are any. Metadata is free, so its keys are taken as they are.
    """
    wanted = {
        parts[-1].key: path
        for path, parts in zip(paths, every, strict=True)
        if parts[-1].key is not None and parts[-1].name == "custom_attributes"
    }
    if not wanted:
        return
    rows = Query(query.client, "CustomAttributeConfiguration", "key", reach=EVERYTHING)
    known = {str(row["key"]) for row in rows}
    for key, path in wanted.items():
        if key not in known:
            near = nearest(str(key), known)
            raise QueryError(errors.UNKNOWN_CUSTOM_ATTRIBUTE.format(column=path, key=key, nearest=near))
