"""Rows <-> wire JSON: values, entities, and the once-a-reply rule.

Source: protocol reference 1.5.
"""

import dataclasses
import datetime
import functools
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

from ftrack_sandbox.errors import ValidationError
from ftrack_sandbox.schema import Schema
from ftrack_sandbox.schema.model import Attribute, EntityType

Key = tuple[Any, ...]

#: Types whose values JSON holds as they are.
_PLAIN = frozenset({str, int, float, bool, type(None)})


class Entity:
    """One entity as far as one reply knows it.

    *values* maps attribute names to plain values, to another `Entity` or `None` (a relation),
    or to a list of entities (a collection). All places of a reply share the one object, so
    what any of them asked for is spelled out together.
    """

    __slots__ = ("key", "type", "values")

    def __init__(self, entity_type: EntityType, key: Key) -> None:
        self.type = entity_type
        self.key = key
        self.values: dict[str, Any] = {}


class Identities:
    """The entities of one reply, one object for each table and key."""

    def __init__(self) -> None:
        self._entities: dict[tuple[str, Key], Entity] = {}

    def of(self, entity_type: EntityType, key: Key) -> Entity:
        """Return the entity under *key*, made on first sight."""
        place = (entity_type.table.name, key)
        entity = self._entities.get(place)
        if entity is None:
            entity = self._entities[place] = Entity(entity_type, key)
        return entity


class Shape(Protocol):
    """What was asked for at one place of a reply; a query's projection."""

    @property
    def scalars(self) -> Sequence[str]:
        """Names of plain and computed attributes."""

    @property
    def relations(self) -> Mapping[str, "Shape"]:
        """Names of relations and collections, and what was asked for of their entities."""


@dataclasses.dataclass(frozen=True)
class Shaped:
    """A row of a query: an entity, and what was asked for of it here."""

    entity: Entity
    shape: Shape


class Encoder:
    """Turns the results of one batch into JSON, each entity spelled out once.

    A later place of the same entity holds only `__entity_type__` and the primary key. The rule
    spans the whole batch: the recorded reply to a FileComponent's creation spells out the
    ComponentLocation that a later operation of the same batch made, and that operation's own
    result is a bare reference.

    *repeat* spells every row of a query out, each place with what was asked for there
    (`ftrack-api-options: denormalize`); what any other place asked for stays out, or a reply
    could grow without bound. *strict* leaves out the system projections. Source: protocol
    reference 1.5.
    """

    def __init__(self, repeat: bool = False, strict: bool = False) -> None:
        self._repeat = repeat
        self._strict = strict
        #: By identity: the one reference that stands at every later place of an entity spelled out.
        self._spelled: dict[int, dict[str, Any]] = {}

    def encode(self, result: Entity | Shaped) -> dict[str, Any]:
        """Return an entity spelled out, or as a reference when it has been already."""
        if isinstance(result, Shaped):
            if self._repeat:
                return self._shaped(result.entity, result.shape)
            result = result.entity
        return self._spelled_once(result)

    def _shaped(self, entity: Entity, shape: Shape) -> dict[str, Any]:
        wire = reference(entity.type, entity.key)
        for name in (*(() if self._strict else always(entity.type)), *shape.scalars):
            if name in entity.values:
                wire.setdefault(name, to_wire(entity.values[name]))
        for name, below in shape.relations.items():
            value = entity.values.get(name)
            if isinstance(value, list):
                wire[name] = [self._shaped(each, below) for each in value]
            elif name in entity.values:
                wire[name] = None if value is None else self._shaped(value, below)
        return wire

    def _spelled_once(self, entity: Entity) -> dict[str, Any]:
        known = self._spelled.get(id(entity))
        if known is not None:
            return known
        wire = reference(entity.type, entity.key)
        self._spelled[id(entity)] = wire.copy()
        hidden: Sequence[str] = always(entity.type) if self._strict else ()
        for name, value in entity.values.items():
            # The key stands there already.
            if name not in wire and name not in hidden:
                wire[name] = value if type(value) in _PLAIN else self._value(value)
        return wire

    def _value(self, value: Any) -> Any:
        if isinstance(value, Entity):
            return self._spelled_once(value)
        if isinstance(value, list):
            return [self._value(item) for item in value]
        return to_wire(value)


@functools.lru_cache(maxsize=512)
def always(entity_type: EntityType) -> tuple[str, ...]:
    """Return the attributes every row of the type carries, whatever was selected.

    The system projections, and what tells the type from its siblings: a recorded Task row has
    `object_type_id`, which its schema does not list. Source: protocol reference 1.5, 4.1.
    """
    names = dict.fromkeys((*entity_type.system_projections, *entity_type.classifiers))
    return tuple(name for name in names if name in entity_type.attributes)


def reference(entity_type: EntityType, key: Key) -> dict[str, Any]:
    """Return the bare reference to an entity: its type and primary key."""
    if len(key) == 1:
        # By far the most, and one for each place of each reply.
        return {"__entity_type__": entity_type.name, entity_type.primary_key[0]: key[0]}
    wire: dict[str, Any] = {"__entity_type__": entity_type.name}
    wire.update(zip(entity_type.primary_key, key, strict=True))
    return wire


def to_wire(value: Any) -> Any:
    """Return *value* as JSON can hold it; times in their envelope, naive UTC, whole seconds."""
    if isinstance(value, datetime.datetime):
        return {"__type__": "datetime", "value": value.replace(microsecond=0, tzinfo=None).isoformat()}
    if isinstance(value, datetime.date):
        return {"__type__": "date", "value": value.isoformat()}
    return value


def read_datetime(value: Any) -> datetime.datetime:
    """Return a naive UTC time from an envelope or ISO text.

    Accepts what the clients send: with or without offset or `Z`, with fractions, a bare date
    (midnight). Raises ValueError. Source: protocol reference 1.5.
    """
    text = value.get("value") if isinstance(value, Mapping) else value
    if not isinstance(text, str):
        raise ValueError(f"{value!r} is no date")
    text = text.strip()
    if text.endswith(("Z", "z")):
        text = text[:-1] + "+00:00"
    head, dot, rest = text.partition(".")
    if dot:
        # Python 3.10 reads fractions of three or six digits only; whole seconds are kept anyway.
        digits = len(rest) - len(rest.lstrip("0123456789"))
        text = head + rest[digits:]
    moment = datetime.datetime.fromisoformat(text)
    if moment.tzinfo is not None:
        try:
            moment = moment.astimezone(datetime.timezone.utc).replace(tzinfo=None)
        except OverflowError as error:
            raise ValueError(f"{text} lies outside the calendar") from error
    return moment.replace(microsecond=0)


def from_wire(attribute: Attribute, value: Any, entity_type: EntityType) -> Any:
    """Return the stored form of a scalar a client sent.

    Raises ValidationError naming attribute, type and value.
    """
    if value is None:
        return None
    try:
        accepted = _READERS[attribute.value](value)
    except (TypeError, ValueError, KeyError) as error:
        raise ValidationError(
            f"Value for '{attribute.name}' of {entity_type.name} must be of type {attribute.value}. "
            f"Got {json.dumps(value, default=str)[:200]}"
        ) from error
    if attribute.enum and accepted not in attribute.enum:
        raise ValidationError(
            f"'{accepted}' is not a permitted {attribute.name} of {entity_type.name}; "
            f"permitted are {', '.join(attribute.enum)}."
        )
    return accepted


def key_of(schema: Schema, wire: Any) -> tuple[EntityType, Key]:
    """Return type and key of a reference a client sent.

    Raises ValidationError when it is none, UnknownType for a type that does not exist.
    """
    if not isinstance(wire, Mapping) or not isinstance(wire.get("__entity_type__"), str):
        raise ValidationError(f"Expected a reference to an entity, got {json.dumps(wire)[:200]}.")
    entity_type = schema.find(wire["__entity_type__"])
    missing = [name for name in entity_type.primary_key if not isinstance(wire.get(name), str | int)]
    if missing:
        raise ValidationError(f"A reference to {entity_type.name} lacks {', '.join(missing)}.")
    return entity_type, stored_key(entity_type, [wire[name] for name in entity_type.primary_key])


def stored_key(entity_type: EntityType, parts: Sequence[Any]) -> Key:
    """Return a key as it is stored, a number as such: the Python client sends every part as text.

    Raises ValidationError for a number that is none.
    """
    attributes = [entity_type.attributes.get(name) for name in entity_type.primary_key]
    return tuple(
        from_wire(attribute, part, entity_type)
        if attribute is not None and attribute.value == "integer"
        else part
        for attribute, part in zip(attributes, parts, strict=True)
    )


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(value)
    return value


def _boolean(value: Any) -> bool:
    if value in (0, 1):
        return bool(value)
    raise ValueError(value)


def _integer(value: Any) -> int:
    if isinstance(value, bool) or (isinstance(value, float) and not value.is_integer()):
        raise ValueError(value)
    return int(value)


def _number(value: Any) -> float | int:
    if isinstance(value, bool):
        raise TypeError(value)
    number = value if isinstance(value, int | float) else float(value)
    if not math.isfinite(number):
        raise ValueError(value)
    return number


def _variable(value: Any) -> Any:
    if isinstance(value, Mapping):
        return read_datetime(value).isoformat()
    if isinstance(value, Iterable) and not isinstance(value, str):
        return [_variable(item) for item in value]
    return _number(value) if isinstance(value, float) else value


_READERS: Mapping[str, Any] = {
    "string": _text,
    "json": _text,
    "boolean": _boolean,
    "integer": _integer,
    "number": _number,
    "datetime": read_datetime,
    "variable": _variable,
}
