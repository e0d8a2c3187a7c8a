"""What a query selects, as a tree along relations and collections."""

import dataclasses
from collections.abc import Iterable, Mapping, Sequence

from ftrack_sandbox.errors import ParseError
from ftrack_sandbox.query import ast
from ftrack_sandbox.query.limit import check_path
from ftrack_sandbox.query.rows import Compilation
from ftrack_sandbox.schema.model import Attribute, EntityType, Kind


@dataclasses.dataclass(frozen=True)
class Projection:
    """The attributes wanted of rows of one type.

    *scalars* names scalar and computed attributes, *relations* maps relations and collections
    to what is wanted of their targets: nothing but a reference when that is empty. Key and
    system projections are not listed; they belong to every row.
    """

    type: EntityType
    scalars: Sequence[str]
    relations: Mapping[str, "Projection"]


def project(compilation: Compilation, entity_type: EntityType, paths: Iterable[ast.Path]) -> Projection:
    """Return the tree of *paths* from *entity_type*.

    A bare `mapped_array` brings the attributes that act as its keys and values. Raises
    ParseError for an unknown attribute or one that cannot be selected. Source: protocol
    reference 3.4, 3.5, 4.2.
    """
    scalars: dict[str, None] = {}
    below: dict[str, tuple[Attribute, list[ast.Path]]] = {}
    for path in paths:
        check_path(path)
        if _is_nothing(compilation, entity_type, path):
            continue
        attribute = compilation.attribute(entity_type, path[0])
        if attribute.restricted:
            raise ParseError(f"Failed to parse: '{path[0]}' of '{entity_type.name}' cannot be selected.")
        if attribute.kind in (Kind.SCALAR, Kind.COMPUTED) and len(path) == 1:
            scalars[path[0]] = None
        else:
            compilation.target(attribute, entity_type)
            _, rest = below.setdefault(path[0], (attribute, []))
            rest.extend([path[1:]] if len(path) > 1 else _key_and_value(attribute))
    relations = {
        name: project(compilation, compilation.target(attribute, entity_type)[0], rest)
        for name, (attribute, rest) in below.items()
    }
    return Projection(entity_type, tuple(scalars), relations)


def _is_nothing(compilation: Compilation, entity_type: EntityType, path: ast.Path) -> bool:
    """Whether *path* is one of the recorded default projections that the type itself lacks.

    The clients ask for them by name, so they are passed over rather than refused.
    """
    named = len(path) == 1 and path[0] in entity_type.default_projections
    return named and compilation.schema.reachable(entity_type, path[0]) is None


def _key_and_value(attribute: Attribute) -> list[ast.Path]:
    if not attribute.mapped:
        return []
    return [(name,) for name in attribute.definition.get("key_value_attributes", {}).values()]
