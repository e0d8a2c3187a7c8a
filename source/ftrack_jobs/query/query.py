"""`Query`: rows of one entity type as plain dicts, page by page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, TypeVar

from .. import errors
from ..errors import QueryError, ServerError
from ..session import Client, ask_raw
from .quoting import fill, quote
from .reach import EVERYTHING, Reach, criterion, drop_unreached, guards
from .reply import Reply, Row
from .types import Types

#: Rows asked for at once: the page of the Python client, which every server is used to (protocol reference
#: 3.8).
PAGE_ROWS = 500

Q = TypeVar("Q", bound="Query")


class Query:
    """Rows of an entity type, read when they are asked for.

        shots = Query(client, "Shot", "name, status.name", "project_id is {project}", project=project_id)
        for shot in shots:
            print(shot["name"], shot["status"]["name"])

    *columns* are paths through relations and collections, as text with commas or as a list; by default the
    key. *where* is one condition of the query language; each `{name}` in it stands for the value passed under
    that name, which is quoted whatever it holds. Type and columns are checked against the site's schemas at
    once: `QueryError` names what is unknown.

    A row maps attribute names to plain values, to the rows of relations (None where there is none), and to
    lists of the rows of collections; times are aware, in UTC. What `reach` leaves out is missing, as if it
    did not exist.

    Each reading asks the server anew. `len` reads all rows and keeps them, so that a loop after it costs
    nothing; `count` keeps none. Only for the thread of its client. All readings raise `ServerError`.
    """

    def __init__(
        self,
        client: Client,
        entity_type: str,
        /,
        columns: str | Sequence[str] | None = None,
        where: str = "",
        *,
        reach: Reach = EVERYTHING,
        page_rows: int = PAGE_ROWS,
        **params: Any,
    ) -> None:
        self.client = client
        self.entity_type = entity_type
        self.reach = reach
        self.types = Types(client.schemas)
        self.types.schema(entity_type)
        self._key = self.types.primary_key(entity_type)
        self._page_rows = page_rows
        limit = criterion(self.types, entity_type, reach)
        condition = fill(where, params)
        self._criteria = [limit] * bool(limit) + [f"({condition})"] * bool(condition)
        # No project within reach: nothing to ask for. Types of no project have no limit.
        self._nothing = bool(limit) and not reach.project_ids
        self._select(self._key if columns is None else columns)

    def with_columns(self: Q, columns: str | Sequence[str]) -> Q:
        """Return the same query for other columns. Raises `QueryError` for one that is unknown."""
        other = type(self).__new__(type(self))
        other.__dict__.update(self.__dict__)
        other._select(columns)
        return other

    def _select(self, columns: str | Sequence[str]) -> None:
        named = columns.split(",") if isinstance(columns, str) else columns
        paths = [path.strip() for path in named if path.strip()]
        if not paths:
            raise QueryError(errors.NO_COLUMNS)
        for path in paths:
            if any(part.key is not None for _, part, _ in self.types.walk(self.entity_type, path)):
                raise QueryError(errors.KEY_UNEXPECTED.format(column=path))
        self._guards = guards(self.types, self.entity_type, paths, self.reach)
        self.columns = tuple(dict.fromkeys([*paths, *(guard.column for guard in self._guards)]))
        self._rows: list[Row] | None = None

    def __iter__(self) -> Iterator[Row]:
        # `list` asks for the length before it takes the first row: then all are here, and read but once.
        for page in [self._rows] if self._rows is not None else self.pages():
            yield from page

    def __len__(self) -> int:
        if self._rows is None:
            self._rows = [row for page in self.pages() for row in page]
        return len(self._rows)

    def __bool__(self) -> bool:
        return self.first() is not None

    def first(self) -> Row | None:
        """Return the row with the lowest key, or None."""
        if self._rows is not None:
            return self._rows[0] if self._rows else None
        if self._nothing:
            return None
        rows, _ = self._ask(", ".join(self.columns), None, 1)
        drop_unreached(rows, self._guards, self.reach)
        return rows[0] if rows else None

    def count(self) -> int:
        """Return the number of rows, reading keys only and keeping nothing.

        *Source*: protocol reference 3.7: counting on the server needs a strict session, which is not ours to
        choose.
        """
        if self._rows is not None:
            return len(self._rows)
        return sum(len(page) for page in self._pages(", ".join(self._key)))

    def pages(self) -> Iterator[list[Row]]:
        """Yield lists of rows as they arrive, in the order of their keys, none of them empty.

        Rows are read by key, so that none comes twice, and none is missing that existed all the time.
        """
        for page in self._pages(", ".join(self.columns)):
            drop_unreached(page, self._guards, self.reach)
            yield page

    def _pages(self, columns: str) -> Iterator[list[Row]]:
        last: tuple[Any, ...] | None = None
        more = not self._nothing
        while more:
            page, more = self._ask(columns, last, self._page_rows)
            if not page:
                return
            key = tuple(page[-1].get(name) for name in self._key)
            if key == last or None in key:
                raise ServerError("a page of the query did not follow the one before it")
            last = key
            yield page

    def _ask(self, columns: str, after: tuple[Any, ...] | None, rows: int) -> tuple[list[Row], bool]:
        """Return one page and whether another may follow. *Source*: protocol reference 2.2, 3.8."""
        (result,) = _results(self.client, self.expression(columns, after, rows))
        following = ((result.get("metadata") or {}).get("next") or {}).get("offset")
        return Reply(self.types).rows(result["data"]), following is not None

    def expression(self, columns: str, after: tuple[Any, ...] | None = None, rows: int = PAGE_ROWS) -> str:
        """Return the query as text: *rows* rows behind the key *after*."""
        criteria = [*self._criteria, *([_behind(self._key, after)] if after else [])]
        where = f" where {' and '.join(criteria)}" if criteria else ""
        return f"select {columns} from {self.entity_type}{where} order by {', '.join(self._key)} limit {rows}"


def _behind(key: tuple[str, ...], last: tuple[Any, ...]) -> str:
    """Return the condition for rows behind *last* in the order of a key of one or more attributes."""
    each = []
    for index, name in enumerate(key):
        same = [f"{key[before]} is {quote(last[before])}" for before in range(index)]
        each.append(" and ".join([*same, f"{name} > {quote(last[index])}"]))
    return each[0] if len(each) == 1 else f"({' or '.join(f'({one})' for one in each)})"


def ask_rows(client: Client, *expressions: str) -> list[list[Row]]:
    """Return the resolved rows of each of *expressions*, whole queries: one request, one page each.

    For the few questions that are asked together; what they hold must be quoted already. Raises
    `ServerError`.
    """
    # References are resolved over all of them: whether the server spells out once a batch or once a query is
    # unknown.
    reply = Reply(Types(client.schemas))
    return [reply.rows(result["data"]) for result in _results(client, *expressions)]


def _results(client: Client, *expressions: str) -> list[dict[str, Any]]:
    results = ask_raw(client, [{"action": "query", "expression": expression} for expression in expressions])
    for result in results:
        if not isinstance(result, dict) or not isinstance(result.get("data"), list):
            raise ServerError("the reply to a query has no data", lost=True)
    return results
