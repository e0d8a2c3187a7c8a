"""`Action`, what authors subclass; and `Desk`, which answers menus and clicks for the actions of one host."""

from __future__ import annotations

from .base import Action, check_declaration, read_values, title_of
from .desk import Desk, Floor
from .gate import Gate, wrong_type
from .selection import SelectionTypes, types_fit

__all__ = [
    "Action",
    "Desk",
    "Floor",
    "Gate",
    "SelectionTypes",
    "check_declaration",
    "read_values",
    "title_of",
    "types_fit",
    "wrong_type",
]
