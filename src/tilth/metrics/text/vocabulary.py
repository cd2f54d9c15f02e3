"""Counts the words of texts in one pass."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tilth.engine.arrow import as_numpy, from_numpy
from tilth.engine.needs import Fold
from tilth.errors import RequestError
from tilth.metrics.text.words import Words

MOST_WORDS = 10_000_000  # distinct ones
AT_ONCE = 10_000  # texts per batch: few enough for a processor's cache

WORDS = Words()

Counts = tuple[int, pa.Table]
"""The number of texts, and a table of their words: `word`, its occurrences (`n`), and the number of texts with it (`texts`)."""


@dataclass(frozen=True)
class Vocabulary(Fold):
    """The number of texts of a column, and their words with counts, sorted by code points.

    With `only`, other words are not counted. Errors: `RequestError` for more than ten million distinct words.
    """

    words: Words = WORDS
    only: tuple[str, ...] = ()

    def start(self) -> Counts:
        none = {"word": pa.array([], pa.string()), "n": pa.array([], pa.int64()), "texts": pa.array([], pa.int64())}
        return 0, pa.table(none)

    def update(self, state: Counts, batch: pa.RecordBatch) -> Counts:
        texts = batch.column(0)
        with ThreadPoolExecutor(os.cpu_count()) as pool:  # Arrow and numpy release Python's lock
            counted = list(pool.map(self._counted, (texts.slice(start, AT_ONCE) for start in range(0, len(texts), AT_ONCE))))
        return self.merge(state, (len(texts) - texts.null_count, pa.concat_tables(counted)))

    def _counted(self, texts: pa.Array) -> pa.Table:
        words, places = self.words(texts)
        if self.only:
            kept = pc.is_in(words, pa.array(self.only, pa.string()))
            words, places = words.filter(kept), places[as_numpy(kept)]
        coded = words.dictionary_encode()
        codes, size = as_numpy(coded.indices), len(coded.dictionary)
        type_: Any = np.int32 if size * len(texts) < 2**31 else np.int64  # the shorter type sorts faster
        pairs = places.astype(type_) * type_(size) + codes.astype(type_)
        pairs.sort()
        once = pairs[np.diff(pairs, prepend=type_(-1)) != 0] % max(size, 1)
        counts = (from_numpy(np.bincount(found, minlength=size)) for found in (codes, once))
        return pa.table([coded.dictionary, *counts], ["word", "n", "texts"])

    def merge(self, a: Counts, b: Counts) -> Counts:
        summed = pa.concat_tables([a[1], b[1]]).group_by("word").aggregate([("n", "sum"), ("texts", "sum")])
        if len(summed) > MOST_WORDS:
            hint = "is this a column of text? `stop_words` and a smaller `ngram_range` make fewer"
            raise RequestError(f"texts of more than {MOST_WORDS:,} different words cannot be counted", hint=hint, code="too-many-words")
        return a[0] + b[0], summed.rename_columns({"n_sum": "n", "texts_sum": "texts"})

    def finish(self, state: Counts) -> Counts:
        return state[0], state[1].sort_by("word")
