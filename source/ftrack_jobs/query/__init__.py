"""Reading in bulk: `Query`, the values quoted into it, and `Reach`, the projects it may touch."""

from .query import Query, ask_rows
from .quoting import quote
from .reach import EVERYTHING, Reach, criterion
from .reply import Row
from .types import Attribute, Part, Types, nearest, parse_path

__all__ = [
    "EVERYTHING",
    "Attribute",
    "Part",
    "Query",
    "Reach",
    "Row",
    "Types",
    "ask_rows",
    "criterion",
    "nearest",
    "parse_path",
    "quote",
]
