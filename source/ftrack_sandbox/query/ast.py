"""What a query says, as plain frozen values. Source: protocol reference 3."""

import dataclasses
import enum
from typing import TypeAlias

#: The names of a dotted path, in order: `status.name` is `("status", "name")`.
Path: TypeAlias = tuple[str, ...]


class Operator(enum.Enum):
    """How one attribute is compared; the value is the form that the printer writes."""

    IS = "is"
    IS_NOT = "is_not"
    LIKE = "like"
    NOT_LIKE = "not_like"
    GREATER = ">"
    LESS = "<"
    AT_LEAST = ">="
    AT_MOST = "<="


@dataclasses.dataclass(frozen=True)
class Literal:
    """A value as it was written, escapes undone.

    What it means depends on the attribute it is compared with, so `5` stays text here. A bare
    word (*quoted* false) may also be `none`.
    """

    text: str
    quoted: bool = True

    @property
    def is_none(self) -> bool:
        """Whether this stands for no value: `none`, `None`, `null` without quotes."""
        return not self.quoted and self.text.lower() in ("none", "null")


@dataclasses.dataclass(frozen=True)
class Comparison:
    """`path operator value`."""

    path: Path
    operator: Operator
    value: Literal


@dataclasses.dataclass(frozen=True)
class Membership:
    """`path in (…)` or, *negated*, `path not_in (…)`; a list of values or a sub-query."""

    path: Path
    values: "tuple[Literal, ...] | Query"
    negated: bool = False


@dataclasses.dataclass(frozen=True)
class Related:
    """`path any (…)`, or `path has (…)` when not *many*; without criterion: there is one."""

    path: Path
    many: bool
    criterion: "Criterion | None" = None


@dataclasses.dataclass(frozen=True)
class Not:
    """The exact opposite of a criterion."""

    criterion: "Criterion"


@dataclasses.dataclass(frozen=True)
class And:
    """All of two or more criteria."""

    criteria: "tuple[Criterion, ...]"


@dataclasses.dataclass(frozen=True)
class Or:
    """At least one of two or more criteria."""

    criteria: "tuple[Criterion, ...]"


Criterion: TypeAlias = Comparison | Membership | Related | Not | And | Or


@dataclasses.dataclass(frozen=True)
class Aggregate:
    """`function(path)`; the function is `count`, `sum`, `avg`, `min` or `max`."""

    function: str
    path: Path

    @property
    def label(self) -> str:
        """The key of the result: `count_id`. Source: protocol reference 3.7."""
        return "_".join((self.function, *self.path))


@dataclasses.dataclass(frozen=True)
class Order:
    """One column to sort by."""

    path: Path
    descending: bool = False


@dataclasses.dataclass(frozen=True)
class Query:
    """A whole query, or a sub-query.

    *projections* is None when the query has no `select`: the type's default projections.
    """

    entity_type: str
    projections: tuple[Path | Aggregate, ...] | None = None
    where: Criterion | None = None
    group_by: tuple[Path, ...] = ()
    order_by: tuple[Order, ...] = ()
    offset: int | None = None
    limit: int | None = None
