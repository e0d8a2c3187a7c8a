"""A case: an expression of the query language, and the same question in Python."""

import dataclasses
import datetime
from collections.abc import Callable
from typing import Any

from contract.query.oracle import Row, Studio


@dataclasses.dataclass(frozen=True)
class Case:
    """One expression and what it must find.

    *sorted* says that the order counts. *expression* may need ids, then it is a function.
    """

    id: str
    expression: str | Callable[[Studio], str]
    answer: Callable[[Studio], list[Row]]
    sorted: bool = False
    empty: bool = False

    def text(self, studio: Studio) -> str:
        return self.expression if isinstance(self.expression, str) else self.expression(studio)


def finds(
    id: str,
    expression: str | Callable[[Studio], str],
    entity_type: str,
    predicate: Callable[[Row], Any],
    empty: bool = False,
) -> Case:
    return Case(id, expression, lambda studio: studio.where(entity_type, predicate), empty=empty)


def lists(id: str, expression: str, answer: Callable[[Studio], list[Row]]) -> Case:
    return Case(id, expression, answer, sorted=True)


def at(*parts: int) -> datetime.datetime:
    return datetime.datetime(*parts)


def has(value: Any, test: Callable[[Any], bool]) -> bool:
    """Whether there is a value and the test holds for it."""
    return value is not None and test(value)
