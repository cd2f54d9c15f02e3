"""similarity: how many sequences of characters a string shares with each category."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
from sqlglot.expressions import Expression as Tree

from tilth.data import Column, Kind
from tilth.engine.arrow import as_numpy, from_numpy
from tilth.engine.expressions import case, col, lit
from tilth.engine.python_operation import Item, PythonFunction
from tilth.errors import Mistake
from tilth.steps.encode.encoder import Vocabulary
from tilth.steps.missing import is_missing
from tilth.steps.naming import names_of

LONGEST = 10  # sequences


class Similarity(Vocabulary):
    """A column `{column}_{category}` for each category: how similar the string is to it, 0 to 1."""

    takes = ("missing", "max_categories", "min_frequency", "order", "categories", "most", "ngram_range")
    unseen = ("zeros",)
    missing = ("zeros", "null", "error")
    most = 1_000
    few = 30

    def mistakes(self) -> Iterator[Mistake]:
        yield from super().mistakes()
        low, high = self.step.ngram_range
        if not 1 <= low <= high <= LONGEST:
            accepted = f"two numbers from 1 to {LONGEST}, the smaller one first"
            yield Mistake(f"encode: `ngram_range` is {list(self.step.ngram_range)}", accepted=accepted, code="bad-value")

    @property
    def wanted(self) -> int | None:
        return self.step.max_categories or self.few

    def learn(self, column: Column, **measured: Any) -> Mapping[str, Any]:
        state = super().learn(column, **measured)
        return {**state, "names": names_of(self.step.out(column.name), state["categories"])}

    def state(self, column: Column) -> Mapping[str, Any]:
        return {**super().state(column), "names": list[str]}

    def helpers(self, column: Column, **learned: Any) -> Mapping[str, Tree]:
        categories = tuple(learned["categories"])
        function = PythonFunction(
            Similarities(categories, self.step.ngram_range), (Kind.STRING,), (Kind.FLOAT,) * len(categories), "encode similarity"
        )
        return {_held(column): function.of(col(column.name))} if categories else {}

    def change(self, column: Column, **learned: Any) -> Mapping[str, Tree | None]:
        made: dict[str, Tree] = {name: Item.of(col(_held(column)), lit(i)) for i, name in enumerate(learned["names"])}
        policy = self.policies["missing"]
        for name in {"zeros": (), "null": tuple(made), "error": tuple(made)[:1]}[policy]:
            gap = lit(None) if policy == "null" else self.refusal(column, "missing")
            made[name] = case((is_missing(column), gap), otherwise=made[name])
        return {column.name: None} | made

    def counted(self, column: Column, **learned: Any) -> Mapping[str, Tree]:
        return {"missing category": is_missing(column)}

    def accepts(self, column: Column) -> str:
        return super().accepts(column) if column.kind is Kind.STRING else "has no sequences of characters: only strings have"


def _held(column: Column) -> str:
    """The column that holds a string's similarities to all categories."""
    return f"\x1fsimilarities of {column.name}"


def grams_of(text: str, ngram_range: tuple[int, int]) -> Counter[str]:
    """The sequences of these lengths in a text, in lower case and with one blank for several, and how often each occurs.

    >>> grams_of("To  to", (2, 3))
    Counter({'to': 2, 'o ': 1, ' t': 1, 'to ': 1, 'o t': 1, ' to': 1})
    """
    text = _normal(text)
    low, high = ngram_range
    return Counter(text[i : i + n] for n in range(low, high + 1) for i in range(len(text) - n + 1))


def _normal(text: str) -> str:
    return re.sub(r"\s\s+", " ", text.lower())


@dataclass(frozen=True)
class Similarities:
    """The similarity of each string to each category: sequences that both have, as a share of those that either has; of null 0."""

    categories: tuple[str, ...]
    ngram_range: tuple[int, int]

    def __call__(self, texts: pa.Array) -> pa.Array:
        coded = texts.dictionary_encode()
        different = [*coded.dictionary.to_pylist(), ""]
        found = np.array([self._of(text) for text in different])[as_numpy(coded.indices.fill_null(len(different) - 1))]
        columns = [from_numpy(np.ascontiguousarray(column)) for column in found.T]
        return pa.StructArray.from_arrays(columns, [f"f{i}" for i in range(len(columns))])

    def alone(self, text: str | None) -> dict[str, float]:
        """The same of one string."""
        return {f"f{i}": value for i, value in enumerate(self._of(text or ""))}

    def _of(self, text: str) -> list[float]:
        grams = grams_of(text, self.ngram_range)
        shared = [0] * len(self.categories)
        for gram, n in grams.items():
            for category, count in self._where.get(gram, ()):
                shared[category] += min(n, count)
        either = [grams.total() + size - both for size, both in zip(self._sizes, shared, strict=True)]
        same = _normal(text)
        return [both / all_ if all_ else float(_normal(c) == same) for both, all_, c in zip(shared, either, self.categories, strict=True)]

    @cached_property
    def _sizes(self) -> list[int]:
        return [grams_of(c, self.ngram_range).total() for c in self.categories]

    @cached_property
    def _where(self) -> Mapping[str, list[tuple[int, int]]]:
        """Sequence → the categories that have it, with how often."""
        found: dict[str, list[tuple[int, int]]] = {}
        for i, category in enumerate(self.categories):
            for gram, n in grams_of(category, self.ngram_range).items():
                found.setdefault(gram, []).append((i, n))
        return found
