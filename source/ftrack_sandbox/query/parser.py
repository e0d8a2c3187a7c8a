"""Query text to AST.

The grammar is built once and holds no state between calls; every function may be called from
any thread. Every failure is a `ParseError` that shows the place.
"""

import functools
from collections.abc import Iterator
from typing import Any, cast

import lark
from lark.lark import PostLex
from lark.lexer import Token

from ftrack_sandbox.errors import ParseError
from ftrack_sandbox.query import ast

#: How deep parentheses and `not` may nest, and how much one expression may hold. A real server's
#: limits are unknown; these keep an answer under two seconds and SQLite within its own limits.
MAX_DEPTH = 25
MAX_CHARACTERS = 500_000
MAX_TOKENS = 50_000
#: What a page's number may be: SQL's own largest integer.
MAX_COUNT = 2**63 - 1

_FUNCTIONS = frozenset({"count", "sum", "avg", "min", "max"})

#: What readers know the grammar's terminals by; those not listed are told by their own pattern.
_NAMES = {"TYPE": "an entity type", "PATH": "an attribute", "STRING": "a value", "WORD": "a value"}
_NAMES |= {"COUNT": "a number", "$END": "the end", "LPAR": "'('", "RPAR": "')'", "COMMA": "','"}


def parse(text: str) -> ast.Query:
    """Return what the query *text* says.

    Raises ParseError, and nothing else, for a text that is no query; time grows with the
    length of the text. Source: protocol reference 3, 3.10.
    """
    if len(text) > MAX_CHARACTERS:
        raise ParseError(f"Failed to parse: an expression may have {MAX_CHARACTERS} characters at most.")
    _check_characters(text)
    try:
        return cast(ast.Query, _grammar().parse(text))
    except lark.UnexpectedInput as error:
        raise ParseError(_explain(error, text)) from error


def _check_characters(text: str) -> None:
    """Refuse what no database can hold, before a driver stumbles over it."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise ParseError(f"Failed to parse: half a character at {error.start}.") from error
    if "\0" in text:
        raise ParseError(f"Failed to parse: a NUL character at {text.index(chr(0))}.")


@functools.cache
def _grammar() -> lark.Lark:
    return lark.Lark.open(
        "grammar.lark",
        rel_to=__file__,
        parser="lalr",
        lexer="contextual",
        postlex=_Limits(),
        transformer=_Builder(),
        maybe_placeholders=True,
    )


def _explain(error: lark.UnexpectedInput, text: str) -> str:
    """Say what stands where, and what could have stood there."""
    allowed: set[str] = set()
    position = error.pos_in_stream
    if isinstance(error, lark.UnexpectedToken):
        allowed = set(error.accepts or error.expected or ())
        if error.token.type == "$END":
            position = len(text)
    elif isinstance(error, lark.UnexpectedCharacters):
        allowed = set(error.allowed or ())
    position = len(text) if position is None else position
    excerpt = text[position : position + 30].split("\n")[0].strip()
    found = f"'{plain(excerpt)}' at character {position + 1}" if excerpt else "the end of the expression"
    wanted = sorted({_NAMES.get(name) or f"'{_spelled(name)}'" for name in allowed})
    hint = f"; expected {', '.join(wanted)}" if 0 < len(wanted) <= 8 else ""
    return f"Failed to parse: unexpected {found}{hint}."


def _spelled(terminal: str) -> str:
    name = terminal.strip("_").lower()
    return name.replace("_", " ") if name.endswith("_by") else name


def plain(text: str) -> str:
    """Return *text* fit for an error's content: clipped and without braces.

    Source: protocol reference 1.4, the trap of `str.format`.
    """
    clipped = text if len(text) <= 100 else text[:97] + "..."
    return clipped.replace("{", "(").replace("}", ")")


class _Limits(PostLex):  # type: ignore[misc, unused-ignore]
    """Counts tokens and nesting while they pass, before anything is built of them."""

    def process(self, stream: Iterator[Token]) -> Iterator[Token]:
        depth, outer, pending = 0, [], 0
        for number, token in enumerate(stream):
            if number >= MAX_TOKENS:
                raise ParseError(f"Failed to parse: more than {MAX_TOKENS} words.")
            if token.type == "_NOT":
                pending += 1
            elif token.type == "LPAR":
                outer.append(depth)
                depth, pending = depth + pending + 1, 0
            else:
                pending = 0
                if token.type == "RPAR" and outer:
                    depth = outer.pop()
            if depth + pending > MAX_DEPTH:
                raise ParseError(
                    f"Failed to parse: nested more than {MAX_DEPTH} deep at character {token.start_pos}."
                )
            yield token


class _Builder(lark.Transformer[Token, Any]):
    """Makes the AST while the text is parsed, bottom up, so that depth costs no recursion."""

    def start(self, children: list[Any]) -> Any:
        return children[0]

    def query(self, children: list[Any]) -> ast.Query:
        projections, entity_type, where, group_by, order_by, *pages = children
        given: dict[str, int] = {}
        for name, count in pages:
            if name in given:
                raise ParseError(f"Failed to parse: {name} given twice.")
            given[name] = count
        return ast.Query(
            str(entity_type),
            projections,
            where,
            group_by or (),
            order_by or (),
            given.get("offset"),
            given.get("limit"),
        )

    subquery = query

    def projections(self, children: list[Any]) -> tuple[ast.Path | ast.Aggregate, ...]:
        return tuple(children)

    def path(self, children: list[Token]) -> ast.Path:
        return _path(children[0])

    def aggregate(self, children: list[Token]) -> ast.Aggregate:
        function = children[0].lower()
        if function not in _FUNCTIONS:
            raise ParseError(
                f"Failed to parse: no function '{plain(children[0])}' exists; "
                f"there are {', '.join(sorted(_FUNCTIONS))}."
            )
        return ast.Aggregate(function, _path(children[1]))

    def paths(self, children: list[Token]) -> tuple[ast.Path, ...]:
        return tuple(map(_path, children))

    def orders(self, children: list[ast.Order]) -> tuple[ast.Order, ...]:
        return tuple(children)

    def order(self, children: list[Token | None]) -> ast.Order:
        path, direction = children
        return ast.Order(_path(path), direction is not None and direction.type == "DESCENDING")

    def offset(self, children: list[Token]) -> tuple[str, int]:
        return "offset", _count(children[0])

    def limit(self, children: list[Token]) -> tuple[str, int]:
        return "limit", _count(children[0])

    def disjunction(self, children: list[Any]) -> ast.Or:
        return ast.Or(tuple(children))

    def conjunction(self, children: list[Any]) -> ast.And:
        return ast.And(tuple(children))

    def negated(self, children: list[Any]) -> ast.Not:
        return ast.Not(children[0])

    def any_of(self, children: list[Any]) -> ast.Related:
        return ast.Related(_path(children[0]), True, children[1])

    def has(self, children: list[Any]) -> ast.Related:
        return ast.Related(_path(children[0]), False, children[1])

    def comparison(self, children: list[Any]) -> ast.Comparison:
        path, operator, value = children
        return ast.Comparison(_path(path), operator, value)

    def operator(self, children: list[Token]) -> ast.Operator:
        # By the terminal's name: its text may hold letters that only look like the keyword's.
        return ast.Operator[children[0].type]

    def membership(self, children: list[Any]) -> ast.Membership:
        path, operator, values = children
        return ast.Membership(_path(path), values, operator.type == "NOT_IN")

    def literals(self, children: list[ast.Literal]) -> tuple[ast.Literal, ...]:
        return tuple(children)

    def literal(self, children: list[Token]) -> ast.Literal:
        token = children[0]
        if token.type == "WORD":
            return ast.Literal(str(token), False)
        return ast.Literal(_unescape(token[1:-1]))


def _path(token: Token | None) -> ast.Path:
    return tuple(str(token).split("."))


def _count(token: Token) -> int:
    digits = token.lstrip("0") or "0"
    if len(digits) > 19 or int(digits) > MAX_COUNT:
        raise ParseError(f"Failed to parse: {plain(token)} is more than {MAX_COUNT}.")
    return int(digits)


def _unescape(text: str) -> str:
    r"""Undo `\"`, `\'` and `\\`; any other backslash stays, as in `like "50\%"`.

    The JavaScript client escapes quotes but not backslashes, so a path such as `C:\shots`
    arrives with single ones and must keep them. Source: protocol reference 3.3; what a real
    server makes of `\\` is unknown (assumed: one backslash).
    """
    if "\\" not in text:
        return text
    pieces: list[str] = []
    position = 0
    while position < len(text):
        if text[position] == "\\" and text[position + 1 : position + 2] in ("\\", '"', "'"):
            position += 1
        pieces.append(text[position])
        position += 1
    return "".join(pieces)
