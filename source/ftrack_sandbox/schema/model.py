"""What the rest of the server knows of the entity types: plain facts, no SQL built here.

Every attribute of every type is one `Attribute`. A relation and a collection are the same
thing seen from two sides - rows of `target` found through a `Join` - so the query compiler,
the reader and the event writer all treat them alike.
"""

import dataclasses
import enum
from collections.abc import Mapping
from typing import Any

import sqlalchemy


class Kind(enum.Enum):
    """What an attribute is made of."""

    #: One value in a column of the type's table.
    SCALAR = "scalar"
    #: One value worked out by the server; no column, never written.
    COMPUTED = "computed"
    #: One entity of the target type, or none.
    RELATION = "relation"
    #: Any number of entities of the target type.
    COLLECTION = "collection"


@dataclasses.dataclass(frozen=True)
class Link:
    """The table between two types: `near` holds the owner's key, `far` the target's."""

    table: str
    near: str
    far: str


@dataclasses.dataclass(frozen=True)
class Join:
    """How rows of the target belong to a row: `target.remote == owner.local`.

    With a *link* the condition runs over its table: `owner.local == link.near` and
    `link.far == target.remote`. *where* holds (column of the target, value) pairs that
    must hold besides, and so must the target type's own classifiers.
    """

    local: str
    remote: str
    link: Link | None = None
    where: tuple[tuple[str, Any], ...] = ()


@dataclasses.dataclass(frozen=True)
class Attribute:
    """One attribute of one entity type.

    *value* names the wire form of a scalar or computed attribute: `string`, `boolean`,
    `integer`, `number`, `variable`, `datetime`, `json` (text holding JSON), `object`, `link`.
    *definition* is the property as `query_schemas` serves it. *legacy* is the server's older
    column name, which update events use. *mapped* marks a `mapped_array`.
    """

    name: str
    kind: Kind
    definition: Mapping[str, Any]
    value: str = ""
    target: str | None = None
    join: Join | None = None
    legacy: str = ""
    restricted: bool = False
    mapped: bool = False
    default: Any = None
    enum: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True, eq=False)
class EntityType:
    """One entity type and the table its rows live in (one table a family).

    *classifiers* are the (column, value) pairs that tell this type's rows from others in the
    table; empty for a family's root. *concrete* holds the names of the types that a row of this
    type can really be, this one included when rows of it exist. *legacy* is the `entityType` of
    events (`task`, `show`, ...).
    """

    name: str
    table: sqlalchemy.Table
    attributes: Mapping[str, Attribute]
    primary_key: tuple[str, ...]
    default_projections: tuple[str, ...]
    system_projections: tuple[str, ...]
    required: frozenset[str]
    immutable: frozenset[str]
    computed: frozenset[str]
    classifiers: Mapping[str, str]
    supertype: str | None
    concrete: tuple[str, ...]
    legacy: str
    document: Mapping[str, Any]
