"""`group by` and its functions. Source: protocol reference 3.7."""

from collections.abc import Callable, Mapping
from typing import Any

import sqlalchemy
from sqlalchemy import ColumnElement, Select

from ftrack_sandbox.errors import ParseError
from ftrack_sandbox.query import ast
from ftrack_sandbox.query.rows import Source, resolve

_FUNCTIONS: Mapping[str, Callable[[Any], ColumnElement[Any]]] = {
    "count": sqlalchemy.func.count,
    "sum": sqlalchemy.func.sum,
    # A float on every database; PostgreSQL would give a decimal.
    "avg": lambda column: sqlalchemy.func.avg(sqlalchemy.cast(column, sqlalchemy.Float)),
    "min": sqlalchemy.func.min,
    "max": sqlalchemy.func.max,
}
_FITTING = {
    "sum": ("integer", "number"),
    "avg": ("integer", "number"),
    "min": ("integer", "number", "datetime", "string"),
    "max": ("integer", "number", "datetime", "string"),
}


def is_grouped(query: ast.Query) -> bool:
    """Whether the answer is rows of aggregates, not entities."""
    return bool(query.group_by) or any(isinstance(each, ast.Aggregate) for each in query.projections or ())


def grouped_statement(source: Source, query: ast.Query) -> Select[Any]:
    """Return the SELECT of a grouped query, still without FROM and WHERE; joins what it needs.

    Raises ParseError for a selected attribute that is not grouped, a function that does not
    fit, and an order by anything else than the result's own keys.
    """
    groups = {path: _value(source, path) for path in query.group_by}
    columns: dict[str, ColumnElement[Any]] = {}
    for projection in query.projections or ():
        if isinstance(projection, ast.Aggregate):
            columns[projection.label] = _aggregate(source, projection)
        elif projection in groups:
            columns[".".join(projection)] = groups[projection]
        else:
            raise ParseError(
                f"Failed to parse: '{'.'.join(projection)}' is selected, but not in group by or a function."
            )
    if not columns:
        raise ParseError("Failed to parse: group by needs select.")
    statement = sqlalchemy.select(*(column.label(name) for name, column in columns.items()))
    sortable = columns | {".".join(path): column for path, column in groups.items()}
    for order in query.order_by:
        column = sortable.get(".".join(order.path))
        if column is None:
            raise ParseError(f"Failed to parse: groups cannot be sorted by '{'.'.join(order.path)}'.")
        term = column.desc().nulls_last() if order.descending else column.asc().nulls_first()
        statement = statement.order_by(term)
    return statement.group_by(*groups.values())


def _value(source: Source, path: ast.Path) -> ColumnElement[Any]:
    column, attribute, entity_type = resolve(source, path)
    if attribute.value == "variable":
        raise ParseError(
            f"Failed to parse: '{attribute.name}' of '{entity_type.name}' is nothing to group by."
        )
    return column


def _aggregate(source: Source, aggregate: ast.Aggregate) -> ColumnElement[Any]:
    column, attribute, entity_type = resolve(source, aggregate.path)
    fitting = _FITTING.get(aggregate.function)
    if fitting is not None and attribute.value not in fitting:
        raise ParseError(
            f"Failed to parse: '{aggregate.function}' does not apply to '{attribute.name}' "
            f"of '{entity_type.name}' ({attribute.value})."
        )
    return _FUNCTIONS[aggregate.function](column)
