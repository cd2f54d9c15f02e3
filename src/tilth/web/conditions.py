"""Conditions in JMESPath: comparisons of values at paths in a JSON document, joined by and, or and not."""

from __future__ import annotations

import json
import operator
import re
from collections.abc import Callable, Mapping
from typing import Any

from tilth.errors import RequestError
from tilth.web.jmespath import Find, path

_TOKEN = re.compile(
    r"""\s*(?P<token>`(?:[^`\\]|\\.)*`|'(?:[^'\\]|\\.)*'|&&|\|\||==|!=|<=|>=|[<>!()]|(?:"(?:[^"\\]|\\.)*"|[^\s`'&|<>=!()"])+)\s*"""
)
_EQUAL: Mapping[str, Callable[[Any, Any], bool]] = {"==": operator.eq, "!=": operator.ne}
_ORDERED: Mapping[str, Callable[[Any, Any], bool]] = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}
ACCEPTED = "comparisons such as [1]>`0.5` or label=='yes', `true`, and paths, joined by &&, || and !"


def condition(text: str) -> Find:
    """The function that tells whether a condition holds for a document. The caller must reject results that are not booleans.

    A literal is JSON between backticks, or a string between apostrophes. `<`, `<=`, `>` and `>=` compare numbers, and give null for
    anything else, as in JMESPath; functions, filters and projections other than those of `path` are not supported.

    Errors: `RequestError` for anything else.

    >>> holds = condition("probability > `0.5` && label != 'no'")
    >>> holds({"probability": 0.7, "label": "yes"}), holds({"probability": 0.2})
    (True, False)
    >>> condition("[1]>`0.5`")(["yes", 0.9])
    True
    """
    tokens, at = [], 0
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None:
            raise _wrong(text)
        tokens.append(found["token"])
        at = found.end()
    reader = _Reader(text, tokens)
    made = reader.either()
    if reader.tokens:
        raise _wrong(text)
    return made


def _wrong(text: str) -> RequestError:
    return RequestError(f"{text!r} is not a condition in JMESPath", accepted=ACCEPTED, code="bad-condition")


def _true(value: Any) -> bool:
    """Whether a value is true in JMESPath: all except null, false and empty values."""
    return value is not None and value is not False and (bool(value) or isinstance(value, int | float))


class _Reader:
    """Parses the tokens of a condition."""

    def __init__(self, text: str, tokens: list[str]) -> None:
        self.text, self.tokens = text, tokens

    def _next(self, *wanted: str) -> str:
        """Take the next token if it is one of `wanted`, or if `wanted` is empty."""
        return self.tokens.pop(0) if self.tokens and (not wanted or self.tokens[0] in wanted) else ""

    def either(self) -> Find:
        """Conditions joined by or: the value of the first one that holds."""
        made = self.both()
        while self._next("||"):
            made = _joined(made, self.both(), stop=True)
        return made

    def both(self) -> Find:
        """Conditions joined by and: the value of the first one that does not hold."""
        made = self.one()
        while self._next("&&"):
            made = _joined(made, self.one(), stop=False)
        return made

    def one(self) -> Find:
        """A comparison, a condition in brackets, or a negation."""
        if self._next("!"):
            inner = self.one()
            return lambda x: not _true(inner(x))
        if self._next("("):
            made = self.either()
            if not self._next(")"):
                raise _wrong(self.text)
            return made
        left, sign = self.operand(), self._next(*_EQUAL, *_ORDERED)
        return _compared(left, sign, self.operand()) if sign else left

    def operand(self) -> Find:
        """A literal, or the value at a path."""
        token = self._next()
        if token[:1] == "'":
            return _constant(token[1:-1].replace("\\'", "'"))
        if token[:1] == "`":
            try:
                return _constant(json.loads(token[1:-1].replace("\\`", "`")))
            except json.JSONDecodeError:
                raise _wrong(self.text) from None
        if not token or token in ("&&", "||", "!", "(", ")", *_EQUAL, *_ORDERED):
            raise _wrong(self.text)
        return path(token)


def _constant(value: Any) -> Find:
    return lambda x: value


def _joined(first: Find, second: Find, stop: bool) -> Find:
    def found(x: Any) -> Any:
        value = first(x)
        return value if _true(value) is stop else second(x)

    return found


def _compared(left: Find, sign: str, right: Find) -> Find:
    def found(x: Any) -> Any:
        a, b = left(x), right(x)
        if sign in _EQUAL:
            return _EQUAL[sign](a, b)
        numbers = all(isinstance(v, int | float) and not isinstance(v, bool) for v in (a, b))
        return _ORDERED[sign](a, b) if numbers else None

    return found
