"""Fields that hold text: `Text`, `TextArea`, `Hidden`, and `Label`, which holds only its own."""

from __future__ import annotations

from typing import ClassVar

from .. import errors
from ..errors import DeclarationError
from .field import Field, FormContext, Json, Wrong, shown, single


class Text(Field[str]):
    """A line of text; `""` when left empty. Blanks around it are cut off, line breaks within become blanks.

    *empty_text* is shown in grey while it is empty.
    """

    item_type = "text"
    _keeps_lines: ClassVar[bool] = False

    def __init__(
        self,
        label: str,
        *,
        default: str | None = None,
        required: bool = False,
        help: str = "",
        empty_text: str = "",
        max_length: int | None = None,
    ) -> None:
        super().__init__(label, default=_text_default(label, default), required=required, help=help)
        self.empty_text = empty_text
        self.max_length = max_length

    def empty(self) -> str:
        """Return an empty text."""
        return ""

    def parse(self, raw: Json, context: FormContext) -> str:
        """Return the text; a number is taken as it is written."""
        raw = single(raw)
        if not isinstance(raw, (str, int, float)) or isinstance(raw, bool):
            raise Wrong(errors.FIELD_NOT_TEXT.format(value=shown(raw)))
        text = str(raw).strip()
        text = (
            text.replace("\r\n", "\n").replace("\r", "\n")
            if self._keeps_lines
            else " ".join(text.splitlines())
        )
        if self.max_length is not None and len(text) > self.max_length:
            raise Wrong(errors.FIELD_TOO_LONG.format(most=self.max_length, length=len(text)))
        return text

    def item(self, raw: Json, context: FormContext) -> dict[str, Json]:
        """Return the form item."""
        item = super().item(raw, context)
        if self.empty_text:
            item["empty_text"] = self.empty_text
        return item


class TextArea(Text):
    """A text of several lines, their ends written as line feeds; `""` when left empty."""

    item_type = "textarea"
    _keeps_lines = True


class Hidden(Field[str]):
    """A text that travels with the form unseen; it comes back exactly as it was given."""

    item_type = "hidden"

    def __init__(self, default: str | None = None, *, required: bool = False, label: str = "") -> None:
        super().__init__(label, default=_text_default(label, default), required=required)

    def empty(self) -> str:
        """Return an empty text."""
        return ""

    def is_empty(self, raw: Json) -> bool:
        """Tell whether nothing came back; blanks are something here."""
        return raw is None or raw == ""

    def parse(self, raw: Json, context: FormContext) -> str:
        """Return the text untouched."""
        raw = single(raw)
        if not isinstance(raw, str):
            raise Wrong(errors.FIELD_NOT_TEXT.format(value=shown(raw)))
        return raw

    def item(self, raw: Json, context: FormContext) -> dict[str, Json]:
        """Return the form item."""
        item = super().item(raw, context)
        del item["label"]
        return item


class Label(Field[str]):
    """A text between the fields: Markdown or HTML; `---` draws a line. Nothing is submitted for it."""

    item_type = "label"
    has_value = False

    def __init__(self, text: str) -> None:
        super().__init__(text)

    def empty(self) -> str:
        """Return the text itself, so that it can be read from an instance too."""
        return self.label

    def item(self, raw: Json, context: FormContext) -> dict[str, Json]:
        """Return the form item."""
        return {"type": self.item_type, "value": self.label}


def _text_default(label: str, default: str | None) -> str | None:
    if default is not None and not isinstance(default, str):
        raise DeclarationError(f"The default of the field {label!r} is {default!r}, which is not a text.")
    return default or None
