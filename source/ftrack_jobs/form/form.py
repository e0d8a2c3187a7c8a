"""`Form`: declared fields -> form items; submitted values -> checked values."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from typing import Any, ClassVar, TypeVar

from .. import errors
from ..errors import DeclarationError, FormError
from .field import Field, FormContext, Json, Wrong

F = TypeVar("F", bound="Form")


class _Body(dict[str, Any]):
    """The namespace of a form's class body while it runs: notices a field that replaces another."""

    def __setitem__(self, name: str, value: Any) -> None:
        if isinstance(self.get(name), Field):
            raise DeclarationError(
                f"The form {self.get('__qualname__', '')} declares the field {name!r} twice."
            )
        super().__setitem__(name, value)


class _FormType(type):
    """Metaclass of `Form`; there only because no other place sees a name that is declared twice."""

    @classmethod
    def __prepare__(cls, name: str, bases: tuple[type, ...], /, **options: Any) -> _Body:
        return _Body()

    def __new__(cls, name: str, bases: tuple[type, ...], body: dict[str, Any], **options: Any) -> _FormType:
        return super().__new__(cls, name, bases, dict(body), **options)


class Form(metaclass=_FormType):
    """The base of an action's form: its class attributes are the fields, in order.

        class ReportForm(Form):
            title = Text("Title", required=True)
            since = Date("Changed since")

    An instance holds the checked values of one launch, each under its field's name, and cannot be changed.
    """

    _fields: ClassVar[dict[str, Field[Any]]] = {}

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        fields: dict[str, Field[Any]] = {}
        for base in reversed(cls.__mro__):
            for name, value in vars(base).items():
                if isinstance(value, Field):
                    if hasattr(Form, name) or name.startswith("_"):
                        raise DeclarationError(f"The form {cls.__name__} cannot have a field named {name!r}.")
                    fields[name] = value
        cls._fields = fields

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = dict(values)

    def __repr__(self) -> str:
        # Names only: what people type into forms belongs into no log.
        return f"<{type(self).__name__} {', '.join(self._fields)}>"

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and other._values == self._values

    __hash__ = None  # type: ignore[assignment]

    @classmethod
    def labels(cls) -> dict[str, str]:
        """Return what users call each field that has a value: name -> label, in order."""
        return {name: field.label or name for name, field in cls._fields.items() if field.has_value}

    @classmethod
    def widgets(
        cls,
        values: Mapping[str, Json] | Form | None = None,
        reasons: FormError | None = None,
        context: FormContext | None = None,
    ) -> list[dict[str, Json]]:
        """Return the form items: those of protocol reference 6.5, in the order of the fields.

        *values* are shown in them as they were submitted, right or wrong; *reasons* stand on top.
        """
        context = context or FormContext()
        given = values.as_json() if isinstance(values, Form) else dict(values or {})
        items = [] if reasons is None else [{"type": "label", "value": _reasons_text(reasons)}]
        for name, field in cls._fields.items():
            items.append(field.item(field.as_json(given.get(name)), context))
            if field.help:
                items.append({"type": "label", "value": field.help})
        return items

    @classmethod
    def read(cls: type[F], raw: Mapping[str, Json], context: FormContext | None = None) -> F:
        """Return the checked values of *raw*, as it was submitted; names that no field has are ignored.

        A field left empty (`""`, null, or missing) takes its default. Raises `FormError` naming each wrong
        field.
        """
        known = context or FormContext()
        values: dict[str, Any] = {}
        reasons: dict[str, str] = {}
        for name, field in cls._fields.items():
            try:
                values[name] = _read_field(field, raw.get(name), known)
            except Wrong as wrong:
                reasons[name] = str(wrong)
        if reasons:
            raise FormError(reasons, cls.labels())
        form = cls(values)
        try:
            form.check(context)
        except FormError as error:
            raise FormError(error.reasons, {**cls.labels(), **error.labels}) from error
        return form

    @classmethod
    def from_defaults(cls: type[F], context: FormContext | None = None) -> F:
        """Return the form as if nothing had been filled in, for launchers that show none.

        Raises `FormError` naming the fields that must be answered. *Source*: protocol reference 6.9.
        """
        missing = {
            name: errors.FIELD_NO_DEFAULT
            for name, field in cls._fields.items()
            if field.has_value and field.required and field.default is None
        }
        if missing:
            raise FormError(missing, cls.labels())
        return cls.read({}, context)

    def as_json(self) -> dict[str, Json]:
        """Return the values as JSON that `read` takes back: days as ISO text, several choices as a list."""
        return {
            name: field.as_json(self._values[name]) for name, field in self._fields.items() if field.has_value
        }

    def check(self, context: FormContext | None) -> None:
        """Override to check fields against each other, or against the site.

        Raise `FormError` with the names of the fields and a reason each. *context* is None where no session
        is at hand.
        """


def _read_field(field: Field[Any], raw: Json, context: FormContext) -> Any:
    if not field.has_value:
        return field.empty()
    if not field.is_empty(raw):
        return field.parse(raw, context)
    if field.default is not None:
        return field.default
    if field.required:
        raise Wrong(errors.FIELD_EMPTY)
    return field.empty()


def _reasons_text(reasons: FormError) -> str:
    lines = [f"- {_escape(' '.join(line.split()))}" for line in reasons.lines()]
    return "\n".join([f"**{errors.CORRECT_FORM}**", "", *lines])


def _escape(text: str) -> str:
    """Return *text* so that a label shows it as it is.

    *Source*: protocol reference 6.5: labels take Markdown and HTML. Brackets, and underscores within words,
    mean nothing in Markdown, and columns are full of them, so they stay.
    """
    text = re.sub(r"([\\`*~|])", r"\\\1", html.escape(text, quote=False))
    text = re.sub(r"(?<!\w)_|_(?!\w)", r"\\_", text)
    return text.replace("](", "]\\(")
