r"""AST to SQL: the statements that answer a query.

What an expression means, where the reference leaves it open [assumed]:

* **Values** take the type of the attribute: `5`, `"5"` and `'5'` are alike. Text compares by
  code point and case counts, with `is` as with `like`. In `like`, `%` is any text (line breaks
  included), `\%` a percent sign, `_` an underscore. A text for a number, boolean or date is a
  ParseError. Dates are UTC unless they have an offset; a bare date is midnight.
* **No value.** Logic is two-valued, as in Python: `a is_not "x"`, `a not_in (…)`, `a not_like`
  hold where `a` has no value; `<`, `>`, `<=`, `>=`, `like` never do. `not` is the exact opposite of
  what follows. `none` may stand in a list. A value of null in a sub-query equals nothing.
* **Relations.** `a.b.c` where `a` or `a.b` leads nowhere has no value, so `a.b is none` and
  `a.b.c is_not "x"` hold. A row out of the caller's reach is one that does not exist.
  A relation compares with none only; `has` needs a relation, `any` a collection.
* **Collections in a path** ask for *some* element that fulfils the rest of the path:
  `children.name is_not "x"` finds what has a child of another name (not: what has no child of that
  name - that is `not children.name is "x"`), and nothing without children. Likewise
  `children.thumbnail_id is none`. Each path looks for its own element; `any` binds them to one.
* **`value` of custom attributes** and other attributes of any type: a literal is read as the type
  of what the row holds, so `1001` and `"1001"` equal the number and the text. A list equals each of
  its elements. `<`, `>` with a numeral order numbers and nothing else, with another text texts and
  dates (kept as ISO text) and nothing else; `like` finds texts. Only stored values are seen, no defaults.
* **Types.** A type stands for its rows and those of its subtypes. A path uses the attributes of a
  relation's declared type only; that of a Resource also those of User and Group.
* **Order.** Rows without a value come first, last when descending; equal rows by primary key.
  Without `order by` there is no order.
* **Sub-queries** may nest, select one attribute (through collections too), and may have order and limit.
* **Grouping** gives plain rows whose keys are the grouped paths as written and `count_id` and the
  like (`max_status_sort` for `max(status.sort)`); it may be sorted by any of these keys. Without `group by`
  aggregates give one row.

Source: protocol reference 3; the marks there tell what is known.
"""

import dataclasses
from collections.abc import Sequence
from typing import Any

import sqlalchemy
from sqlalchemy import ColumnElement, Select

from ftrack_sandbox.query import ast
from ftrack_sandbox.query.criteria import ordering, where
from ftrack_sandbox.query.grouping import grouped_statement, is_grouped
from ftrack_sandbox.query.projection import Projection, project
from ftrack_sandbox.query.rows import (
    Compilation,
    Expressions,
    Rows,
    Visible,
    belonging,
    fixed,
    keyed,
    leads_to_one,
)
from ftrack_sandbox.schema import Schema
from ftrack_sandbox.schema.model import Attribute, Kind

__all__ = ["Compiled", "Expressions", "Projection", "Visible", "compile_query", "related_statement"]


@dataclasses.dataclass(frozen=True)
class Compiled:
    """One query, ready to run.

    *statement* gives rows with all columns of the type's table under their plain names, or,
    when *grouped*, the result's own keys. *projection* is None when grouped. *limit* and
    *offset* are those of the expression, already part of the statement.
    """

    statement: Select[Any]
    projection: Projection | None
    grouped: bool
    limit: int | None
    offset: int | None


def compile_query(query: ast.Query, schema: Schema, visible: Visible, expressions: Expressions) -> Compiled:
    """Return the statement that answers *query*.

    *visible* is asked for the query's own type and for every type that a path, a criterion or
    a sub-query passes through. *expressions* holds the SQL of computed attributes that may be
    compared and sorted by. Raises ParseError (UnknownAttribute, UnknownType) naming what is
    wrong. May be called from any thread.
    """
    compilation = Compilation(schema, visible, expressions)
    entity_type = schema.find(query.entity_type)
    rows = Rows(compilation, entity_type)
    conditions = [] if query.where is None else [where(rows.origin, query.where)]
    grouped = is_grouped(query)
    projection = None
    if grouped:
        statement = grouped_statement(rows.origin, query)
    else:
        paths = query.projections
        if paths is None:
            paths = tuple(tuple(name.split(".")) for name in entity_type.default_projections)
        projection = project(compilation, entity_type, [path for path in paths if isinstance(path, tuple)])
        statement = sqlalchemy.select(*rows.origin.table.c).order_by(*_order(rows, query))
    # Last, because every step before may have joined something.
    by_key = bool(query.order_by) and query.order_by[0].path == entity_type.primary_key[:1]
    statement = statement.select_from(rows.from_clause).where(*conditions, *rows.conditions(by_key))
    statement = statement.limit(query.limit).offset(query.offset)
    return Compiled(statement, projection, grouped, query.limit, query.offset)


def _order(rows: Rows, query: ast.Query) -> list[ColumnElement[Any]]:
    if not query.order_by:
        return []
    named = {order.path for order in query.order_by}
    keys = [name for name in rows.origin.type.primary_key if (name,) not in named]
    return [*ordering(rows.origin, query.order_by), *(rows.origin.table.c[name] for name in keys)]


def related_statement(
    attribute: Attribute, projection: Projection, keys: Sequence[Any], schema: Schema, visible: Visible
) -> Select[Any]:
    """Return the statement for the rows that *attribute* leads to, for many owners at once.

    *keys* are the owners' values of `attribute.join.local`; each row holds the one it belongs
    to as `_owner`, besides all columns of the target's table. A row that belongs to several
    owners comes once for each. Ordered by primary key, so that the first row is the answer
    of a relation that several rows could answer.
    """
    target, join = projection.type, attribute.join
    if join is None:
        raise ValueError(f"{attribute.name} is no relation")
    # The only one of its kind in the statement: what is joined or looked up besides is an alias.
    table = target.table
    from_clause, key = keyed(join, table, schema)
    statement = (
        sqlalchemy.select(*table.c, key.label("_owner"))
        .select_from(from_clause)
        .where(key.in_(keys), *fixed(join, table), *belonging(target, table, visible))
    )
    if attribute.kind is Kind.RELATION and leads_to_one(join, target):
        return statement
    return statement.order_by(*(table.c[name] for name in target.primary_key))
