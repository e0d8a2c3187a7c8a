"""Criteria to conditions of a WHERE.

Logic is two-valued: a condition may come out as SQL's unknown, which counts as false, and
whatever is negated is negated by `IS NOT TRUE`. Collections become uncorrelated
`key IN (related keys)`, each in a common table expression: SQLite's parser would overflow at
eight nested sub-selects.
"""

import functools
from collections.abc import Callable, Sequence
from typing import Any

import sqlalchemy

from ftrack_sandbox.errors import ParseError
from ftrack_sandbox.query import ast
from ftrack_sandbox.query.ast import Operator
from ftrack_sandbox.query.comparison import Condition, compare, cost, equals_any, opposite
from ftrack_sandbox.query.limit import check_nesting, check_path, together
from ftrack_sandbox.query.rows import Compilation, Rows, Source, fixed, keyed, resolve
from ftrack_sandbox.schema.model import Attribute, Kind

#: Makes a condition of the last name of a path.
Leaf = Callable[[Source, Attribute], Condition]


def where(source: Source, criterion: ast.Criterion) -> Condition:
    """Return *criterion* as a condition on the rows of *source*, joining what its paths need.

    Raises ParseError naming whatever does not fit.
    """
    check_nesting(criterion)
    return _condition(source, criterion)


def _condition(source: Source, criterion: ast.Criterion) -> Condition:
    match criterion:
        case ast.And(criteria):
            return together(sqlalchemy.and_, [_condition(source, each) for each in criteria])
        case ast.Or(criteria):
            return together(sqlalchemy.or_, [_condition(source, each) for each in criteria])
        case ast.Not(inner):
            return opposite(_condition(source, inner))
        case ast.Comparison(path):
            return _along(source, path, _comparison(criterion))
        case ast.Membership(path):
            return _along(source, path, _membership(criterion))
        case ast.Related(path):
            return _along(source, path, _related(criterion))


def _along(source: Source, path: ast.Path, leaf: Leaf) -> Condition:
    """Follow *path*: a relation is joined, a collection asks for any element that fulfils the rest."""
    check_path(path)
    compilation = source.rows.compilation
    for position, name in enumerate(path[:-1]):
        attribute = compilation.attribute(source.type, name)
        if attribute.kind is Kind.COLLECTION:
            rest = functools.partial(_along, path=path[position + 1 :], leaf=leaf)
            return _among(source, attribute, rest)
        source = source.joined(attribute)
    return leaf(source, compilation.attribute(source.type, path[-1]))


def _among(source: Source, attribute: Attribute, make: Callable[[Source], Condition] | None) -> Condition:
    """Return the condition that an element of the collection fulfils what *make* returns for it."""
    compilation = source.rows.compilation
    target, join = compilation.target(attribute, source.type)
    elements = Rows(compilation, target)
    conditions = [] if make is None else [make(elements.origin)]
    conditions += fixed(join, elements.origin.table)
    conditions += elements.conditions()
    from_clause, key = keyed(join, elements.origin.table, compilation.schema, elements.from_clause)
    owners = sqlalchemy.select(key.label("owner")).select_from(from_clause).where(*conditions).cte()
    return source.table.c[join.local].in_(sqlalchemy.select(owners.c.owner))


def _related(criterion: ast.Related) -> Leaf:
    inner = criterion.criterion

    def leaf(source: Source, attribute: Attribute) -> Condition:
        wanted = Kind.COLLECTION if criterion.many else Kind.RELATION
        if attribute.kind is not wanted:
            raise ParseError(
                f"Failed to parse: '{'any' if criterion.many else 'has'}' needs a "
                f"{wanted.value}; '{attribute.name}' of '{source.type.name}' is a {attribute.kind.value}."
            )
        if criterion.many:
            make = None if inner is None else lambda element: _condition(element, inner)
            return _among(source, attribute, make)
        target = source.joined(attribute)
        return target.present if inner is None else sqlalchemy.and_(target.present, _condition(target, inner))

    return leaf


def _comparison(criterion: ast.Comparison) -> Leaf:
    def leaf(source: Source, attribute: Attribute) -> Condition:
        if attribute.kind in (Kind.RELATION, Kind.COLLECTION):
            return _relation_test(source, attribute, criterion)
        source.rows.compilation.spend(cost(attribute, 1))
        return compare(source.column(attribute), attribute, source.type, criterion.operator, criterion.value)

    return leaf


def _relation_test(source: Source, attribute: Attribute, criterion: ast.Comparison) -> Condition:
    """`relation is none` and `relation is_not none`, nothing else. Source: protocol reference 3.2."""
    if attribute.kind is Kind.COLLECTION:
        raise ParseError(
            f"Failed to parse: '{attribute.name}' of '{source.type.name}' is a collection; "
            f"use '{attribute.name} any (…)'."
        )
    negated = criterion.operator is Operator.IS_NOT
    if not criterion.value.is_none or not (negated or criterion.operator is Operator.IS):
        raise ParseError(
            f"Failed to parse: '{attribute.name}' of '{source.type.name}' is a relation; "
            "it can only be compared with none, by is or is_not."
        )
    present = source.joined(attribute).present
    return present if negated else opposite(present)


def _membership(criterion: ast.Membership) -> Leaf:
    def leaf(source: Source, attribute: Attribute) -> Condition:
        column = source.column(attribute)
        values = criterion.values
        if isinstance(values, ast.Query):
            found = _in_query(source, attribute, column, values)
        else:
            source.rows.compilation.spend(cost(attribute, len(values)))
            found = equals_any(column, attribute, source.type, values)
        return opposite(found) if criterion.negated else found

    return leaf


def _in_query(
    source: Source, attribute: Attribute, column: sqlalchemy.ColumnElement[Any], query: ast.Query
) -> Condition:
    statement, selected = subquery(source.rows.compilation, query)
    if _comparable(attribute) is None or _comparable(attribute) != _comparable(selected):
        raise ParseError(
            f"Failed to parse: '{attribute.name}' of '{source.type.name}' ({attribute.value}) cannot be "
            f"looked for among '{selected.name}' of '{query.entity_type}' ({selected.value})."
        )
    found = statement.cte()
    return column.in_(sqlalchemy.select(found.c.value))


def subquery(compilation: Compilation, query: ast.Query) -> tuple[sqlalchemy.Select[Any], Attribute]:
    """Return the SELECT of a sub-query, its one column named `value`, and the attribute selected."""
    projections = query.projections or ()
    if len(projections) != 1 or not isinstance(projections[0], tuple) or query.group_by:
        raise ParseError("Failed to parse: a sub-query selects one attribute, without grouping.")
    rows = Rows(compilation, compilation.schema.find(query.entity_type))
    column, attribute, _ = resolve(rows.origin, projections[0], many=True)
    conditions = [] if query.where is None else [_condition(rows.origin, query.where)]
    orders = ordering(rows.origin, query.order_by)
    statement = sqlalchemy.select(column.label("value")).select_from(rows.from_clause)
    statement = statement.where(*conditions, *rows.conditions())
    if query.limit is not None or query.offset is not None:
        statement = statement.order_by(*orders).limit(query.limit).offset(query.offset)
    return statement, attribute


def ordering(source: Source, orders: Sequence[ast.Order]) -> list[sqlalchemy.ColumnElement[Any]]:
    """Return the terms of an ORDER BY; rows without a value come first (assumed), last when descending."""
    terms: list[sqlalchemy.ColumnElement[Any]] = []
    for order in orders:
        column, attribute, entity_type = resolve(source, order.path)
        if attribute.value == "variable":
            raise ParseError(
                f"Failed to parse: '{attribute.name}' of '{entity_type.name}' holds values of any type; "
                "they have no order."
            )
        terms.append(column.desc().nulls_last() if order.descending else column.asc().nulls_first())
    return terms


def _comparable(attribute: Attribute) -> str | None:
    kind = {"integer": "number", "json": "string"}.get(attribute.value, attribute.value)
    return kind if kind in ("string", "number", "boolean", "datetime") else None
