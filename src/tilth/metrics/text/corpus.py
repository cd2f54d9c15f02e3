"""Features of texts that depend on the other texts of a table. They are computed in scans of their own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from sqlglot.expressions import Expression as Tree

from tilth.data import Column, Dataset, Kind
from tilth.engine.expressions import and_, case, col, lit, not_null
from tilth.engine.needs import Sample
from tilth.engine.operations.hashing import DIGITS, HashString, key_string
from tilth.engine.operations.lookups import lookup
from tilth.engine.python_operation import PythonFunction
from tilth.engine.session import Session
from tilth.metrics.kmeans import clusters
from tilth.metrics.near_duplicates import Repeated, near_groups
from tilth.metrics.text.vectors import SAYS, SIZE, rarity, run_counts, weighted

SAMPLED = 1_000  # texts among which topics are found
MOST_TOPICS = 20
AT_ONCE = 1_000  # texts whose vectors are in memory


def boilerplate(column: Column, data: Dataset, engine: Session) -> Tree:
    """1 if another row has the same or nearly the same text, else 0: near-duplicates share 0.8 of their runs of five characters.

    Blank texts have 0, null stays null. Errors: as for `near_groups`.
    """
    table, asking = data.keep([column.name]), near_groups([column.name])
    repeated = Repeated((column.name,))
    needs = [*next(asking), repeated]
    answers = engine.answer(table, needs)
    same = {f"{number:0{DIGITS}x}" for number in answers[repeated]}
    try:
        while True:
            answers = engine.answer(table, asking.send(answers))
    except StopIteration as end:
        same |= {*end.value, *end.value.values()}
    text = col(column.name)
    if not same:
        return case((not_null(text), lit(0)))
    known = lookup(HashString.of(key_string([column])), sorted(same))
    return case((and_(not_null(text), not_null(known)), lit(1)), (not_null(text.copy()), lit(0)))


@dataclass(frozen=True)
class Topics:
    """The topic of each text, by the nearest centre: `topic 01` … Null stays null."""

    rare: bytes
    centres: bytes

    def __call__(self, texts: pa.Array) -> pa.Array:
        rare, centres = np.frombuffer(self.rare), np.frombuffer(self.centres).reshape(-1, SIZE)
        there, found = texts.drop_null().to_pylist(), list[int]()
        for start in range(0, len(there), AT_ONCE):
            vectors = weighted(run_counts(there[start : start + AT_ONCE]), rare)
            found += ((centres**2).sum(axis=1) - 2 * vectors @ centres.T).argmin(axis=1).tolist()
        number = iter(found)
        return pa.array([f"topic {next(number) + 1:02}" if valid else None for valid in texts.is_valid().to_pylist()], pa.string())


def topics(column: Column, data: Dataset, engine: Session) -> Tree:
    """The topic of a text: its cluster among at most 1,000 texts, which are chosen by their hash, by k-means of their vectors.

    Their number is the one from 2 to 20 with the best mean silhouette; the first topic has most texts.
    """
    need = Sample((column.name,), SAMPLED)
    texts = [text for text in engine.answer(data, [need])[need][column.name].to_pylist() if text is not None]
    counts = run_counts(texts)
    rare, centres = rarity(counts), np.zeros((1, SIZE))
    if texts:
        vectors = weighted(counts, rare)
        _, of, sizes = np.unique(clusters(vectors, None, 0, MOST_TOPICS, -1.0), return_inverse=True, return_counts=True)
        centres = np.stack([vectors[of == c].mean(axis=0) for c in np.argsort(-sizes, kind="stable")])
    return PythonFunction(Topics(rare.tobytes(), centres.tobytes()), (Kind.STRING,), Kind.STRING, "topic").of(col(column.name))


CORPUS: Mapping[str, tuple[Kind, str, bool, Callable[[Column, Dataset, Session], Tree]]] = {
    "is_boilerplate": (Kind.INTEGER, "whether {} is nearly the same as that of another row: 1 or 0", True, boilerplate),
    "topic": (Kind.STRING, f"topic of {{}}: a cluster by {SAYS}", False, topics),
}
"""Feature of a text → its kind, its meaning, with `{}` for the text, whether it is 1 or 0, and the function that makes its expression."""
