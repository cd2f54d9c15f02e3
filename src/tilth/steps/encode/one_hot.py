"""one_hot: a 0/1 column for each category."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlglot.expressions import Expression as Tree

from tilth.data import Column
from tilth.engine.expressions import case, col, eq, if_else, in_, lit
from tilth.steps.encode.encoder import Vocabulary, is_unseen
from tilth.steps.missing import is_missing
from tilth.steps.naming import names_of


class OneHot(Vocabulary):
    """A column `{column}_{category}` for each category: 1 where the value is that category, else 0."""

    takes = (*Vocabulary.takes, "drop")
    unseen = missing = ("zeros", "slot", "error")
    most = 1_000

    def learn(self, column: Column, **measured: Any) -> Mapping[str, Any]:
        state = dict(super().learn(column, **measured))
        categories, out, drop = state["categories"], self.step.out(column.name), self.step.drop
        dropped = drop == "first" or (drop == "binary" and len(categories) == 2)
        slots = {"unseen": f"{out}_other", "missing": f"{out}_missing"}
        kept = {word: slots[word] for word, policy in self.policies.items() if policy == "slot"}
        names = names_of(out, categories, kept.values())
        return state | {"names": [None, *names[1:]] if dropped and names else names} | kept

    def state(self, column: Column) -> Mapping[str, Any]:
        return {**super().state(column), "names": list[str | None], "unseen": str | None, "missing": str | None}

    def change(self, column: Column, **learned: Any) -> Mapping[str, Tree | None]:
        x, categories = col(column.name), learned["categories"]
        made = {n: if_else(eq(x, lit(v)), lit(1), lit(0)) for v, n in zip(categories, learned["names"], strict=True) if n is not None}
        if "unseen" in learned:
            known = [(in_(x, categories), lit(0))] if categories else []
            made[learned["unseen"]] = case((is_missing(column), lit(0)), *known, otherwise=lit(1))
        if "missing" in learned:
            made[learned["missing"]] = if_else(is_missing(column), lit(1), lit(0))
        tests = {"missing": is_missing(column), "unseen": is_unseen(column, categories)}
        refused = [(test, self.refusal(column, word)) for word, test in tests.items() if self.policies[word] == "error"]
        if refused and made:
            first = next(iter(made))
            made[first] = case(*refused, otherwise=made[first])
        return {column.name: None} | made
