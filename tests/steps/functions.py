"""Functions as a user writes them for the step `python`."""

from __future__ import annotations

import threading

import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

NUMBER = 1


def length(texts: pa.Array) -> pa.Array:
    return pa.array([None if text is None else len(text) for text in texts.to_pylist()], pa.int64())


def weekday(days: pa.Array, flags: pa.Array) -> pa.Array:
    return pc.if_else(pc.fill_null(flags, False), pc.strftime(days, "%a"), "?")


def series(words: pd.Series, numbers: pd.Series) -> pd.Series:
    return words.str.len() + numbers  # a float for each, or an integer, as pandas has it


def frame(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.assign(half=rows["whole"] / 2, known=rows["word"].notna(), date=rows["moment"].dt.tz_localize(None).dt.normalize())[
        ["known", "half", "date"]
    ]


def doubled(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.select(pl.exclude("word") * 2, upper=pl.col("word").str.to_uppercase().cast(pl.Categorical))


def kept(numbers: pl.Series) -> pl.Series:
    return numbers.sqrt()  # NaN of a negative number


def kept_integers(numbers: pd.Series) -> pd.Series:
    return numbers


def of_objects(words: pd.Series) -> pd.Series:
    return pd.Series([1, "a", None], dtype=object)


def table(rows: pa.Table) -> pa.Table:
    return rows.append_column("same", rows["zoned"]).select(["same"])


def broken(texts: pa.Array) -> pa.Array:
    raise KeyError("nowhere")


def ending(texts: pa.Array) -> pa.Array:
    raise SystemExit(1)


def stuck(texts: pa.Array) -> pa.Array:
    threading.Event().wait()
    return texts


def resorted(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.iloc[::-1]


def cut(words: pd.Series) -> pd.Series:
    return words.dropna()


def misspelled(words: pd.Serie) -> pd.Series:
    return words


def of_lists(words: list) -> list:
    return words
