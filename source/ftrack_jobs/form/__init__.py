"""Declared fields -> form items; submitted values -> checked, typed values.

The only room that spells the items of forms. *Source*: protocol reference 6.5.

    class ExportForm(Form):
        kind = Choice("File type", {"xlsx": "Excel", "csv": "CSV"}, default="csv")
        with_done = Boolean("Include finished shots")

    values = ExportForm.read({"kind": "csv"})
    values.kind        # "csv", a str for the type checker as well
"""

from .choice import Choice, Choices, MultiChoice, typed_contexts
from .field import Field, FormContext, Json
from .form import Form
from .number import Boolean, Date, Number
from .text import Hidden, Label, Text, TextArea

__all__ = [
    "Boolean",
    "Choice",
    "Choices",
    "Date",
    "Field",
    "Form",
    "FormContext",
    "Hidden",
    "Json",
    "Label",
    "MultiChoice",
    "Number",
    "Text",
    "TextArea",
    "typed_contexts",
]
