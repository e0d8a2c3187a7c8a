"""Subscriptions and targets: parsed once, then matched against events and subscribers.

Source: protocol reference 5.5. Where the client raises while it matches (an empty value, a
wildcard on null, `<` on a number) the condition is false here: no expression that parses may
ever hurt the server.
"""

import dataclasses
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from ftrack_sandbox.errors import ParseError

#: Parentheses and `not`s inside each other; deeper ones are refused.
_DEPTH = 100

_SPACE = re.compile(r"\s*")
_WORD = re.compile(r"[A-Za-z0-9_.]+")
_OPERATOR = re.compile(r"!=|>=|<=|=|>|<")
# Inside quotes a backslash shields the next character and a doubled quote stands for itself;
# like the client, neither is taken out of the value.
_VALUE = re.compile(
    r"""(?P<bare>[A-Za-z0-9\-_,./*@+]+)
    | "(?P<double>(?:[^"\n\r\\]|""|\\.)*)"
    | '(?P<single>(?:[^'\n\r\\]|''|\\.)*)'""",
    re.VERBOSE,
)

_ORDER: Mapping[str, Callable[[str, str], bool]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}


class Expression(Protocol):
    """Something that a nested mapping may satisfy."""

    def match(self, candidate: Mapping[str, Any]) -> bool:
        """Whether *candidate* satisfies the expression. Never raises; callable from any thread."""


@dataclasses.dataclass(frozen=True)
class Every:
    """True when all parts are; with no parts, always."""

    parts: Sequence[Expression] = ()

    def match(self, candidate: Mapping[str, Any]) -> bool:
        """Whether *candidate* satisfies all parts."""
        return all(part.match(candidate) for part in self.parts)


@dataclasses.dataclass(frozen=True)
class Either:
    """True when one part is."""

    parts: Sequence[Expression]

    def match(self, candidate: Mapping[str, Any]) -> bool:
        """Whether *candidate* satisfies one part."""
        return any(part.match(candidate) for part in self.parts)


@dataclasses.dataclass(frozen=True)
class Negated:
    """True when its part is not."""

    part: Expression

    def match(self, candidate: Mapping[str, Any]) -> bool:
        """Whether *candidate* does not satisfy the part."""
        return not self.part.match(candidate)


@dataclasses.dataclass(frozen=True)
class Condition:
    """One comparison. *path* leads into the candidate; *value* is text, whatever it looks like.

    A path that leads nowhere makes it false, for `!=` too. A trailing `*` with `=` means "begins
    with" (assumed; clients differ between that and "contains").
    """

    path: tuple[str, ...]
    operator: str
    value: str

    def match(self, candidate: Mapping[str, Any]) -> bool:
        """Whether the value at the path compares as asked."""
        found: Any = candidate
        for key in self.path:
            if not isinstance(found, Mapping) or key not in found:
                return False
            found = found[key]
        if self.operator == "!=":
            return bool(found != self.value)
        if not isinstance(found, str):
            return False
        if self.operator == "=":
            return found.startswith(self.value[:-1]) if self.value.endswith("*") else found == self.value
        return _ORDER[self.operator](found, self.value)


def parse(text: str) -> Expression:
    """Return the expression that *text* spells.

    Raises ParseError when it spells none, the empty text included.
    """
    return _Parser(text).parse()


class _Parser:
    """One pass over one text. `or` binds weakest, then `and`, then `not`."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._depth = 0

    def parse(self) -> Expression:
        found = self._either()
        self._skip()
        if self._at < len(self._text):
            raise self._error("Expected end of text")
        return found

    def _either(self) -> Expression:
        parts = [self._every()]
        while self._keyword("or"):
            parts.append(self._every())
        return parts[0] if len(parts) == 1 else Either(tuple(parts))

    def _every(self) -> Expression:
        parts = [self._negated()]
        while self._keyword("and"):
            parts.append(self._negated())
        return parts[0] if len(parts) == 1 else Every(tuple(parts))

    def _negated(self) -> Expression:
        self._depth += 1
        if self._depth > _DEPTH:
            raise self._error("Nested too deeply")
        found = Negated(self._negated()) if self._keyword("not") else self._primary()
        self._depth -= 1
        return found

    def _primary(self) -> Expression:
        if self._take("("):
            found = self._either()
            if not self._take(")"):
                raise self._error("Expected ')'")
            return found
        key = self._match(_WORD, "Expected a key")
        symbol = self._match(_OPERATOR, "Expected an operator")
        value = self._match(_VALUE, "Expected a value")
        return Condition(
            tuple(key[0].split(".")), symbol[0], next(each for each in value.groups() if each is not None)
        )

    def _keyword(self, keyword: str) -> bool:
        """Take *keyword* if it comes next; a key of that name (`not = 1`) is left alone."""
        self._skip()
        word = _WORD.match(self._text, self._at)
        if word is None or word[0].lower() != keyword:
            return False
        after = _SPACE.match(self._text, word.end())
        if after is not None and _OPERATOR.match(self._text, after.end()):
            return False
        self._at = word.end()
        return True

    def _take(self, symbol: str) -> bool:
        self._skip()
        if not self._text.startswith(symbol, self._at):
            return False
        self._at += len(symbol)
        return True

    def _match(self, pattern: re.Pattern[str], complaint: str) -> re.Match[str]:
        self._skip()
        found = pattern.match(self._text, self._at)
        if found is None:
            raise self._error(complaint)
        self._at = found.end()
        return found

    def _skip(self) -> None:
        space = _SPACE.match(self._text, self._at)
        self._at = space.end() if space is not None else self._at

    def _error(self, complaint: str) -> ParseError:
        place = self._text[self._at : self._at + 30]
        return ParseError(f"Failed to parse: {self._text[:200]}. {complaint} (at char {self._at}: {place!r})")
