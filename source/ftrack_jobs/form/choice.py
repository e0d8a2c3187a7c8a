"""Fields that offer values: `Choice` and `MultiChoice`, and choices that come from the site."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from .. import errors
from ..errors import DeclarationError
from .field import Field, FormContext, Json, T, Wrong, shown, single

#: Submitted value -> label; or just the values; or a function that returns either when the form is shown.
Choices: TypeAlias = (
    "Mapping[str, str] | Sequence[str] | Callable[[FormContext], Mapping[str, str] | Sequence[str]]"
)


def typed_contexts(context: FormContext) -> dict[str, str]:
    """Return the site's types of tasks, shots, folders and so on: schema name -> label, by alphabet.

    Made as the choices of a field: `Choice("Export", typed_contexts, default="Task")`.

    *Source*: protocol reference 4.4: one type for each object type, whose id is its classifier.
    """
    found = {}
    for schema in context.schemas:
        alias = schema.get("alias_for")
        if isinstance(alias, Mapping) and "object_typeid" in alias.get("classifiers", {}):
            found[schema["id"]] = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", schema["id"])
    return dict(sorted(found.items()))


class Offer(Field[T]):
    """What fields with choices have in common."""

    item_type = "enumerator"

    def __init__(self, label: str, choices: Choices, *, default: Any, required: bool, help: str) -> None:
        super().__init__(label, default=default, required=required, help=help)
        self._choices = choices
        if not callable(choices) and not choices:
            raise DeclarationError(f"The field {label!r} offers nothing.")

    def offered(self, context: FormContext) -> dict[str, str]:
        """Return the choices as submitted value -> label, in order."""
        choices = self._choices(context) if callable(self._choices) else self._choices
        return dict(choices) if isinstance(choices, Mapping) else {choice: choice for choice in choices}

    def pick(self, raw: Json, offered: Mapping[str, str]) -> str:
        """Return the one offered value that *raw* names. Raises `Wrong`.

        Where nothing is known of the site, any text is taken: it was checked when it was submitted.
        """
        if callable(self._choices) and not offered and isinstance(raw, str):
            return raw.strip()
        if isinstance(raw, (str, int, float)) and not isinstance(raw, bool):
            for name in (str(raw), str(raw).strip()):
                if name in offered:
                    return name
        raise Wrong(
            errors.FIELD_NOT_OFFERED.format(offered=", ".join(offered) or "nothing", value=shown(raw))
        )

    def check_defaults(self, defaults: Iterable[Any]) -> None:
        """Refuse a default that is not offered, where that can be told already."""
        for default in defaults:
            if not callable(self._choices) and default not in self.offered(FormContext()):
                raise DeclarationError(
                    f"The default of the field {self.label!r} is {default!r}, which is not offered."
                )

    def item(self, raw: Json, context: FormContext) -> dict[str, Json]:
        """Return the form item with its choices."""
        item = super().item(raw, context)
        item["data"] = [{"label": label, "value": name} for name, label in self.offered(context).items()]
        return item


class Choice(Offer[str]):
    """One of several values; `""` when left empty and neither required nor with a default."""

    def __init__(
        self,
        label: str,
        choices: Choices,
        *,
        default: str | None = None,
        required: bool = False,
        help: str = "",
    ) -> None:
        super().__init__(label, choices, default=default, required=required, help=help)
        self.check_defaults([] if default is None else [default])

    def empty(self) -> str:
        """Return an empty text."""
        return ""

    def is_empty(self, raw: Json) -> bool:
        """Tell whether nothing was chosen; an offered `""` is a choice nevertheless, and the same value."""
        return super().is_empty(raw[0] if isinstance(raw, (list, tuple)) and len(raw) == 1 else raw)

    def parse(self, raw: Json, context: FormContext) -> str:
        """Return the chosen value; the web page may send it as a list of one."""
        return self.pick(single(raw), self.offered(context))

    def item(self, raw: Json, context: FormContext) -> dict[str, Json]:
        """Return the form item."""
        item = super().item(raw, context)
        if isinstance(item["value"], (list, tuple)):
            item["value"] = item["value"][0] if item["value"] else ""
        return item


class MultiChoice(Offer[tuple[str, ...]]):
    """Any number of several values, each once, in the order given; `()` when left empty."""

    def __init__(
        self,
        label: str,
        choices: Choices,
        *,
        default: Sequence[str] = (),
        required: bool = False,
        help: str = "",
    ) -> None:
        if isinstance(default, str):
            raise DeclarationError(
                f"The default of the field {label!r} must be a list of values, not one text."
            )
        super().__init__(label, choices, default=tuple(default) or None, required=required, help=help)
        self.check_defaults(default)

    def empty(self) -> tuple[str, ...]:
        """Return no choice."""
        return ()

    def parse(self, raw: Json, context: FormContext) -> tuple[str, ...]:
        """Return the chosen values; one text is a value, or several with commas between them."""
        offered = self.offered(context)
        each = raw if isinstance(raw, (list, tuple)) else [raw]
        if isinstance(raw, str) and raw.strip() not in offered:
            each = [part for part in raw.split(",") if part.strip()]
        return tuple(dict.fromkeys(self.pick(part, offered) for part in each))

    def as_json(self, value: Any) -> Json:
        """Return the chosen values as a list."""
        return list(value) if isinstance(value, (list, tuple)) else value

    def item(self, raw: Json, context: FormContext) -> dict[str, Json]:
        """Return the form item."""
        item = super().item(raw, context)
        if item["value"] == "":
            item["value"] = []
        elif not isinstance(item["value"], list):
            item["value"] = [item["value"]]
        item["multi_select"] = True
        return item
