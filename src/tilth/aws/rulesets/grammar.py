"""Check expressions of DataBrew's rules, read: `AGG(MEAN) > :v`, `:a IS_BETWEEN :low and :high or LENGTH(:b) == :n`.

Keywords are read in any case, with blanks or underscores between their words. A `not` is carried to the tests below it, which is right in
SQL's logic with nulls, too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

_SPACE = "[ _]+"
_TOKEN = re.compile(
    rf"""\s*(?:
      (?P<name>:\w+)
    | (?P<call>AGG|LENGTH)\s*\(
    | (?P<check>(?:(?:IS|DOES){_SPACE})?(?:NOT{_SPACE})?
        (?:BETWEEN|IN|STARTS?{_SPACE}WITH|ENDS?{_SPACE}WITH|CONTAINS?|MATCH(?:ES)?)\b | IS{_SPACE}NOT\b | IS\b)
    | (?P<sign>==|!=|<=|>=|<|>|=)
    | (?P<join>(?:and|or|not)\b)
    | (?P<word>\w+)
    | (?P<mark>[(),])
    )\s*""",
    re.IGNORECASE | re.VERBOSE,
)
_OPPOSITE = {"=": "!=", "!=": "=", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}
_DEEPEST = 50  # brackets


class Unreadable(Exception):
    """The error for an invalid expression."""


@dataclass(frozen=True)
class Left:
    """The left-hand side: a value, its length, or a statistic; `column` is a name of the substitution map, None for the selected column."""

    kind: Literal["value", "length", "statistic"] = "value"
    column: str | None = None
    statistic: str = ""
    parameter: str | None = None


@dataclass(frozen=True)
class Test:
    """One comparison: `operator` is `= != < <= > >= between in starts ends contains matches`, `right` are names of the substitution map."""

    left: Left
    operator: str
    right: tuple[str, ...]
    negated: bool = False

    @property
    def tests(self) -> Iterator[Test]:
        """Itself."""
        yield self

    def opposite(self) -> Test:
        """The comparison that holds where this one does not."""
        if self.operator in _OPPOSITE:
            return replace(self, operator=_OPPOSITE[self.operator])
        return replace(self, negated=not self.negated)


@dataclass(frozen=True)
class Joined:
    """Comparisons joined by `AND` or by `OR`."""

    word: Literal["AND", "OR"]
    parts: tuple[Check, ...]

    @property
    def tests(self) -> Iterator[Test]:
        """The comparisons, from left to right."""
        return (test for part in self.parts for test in part.tests)

    def opposite(self) -> Joined:
        """The negation."""
        return Joined("OR" if self.word == "AND" else "AND", tuple(part.opposite() for part in self.parts))


Check: TypeAlias = Test | Joined


def read(expression: str) -> Check:
    """The tree of a check expression. Errors: `Unreadable`.

    >>> test = read("not :c does not contain :v")
    >>> test.operator, test.negated
    ('contains', False)
    """
    reader = _Reader(expression)
    check = reader.joined("OR")
    if reader.kind:
        raise Unreadable(f"{reader.text!r} is not expected there")
    return check


class _Reader:
    def __init__(self, expression: str) -> None:
        self.expression, self.at, self.depth = expression, 0, 0
        self.kind, self.text = "", ""
        self._next()

    def _next(self) -> str:
        """The text of the token, which is passed over."""
        passed = self.text
        if self.at == len(self.expression):
            self.kind, self.text = "", "the end"
            return passed
        found = _TOKEN.match(self.expression, self.at)
        if found is None:
            raise Unreadable(f"{self.expression[self.at : self.at + 20]!r} cannot be read")
        self.at, self.kind = found.end(), found.lastgroup or ""
        self.text = found[self.kind]
        return passed

    def _expect(self, mark: str) -> None:
        if self.text != mark:
            raise Unreadable(f"{mark!r} is expected, not {self.text!r}")
        self._next()

    def _is(self, word: str) -> bool:
        return self.kind == "join" and self.text.upper() == word

    def joined(self, word: Literal["AND", "OR"]) -> Check:
        part = self._unary if word == "AND" else lambda: self.joined("AND")
        parts = [part()]
        while self._is(word):
            self._next()
            parts.append(part())
        return parts[0] if len(parts) == 1 else Joined(word, tuple(parts))

    def _unary(self) -> Check:
        self.depth += 1
        if self.depth > _DEEPEST:
            raise Unreadable(f"brackets are nested more than {_DEEPEST} deep")
        if self._is("NOT"):
            self._next()
            check = self._unary().opposite()
        elif self.text == "(":
            self._next()
            check = self.joined("OR")
            self._expect(")")
        else:
            check = self._test()
        self.depth -= 1
        return check

    def _test(self) -> Test:
        left = Left(column=self._next()) if self.kind == "name" else self._call() if self.kind == "call" else Left()
        if self.kind == "sign":
            sign = self._next()
            return Test(left, "=" if sign == "==" else sign, (self._name(),))
        if self.kind != "check":
            raise Unreadable(f"a comparison is expected, not {self.text!r}")
        words = re.split(_SPACE, self._next().upper())
        negated, word = "NOT" in words, next((w for w in words if w not in ("IS", "DOES", "NOT", "WITH")), "IS")
        if word == "BETWEEN":
            low = self._name()
            if not self._is("AND"):
                raise Unreadable(f"'and' is expected after {low}, not {self.text!r}")
            self._next()
            return Test(left, "between", (low, self._name()), negated)
        operators = {"IN": "in", "STA": "starts", "END": "ends", "CON": "contains", "MAT": "matches"}
        if word == "IS":
            return Test(left, "!=" if negated else "=", (self._name(),))
        return Test(left, operators[word[:3]], (self._name(),), negated)

    def _call(self) -> Left:
        if self._next().upper() == "LENGTH":
            left = Left("length", self._name())
        else:
            column = self._name() if self.kind == "name" else None
            if column:
                self._expect(",")
            left = Left("statistic", column, self._next().upper())
            if self.text == ",":
                self._next()
                left = replace(left, parameter=self._name())
        self._expect(")")
        return left

    def _name(self) -> str:
        if self.kind != "name":
            raise Unreadable(f"a name such as ':value' is expected, not {self.text!r}")
        return self._next()
