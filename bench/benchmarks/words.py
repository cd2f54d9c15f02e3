"""TF-IDF of short texts: the 100 most frequent words of texts of 4 to 15 words, out of 30,000 with the frequencies of natural words."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from bench.benchmark import Benchmark, Candidate, Target, Work, close, out, ratio
from bench.data import below

WORDS = 100
TEXT = (
    f"array_to_string(list_transform(range(4 + cast({below(12, 60)} as bigint)), "
    "lambda k: 'w' || cast(floor(power(30000, (hash(i * 16 + k) % 1000003) / 1000003e0)) as integer)), ' ')"
)


def texts(folder: Path, who: str) -> Path:
    """A Parquet file with as many texts as there are trips, up to a million."""
    import duckdb

    place = out(folder, "words", who).with_suffix(".parquet")
    rows = min(int(folder.name), 1_000_000)
    duckdb.connect().execute(f"COPY (SELECT {TEXT} AS text FROM range({rows}) AS rows(i)) TO '{place}'")
    return place


def tilth(folder: Path) -> Work:
    import numpy as np

    import tilth
    from tilth.engine.arrow import as_numpy
    from tilth.engine.duckdb import DuckDB
    from tilth.engine.session import everything
    from tilth.steps.fitting import fit
    from tilth.steps.text.vectorize import Vectorize

    place, engine = texts(folder, "tilth"), DuckDB().session()

    def work() -> list[float]:
        _, made = fit([Vectorize("text", with_="tfidf", max_features=WORDS)], tilth.read(str(place), engine=engine), engine)
        sums = np.zeros(WORDS)
        for batch in engine.batches(engine.query(made, everything())):
            sums += [as_numpy(column).sum() for column in batch.columns]
        return sorted(map(float, sums))

    return work


def scikit_learn(folder: Path) -> Work:
    import pandas as pd
    from sklearn.feature_extraction.text import TfidfVectorizer

    place = texts(folder, "scikit-learn")

    def work() -> list[float]:
        made = TfidfVectorizer(max_features=WORDS).fit_transform(pd.read_parquet(place)["text"])
        return sorted(float(x) for x in made.sum(axis=0).A1)

    return work


def differences(results: Mapping[str, list[float]]) -> list[str]:
    first, *others = results.values()
    return ["not the same sums" for other in others if not all(close(a, b, 1e-9) for a, b in zip(first, other, strict=True))]


BENCHMARK = Benchmark(
    name="words",
    title="TF-IDF",
    about=f"TF-IDF of a million texts of 4 to 15 words: the {WORDS} most frequent words learned and applied, and each column added up.",
    candidates=(Candidate("tilth", tilth), Candidate("scikit-learn", scikit_learn)),
    targets=(
        Target(
            "learn and apply to scikit-learn",
            ratio("tilth", "scikit-learn"),
            1 / 5,
            why="words are found twice, once to learn and once to apply, because no text is kept; this takes a fifth of the core seconds. "
            "Counting and weighting takes two fifths. All cells become columns, while scikit-learn keeps only cells that are not 0; "
            "handing over this many columns of numbers takes DuckDB a sixth.",
        ),
    ),
    differences=differences,
)
