"""Numbers of DQDL evaluated: arithmetic in IEEE doubles, and the functions of a metric's history."""

from __future__ import annotations

import math
import operator
import statistics
from collections.abc import Callable, Iterator, Sequence
from typing import NoReturn, TypeAlias

from tilth.rules.language.syntax import Arithmetic, Call, Condition, Group, Literal, Number, Rule

Values: TypeAlias = float | tuple[float, ...]


class EvaluationError(Exception):
    """A number that cannot be evaluated. The rule ends as Error with this reason; `node` is where."""

    def __init__(self, reason: str, node: Number, glue: str = "", *, short: bool = False) -> None:
        super().__init__(reason)
        self.reason, self.node, self.glue = reason, node, glue
        self.short = short  # a longer history would help


def evaluate(number: Number, history: Sequence[float] = ()) -> float:
    """The value of a number.

    Chains of `+ - * /` are evaluated from left to right; x / 0 is ±inf or NaN. `history` has the earlier values of the rule's metric,
    latest first. `last(k)` gives at most k values, `last()` and `last(1)` one number, or 0.0 if there is none; aggregates of an empty list
    are 0.0, too. `EvaluationError` is raised for NULL, an unknown function, a list in place of a number or the reverse, and an index beyond
    the list.

    >>> from tilth.rules.language.syntax import Arithmetic, Call, Literal
    >>> evaluate(Arithmetic(Call("avg", (Call("last", (Literal("2"),)),)), (("*", Literal("0.5")),)), [100.0, 90.0, 110.0])
    47.5
    """
    return _single(number, history, "Rule threshold results in list, and a single value is expected. Use aggregation functions")


def walk(number: Number) -> Iterator[Number]:
    """A number and all numbers in it, outer ones first."""
    yield number
    for part in number.parts:
        yield from walk(part)


def numbers(condition: Condition | None) -> list[Number]:
    """The numbers among a condition's operands."""
    return [o for o in condition.operands if isinstance(o, Number)] if condition else []


def calls(*conditions: Condition | None) -> list[Call]:
    """The function calls in conditions, outer ones first."""
    return [part for c in conditions for number in numbers(c) for part in walk(number) if isinstance(part, Call)]


def dynamic(rule: Rule) -> bool:
    """Whether the condition or the threshold refers to the history."""
    return bool(calls(rule.condition, rule.threshold))


def runs_wanted(call: Call) -> int:
    """How many earlier runs a call asks for: `last(5)` five, `last()` one, other functions none."""
    if call.function != "last":
        return 0
    count = call.arguments[0] if call.arguments else Literal("1")
    return int(count.value) if isinstance(count, Literal) and math.isfinite(count.value) else 0


def _value(number: Number, history: Sequence[float]) -> Values:
    match number:
        case Literal():
            return number.value
        case Group():
            return _value(number.number, history)
        case Call():
            if number.function not in FUNCTIONS:
                raise EvaluationError(f"there is no function {number.function}", number)
            return FUNCTIONS[number.function](number, [_value(argument, history) for argument in number.arguments], history)
        case Arithmetic():
            total = _single(number.first, history)
            for sign, term in number.rest:
                total = _ARITHMETIC[sign](total, _single(term, history))
            return total
    raise EvaluationError(f"{number} is not a number", number)


def _single(number: Number, history: Sequence[float], glue: str = "Binary expression operands must resolve to a single number.") -> float:
    value = _value(number, history)
    if isinstance(value, tuple):
        raise EvaluationError(f"{number} is a list where one number is expected: take avg, min, max, … of it", number, glue)
    return value


def _divide(a: float, b: float) -> float:
    if b:
        return a / b
    return math.nan if a == 0 or math.isnan(a) else math.copysign(math.inf, a) * math.copysign(1.0, b)


_ARITHMETIC: dict[str, Callable[[float, float], float]] = {"+": operator.add, "-": operator.sub, "*": operator.mul, "/": _divide}


def _reject(call: Call, takes: str, glue: str = "") -> NoReturn:
    raise EvaluationError(f"{call.function} takes {takes}", call, glue)


def _last(call: Call, given: list[Values], history: Sequence[float]) -> Values:
    count = given[0] if given else 1.0
    if len(given) > 1 or isinstance(count, tuple) or not (count >= 1 and count == int(min(count, 2.0**53))):
        glue = "Function last used in threshold requires positive integer argument."
        _reject(call, "nothing, or a whole number of runs, at least 1", glue)
    if count == 1:
        return history[0] if history else 0.0
    return tuple(history[: int(min(count, len(history)))])


def _index(call: Call, given: list[Values], history: Sequence[float]) -> Values:
    if len(given) != 2 or isinstance(given[1], tuple) or not (given[1] >= 0 and given[1] == int(min(given[1], 2.0**53))):
        glue = "Function index used in threshold requires positive integer argument."
        _reject(call, "a list and a position, counted from 0", glue)
    values = given[0] if isinstance(given[0], tuple) else (given[0],)
    if given[1] >= len(values):
        there = f"there {'is' if len(values) == 1 else 'are'} only {len(values)} value{'' if len(values) == 1 else 's'}"
        raise EvaluationError(f"{call}: {there}", call, short=len(values) >= len(history))
    return values[int(given[1])]


def _abs(call: Call, given: list[Values], history: Sequence[float]) -> Values:
    if len(given) != 1 or isinstance(given[0], tuple):
        _reject(call, "one number")
    return abs(given[0])


def _percentile(call: Call, given: list[Values], history: Sequence[float]) -> Values:
    if len(given) != 2 or isinstance(given[1], tuple) or not 0 <= given[1] <= 100:
        _reject(call, "a list and a number from 0 to 100")
    values = sorted(given[0]) if isinstance(given[0], tuple) else [given[0]]
    if not values:
        return 0.0
    place = given[1] / 100 * (len(values) - 1)
    low = int(place)
    high = min(low + 1, len(values) - 1)
    return values[low] + (values[high] - values[low]) * (place - low)


def _aggregate(fold: Callable[[Sequence[float]], float]) -> Callable[[Call, list[Values], Sequence[float]], Values]:
    def apply(call: Call, given: list[Values], history: Sequence[float]) -> Values:
        if len(given) == 1 and isinstance(given[0], tuple):
            return fold(given[0]) if given[0] else 0.0
        numbers = [one for one in given if not isinstance(one, tuple)]
        if not given or len(numbers) < len(given):
            _reject(call, "one list, or numbers")
        return fold(numbers)

    return apply


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def _variance(values: Sequence[float]) -> float:
    mean = _mean(values)
    return sum((x - mean) * (x - mean) for x in values) / len(values)


FUNCTIONS: dict[str, Callable[[Call, list[Values], Sequence[float]], Values]] = {
    "last": _last,
    "index": _index,
    "avg": _aggregate(_mean),
    "median": _aggregate(statistics.median),
    "max": _aggregate(max),
    "min": _aggregate(min),
    "sum": _aggregate(sum),
    "std": _aggregate(lambda values: math.sqrt(_variance(values))),
    "abs": _abs,
    "percentile": _percentile,
    "average": _aggregate(_mean),
    "stddev": _aggregate(lambda values: math.sqrt(_variance(values))),
    "variance": _aggregate(_variance),
    "count": _aggregate(lambda values: float(len(values))),
}
"""The functions by name. Standard deviation and variance are of the population; `percentile` is linear between values."""
NOT_IN_GLUE = ("average", "stddev", "variance", "count")

_SOME_HISTORY = (1.0,) * 50


def misuse(number: Number) -> EvaluationError | None:
    """Why a number cannot be evaluated whatever the history is, or nothing."""
    try:
        evaluate(number, _SOME_HISTORY)
    except EvaluationError as reason:
        return None if reason.short else reason
    return None
