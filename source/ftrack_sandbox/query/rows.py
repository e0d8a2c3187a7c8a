"""The rows a SELECT draws from: a type's table and whatever single relations are joined to it."""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import sqlalchemy
from sqlalchemy import ColumnElement, FromClause

from ftrack_sandbox.errors import ParseError, UnknownAttribute
from ftrack_sandbox.query import ast
from ftrack_sandbox.query.dialect import checked
from ftrack_sandbox.query.limit import check_path
from ftrack_sandbox.schema import Schema
from ftrack_sandbox.schema.model import Attribute, EntityType, Join, Kind

#: The condition that rows must meet to be seen, or None for all.
Visible: TypeAlias = Callable[[EntityType, FromClause], ColumnElement[bool] | None]
#: (table name, attribute) to the SQL of a computed attribute.
Expressions: TypeAlias = Mapping[tuple[str, str], Callable[[FromClause], ColumnElement[Any]]]

#: SQLite joins 64 tables in one SELECT.
_MAX_JOINS = 40
#: SQLite takes 32,766 parameters in one statement. This many are built within about a second.
_MAX_COST = 30_000
#: What each table is reckoned to cost: its classifiers, what `visible` asks of it, and time.
_TABLE_COST = 30

#: Computed attributes that are another row's column: joined, where a function of each row would be slow.
_ELSEWHERE: Mapping[tuple[str, str], ast.Path] = {
    ("custom_attribute_value", "key"): ("configuration", "key"),
}


@dataclasses.dataclass
class Compilation:
    """What all parts of one expression's compilation share, and what they cost together, in parameters."""

    schema: Schema
    visible: Visible
    expressions: Expressions
    cost: int = 0

    def spend(self, cost: int) -> None:
        """Note that something costs so much. Raises ParseError when all is too much."""
        self.cost += cost
        if self.cost > _MAX_COST:
            raise ParseError("Failed to parse: too many values and relations in one expression.")

    def attribute(self, entity_type: EntityType, name: str) -> Attribute:
        """Return the attribute a path may name on a type. Raises UnknownAttribute."""
        found = self.schema.reachable(entity_type, name)
        if found is None:
            raise UnknownAttribute(name, entity_type.name)
        return found

    def target(self, attribute: Attribute, entity_type: EntityType) -> tuple[EntityType, Join]:
        """Return type and join of a relation or collection. Raises ParseError for anything else."""
        if attribute.target is None or attribute.join is None:
            raise ParseError(
                f"Failed to parse: '{attribute.name}' of '{entity_type.name}' is no relation; "
                "no path leads through it."
            )
        return self.schema.find(attribute.target), attribute.join


class Source:
    """The rows of one table in a FROM, as one entity type. *origin* is the table's own one."""

    def __init__(self, rows: "Rows", entity_type: EntityType, table: FromClause, origin: bool) -> None:
        self.rows = rows
        self.type = entity_type
        self.table = table
        self._origin = origin
        self._joined: dict[str, Source] = {}

    @property
    def present(self) -> ColumnElement[bool]:
        """Whether there is such a row: always at the origin, and where a relation leads somewhere."""
        return self.table.c[self.type.primary_key[0]].is_not(None)

    def column(self, attribute: Attribute) -> ColumnElement[Any]:
        """Return the SQL of a scalar or computed attribute. Raises ParseError when it has none."""
        if attribute.kind is Kind.SCALAR:
            return self.table.c[attribute.name]
        place = (self.type.table.name, attribute.name)
        if place in _ELSEWHERE:
            return resolve(self, _ELSEWHERE[place])[0]
        make = self.rows.compilation.expressions.get(place)
        if attribute.kind is not Kind.COMPUTED or make is None:
            raise ParseError(
                f"Failed to parse: '{attribute.name}' of '{self.type.name}' cannot be compared or sorted."
            )
        # A relation that leads nowhere has no values, whatever is worked out from no row.
        return make(self.table) if self._origin else sqlalchemy.case((self.present, make(self.table)))

    def joined(self, attribute: Attribute) -> "Source":
        """Return the related rows, joined so that no row of this source is lost.

        A relation never doubles rows either; a collection does. Raises ParseError for an
        attribute that leads nowhere, and for too many joins.
        """
        known = self._joined.get(attribute.name)
        if known is None:
            known = self._joined[attribute.name] = self.rows.join(self, attribute)
        return known


class Rows:
    """One FROM in the making: `origin`, the type's rows, and left joins hung on it."""

    def __init__(self, compilation: Compilation, entity_type: EntityType) -> None:
        self.compilation = compilation
        table = entity_type.table.alias()
        self.origin = Source(self, entity_type, table, origin=True)
        self.from_clause: FromClause = table
        self._joins = 0
        compilation.spend(_TABLE_COST)

    def conditions(self, by_key: bool = False) -> list[ColumnElement[bool]]:
        """Return what makes a row of the table one of the origin's type that the caller sees.

        *by_key* says that the rows are wanted in the order of their keys.
        """
        return belonging(self.origin.type, self.origin.table, self.compilation.visible, by_key)

    def join(self, source: Source, attribute: Attribute) -> Source:
        """Hang the rows that *attribute* leads to on *source*."""
        self._joins += 1
        self.compilation.spend(_TABLE_COST)
        if self._joins > _MAX_JOINS:
            raise ParseError(f"Failed to parse: more than {_MAX_JOINS} relations in one expression.")
        target, join = self.compilation.target(attribute, source.type)
        table = target.table.alias()
        conditions = belonging(target, table, self.compilation.visible) + fixed(join, table)
        local = source.table.c[join.local]
        if attribute.kind is Kind.RELATION and not leads_to_one(join, target):
            conditions = self._first(source, target, join, table)
        elif join.link is not None:
            link = sqlalchemy.alias(self.compilation.schema.metadata.tables[join.link.table])
            self.from_clause = self.from_clause.outerjoin(link, link.c[join.link.near] == local)
            conditions.append(link.c[join.link.far] == table.c[join.remote])
        else:
            conditions.append(table.c[join.remote] == local)
        self.from_clause = self.from_clause.outerjoin(table, sqlalchemy.and_(*conditions))
        return Source(self, target, table, origin=False)

    def _first(
        self, source: Source, target: EntityType, join: Join, table: FromClause
    ) -> list[ColumnElement[bool]]:
        """Where several rows could answer a relation, let the first by key, as `related_statement` does."""
        other = target.table.alias()
        from_clause, key = keyed(join, other, self.compilation.schema)
        order = [other.c[name] for name in target.primary_key]
        conditions = belonging(target, other, self.compilation.visible) + fixed(join, other)
        return [
            table.c[name]
            == sqlalchemy.select(other.c[name])
            .select_from(from_clause)
            .where(key == source.table.c[join.local], *conditions)
            .order_by(*order)
            .limit(1)
            .correlate(source.table)
            .scalar_subquery()
            for name in target.primary_key
        ]


def belonging(
    entity_type: EntityType, table: FromClause, visible: Visible, by_key: bool = False
) -> list[ColumnElement[bool]]:
    """Return the conditions for a row to be one of *entity_type* that the caller sees.

    A page by key (*by_key*) must walk along the key: all tasks have one object type, and whoever
    fetches them by the index of that sorts them all for every page.
    """
    conditions: list[ColumnElement[bool]] = [
        table.c[name] == value for name, value in entity_type.classifiers.items()
    ]
    if by_key:
        conditions = [checked(condition) for condition in conditions]
    seen = visible(entity_type, table)
    return conditions if seen is None else [*conditions, checked(seen)]


def fixed(join: Join, table: FromClause) -> list[ColumnElement[bool]]:
    """Return what must hold of the target's rows besides the key."""
    return [table.c[name] == value for name, value in join.where]


def keyed(
    join: Join, table: FromClause, schema: Schema, from_clause: FromClause | None = None
) -> tuple[FromClause, ColumnElement[Any]]:
    """Return a FROM of the target's rows, and the column in it that holds the owner's `local` value.

    *from_clause* is what *table* has been joined to already.
    """
    from_clause = table if from_clause is None else from_clause
    if join.link is None:
        return from_clause, table.c[join.remote]
    link = sqlalchemy.alias(schema.metadata.tables[join.link.table])
    return from_clause.join(link, link.c[join.link.far] == table.c[join.remote]), link.c[join.link.near]


def leads_to_one(join: Join, target: EntityType) -> bool:
    """Whether no more than one row can answer, because the join is by primary key."""
    return join.link is None and target.primary_key == (join.remote,)


def resolve(
    source: Source, path: ast.Path, many: bool = False
) -> tuple[ColumnElement[Any], Attribute, EntityType]:
    """Return column, attribute and its type at the end of a dotted path, joining on the way.

    Raises ParseError when the path ends in no value, or leads through a collection unless
    *many* lets rows be doubled.
    """
    check_path(path)
    compilation = source.rows.compilation
    for name in path[:-1]:
        attribute = compilation.attribute(source.type, name)
        if attribute.kind is Kind.COLLECTION and not many:
            raise ParseError(
                f"Failed to parse: '{name}' of '{source.type.name}' is a collection; "
                f"'{'.'.join(path)}' has no single value to sort or group by."
            )
        source = source.joined(attribute)
    attribute = compilation.attribute(source.type, path[-1])
    return source.column(attribute), attribute, source.type
