"""vectorize: a text becomes numbers, a column for each word."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import pyarrow as pa
from sqlglot.expressions import Expression as Tree

from tilth.data import Column, Dataset, Kind, Schema
from tilth.engine.expressions import col, lit
from tilth.engine.needs import Fold
from tilth.engine.operations.strings import Occurrences
from tilth.engine.python_operation import PythonFunction
from tilth.errors import RequestError
from tilth.metrics.metric import Question
from tilth.steps.naming import names_of
from tilth.steps.step import ColumnStep, Learned

WORD = re.compile(r"\b\w\w+\b")
BEFORE, BEHIND = "\x1f", "\x1e"  # around each word, so that no word is found inside another
MOST_WORDS = 1_000_000  # different ones, that are counted while learning
MOST_COLUMNS = 10_000


def words_of(text: str, lowercase: bool) -> list[str]:
    """The words of a text: runs of two or more letters, digits and `_`.

    >>> words_of("It's a dark-red Coat", lowercase=True)
    ['it', 'dark', 'red', 'coat']
    """
    return WORD.findall(text.lower() if lowercase else text)


@dataclass(frozen=True)
class Vocabulary(Fold):
    """Word → how often it occurs in a text column, and in how many texts.

    Errors: `RequestError` for more than a million different words.
    """

    lowercase: bool = True

    def start(self) -> dict[str, list[int]]:
        return {}

    def update(self, state: dict[str, list[int]], batch: pa.RecordBatch) -> dict[str, list[int]]:
        texts = [Counter(words_of(text, self.lowercase)) for text in batch.column(0).to_pylist() if text is not None]
        return _counted(state, ((word, n, 1) for text in texts for word, n in text.items()))

    def merge(self, a: dict[str, list[int]], b: dict[str, list[int]]) -> dict[str, list[int]]:
        return _counted(a, ((word, n, texts) for word, (n, texts) in b.items()))


def _counted(state: dict[str, list[int]], more: Iterable[tuple[str, int, int]]) -> dict[str, list[int]]:
    for word, n, texts in more:
        known = state.setdefault(word, [0, 0])
        known[0] += n
        known[1] += texts
    if len(state) > MOST_WORDS:
        raise RequestError(f"vectorize: more than {MOST_WORDS:,} different words", hint="is this a column of text?", code="too-many-words")
    return state


@dataclass(frozen=True)
class Vectorize(ColumnStep):
    """A text becomes a column `{column}_{word}` for each word of the vocabulary: how often the word occurs in it.

    A word is a run of two or more letters, digits and `_`. The vocabulary holds the `most` frequent words of the training texts
    that occur in at least `min_texts` of them, in the order of their characters, which also decides between equally frequent ones.
    Other words count nowhere, and null has no word. The result is that of scikit-learn's CountVectorizer. Words are found by Python
    on every engine, which `tilth plan` marks.

    Errors: a column that is not of strings, more than a million different words, a new column whose name is taken.

    >>> print(Vectorize("comment", most=100))
    vectorize(columns='comment', most=100)
    """

    name = "vectorize"
    parts = frozenset({"features"})
    makes_columns = True
    learned_types: ClassVar[Mapping[str, Any]] = {"words": list[str], "names": list[str]}

    with_: Literal["count"] = "count"
    """What is written of a word: how often it occurs."""
    most: int = 1_000
    """The most frequent words that are kept."""
    min_texts: int = 1
    """In how many texts a word must occur to be kept."""
    lowercase: bool = True
    """Whether upper and lower case are the same."""

    def __post_init__(self) -> None:
        if not 1 <= self.most <= MOST_COLUMNS:
            raise RequestError(f"vectorize: `most` is {self.most}", accepted=f"1 to {MOST_COLUMNS:,}", code="bad-value")
        if self.min_texts < 1:
            raise RequestError(f"vectorize: `min_texts` is {self.min_texts}", accepted="1 or more", code="bad-value")

    def needs(self, column: Column) -> Mapping[str, Question]:
        return {"counts": Vocabulary((column.name,), self.lowercase)}

    def learn(self, column: Column, **measured: Any) -> Mapping[str, Any]:
        counts = {word: n for word, (n, texts) in measured["counts"].items() if texts >= self.min_texts}
        words = sorted(sorted(counts, key=lambda word: (-counts[word], word))[: self.most])
        return {"words": words, "names": names_of(self.out(column.name), words)}

    @property
    def keeps_values(self) -> bool:
        return True

    def change(self, column: Column, **learned: Any) -> Mapping[str, Tree | None]:
        return {column.name: None} | {
            name: Occurrences.of(col(_marked(column.name)), lit(f"{BEFORE}{word}{BEHIND}"))
            for word, name in zip(learned["words"], learned["names"], strict=True)
        }

    def made(self, data: Dataset, schema: Schema, learned: Learned) -> Dataset:
        function = PythonFunction(Words(self.lowercase), (Kind.STRING,), Kind.STRING, self.name)
        found = data.change({_marked(c): function.of(col(c)) for c in learned})
        return super().made(found, schema, learned).change({_marked(c): None for c in learned})

    def accepts(self, column: Column) -> str:
        return "" if column.kind is Kind.STRING else "has no words: only strings have"


def _marked(column: str) -> str:
    """The column that holds a column's words, each between two marks."""
    return f"{BEFORE}words of {column}"


@dataclass(frozen=True)
class Words:
    """The words of each text as one string, each between two marks; empty for null."""

    lowercase: bool

    def __call__(self, texts: pa.Array) -> pa.Array:
        return pa.array([self._marked(text) for text in texts.to_pylist()], pa.string())

    def _marked(self, text: str | None) -> str:
        words: Sequence[str] = [] if text is None else words_of(text, self.lowercase)
        return "".join(f"{BEFORE}{word}{BEHIND}" for word in words)
