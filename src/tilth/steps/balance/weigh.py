"""weights: all rows stay, and a column says what each of them counts."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from tilth.data import Column, Dataset, Roles, Schema
from tilth.engine.expressions import case, eq, lit, mul, number
from tilth.engine.operations.hashing import key_string
from tilth.errors import Mistake, RequestError, listed
from tilth.steps.balance.method import Method, Sizes
from tilth.steps.step import Asking, reject_clashes

WEIGHT = "weight"
BETA = 0.999  # of the effective number: Cui et al. 2019, "Class-Balanced Loss Based on Effective Number of Samples", try 0.9 to 0.9999
GIVEN = ("cost", "share")  # schemes that `per_class` is for


class Weights(Method):
    """A column with the weight of each row."""

    takes = ("weights", "cap", "per_class")

    def mistakes(self) -> Iterator[Mistake]:
        scheme, given = self.step.weights, self.step.pairs
        if bool(given) != (scheme in GIVEN):
            accepted = f"`per_class` with one of {listed(GIVEN)}"
            yield Mistake(f"balance: `weights: {scheme}` with{'' if given else 'out'} `per_class`", accepted=accepted, code="bad-value")
        if any(number <= 0 for _, number in given):
            yield Mistake("balance: a weight or share in `per_class` is not above 0", code="bad-value")

    def learning(self, label: Column, schema: Schema, roles: Roles) -> Asking[dict[str, Any]]:
        made = roles.weight or WEIGHT
        if made not in schema:
            reject_clashes(self.step.name, schema, {"": {made: lit(1.0)}})
        elif made != roles.weight:
            hint = "give it the role weight, or rename it"
            raise RequestError(f"balance: there is a column {made!r} already", hint=hint, code="name-clash")
        sizes = yield from self.sizes(label)
        if self.per_class and (lacking := [c for c in sizes if c not in self.per_class]):
            message = f"balance: `per_class` has nothing for {listed(map(repr, lacking))}"
            raise RequestError(message, accepted="a number for each class", code="bad-value")
        weights = weighed(sizes, self.step.weights, self.step.cap, self.per_class)
        return {"before": sizes, "after": sizes, "weight": made, "weights": weights}

    def made(self, data: Dataset, schema: Schema, label: Column, state: Mapping[str, Any]) -> Dataset:
        text, made = key_string([label]), state["weight"]
        weight = case(*((eq(text, lit(c)), lit(float(w))) for c, w in state["weights"].items()), otherwise=lit(1.0))
        data = data.change({made: mul(number(schema[made]), weight) if made in schema else weight})
        return data if data.roles.weight else replace(data, roles=replace(data.roles, weight=made))


def weighed(sizes: Sizes, scheme: str, cap: float, per_class: Mapping[str, float] | None = None) -> dict[str, float]:
    """Class → the weight of each of its rows; the rows' weights add up to their number. `per_class` are costs or shares.

    >>> weighed({"no": 6, "yes": 2}, "balanced", 100)
    {'no': 0.6666666666666666, 'yes': 2.0}
    >>> weighed({"no": 6, "yes": 2}, "cost", 100, {"no": 1, "yes": 5})
    {'no': 0.5, 'yes': 2.5}
    """
    given = per_class or dict.fromkeys(sizes, 1.0)
    schemes: dict[str, Callable[[int, float], float]] = {
        "balanced": lambda n, _: 1 / n,
        "root": lambda n, _: 1 / math.sqrt(n),
        "effective": lambda n, _: (1 - BETA) / (1 - BETA**n),
        "cost": lambda _, cost: cost,
        "share": lambda n, share: share / n,
    }
    raw = {c: schemes[scheme](n, given[c]) for c, n in sizes.items()}
    least = min(raw.values())
    capped = {c: min(w, least * cap) for c, w in raw.items()}
    rows, total = sum(sizes.values()), math.fsum(sizes[c] * w for c, w in capped.items())
    return {c: w * rows / total for c, w in capped.items()}
