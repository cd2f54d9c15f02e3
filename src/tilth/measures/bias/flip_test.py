"""The flip test: compares a model's predictions for rows of d with those for the most similar rows of a."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa

from tilth.data import Dataset, Kind, Schema
from tilth.data.schema import NUMBERS
from tilth.engine.needs import Sample
from tilth.engine.session import Session
from tilth.measures.bias.axis import Axis, Side
from tilth.measures.bias.cube import Counted, Facets, outcomes
from tilth.metrics.contrasts import Numbers
from tilth.metrics.images.vectors import SAYS as IMAGES
from tilth.metrics.images.vectors import image_vectors
from tilth.metrics.neighbours import Points, nearest
from tilth.metrics.text.vectors import SAYS as TEXTS
from tilth.metrics.text.vectors import text_vectors

MOST_ROWS = 40_000  # rows among which neighbours are searched
MOST_MEDIA = 5_000  # the same, if vectors of texts or images are computed
NEIGHBOURS = 5
FEW = 9  # with up to this many rows of a, only the nearest one votes
NOT_NUMERIC = "FlipTest does not support non-numeric columns"  # wording of published result files


@dataclass(frozen=True)
class Flips:
    """Rows of d by the predictions of their neighbours: `votes` has their numbers by (vote, prediction). `scaled` has the same for
    distances in which all columns count equally: numbers divided by their standard deviation, vectors by the root of their total variance,
    different categories at distance 1. `error` says why there are no `votes`; `n_a` is the number of rows that may vote."""

    votes: Numbers | None
    scaled: Numbers
    n_a: int
    neighbours: int
    error: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Sampled:
    """The rows of a table among which neighbours are searched; a sample if there are too many."""

    rows: pa.Table
    schema: Schema
    counted: Counted
    whole: int
    media: Mapping[str, str] = field(default_factory=dict)
    """Columns of texts and images, whose vectors are computed → how."""
    _cache: dict[str, Any] = field(default_factory=dict, repr=False)

    @cached_property
    def accepted(self) -> Numbers:
        """Whether each row has a favourable prediction: 1, 0, or 2 for unknown."""
        p = self.counted.axes.prediction
        return outcomes(p, self._keys(p), self.counted.request) if p is not None else np.array([])

    def _keys(self, axis: Axis) -> list[Any]:
        values = self.rows[axis.column].to_pylist()
        known = {v: axis.key_of(v) for v in set(values)}
        return [known[v] for v in values]

    def flips(self, facet: Facets, side: Side) -> Flips:
        """The flips of one group."""
        columns = [c for c in self.counted.request.features if c not in {a.column for a in facet.axes} and c in self.schema]
        vectors = [c for c in columns if self.schema[c].is_vector]
        made = [c for c in columns if c in self.media]
        others = sorted(c for c in columns if self.schema[c].kind not in NUMBERS and c not in (*vectors, *made))
        own = list(zip(*(self._keys(a) for a in facet.axes), strict=True))
        keys = [None if None in key else key if facet.crossed else key[0] for key in own]
        known = self.accepted < 2
        for c in columns:
            known &= ~np.isnan(self._numbers(c)).any(axis=1) if c not in others else ~np.asarray(self.rows[c].is_null())
        d = np.flatnonzero(known & np.array([k in side.keys for k in keys], dtype=bool))
        a = np.flatnonzero(known & np.array([k is not None and k not in side.keys for k in keys], dtype=bool))
        error = (
            f"{NOT_NUMERIC}: {', '.join(others)}" if others and not made else "" if columns else "there are no features to compare rows by"
        )
        k = 1 if len(a) <= FEW else NEIGHBOURS
        notes = [f"neighbours are of a sample of {self.rows.num_rows:,} of {self.whole:,} rows"] if self.rows.num_rows < self.whole else []
        notes += [f"rows are compared by the vectors in {c!r}, of {self._numbers(c).shape[1]:,} numbers" for c in vectors]
        notes += [f"rows are compared by vectors computed from {c!r}: {self.media[c]}" for c in made]
        scaled = self._votes(self._scaled(columns, others, np.concatenate([a, d])), a, d, k)
        if made:  # no scale of these vectors is that of other columns
            return Flips(scaled, scaled, len(a), k, error, tuple(notes))
        raw = np.concatenate([self._numbers(c) for c in columns], axis=1) if columns and not others else None
        votes = None if raw is None else self._votes(Points(raw, np.empty((len(raw), 0), np.int64)), a, d, k)
        return Flips(votes, scaled, len(a), k, error, tuple(notes))

    def _votes(self, points: Points, a: Numbers, d: Numbers, k: int) -> Numbers:
        """The number of rows of d by (vote of the neighbours, own prediction)."""
        if not len(a) or not len(d):
            return np.zeros((2, 2))
        near, _ = nearest(points, d, a, k)
        vote = (2 * self.accepted[near].sum(axis=1) > near.shape[1]).astype(int)
        return np.bincount(2 * vote + self.accepted[d], minlength=4).reshape(2, 2).astype(float)

    def _scaled(self, columns: Sequence[str], others: Sequence[str], used: Numbers) -> Points:
        numbers = [self._numbers(c) for c in columns if c not in others]
        spread = [math.sqrt(x[used].var(axis=0).sum()) if len(used) else 0.0 for x in numbers]  # of a vector as a whole
        there = [x / s for x, s in zip(numbers, spread, strict=True) if s]
        rows = self.rows.num_rows
        codes = [np.asarray(self.rows[c].combine_chunks().dictionary_encode().indices.fill_null(0), np.int64) for c in others]
        return Points(
            np.concatenate(there, axis=1) if there else np.empty((rows, 0)),
            np.stack(codes, axis=1) if codes else np.empty((rows, 0), np.int64),
            (_differ,) * len(codes),
        )

    def _numbers(self, column: str) -> Numbers:
        """(rows, size): the numbers of a column, size 1, or of a column of vectors; NaN for a row where one is missing."""
        import pyarrow as pa

        if column in self.media and column not in self._cache:
            values, images = self.rows[column].to_pylist(), self.media[column] == IMAGES
            self._cache[column] = image_vectors(values, self.counted.request.folder) if images else text_vectors(values)
        if column not in self._cache:
            x = self.rows[column].combine_chunks()
            whole = np.full((self.rows.num_rows, 1), np.nan)
            there, size = np.asarray(x.is_valid()), 1
            if self.schema[column].of is not None:
                lengths = np.asarray(x.value_lengths().fill_null(0))
                size = int(np.bincount(lengths[there]).argmax()) if there.any() else 0  # vectors of another size are missing
                whole, there = np.full((len(x), size), np.nan), there & (lengths == size)
                x = x.filter(pa.array(there)).flatten()
            else:
                x = x.filter(pa.array(there))
            x = x.cast("int8") if pa.types.is_boolean(x.type) else x
            whole[there] = np.asarray(x.cast("float64").to_numpy(zero_copy_only=False), dtype=float).reshape(-1, size)
            self._cache[column] = np.where(np.isfinite(whole), whole, np.nan)
        return np.asarray(self._cache[column])


def _differ(a: Numbers, b: Numbers) -> Numbers:
    """The squared distance of two categories: 1 if they differ, as with one-hot columns divided by √2."""
    found: Numbers = (a != b).astype(float)
    return found


def sampled(counted: Counted, data: Dataset, engine: Session) -> Sampled | None:
    """The rows for the flip tests of a request, in one scan; None without a prediction.

    They are chosen and ordered by their hash, the same on every engine; among equally near rows the first ones vote.
    """
    p = counted.axes.prediction
    if p is None or not counted.cubes:
        return None
    schema = engine.schema(data)
    asked = (*(c for c in counted.request.features if c in schema), *(a.column for f in counted.axes.facets for a in f.axes), p.column)
    strings = {c for c in counted.request.features if c in schema and schema[c].kind is Kind.STRING}
    media = {c: IMAGES if c in data.roles.image else TEXTS for c in (*data.roles.text, *data.roles.image) if c in strings}
    need = Sample(tuple(dict.fromkeys(asked)), MOST_MEDIA if media else MOST_ROWS, seed=counted.request.seed)
    rows = engine.answer(data, [need])[need]
    return Sampled(rows, schema, counted, max(counted.cubes[0].total, rows.num_rows), media)


def details(flips: Flips, value: float | None) -> Mapping[str, Any]:
    """The details of a flip test. `FT_documented` is the value with the sign of the documented formula."""
    found: dict[str, Any] = {"neighbours": flips.neighbours, "rows_of_a": flips.n_a}
    if flips.votes is not None and value is not None:
        found |= {"flips_to_accepted": int(flips.votes[1, 0]), "flips_to_refused": int(flips.votes[0, 1]), "FT_documented": 0.0 - value}
    if n := flips.scaled.sum():
        found["FT_scaled"] = float((flips.scaled[0, 1] - flips.scaled[1, 0]) / n)
    return found
