"""`query`: from a compiled expression to entities, related rows loaded level by level.

One SELECT for the rows themselves and one for each relation or collection of the projection,
however many rows there are.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ftrack_sandbox.api.batch import Batch
from ftrack_sandbox.api.computed import COMPUTED, EXPRESSIONS
from ftrack_sandbox.api.custom_attribute import dense_rows, is_value, present
from ftrack_sandbox.api.row import fetch, slices
from ftrack_sandbox.encode import Entity, Shaped, always
from ftrack_sandbox.errors import ParseError
from ftrack_sandbox.query import parse
from ftrack_sandbox.query.sql import Compiled, Projection, compile_query, related_statement
from ftrack_sandbox.schema.model import Attribute, Kind

Taken = Sequence[tuple[Entity, Mapping[str, Any]]]


def query(batch: Batch, operation: Mapping[str, Any]) -> dict[str, Any]:
    """Answer `{"action": "query", "expression": ...}`. Source: protocol reference 2.2, 3."""
    expression = operation.get("expression")
    if not isinstance(expression, str):
        raise ParseError("Failed to parse: a query needs an expression.")
    return found(batch, "query", compile_for(batch, expression))


def compile_for(batch: Batch, expression: str) -> Compiled:
    """Return what finds the rows of *expression* that the caller sees. Raises ParseError."""
    return compile_query(parse(expression), batch.schema, batch.visible, EXPRESSIONS)


def found(batch: Batch, action: str, compiled: Compiled) -> dict[str, Any]:
    """Return the answer to the operation *action* that asks for the rows of a compiled query."""
    if compiled.grouped:
        if not batch.strict:
            raise ParseError("Failed to parse: grouping needs the header ftrack-strict-api.")
        rows: list[Any] = fetch(batch, compiled.statement)
    else:
        rows = Reader(batch).rows(compiled)
    return {
        "action": action,
        "data": rows,
        "metadata": {"next": {"offset": _next_offset(compiled, len(rows))}},
    }


def _next_offset(compiled: Compiled, count: int) -> int | None:
    """A full page announces a next one, without looking ahead. Source: protocol reference 2.2."""
    if compiled.limit is None or count < compiled.limit or not count:
        return None
    return (compiled.offset or 0) + compiled.limit


class Reader:
    """Reads entities as one batch sees them into the batch's identities."""

    def __init__(self, batch: Batch) -> None:
        self._batch = batch
        self._schema = batch.schema

    def rows(self, compiled: Compiled) -> list[Shaped]:
        """Return the rows a query finds, each with what was asked for."""
        if compiled.projection is None:
            raise ParseError("Failed to parse: nothing to select.")
        return [Shaped(entity, compiled.projection) for entity in self.entities(compiled)]

    def entities(self, compiled: Compiled) -> list[Entity]:
        """Return the entities a query finds, everything projected loaded."""
        if compiled.projection is None:
            raise ParseError("Failed to parse: nothing to select.")
        rows = fetch(self._batch, compiled.statement)
        taken = [(self._take(compiled.projection, row), row) for row in rows]
        self._complete(compiled.projection, taken)
        return [entity for entity, _ in taken]

    def _take(self, projection: Projection, row: Mapping[str, Any]) -> Entity:
        concrete = self._schema.concrete(projection.type, row)
        key = concrete.primary_key
        entity = self._batch.identities.of(
            concrete, (row[key[0]],) if len(key) == 1 else tuple([row[name] for name in key])
        )
        values = entity.values
        for name in always(concrete):
            if name in row:
                values[name] = row[name]
        for name in projection.scalars:
            if name in row and name in concrete.attributes:
                values[name] = row[name]
            elif name not in values:
                # A Resource's path may name what only users or only groups have.
                values[name] = None
        return entity

    def _complete(self, projection: Projection, taken: Taken) -> None:
        """Load what the projection asks for beyond the rows' own columns."""
        if not taken:
            return
        for name in projection.scalars:
            attribute = self._schema.reachable(projection.type, name)
            if attribute is not None and attribute.kind is Kind.COMPUTED:
                compute = COMPUTED.get((projection.type.table.name, name))
                values = compute(self._batch, taken) if compute is not None else [None] * len(taken)
                for (entity, _), value in zip(taken, values, strict=True):
                    entity.values[name] = value
        if is_value(projection.type):
            present(self._batch, taken)
        for name, below in projection.relations.items():
            attribute = self._schema.reachable(projection.type, name)
            if attribute is not None and attribute.join is not None:
                self._follow(attribute, below, taken)

    def _follow(self, attribute: Attribute, below: Projection, taken: Taken) -> None:
        join = attribute.join
        if join is None:
            return
        found: dict[Any, list[Entity]] = {}
        further: list[tuple[Entity, Mapping[str, Any]]] = []
        for row in self._related(attribute, below, taken):
            entity = self._take(below, row)
            further.append((entity, row))
            found.setdefault(row["_owner"], []).append(entity)
        for entity, row in taken:
            related = found.get(row[join.local], [])
            if attribute.kind is Kind.COLLECTION:
                entity.values[attribute.name] = related
            else:
                entity.values[attribute.name] = related[0] if related else None
        self._complete(below, further)

    def _related(self, attribute: Attribute, below: Projection, taken: Taken) -> Iterable[Mapping[str, Any]]:
        if attribute.mapped and is_value(below.type):
            return dense_rows(self._batch, below.type, taken)
        local = attribute.join.local if attribute.join is not None else ""
        keys = list(dict.fromkeys(row[local] for _, row in taken if row.get(local) is not None))
        return self._in_slices(attribute, below, keys)

    def _in_slices(
        self, attribute: Attribute, below: Projection, keys: Sequence[Any]
    ) -> Iterable[Mapping[str, Any]]:
        for part in slices(keys):
            statement = related_statement(attribute, below, part, self._schema, self._batch.visible)
            yield from fetch(self._batch, statement)
