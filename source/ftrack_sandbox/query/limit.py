"""How much nesting SQLite can take, and how long lists of conditions are kept within it.

SQLite refuses expressions more than 1,000 deep, and counts each link of `a OR b OR c` as one;
its parser holds 100 symbols. What would break either is told as a ParseError beforehand.
"""

from collections.abc import Callable, Sequence

from sqlalchemy import ColumnElement

from ftrack_sandbox.errors import ParseError
from ftrack_sandbox.query import ast
from ftrack_sandbox.query.dialect import enclosed

#: The longest dotted path, in names.
MAX_PATH = 30
#: Conditions that are written side by side; more become a tree of such groups.
_FAN = 30
_MAX_HEIGHT = 900
#: Leaves 30 symbols for the statement around and for the innermost condition.
_MAX_SYMBOLS = 70


def check_nesting(criterion: ast.Criterion | None) -> None:
    """Raise ParseError when *criterion* has too many conditions inside one another."""
    height, symbols = _measure(criterion)
    if height > _MAX_HEIGHT or symbols > _MAX_SYMBOLS:
        raise ParseError("Failed to parse: too many conditions inside one another.")


def check_path(path: ast.Path) -> None:
    """Raise ParseError when *path* has too many names."""
    if len(path) > MAX_PATH:
        raise ParseError(f"Failed to parse: '{'.'.join(path[:3])}…' has more than {MAX_PATH} names.")


def together(
    connect: Callable[..., ColumnElement[bool]], conditions: Sequence[ColumnElement[bool]]
) -> ColumnElement[bool]:
    """Connect conditions by `and_` or `or_`; many of them as a tree."""
    while len(conditions) > _FAN:
        groups = [conditions[start : start + _FAN] for start in range(0, len(conditions), _FAN)]
        conditions = [enclosed(connect(*group)) for group in groups]
    return connect(*conditions)


def _measure(criterion: ast.Criterion | None) -> tuple[int, int]:
    """Return the depth of the SQL expression, and the symbols its parser holds at the deepest place.

    What stands in a table expression of its own (elements of a collection, sub-queries) takes
    part in neither; it is checked by itself.
    """
    match criterion:
        case ast.And(criteria) | ast.Or(criteria):
            measures = [_measure(each) for each in criteria]
            height, symbols = max(first for first, _ in measures), max(second for _, second in measures)
            count = len(criteria)
            while count > _FAN:
                height, symbols, count = height + _FAN, symbols + 3, -(-count // _FAN)
            # AND binds tighter: inside an OR it has no parentheses.
            return height + count, symbols + (2 if isinstance(criterion, ast.And) else 3)
        case ast.Not(inner):
            height, symbols = _measure(inner)
            return height + 1, symbols + 1
        case ast.Related(_, False, inner):
            height, symbols = _measure(inner)
            return height + 2, symbols + 2
        case ast.Related(_, True, inner):
            check_nesting(inner)
        case ast.Membership(_, ast.Query() as query):
            check_nesting(query.where)
    return 8, 0
