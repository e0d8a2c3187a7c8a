"""Replies off the wire -> rows that are plain dicts, each reference resolved within its reply.

*Source*: protocol reference 1.5: an entity is spelled out once a reply, in whichever place comes first, and
is referenced by type and key everywhere else.
"""

from __future__ import annotations

import datetime
import re
from typing import Any, TypeAlias

from .types import Types

#: One entity: attribute name -> plain value, another entity, or a list of entities; also `__entity_type__`.
Row: TypeAlias = "dict[str, Any]"

#: Names under which an entity may be met whose concrete type is told elsewhere. *Source*: protocol reference
#: 4.4.
_VAGUE = frozenset({"Context", "TypedContext", "Component", "Resource", "List", "StatusChange"})

_FRACTION = re.compile(r"\.(\d+)")


class Reply:
    """The entities of one reply, one dict each.

    All places of an entity in the reply become the same dict, holding what any of them spelled out. So the
    rows of one reply may share dicts, and two that refer to each other form a ring; nobody may change them.
    """

    def __init__(self, types: Types) -> None:
        self._types = types
        self._entities: dict[tuple[Any, ...], Row] = {}

    def rows(self, data: Any) -> list[Row]:
        """Return the resolved rows of one operation's `data`."""
        return [self._place(entry) for entry in data]

    def _place(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self._place(item) if isinstance(item, (dict, list)) else item for item in value]
        entity_type = value.get("__entity_type__")
        if entity_type is not None:
            return self._entity(entity_type, value)
        if "__type__" in value:
            return decode_date(value)
        return {
            name: self._place(item) if isinstance(item, (dict, list)) else item
            for name, item in value.items()
        }

    def _entity(self, entity_type: str, wire: Row) -> Row:
        entity = self._known(entity_type, wire)
        for name, value in wire.items():
            if isinstance(value, (dict, list)):
                value = self._place(value)
            if name not in entity:
                entity[name] = value
        if entity["__entity_type__"] in _VAGUE:
            entity["__entity_type__"] = entity_type
        return entity

    def _known(self, entity_type: str, wire: Row) -> Row:
        """Return the one dict of an entity; a row without its full key is nobody else."""
        key = [wire.get(name) for name in self._types.primary_key(entity_type)]
        if None in key:
            return {}
        return self._entities.setdefault((self._types.family(entity_type), *key), {})


def decode_date(wire: Row) -> Any:
    """Return the value in an envelope: a `datetime` in UTC, or a `date`; any other as it came.

    *Source*: protocol reference 1.5. Naive times are taken for UTC, as the client takes them.
    """
    text = wire.get("value")
    try:
        if wire["__type__"] == "datetime":
            return _moment(str(text))
        if wire["__type__"] == "date":
            return datetime.date.fromisoformat(str(text)[:10])
    except (ValueError, OverflowError):
        pass  # A day that does not exist, such as 0000-00-00, or not in UTC, is shown as it is.
    return text


def _moment(text: str) -> datetime.datetime:
    # Python 3.10 reads neither `Z` nor fractions of other than three or six digits.
    text = re.sub(r"[zZ]$", "+00:00", text.strip())
    text = _FRACTION.sub(lambda found: f".{found.group(1)[:6]:0<6}", text)
    moment = datetime.datetime.fromisoformat(text)
    if moment.tzinfo is None:
        return moment.replace(tzinfo=datetime.timezone.utc)
    return moment.astimezone(datetime.timezone.utc)
