"""The few pieces of SQL that SQLAlchemy has no portable name for.

Each is one construct with a spelling for SQLite and one for PostgreSQL.
"""

from typing import Any

import sqlalchemy
from sqlalchemy import ColumnElement
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement


class _Test(FunctionElement[bool]):
    """Something that is true or false by itself."""

    type = sqlalchemy.Boolean()
    inherit_cache = True

    def self_group(self, against: Any = None) -> Any:
        """Stay as it is: SQLite would get `… = 1` appended, which keeps it from using an index."""
        return self


class _Matches(_Test):
    """`(text, LIKE pattern, GLOB pattern)`: matches, case-sensitively on every database."""

    name = "matches"
    inherit_cache = True


@compiles(_Matches)
def _like(element: _Matches, compiler: SQLCompiler, **options: Any) -> str:
    text, like, _ = element.clauses
    return rf"({compiler.process(text, **options)} LIKE {compiler.process(like, **options)} ESCAPE '\')"


@compiles(_Matches, "sqlite")
def _glob(element: _Matches, compiler: SQLCompiler, **options: Any) -> str:
    # SQLite's LIKE ignores case, and the PRAGMA that changes it holds for the whole connection.
    text, _, glob = element.clauses
    return f"({compiler.process(text, **options)} GLOB {compiler.process(glob, **options)})"


class _Items(FunctionElement[Any]):
    """`(JSON column)`: a table of the scalars in it, columns `kind` and `item` (as text).

    A list gives one row for each element, a scalar one, SQL's null none. *kind* is `text`,
    `number`, `true`, `false`, `null` or something else that nothing is compared with.
    """

    name = "items"
    inherit_cache = True


@compiles(_Items)
def _items_postgresql(element: _Items, compiler: SQLCompiler, **options: Any) -> str:
    (column,) = element.clauses
    value = f"CAST({compiler.process(column, **options)} AS jsonb)"
    elements = f"CASE jsonb_typeof({value}) WHEN 'array' THEN {value} ELSE jsonb_build_array({value}) END"
    kind = (
        "CASE jsonb_typeof(element.value) WHEN 'string' THEN 'text'"
        " WHEN 'boolean' THEN CAST(element.value AS text) ELSE jsonb_typeof(element.value) END"
    )
    return (
        f"(SELECT {kind} AS kind, element.value #>> '{{}}' AS item"
        f" FROM jsonb_array_elements({elements}) AS element(value))"
    )


@compiles(_Items, "sqlite")
def _items_sqlite(element: _Items, compiler: SQLCompiler, **options: Any) -> str:
    (column,) = element.clauses
    kind = "CASE type WHEN 'integer' THEN 'number' WHEN 'real' THEN 'number' ELSE type END"
    return f"(SELECT {kind} AS kind, atom AS item FROM json_each({compiler.process(column, **options)}))"


class _Enclosed(_Test):
    """`(criterion)` in parentheses that are never optimised away."""

    name = "enclosed"
    inherit_cache = True


@compiles(_Enclosed)
def _parentheses(element: _Enclosed, compiler: SQLCompiler, **options: Any) -> str:
    (inner,) = element.clauses
    return f"({compiler.process(inner, **options)})"


class _Checked(_Test):
    """`(criterion)`, by whose indexes SQLite is not to look for rows."""

    name = "checked"
    inherit_cache = True


@compiles(_Checked)
def _criterion(element: _Checked, compiler: SQLCompiler, **options: Any) -> str:
    (inner,) = element.clauses
    return f"({compiler.process(inner, **options)})"


@compiles(_Checked, "sqlite")
def _plus_criterion(element: _Checked, compiler: SQLCompiler, **options: Any) -> str:
    (inner,) = element.clauses
    return f"+({compiler.process(inner, **options)})"


def checked(criterion: ColumnElement[bool]) -> ColumnElement[bool]:
    """Return *criterion* as one that rows are checked by, not looked for by.

    For what nearly all rows fulfil: an index that finds them is worse than none.
    """
    return _Checked(criterion)


def enclosed(criterion: ColumnElement[bool]) -> ColumnElement[bool]:
    """Return *criterion* as a unit, so that long chains can be built as trees."""
    return _Enclosed(criterion)


def matches(column: ColumnElement[Any], pattern: str) -> ColumnElement[bool]:
    r"""Return the test of a text against a pattern of the query language.

    `%` stands for any text, `\%` for a percent sign; everything else, `_` too, for itself
    (assumed). Case counts. Source: protocol reference 3.2.
    """
    like: list[str] = []
    glob: list[str] = []
    characters = iter(pattern)
    for character in characters:
        if character == "%":
            like.append("%")
            glob.append("*")
            continue
        if character == "\\":
            following = next(characters, "")
            if following not in ("%", "\\"):
                _literally("\\", like, glob)
            character = following
        if character:
            _literally(character, like, glob)
    return _Matches(column, sqlalchemy.literal("".join(like)), sqlalchemy.literal("".join(glob)))


def _literally(character: str, like: list[str], glob: list[str]) -> None:
    like.append(f"\\{character}" if character in r"\%_" else character)
    glob.append(f"[{character}]" if character in "*?[" else character)


def items(column: ColumnElement[Any]) -> sqlalchemy.TableValuedAlias:
    """Return the table of the scalars in a JSON column: columns `kind` and `item`."""
    return _Items(column).table_valued(
        sqlalchemy.column("kind", sqlalchemy.String), sqlalchemy.column("item", sqlalchemy.String)
    )
