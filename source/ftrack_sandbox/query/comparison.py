"""One attribute against values: the conditions that depend on what the attribute holds."""

from collections.abc import Callable, Mapping, Sequence
from operator import ge, gt, le, lt
from typing import Any

import sqlalchemy
from sqlalchemy import ColumnElement

from ftrack_sandbox.errors import ParseError
from ftrack_sandbox.query import ast
from ftrack_sandbox.query.ast import Operator
from ftrack_sandbox.query.dialect import items, matches
from ftrack_sandbox.query.parser import plain
from ftrack_sandbox.query.value import read_boolean, read_moment, read_number, read_value
from ftrack_sandbox.schema.model import Attribute, EntityType

#: SQLite refuses patterns from 50,000 bytes on.
_MAX_PATTERN = 10_000

_OPPOSITES = {Operator.IS_NOT: Operator.IS, Operator.NOT_LIKE: Operator.LIKE}
_ORDERINGS: Mapping[Operator, Callable[[Any, Any], Any]] = {
    Operator.GREATER: gt,
    Operator.LESS: lt,
    Operator.AT_LEAST: ge,
    Operator.AT_MOST: le,
}

Condition = ColumnElement[bool]


def opposite(criterion: Condition) -> Condition:
    """Return the exact opposite: true where *criterion* is false or, in SQL, unknown."""
    return criterion.is_not(sqlalchemy.true())


def cost(attribute: Attribute, literals: int) -> int:
    """Return what a comparison with so many literals takes: parameters at most, or the like in time."""
    return 20 + 3 * literals if attribute.value == "variable" else 1 + literals


def compare(
    column: ColumnElement[Any],
    attribute: Attribute,
    entity_type: EntityType,
    operator: Operator,
    literal: ast.Literal,
) -> Condition:
    """Return the condition `column operator literal`; it may be SQL's unknown for false.

    Raises ParseError for a value or an operator that does not fit the attribute.
    """
    if operator in _OPPOSITES:
        return opposite(compare(column, attribute, entity_type, _OPPOSITES[operator], literal))
    if operator is Operator.IS:
        return equals_any(column, attribute, entity_type, (literal,))
    if literal.is_none:
        raise ParseError(f"Failed to parse: '{operator.value}' takes no '{literal.text}'; use is or is_not.")
    if operator is Operator.LIKE:
        return _like(column, attribute, entity_type, literal.text)
    if attribute.value == "boolean":
        raise _misfit(operator, attribute, entity_type)
    if attribute.value == "variable":
        return _variable_ordering(column, operator, literal.text)
    result: Condition = _ORDERINGS[operator](column, read_value(literal, attribute, entity_type))
    return result


def equals_any(
    column: ColumnElement[Any],
    attribute: Attribute,
    entity_type: EntityType,
    literals: Sequence[ast.Literal],
) -> Condition:
    """Return the condition that the attribute is one of the values; `none` may be among them."""
    given = [literal for literal in literals if not literal.is_none]
    variable = attribute.value == "variable"
    choices: list[Condition] = []
    if len(given) < len(literals):
        choices.append(_variable_is_none(column) if variable else column.is_(None))
    if given and variable:
        choices.append(_variable_is(column, [literal.text for literal in given]))
    elif given:
        values = [read_value(literal, attribute, entity_type) for literal in given]
        if any(isinstance(value, float) for value in values):
            # SQLAlchemy takes the first value's type for all, and PostgreSQL then makes 7 of 7.5.
            values = [float(value) for value in values]
        choices.append(column == values[0] if len(values) == 1 else column.in_(values))
    return sqlalchemy.or_(*choices)


def _like(
    column: ColumnElement[Any], attribute: Attribute, entity_type: EntityType, pattern: str
) -> Condition:
    if len(pattern) > _MAX_PATTERN:
        raise ParseError(f"Failed to parse: a pattern for like may have {_MAX_PATTERN} characters at most.")
    if attribute.value == "variable":
        found = items(column)
        return _some(found.c.kind == "text", matches(found.c.item, pattern))
    if attribute.value in ("boolean", "datetime", "integer", "number"):
        raise _misfit(Operator.LIKE, attribute, entity_type)
    return matches(column, pattern)


def _variable_is_none(column: ColumnElement[Any]) -> Condition:
    """No value is SQL's null in some rows and JSON's in others."""
    return sqlalchemy.func.coalesce(sqlalchemy.cast(column, sqlalchemy.String), "null") == "null"


def _variable_is(column: ColumnElement[Any], texts: Sequence[str]) -> Condition:
    """One of *texts*, each read as the type of whatever the row holds; a list if it contains one."""
    found = items(column)
    moments = [moment.isoformat() for moment in map(read_moment, texts) if moment is not None]
    numbers = [float(number) for number in map(read_number, texts) if number is not None]
    booleans = [str(boolean).lower() for boolean in map(read_boolean, texts) if boolean is not None]
    choices = [sqlalchemy.and_(found.c.kind == "text", found.c.item.in_([*texts, *moments]))]
    if numbers:
        choices.append(_number(found).in_(numbers))
    if booleans:
        choices.append(found.c.kind.in_(booleans))
    return _some(sqlalchemy.or_(*choices))


def _variable_ordering(column: ColumnElement[Any], operator: Operator, text: str) -> Condition:
    """A numeral orders numbers only, any other text texts only; dates are kept as ISO text."""
    found = items(column)
    compared = _ORDERINGS[operator]
    number = read_number(text)
    if number is not None:
        return _some(compared(_number(found), float(number)))
    moment = read_moment(text)
    value = text if moment is None else moment.isoformat()
    return _some(found.c.kind == "text", compared(found.c.item, value))


def _number(found: sqlalchemy.TableValuedAlias) -> ColumnElement[float | None]:
    # A CASE, since PostgreSQL might otherwise cast a text before it has looked at the kind.
    return sqlalchemy.case((found.c.kind == "number", sqlalchemy.cast(found.c.item, sqlalchemy.Float)))


def _some(*conditions: Condition) -> Condition:
    return sqlalchemy.exists().where(*conditions)


def _misfit(operator: Operator, attribute: Attribute, entity_type: EntityType) -> ParseError:
    return ParseError(
        f"Failed to parse: '{operator.value}' does not apply to '{plain(attribute.name)}' "
        f"of '{entity_type.name}' ({attribute.value})."
    )
