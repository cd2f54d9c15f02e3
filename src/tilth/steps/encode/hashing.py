"""hash: the bucket of a category's hash."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlglot.expressions import Expression as Tree

from tilth.data import Column
from tilth.engine.expressions import case, lit
from tilth.engine.operations.hashing import HashBucket, key_string
from tilth.steps.encode.encoder import Encoder
from tilth.steps.missing import is_missing


class Hash(Encoder):
    """The hash of the value modulo `size`: a whole number from 0 to size − 1, of a missing value `size`. Nothing is learned."""

    takes = ("missing", "size", "seed")
    missing = ("slot", "null", -1, "error")
    keeps_values = False
    size = 1_024

    def change(self, column: Column, **learned: Any) -> Mapping[str, Tree | None]:
        size, policy = self.step.size or self.size, self.step.missing or "slot"
        gap = {"slot": lit(size), "null": lit(None), "error": self.refusal(column, "missing")}.get(str(policy), lit(-1))
        bucket = HashBucket.of(key_string([column], str(self.step.seed)), lit(size))
        return {column.name: case((is_missing(column), gap), otherwise=bucket)}
