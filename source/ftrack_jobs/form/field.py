"""`Field`: what every kind of field of a form has in common."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, NoReturn, TypeAlias, TypeVar, overload

from .. import errors
from ..errors import DeclarationError

#: What JSON can hold.
Json: TypeAlias = Any

T = TypeVar("T")
Self = TypeVar("Self", bound="Field[Any]")


@dataclass(frozen=True)
class FormContext:
    """What a field may look at when its choices depend on the site.

    *schemas* are those of the session (protocol reference 4.1); empty where none are known.
    """

    schemas: Sequence[Mapping[str, Any]] = ()


class Wrong(Exception):
    """Raised by a field's `parse`; the message goes on after the field's label."""


class Field(Generic[T]):
    """One field of a `Form`: the base of all of them.

    *label* is what users read. *required* fields must not be left empty; *default* is used where one was.
    *help* is a sentence shown below the field, Markdown.
    """

    #: The item's `type`. *Source*: protocol reference 6.5.
    item_type: ClassVar[str]
    #: Whether a value is submitted at all.
    has_value: ClassVar[bool] = True

    def __init__(self, label: str, *, default: Any = None, required: bool = False, help: str = "") -> None:
        self.label = label
        self.default = default
        self.required = required
        self.help = help
        self.name = ""

    def __set_name__(self, owner: type, name: str) -> None:
        if self.name and self.name != name:
            raise DeclarationError(
                f"One field stands under two names in {owner.__name__}: {self.name} and {name}."
            )
        self.name = name

    @overload
    def __get__(self: Self, instance: None, owner: type) -> Self: ...

    @overload
    def __get__(self, instance: object, owner: type) -> T: ...

    def __get__(self, instance: Any, owner: type) -> Any:
        return self if instance is None else instance._values[self.name]

    def __set__(self, instance: object, value: Any) -> NoReturn:
        raise AttributeError(f"{self.name} is what was submitted, and cannot be changed.")

    def empty(self) -> Any:
        """Return the value of an optional field without default that was left empty."""
        return None

    def is_empty(self, raw: Json) -> bool:
        """Tell whether *raw* means "left empty". *Source*: protocol reference 6.5: `""`, null, or missing."""
        if isinstance(raw, str):
            return not raw.strip()
        return raw is None or (isinstance(raw, (list, tuple)) and not raw)

    def parse(self, raw: Json, context: FormContext) -> Any:
        """Return the checked value of *raw*, which is not empty. Raises `Wrong`."""
        raise NotImplementedError

    def as_json(self, value: Any) -> Json:
        """Return *value* as JSON that `parse` takes back."""
        return value

    def item(self, raw: Json, context: FormContext) -> dict[str, Json]:
        """Return the form item, showing *raw*, or the default where *raw* is None."""
        shown = self.as_json(self.default) if raw is None else raw
        return {
            "type": self.item_type,
            "name": self.name,
            "label": self.label,
            "value": "" if shown is None else shown,
        }


def single(raw: Json) -> Json:
    """Return what a list of one holds: enumerators, and items of one name, may come that way."""
    if not isinstance(raw, (list, tuple)):
        return raw
    if len(raw) != 1:
        raise Wrong(errors.FIELD_ONE_ONLY.format(count=len(raw)))
    return raw[0]


def shown(raw: Json) -> str:
    """Return *raw* as it is quoted to its user, cut to a length that fits into a form."""
    text = raw if isinstance(raw, str) else json.dumps(raw, ensure_ascii=False, default=str)
    return f'"{text[:60]}…"' if len(text) > 60 else f'"{text}"'


def check_default(field: Field[Any], default: Any) -> None:
    """Refuse a default that the field itself would not take. Raises `DeclarationError`."""
    if not isinstance(default, str):
        try:
            field.parse(default, FormContext())
            return
        except Wrong as wrong:
            raise DeclarationError(
                f"The default of the field {field.label!r} does not do: it {wrong}"
            ) from wrong
    raise DeclarationError(f"The default of the field {field.label!r} is a text: {default!r}.")
