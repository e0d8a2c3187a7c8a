"""`search`: a query whose rows must also be found by words.

How a real server matches words is unknown. Assumed: every term occurs in the row's own name or
in one of the names above it - those of its project, its contexts, its asset, its version's
asset -, whatever their case; each term may do so in another of them. Source: protocol reference
2.1, 3.11.
"""

import dataclasses
import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy
from sqlalchemy import ColumnElement
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from ftrack_sandbox.api.batch import Batch
from ftrack_sandbox.api.read import compile_for, found
from ftrack_sandbox.errors import ParseError, ValidationError
from ftrack_sandbox.schema.model import EntityType

#: Terms of one search; each asks for names in every place where one may stand.
MOST_TERMS = 20

#: By table: columns that hold a row's own names.
_NAMES: Mapping[str, tuple[str, ...]] = {
    "context": ("name", "full_name"),
    "resource": ("name", "username", "first_name", "last_name"),
}

#: By table: column, table and column of the row above, whose names count too.
_ABOVE: Mapping[str, tuple[str, str]] = {
    "asset": ("context_id", "context"),
    "asset_version": ("asset_id", "asset"),
    "component": ("version_id", "asset_version"),
    "list": ("project_id", "context"),
    "review_session": ("project_id", "context"),
}


def search(batch: Batch, operation: Mapping[str, Any]) -> dict[str, Any]:
    """Answer `{"action": "search", "expression", "entity_type", "terms", "context_id"?, "object_type_ids"?}`.

    The expression is a query of *entity_type*, with order and limit if it likes. `context_id` leaves
    what lies in that context or below it, and the context itself; `object_type_ids` what has
    one of these object types. Raises ValidationError naming what is wrong, ParseError.
    """
    expression, terms = _text(operation, "expression"), _terms(operation)
    entity_type = batch.schema.find(_text(operation, "entity_type"))
    compiled = compile_for(batch, expression)
    if compiled.projection is None:
        raise ParseError("Failed to parse: a search cannot group.")
    if compiled.projection.type is not entity_type:
        raise ValidationError(
            f"The expression of a search for {entity_type.name} asks for {compiled.projection.type.name}."
        )
    columns = compiled.statement.selected_columns
    finder = _Finder(batch, entity_type)
    conditions = [finder.named(columns, term) for term in terms]
    context_id, object_type_ids = operation.get("context_id"), operation.get("object_type_ids")
    if context_id is not None:
        conditions.append(finder.below(columns, _text(operation, "context_id")))
    if object_type_ids:
        conditions.append(finder.of_object_types(columns, object_type_ids))
    statement = compiled.statement.where(*conditions)
    return found(batch, "search", dataclasses.replace(compiled, statement=statement))


class _Finder:
    """Makes the conditions for rows of one type; a condition takes the columns of the rows."""

    def __init__(self, batch: Batch, entity_type: EntityType) -> None:
        self._batch = batch
        self._type = entity_type
        self._tables = batch.schema.metadata.tables
        _teach_lower(batch.connection)

    def named(self, columns: Any, term: str) -> ColumnElement[bool]:
        """Whether *term* occurs in a name of the row or above it."""
        places = self._named(self._type.table.name, columns, term.lower())
        if not places:
            raise ValidationError(f"{self._type.name} has no name that a search could look at.")
        return sqlalchemy.or_(*places)

    def below(self, columns: Any, context_id: str) -> ColumnElement[bool]:
        """Whether the row is the context, or lies in it or below it."""
        condition = self._below(self._type.table.name, columns, context_id)
        if condition is None:
            raise ValidationError(f"{self._type.name} lies in no context; leave out 'context_id'.")
        return condition

    def of_object_types(self, columns: Any, ids: Any) -> ColumnElement[bool]:
        """Whether the row is of one of the object types."""
        if not isinstance(ids, list) or not all(isinstance(each, str) for each in ids):
            raise ValidationError("'object_type_ids' of search must be a list of ids.")
        if "object_type_id" not in self._type.attributes:
            raise ValidationError(f"{self._type.name} has no object type; leave out 'object_type_ids'.")
        known = sqlalchemy.select(self._tables["object_type"].c.id)
        # A statement takes no more than so many values, and a list may hold any number of wrong ones.
        wanted = set(self._batch.connection.execute(known).scalars()).intersection(ids)
        condition: ColumnElement[bool] = columns["object_type_id"].in_(sorted(wanted))
        return condition

    def _named(self, table: str, columns: Any, term: str) -> list[ColumnElement[bool]]:
        names = [columns[name] for name in _NAMES.get(table, ("name",)) if name in columns]
        places = [_contains(name, term) for name in names]
        if table == "context":
            places += self._named_above(columns, term)
        elif table in _ABOVE:
            local, above = _ABOVE[table]
            upper = self._tables[above].alias()
            conditions = self._named(above, upper.c, term)
            places.append(
                columns[local].in_(sqlalchemy.select(upper.c.id).where(sqlalchemy.or_(*conditions)))
            )
        return places

    def _named_above(self, columns: Any, term: str) -> list[ColumnElement[bool]]:
        """A context is found by its project and by the typed contexts above it."""
        closure = self._tables["context_ancestor"].alias()
        upper = self._tables["context"].alias()
        named = sqlalchemy.or_(*(_contains(upper.c[name], term) for name in _NAMES["context"]))
        matching = sqlalchemy.select(upper.c.id).where(named)
        below = sqlalchemy.select(closure.c.descendant_id).where(closure.c.ancestor_id.in_(matching))
        return [columns["project_id"].in_(matching), columns["id"].in_(below)]

    def _below(self, table: str, columns: Any, context_id: str) -> ColumnElement[bool] | None:
        if table == "context":
            closure = self._tables["context_ancestor"].alias()
            below = sqlalchemy.select(closure.c.descendant_id).where(closure.c.ancestor_id == context_id)
            return sqlalchemy.or_(
                columns["id"] == context_id, columns["project_id"] == context_id, columns["id"].in_(below)
            )
        if table not in _ABOVE:
            return None
        local, above = _ABOVE[table]
        upper = self._tables[above].alias()
        inside = self._below(above, upper.c, context_id)
        return None if inside is None else columns[local].in_(sqlalchemy.select(upper.c.id).where(inside))


def _text(operation: Mapping[str, Any], name: str) -> str:
    value = operation.get(name)
    if not isinstance(value, str):
        raise ValidationError(f"search needs '{name}', a text.")
    return value


def _terms(operation: Mapping[str, Any]) -> Sequence[str]:
    terms = operation.get("terms", [])
    if not isinstance(terms, list) or not all(isinstance(each, str) for each in terms):
        raise ValidationError("'terms' of search must be a list of texts.")
    if len(terms) > MOST_TERMS:
        raise ValidationError(f"A search takes {MOST_TERMS} terms at most.")
    return [each.strip() for each in terms if each.strip()]


class _Lower(FunctionElement[str]):
    """`(text)` in lower case, whatever the alphabet."""

    name = "lower_text"
    type = sqlalchemy.String()
    inherit_cache = True


@compiles(_Lower)
def _lower(element: _Lower, compiler: SQLCompiler, **options: Any) -> str:
    return f"lower({compiler.process(element.clauses, **options)})"


@compiles(_Lower, "sqlite")
def _lower_sqlite(element: _Lower, compiler: SQLCompiler, **options: Any) -> str:
    # SQLite's own `lower` knows ASCII only.
    return f"lower_text({compiler.process(element.clauses, **options)})"


def _teach_lower(connection: sqlalchemy.Connection) -> None:
    driver = connection.connection.driver_connection
    if isinstance(driver, sqlite3.Connection):
        driver.create_function("lower_text", 1, _lowered, deterministic=True)


def _lowered(text: object) -> str | None:
    return text.lower() if isinstance(text, str) else None


def _contains(column: ColumnElement[Any], term: str) -> ColumnElement[bool]:
    return _Lower(column).contains(term, autoescape=True)
