"""ordinal: the place of a category among all of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlglot.expressions import Expression as Tree

from tilth.data import Column
from tilth.engine.expressions import case, coalesce, col, lit
from tilth.engine.operations.lookups import lookup
from tilth.steps.encode.encoder import Policy, Vocabulary
from tilth.steps.missing import is_missing


class Ordinal(Vocabulary):
    """The place of the value among the categories, from 0."""

    unseen = (-1, "null", "slot", "error")
    missing = ("null", -1, "slot", "error")
    most = 500_000

    def change(self, column: Column, **learned: Any) -> Mapping[str, Tree | None]:
        policies, categories = self.policies, learned["categories"]
        slots = {"unseen": len(categories), "missing": len(categories) + (policies["unseen"] == "slot")}
        unseen, missing = (self._value(column, word, policies[word], slots[word]) for word in ("unseen", "missing"))
        place: Tree = lookup(col(column.name), categories)
        found = place if policies["unseen"] == "null" else coalesce(place, unseen)
        return {column.name: found if set(policies.values()) == {"null"} else case((is_missing(column), missing), otherwise=found)}

    def _value(self, column: Column, word: str, policy: Policy, slot: int) -> Tree:
        """The number that an unseen or a missing value becomes."""
        match policy:
            case "slot":
                return lit(slot)
            case "error":
                return self.refusal(column, word)
            case int(number):
                return lit(number)
        return lit(None)
