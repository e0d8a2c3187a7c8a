"""Fields that hold one plain value: `Number`, `Date`, `Boolean`."""

from __future__ import annotations

import datetime
import math
import re
from typing import Any, Literal, overload

from .. import errors
from ..errors import DeclarationError
from .field import Field, FormContext, Json, T, Wrong, check_default, shown, single

_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_DATE = re.compile(r"(\d{4}-\d{2}-\d{2})([T ]\d{2}:\d{2}.*)?", re.ASCII)
_TRUE = frozenset({"true", "yes", "on", "1"})
_FALSE = frozenset({"false", "no", "off", "0"})


class Number(Field[T]):
    """A number, `int` or `float` as it was written; None when left empty, not required and without default.

    *minimum* and *maximum* are the bounds, themselves allowed. *whole* takes whole numbers only.
    """

    item_type = "number"

    @overload
    def __init__(
        self: Number[int | float | None],
        label: str,
        *,
        default: None = None,
        required: Literal[False] = False,
        help: str = "",
        minimum: float | None = None,
        maximum: float | None = None,
        whole: bool = False,
    ) -> None: ...

    @overload
    def __init__(
        self: Number[int | float],
        label: str,
        *,
        default: float | None = None,
        required: Literal[True],
        help: str = "",
        minimum: float | None = None,
        maximum: float | None = None,
        whole: bool = False,
    ) -> None: ...

    @overload
    def __init__(
        self: Number[int | float],
        label: str,
        *,
        default: float,
        required: bool = False,
        help: str = "",
        minimum: float | None = None,
        maximum: float | None = None,
        whole: bool = False,
    ) -> None: ...

    def __init__(
        self,
        label: str,
        *,
        default: float | None = None,
        required: bool = False,
        help: str = "",
        minimum: float | None = None,
        maximum: float | None = None,
        whole: bool = False,
    ) -> None:
        super().__init__(label, default=default, required=required, help=help)
        self.minimum = minimum
        self.maximum = maximum
        self.whole = whole
        if default is not None:
            check_default(self, default)

    def parse(self, raw: Json, context: FormContext) -> int | float:
        """Return the number; text is taken, for a browser may send it. *Source*: protocol reference 6.5."""
        number = _number(single(raw))
        if self.whole and isinstance(number, float):
            if not number.is_integer():
                raise Wrong(errors.FIELD_NOT_WHOLE.format(value=shown(raw)))
            number = int(number)
        if self.minimum is not None and number < self.minimum:
            raise Wrong(errors.FIELD_TOO_SMALL.format(least=self.minimum, value=shown(raw)))
        if self.maximum is not None and number > self.maximum:
            raise Wrong(errors.FIELD_TOO_LARGE.format(most=self.maximum, value=shown(raw)))
        return number


class Date(Field[T]):
    """A day, as `datetime.date`; None when left empty, not required and without default."""

    item_type = "date"

    @overload
    def __init__(
        self: Date[datetime.date | None],
        label: str,
        *,
        default: None = None,
        required: Literal[False] = False,
        help: str = "",
    ) -> None: ...

    @overload
    def __init__(
        self: Date[datetime.date],
        label: str,
        *,
        default: datetime.date | None = None,
        required: Literal[True],
        help: str = "",
    ) -> None: ...

    @overload
    def __init__(
        self: Date[datetime.date],
        label: str,
        *,
        default: datetime.date,
        required: bool = False,
        help: str = "",
    ) -> None: ...

    def __init__(
        self, label: str, *, default: datetime.date | None = None, required: bool = False, help: str = ""
    ) -> None:
        super().__init__(label, default=default, required=required, help=help)
        if default is not None:
            check_default(self, default)

    def parse(self, raw: Json, context: FormContext) -> datetime.date:
        """Return the day of ISO text as it is written there, whatever time and offset follow."""
        raw = single(raw)
        if isinstance(raw, datetime.datetime):
            return raw.date()
        if isinstance(raw, datetime.date):
            return raw
        found = _DATE.fullmatch(raw.strip()) if isinstance(raw, str) else None
        try:
            if found is not None:
                return datetime.date.fromisoformat(found.group(1))
        except ValueError:
            pass  # The right shape of a day that does not exist.
        raise Wrong(errors.FIELD_NOT_DATE.format(value=shown(raw)))

    def as_json(self, value: Any) -> Json:
        """Return the day as ISO text."""
        return value.isoformat() if isinstance(value, datetime.date) else value


class Boolean(Field[bool]):
    """A check box; its default, normally False, when nothing was submitted."""

    item_type = "boolean"

    def __init__(self, label: str, *, default: bool = False, help: str = "") -> None:
        super().__init__(label, default=default, help=help)
        if not isinstance(default, bool):
            raise DeclarationError(
                f"The default of the field {label!r} is {default!r}, which is neither True nor False."
            )

    def parse(self, raw: Json, context: FormContext) -> bool:
        """Return True or False; the words and figures for them are taken as well."""
        raw = single(raw)
        if isinstance(raw, bool):
            return raw
        word = str(raw).strip().lower()
        if isinstance(raw, (str, int, float)) and word in _TRUE | _FALSE:
            return word in _TRUE
        raise Wrong(errors.FIELD_NOT_BOOLEAN.format(value=shown(raw)))


def _number(raw: Json) -> int | float:
    if isinstance(raw, (int, float)) and not isinstance(raw, bool):
        if math.isfinite(raw):
            return raw
    elif isinstance(raw, str) and len(raw) <= 100 and _NUMBER.fullmatch(raw.strip()):
        text = raw.strip()
        number = int(text) if text.lstrip("+-").isdigit() else float(text)
        if math.isfinite(number):
            return number
    raise Wrong(errors.FIELD_NOT_NUMBER.format(value=shown(raw)))
