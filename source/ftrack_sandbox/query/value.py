"""Literals of a query as values of the attribute they are compared with.

A literal has no type of its own: `5`, `"5"` and `'5'` are the number 5 beside a number and the
text `5` beside a text. Only `none` depends on quotes. Source: protocol reference 3.3.
"""

import datetime
import re
from collections.abc import Callable, Mapping
from typing import Any

from ftrack_sandbox.errors import ParseError
from ftrack_sandbox.query import ast
from ftrack_sandbox.query.parser import plain
from ftrack_sandbox.schema.model import Attribute, EntityType

_NUMERAL = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?")
_WHOLE = re.compile(r"[+-]?[0-9]{1,18}")
_MOMENT = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})"
    r"(?:[T ]([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:[.,]([0-9]+))?)?"
    r"\s*(?:([Zz])|([+-])([0-9]{2}):?([0-9]{2}))?)?"
)


def read_value(literal: ast.Literal, attribute: Attribute, entity_type: EntityType) -> Any:
    """Return the stored form of *literal* for *attribute*; None for `none`.

    Raises ParseError naming attribute and value when it is no such value. Not for `variable`
    attributes, whose rows decide one by one.
    """
    if literal.is_none:
        return None
    value = _READERS.get(attribute.value, _read_text)(literal.text)
    if value is None:
        raise ParseError(
            f"Failed to parse: '{plain(literal.text)}' is no {attribute.value}, "
            f"as '{attribute.name}' of '{entity_type.name}' is."
        )
    return value


def read_number(text: str) -> int | float | None:
    """Return the number that *text* spells, or None."""
    text = text.strip()
    if _WHOLE.fullmatch(text):
        return int(text)
    # Whole numbers beyond 64 bits too: no driver takes them, and no attribute holds them.
    return float(text) if _NUMERAL.fullmatch(text) else None


def read_boolean(text: str) -> bool | None:
    """Return what `true` or `false`, in either case, stands for, or None."""
    return {"true": True, "false": False}.get(text.strip().lower())


def read_moment(text: str) -> datetime.datetime | None:
    """Return the naive UTC time that ISO *text* spells, or None.

    A bare date means midnight; without `Z` or offset the time is UTC. Fractions count, so a
    stored time, which has none, equals no text with one. Source: protocol reference 1.5, 3.3.
    """
    found = _MOMENT.fullmatch(text.strip())
    if found is None:
        return None
    year, month, day, hour, minute, second, fraction, _, sign, hours, minutes = found.groups()
    try:
        moment = datetime.datetime(
            int(year),
            int(month),
            int(day),
            int(hour or 0),
            int(minute or 0),
            int(second or 0),
            int((fraction or "0")[:6].ljust(6, "0")),
        )
        if sign is not None:
            offset = datetime.timedelta(hours=int(hours), minutes=int(minutes))
            moment = moment - offset if sign == "+" else moment + offset
    except (ValueError, OverflowError):
        return None
    return moment


def _read_text(text: str) -> str:
    return text


_READERS: Mapping[str, Callable[[str], Any]] = {
    "integer": read_number,
    "number": read_number,
    "boolean": read_boolean,
    "datetime": read_moment,
}
