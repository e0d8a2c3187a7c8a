"""AST to query text: `parse(print_query(query)) == query`."""

import types

from ftrack_sandbox.query import ast


def print_query(query: ast.Query) -> str:
    """Return *query* as text, in the reference's spelling, on one line."""
    parts: list[str] = []
    if query.projections is not None:
        parts.append(f"select {', '.join(map(_projection, query.projections))} from")
    parts.append(query.entity_type)
    if query.where is not None:
        parts.append(f"where {print_criterion(query.where)}")
    if query.group_by:
        parts.append(f"group by {', '.join(map(_path, query.group_by))}")
    if query.order_by:
        parts.append(f"order by {', '.join(map(_order, query.order_by))}")
    if query.offset is not None:
        parts.append(f"offset {query.offset}")
    if query.limit is not None:
        parts.append(f"limit {query.limit}")
    return " ".join(parts)


def print_criterion(criterion: ast.Criterion) -> str:
    """Return *criterion* as text; it may stand after `where` as it is."""
    match criterion:
        case ast.Comparison(path, operator, value):
            return f"{_path(path)} {operator.value} {print_literal(value)}"
        case ast.Membership(path, values, negated):
            return f"{_path(path)} {'not_in' if negated else 'in'} ({_values(values)})"
        case ast.Related(path, many, inner):
            inside = "" if inner is None else print_criterion(inner)
            return f"{_path(path)} {'any' if many else 'has'} ({inside})"
        case ast.Not(inner):
            return f"not {_enclosed(inner)}"
        case ast.And(criteria):
            return " and ".join(map(_enclosed, criteria))
        case ast.Or(criteria):
            # `and` binds tighter. Needless parentheses would make the text nest deeper than its source.
            return " or ".join(_enclosed(each, ast.Or) for each in criteria)


def print_literal(literal: ast.Literal) -> str:
    """Return a value as text: quoted and escaped, or as the bare word it was."""
    if not literal.quoted:
        return literal.text
    escaped = literal.text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _values(values: tuple[ast.Literal, ...] | ast.Query) -> str:
    if isinstance(values, ast.Query):
        return print_query(values)
    return ", ".join(map(print_literal, values))


def _enclosed(criterion: ast.Criterion, kinds: type | types.UnionType = ast.And | ast.Or) -> str:
    text = print_criterion(criterion)
    return f"({text})" if isinstance(criterion, kinds) else text


def _projection(projection: ast.Path | ast.Aggregate) -> str:
    if isinstance(projection, ast.Aggregate):
        return f"{projection.function}({_path(projection.path)})"
    return _path(projection)


def _path(path: ast.Path) -> str:
    return ".".join(path)


def _order(order: ast.Order) -> str:
    return f"{_path(order.path)} desc" if order.descending else _path(order.path)
