"""Rules of operators and functions that differ in their arguments only, and how arguments are taken."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlglot import exp
from sqlglot.expressions import Expression as Tree

from tilth.data import Kind
from tilth.engine import expressions as e
from tilth.engine.user_sql.meaning import Meaning
from tilth.engine.user_sql.nodes import arguments, is_narrow, kind, name_of, typed

MOST_CHARACTERS = 10_000  # to pad to, and of a place in a string

Rule = Callable[[Meaning, Any], Tree]
Takes = Callable[[Meaning, str, list[Tree]], list[Tree]]


@dataclass(frozen=True)
class Call:
    """The rule of an operator or function: what it takes (`Meaning.numbers` …), gives (None: the wider kind), and is made by."""

    takes: Takes
    gives: Kind | None = None
    made: Callable[..., Tree] | None = None

    def __call__(self, a: Meaning, node: Any) -> Tree:
        given = arguments(node)
        if not given:
            return a.reject(f"{name_of(node)} has no arguments", code="wrong-arguments")
        if isinstance(given[0], exp.Distinct):  # of an aggregate
            inner = self.takes(a, name_of(node), given[0].expressions)
            taken: list[Tree] = [exp.Distinct(expressions=e.owned(*inner))]
        else:
            taken = inner = self.takes(a, name_of(node), given)
        gives = self.gives or a.wider(map(kind, inner))
        if self.made:
            return typed(self.made(*taken), gives)
        slots = dict(zip(("this", "expression"), taken, strict=False))
        made: Tree = type(node)(**node.args | {k: v.copy() for k, v in slots.items()})
        within = isinstance(node, exp.Binary | exp.Unary) and not isinstance(node, exp.AggFunc)
        return typed(exp.Paren(this=made) if within else made, gives, narrow=self.gives is None and any(map(is_narrow, inner)))


def _only(wanted: Kind, word: str, hint: str) -> Takes:
    return lambda a, name, values: [a.of(lambda k: k is wanted, f"{name} takes {word}", x, hint) for x in values]


def whole(a: Meaning, x: Tree | None, what: str, least: int) -> Tree:
    """An integer literal in a range. If the range includes negative numbers, it excludes 0."""
    inner = x.unnest() if x is not None else x
    digits = inner.this if isinstance(inner, exp.Neg) else inner
    found = int(digits.this) * (-1 if digits is not inner else 1) if isinstance(digits, exp.Literal) and digits.is_int else None
    if found is None or not least <= found <= MOST_CHARACTERS or (least < 0 and found == 0):
        numbers = f"a whole number from {least:,} to {MOST_CHARACTERS:,}" + (" other than 0" if least < 0 else "")
        return a.reject(f"{what} must be {numbers}")
    return e.lit(found)


def whole_numbers(a: Meaning, name: str, values: list[Tree]) -> list[Tree]:
    """Integers, which the name in messages takes."""
    return NUMBERS(a, name, _only(Kind.INTEGER, "integers", "cast it first: cast(x as bigint)")(a, name, values))


STRINGS = _only(Kind.STRING, "strings", "cast it to a string first: cast(x as string)")
BOOLEANS = _only(Kind.BOOLEAN, "conditions", "compare it with something")
ANY: Takes = lambda a, name, values: values  # noqa: E731 -- one of the constants above
NUMBERS: Takes = Meaning.numbers
TIMES: Takes = Meaning.times
AS_DOUBLES: Takes = lambda a, name, values: [a.as_double(x) for x in NUMBERS(a, name, values)]  # noqa: E731 -- likewise
