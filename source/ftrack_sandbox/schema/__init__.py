"""The entity types of the server, declared once in our own notation (`*.schema` in this folder).

From the notation come the tables, the `query_schemas` document and everything that the rest of
the server knows of types. The notation itself is told in `notation.py`.
"""

import pathlib
from collections.abc import Iterable, Mapping
from typing import Any

from ftrack_sandbox.errors import UnknownType
from ftrack_sandbox.schema import table
from ftrack_sandbox.schema.document import hash_of, schema_of
from ftrack_sandbox.schema.entity import check, entity_type
from ftrack_sandbox.schema.family import Declared, assemble
from ftrack_sandbox.schema.model import Attribute, EntityType
from ftrack_sandbox.schema.notation import Block, NotationError, parse

__all__ = ["NotationError", "Schema", "load_schema", "read_schema"]


class Schema:
    """All entity types with their own tables. Immutable once made; thread-safe.

    *types* maps names to types in the order of their declaration; *document* is the reply to
    `query_schemas` and *hash* its hash; *metadata* holds all tables, those without type too.
    """

    def __init__(self, declared: Mapping[str, Declared]) -> None:
        self.metadata = table.build(declared)
        self.document = [schema_of(each, declared) for each in declared.values()]
        self.hash = hash_of(self.document)
        self.types: Mapping[str, EntityType] = {
            each.name: entity_type(each, schema, declared, self.metadata)
            for each, schema in zip(declared.values(), self.document, strict=True)
        }
        self._open = {name: self._below(name) for name, each in declared.items() if each.is_open}
        self._tellers = {name: _teller(self.types, each) for name, each in self.types.items()}
        self._told: dict[tuple[str, tuple[Any, ...]], EntityType] = {}

    def find(self, name: str) -> EntityType:
        """Return the type called *name*. Raises UnknownType."""
        try:
            return self.types[name]
        except (KeyError, TypeError):
            raise UnknownType(name) from None

    def concrete(self, entity_type: EntityType, row: Mapping[str, Any]) -> EntityType:
        """Return the concrete type of a row of the type's table.

        *row* maps the table's columns to values. A row that no concrete type claims (a custom
        object type, say) is of *entity_type* itself.
        """
        columns = self._tellers[entity_type.name]
        if not columns:
            return entity_type
        values = tuple(row.get(column) for column in columns)
        place = (entity_type.name, values)
        found = self._told.get(place)
        if found is None:
            found = self._told[place] = self._tell(entity_type, dict(zip(columns, values, strict=True)))
        return found

    def reachable(self, entity_type: EntityType, name: str) -> Attribute | None:
        """Return the attribute that a path through the type may use, or None.

        Besides its own attributes these are, for `Resource` and the links of custom attributes,
        those of its concrete types.
        """
        own = entity_type.attributes.get(name)
        if own is not None:
            return own
        for each in self._open.get(entity_type.name, ()):
            if name in each.attributes:
                return each.attributes[name]
        return None

    def _below(self, name: str) -> list[EntityType]:
        return [each for each in self.types.values() if each.supertype == name]

    def _tell(self, entity_type: EntityType, values: Mapping[str, Any]) -> EntityType:
        for name in entity_type.concrete:
            found = self.types[name]
            if all(values.get(column) == value for column, value in found.classifiers.items()):
                return found
        return entity_type


def load_schema() -> Schema:
    """Return a fresh schema, tables included, from the notation in this folder."""
    folder = pathlib.Path(__file__).parent
    return read_schema(
        (path.name, path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.schema"))
    )


def read_schema(files: Iterable[tuple[str, str]]) -> Schema:
    """Return the schema that (file name, text) pairs declare together.

    Raises NotationError naming file and line.
    """
    blocks: list[Block] = []
    for name, text in files:
        blocks += parse(text, name)
    declared = assemble(blocks)
    schema = Schema(declared)
    check(declared, schema.metadata)
    return schema


def _teller(types: Mapping[str, EntityType], entity_type: EntityType) -> tuple[str, ...]:
    """The columns whose values tell the concrete type of a row; none if there is nothing to tell."""
    if entity_type.concrete == (entity_type.name,):
        return ()
    found = {column: None for name in entity_type.concrete for column in types[name].classifiers}
    return tuple(found)
