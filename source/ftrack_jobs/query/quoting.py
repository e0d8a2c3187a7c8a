"""Values and conditions as text of the query language, so that no value can become part of the language.

*Source*: protocol reference 3.3. There is no parameter binding, so the text is all there is.
"""

from __future__ import annotations

import datetime
import math
import re
import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from .. import errors
from ..errors import QueryError

#: A condition, piece by piece: quoted text, a parameter, a parenthesis, a word, or anything else.
_PIECE = re.compile(
    r"""(?P<quoted>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')"""
    r"""|(?P<parameter>\{[A-Za-z_][A-Za-z0-9_]*\})"""
    r"""|(?P<open>\()|(?P<close>\))|(?P<word>[A-Za-z_][\w.]*)|(?P<loose>["'])|.""",
    re.DOTALL,
)
_PARAMETER = re.compile(r"\{[A-Za-z_][A-Za-z0-9_]*\}")
#: Words that begin another clause when they stand outside of a sub-query.
_CLAUSES = {"order", "limit", "offset", "group"}


def quote(value: Any) -> str:
    """Return *value* as text of the query language.

    Text is put in double quotes, both quotes and backslashes in it escaped; lists become `("a", "b")`; days
    and times ISO text, times in UTC, without an offset and taken for UTC when they have none themselves.
    Raises `QueryError` for a value that has no such form.

    *Source*: protocol reference 3.3. That the server reads `\\\\` as one backslash is assumed; an empty list
    is written as a list of one empty text, since whether `()` is allowed is unknown.
    """
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (str, uuid.UUID)):
        return _quoted(str(value))
    if isinstance(value, (int, float)):
        if not math.isfinite(value):
            raise QueryError(errors.BAD_VALUE.format(value=value, reason="it is not finite"))
        return repr(value)
    if isinstance(value, datetime.datetime):
        if value.tzinfo is not None:
            value = value.astimezone(datetime.timezone.utc).replace(tzinfo=None)
        return _quoted(value.isoformat(timespec="seconds"))
    if isinstance(value, datetime.date):
        return _quoted(value.isoformat())
    if isinstance(value, (list, tuple, set, frozenset)):
        return _quoted_list(sorted(value, key=str) if isinstance(value, (set, frozenset)) else value)
    reason = f"a {type(value).__name__} is neither text, number, date nor a list of these"
    raise QueryError(errors.BAD_VALUE.format(value=value, reason=reason))


def fill(where: str, params: Mapping[str, Any]) -> str:
    """Return *where* with each `{name}` replaced by the quoted value of *params*.

    Raises `QueryError` when names and values do not match, when a name stands within quotes, and when *where*
    is not one condition: then it could undo what is joined to it, such as the limits of a `Reach`.
    """
    unused = set(params)
    pieces = []
    depth = 0
    for found in _PIECE.finditer(where):
        text = found.group()
        kind = found.lastgroup
        if kind == "parameter":
            name = text[1:-1]
            if name not in params:
                raise _bad(where, f"it has no value for {text}")
            unused.discard(name)
            text = quote(params[name])
        elif kind == "quoted" and any(match.group()[1:-1] in params for match in _PARAMETER.finditer(text)):
            raise _bad(where, f"{text} holds the name of a value; write it without quotes around it")
        elif kind == "loose":
            raise _bad(where, "a quote is not closed")
        elif kind == "word" and depth == 0 and text.lower() in _CLAUSES:
            following = where[found.end() :].split(maxsplit=1)
            if not following or following[0].lower() == "by" or following[0].isdigit():
                raise _bad(where, f"{text!r} is not part of a condition")
        depth += {"open": 1, "close": -1}.get(kind or "", 0)
        if depth < 0:
            break
        pieces.append(text)
    if depth:
        raise _bad(where, "its parentheses do not match")
    if unused:
        raise _bad(where, f"it has no place for {', '.join(sorted(unused))}")
    return "".join(pieces).strip()


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _quoted_list(values: Iterable[Any]) -> str:
    items = [quote(value) for value in values] or ['""']
    return f"({', '.join(items)})"


def _bad(where: str, reason: str) -> QueryError:
    return QueryError(errors.BAD_CLAUSE.format(where=where, reason=reason))
