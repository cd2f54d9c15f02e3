"""vectorize: a text becomes numbers, a column for each word or for each hash of one."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from sqlglot.expressions import Expression as Tree

from tilth.data import Column, Dataset, Kind, Schema
from tilth.engine.arrow import as_numpy, from_numpy
from tilth.engine.expressions import col, lit
from tilth.engine.python_operation import Item, PythonFunction
from tilth.errors import Mistake
from tilth.metrics.metric import Question
from tilth.metrics.text.vocabulary import Vocabulary
from tilth.metrics.text.words import Words
from tilth.steps.naming import names_of, short
from tilth.steps.step import ColumnStep, Learned
from tilth.steps.text.murmur3 import murmur3

MOST_COLUMNS = 10_000
MOST_TOGETHER = 8  # words of a sequence


@dataclass(frozen=True)
class Vectorize(ColumnStep):
    """Turns a text into a column `{column}_{word}` for each word of the vocabulary, or `{column}_{number}` for each hash.

    | `with` | a cell |
    |---|---|
    | `count` | how often the word occurs in the text |
    | `tfidf` | the count, times ln((1 + N) / (1 + n)) + 1 for a word that occurs in n of N training texts; then divided by the norm |
    | `hashing` | how often words with this hash occur, half of them counted as −1 so that they cancel out; then divided by the norm |

    A word is a run of two or more letters, digits and `_`. The vocabulary holds the most frequent words of the training texts in
    alphabetical order, which also breaks ties. Other words are ignored, and null has no words. `hashing` learns nothing. Python finds the
    words on every engine; `tilth plan` marks this.

    Elsewhere: scikit-learn's CountVectorizer, TfidfVectorizer and HashingVectorizer; parameters of the same name mean the same (`min_df`
    and `max_df` are shares below 1 and numbers from 1 on, whatever their type).

    Errors: a column that does not hold strings, more than ten million different words, a new column whose name exists.

    >>> print(Vectorize("comment", max_features=100))
    vectorize(columns='comment', max_features=100)
    """

    name = "vectorize"
    parts = frozenset({"features"})
    makes_columns = True

    with_: Literal["count", "tfidf", "hashing"] = "count"
    """The value of a cell."""
    max_features: int = 1_000
    """`count`, `tfidf`: how many of the most frequent words to keep."""
    min_df: int | float = 1
    """`count`, `tfidf`: in how many texts a word must occur to be kept; below 1, in what share of them."""
    max_df: int | float | None = None
    """`count`, `tfidf`: in how many texts a word may occur at most to be kept; below 1, in what share of them."""
    n_features: int = 256
    """`hashing`: the number of columns."""
    lowercase: bool = True
    """Whether upper and lower case are the same."""
    ngram_range: tuple[int, int] = (1, 1)
    """The smallest and largest number of words to count together: `[1, 2]` also counts pairs of consecutive words."""
    stop_words: tuple[str, ...] = ()
    """Words that are left out."""
    sublinear_tf: bool = False
    """`tfidf`: whether n occurrences in a text count as 1 + ln n."""
    norm: Literal["l2", "l1", "none"] = "l2"
    """`tfidf`, `hashing`: the norm that the numbers of a text are divided by: the root of the sum of squares, the sum of absolute values,
    or none."""

    def mistakes(self) -> Iterator[Mistake]:
        for word, number in (("max_features", self.max_features), ("n_features", self.n_features)):
            if not 1 <= number <= MOST_COLUMNS:
                yield Mistake(f"vectorize: `{word}` is {number}", accepted=f"1 to {MOST_COLUMNS:,}", code="bad-value")
        for word, least in (("min_df", self.min_df), ("max_df", self.max_df)):
            if least is not None and least <= 0:
                yield Mistake(f"vectorize: `{word}` is {least}", accepted="a number of texts, or a share between 0 and 1", code="bad-value")
        low, high = self.ngram_range
        if not 1 <= low <= high <= MOST_TOGETHER:
            accepted = f"two numbers from 1 to {MOST_TOGETHER}, the smaller one first"
            yield Mistake(f"vectorize: `ngram_range` is {list(self.ngram_range)}", accepted=accepted, code="bad-value")

    @cached_property
    def words(self) -> Words:
        """How words are found."""
        return Words(self.lowercase, self.ngram_range, self.stop_words)

    def needs(self, column: Column) -> Mapping[str, Question]:
        return {} if self.with_ == "hashing" else {"counts": Vocabulary((column.name,), self.words)}

    def learn(self, column: Column, **measured: Any) -> Mapping[str, Any]:
        if self.with_ == "hashing":
            return {}
        texts, found = measured["counts"]
        least, most = (share * texts if share < 1 else share for share in (self.min_df, texts if self.max_df is None else self.max_df))
        found = found.filter((pc.field("texts") >= least) & (pc.field("texts") <= most))
        found = found.sort_by([("n", "descending"), ("word", "ascending")]).slice(0, self.max_features).sort_by("word")
        words = found["word"].to_pylist()
        state = {"words": words, "names": names_of(self.out(column.name), words)}
        idf = {"idf": [math.log((1 + texts) / (1 + n)) + 1 for n in found["texts"].to_pylist()]}
        return state | (idf if self.with_ == "tfidf" else {})

    def state(self, column: Column | None) -> Mapping[str, Any] | None:
        types: Mapping[str, Any] = {"words": list[str], "names": list[str], "idf": list[float]}
        return {k: types[k] for k in {"count": ("words", "names"), "tfidf": tuple(types), "hashing": ()}[self.with_]}

    @property
    def keeps_values(self) -> bool:
        return self.with_ != "hashing"

    def change(self, column: Column, **learned: Any) -> Mapping[str, Tree | None]:
        out, held = self.out(column.name), col(_held(column.name))
        names = [short(f"{out}_{i}") for i in range(self.n_features)] if self.with_ == "hashing" else learned["names"]
        return {column.name: None} | {name: Item.of(held, lit(i)) for i, name in enumerate(names)}

    def made(self, data: Dataset, schema: Schema, learned: Learned) -> Dataset:
        vectors = {_held(c): self._vectors(state).of(col(c)) for c, state in learned.items() if self.with_ == "hashing" or state["words"]}
        return super().made(data.change(vectors), schema, learned).change(dict.fromkeys(vectors))

    def _vectors(self, state: Mapping[str, Any]) -> PythonFunction:
        kind = Kind.INTEGER if self.with_ == "count" else Kind.FLOAT
        size = len(state["words"]) if state else self.n_features
        norm = "none" if self.with_ == "count" else self.norm
        sublinear = self.sublinear_tf and self.with_ == "tfidf"
        function = Vectors(self.words, size, tuple(state.get("words", ())), tuple(state.get("idf", ())), sublinear, norm)
        return PythonFunction(function, (Kind.STRING,), (kind,) * size, self.name)

    def accepts(self, column: Column) -> str:
        return "" if column.kind is Kind.STRING else "has no words: only strings have"


def _held(column: str) -> str:
    """The column that holds all numbers of a column's texts."""
    return f"\x1fwords of {column}"


@dataclass(frozen=True)
class Vectors:
    """The numbers of each text: one for each word of the `vocabulary`, or for each hash if there is none."""

    never_nan: ClassVar[bool] = True
    words: Words
    size: int
    vocabulary: tuple[str, ...] = ()
    idf: tuple[float, ...] = ()
    sublinear: bool = False
    norm: str = "none"

    def __call__(self, texts: pa.Array) -> pa.Array:
        words, places = self.words(texts)
        if self.vocabulary:
            found = pc.index_in(words, value_set=self._vocabulary)
            known = as_numpy(found.is_valid())
            columns, signs, places = as_numpy(found.drop_null()), None, places[known]
        else:
            coded = words.dictionary_encode()
            hashes = murmur3(coded.dictionary).astype(np.int64)[as_numpy(coded.indices)]
            columns, signs = np.abs(hashes) % self.size, np.where(hashes >= 0, 1.0, -1.0)
        cells = columns.astype(np.int64) * len(texts) + places
        ordered = np.sort(cells)
        first = np.flatnonzero(np.diff(ordered, prepend=-1))
        filled, values = ordered[first], np.diff(first, append=len(cells))
        if signs is not None:
            values = np.bincount(np.searchsorted(filled, cells), signs, len(filled))
        made = np.zeros((self.size, len(texts)), values.dtype if self.counts else np.float64)
        made.ravel()[filled] = values if self.counts else self._weighed(values.astype(np.float64), *np.divmod(filled, len(texts)))
        cells = from_numpy(made.ravel())  # once: of each column it would take as long as to weigh the words
        return pa.StructArray.from_arrays([cells.slice(i * len(texts), len(texts)) for i in range(self.size)], self._names)

    @property
    def counts(self) -> bool:
        """Whether the numbers are plain counts."""
        return bool(self.vocabulary) and not self.idf

    def _weighed(self, values: np.ndarray, columns: np.ndarray, texts: np.ndarray) -> np.ndarray:
        """Numbers that are not 0 with weights and norm, from their columns and texts."""
        if self.sublinear:  # of numpy's logarithm the last digit depends on the processor
            values = np.array([0.0, *(math.log(n) + 1 for n in range(1, int(values.max(initial=0)) + 1))])[values.astype(np.int64)]
        if self.idf:
            values *= np.array(self.idf)[columns]
        if self.norm != "none":
            sizes = np.bincount(texts, values * values if self.norm == "l2" else np.abs(values))
            values /= np.where(sizes > 0, np.sqrt(sizes) if self.norm == "l2" else sizes, 1.0)[texts]
        return values

    def alone(self, text: str | None) -> dict[str, Any]:
        """The same of one text."""
        made: dict[int, Any] = {}
        for column, sign in self._found(self.words.of(text or "")):
            made[column] = made.get(column, 0) + sign
        filled = sorted(made)
        values = [made[column] for column in filled]
        if not self.counts:
            values = self._weighed_alone(values, filled)
        return dict.fromkeys(self._names, 0 if self.counts else 0.0) | {f"f{i}": value for i, value in zip(filled, values, strict=True)}

    def _found(self, words: Sequence[str]) -> Iterator[tuple[int, float]]:
        """The column of each word that has one, and what the word counts there."""
        if self.vocabulary:
            yield from ((self._places[word], 1) for word in words if word in self._places)
        elif words:
            yield from ((abs(h) % self.size, 1.0 if h >= 0 else -1.0) for h in murmur3(pa.array(words)).tolist())

    def _weighed_alone(self, values: Sequence[float], columns: Sequence[int]) -> list[float]:
        made = [math.log(n) + 1 if self.sublinear else float(n) for n in values]
        if self.idf:
            made = [value * self.idf[column] for value, column in zip(made, columns, strict=True)]
        size = 0.0
        for value in made:  # not sum(), which is exact: the other one adds in this order
            size += value * value if self.norm == "l2" else abs(value)
        length = math.sqrt(size) if self.norm == "l2" else size
        return [value / length for value in made] if length and self.norm != "none" else made

    @cached_property
    def _places(self) -> Mapping[str, int]:
        return {word: i for i, word in enumerate(self.vocabulary)}

    @cached_property
    def _names(self) -> list[str]:
        return [f"f{i}" for i in range(self.size)]

    @cached_property
    def _vocabulary(self) -> pa.Array:
        return pa.array(self.vocabulary, pa.string())
