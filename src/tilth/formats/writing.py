"""`write`: a dataset to a place; and a dataset as a table of Arrow, pandas, Polars, DuckDB or Spark."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tilth.data import Dataset
from tilth.engine.engine import Engine, everything
from tilth.formats.format import Place, by_name, by_suffix, refuse_unknown

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl
    import pyarrow as pa


def write(data: Dataset, place: Place, *, engine: Engine, format: str | None = None, **options: Any) -> Path:  # noqa: A002 -- the flow file's own word
    """Write a dataset to a file or a folder, whole or not at all; the place.

    The format is found by the place's ending; a place without one is a folder of Parquet files. The rows stand in their order
    where it is meant (`data.ordered`).

    Errors: `MachineError` where the disk is full or may not be written, `RequestError` for a place that holds something else.
    """
    form = by_name(format) if format else by_suffix(os.fspath(place), default="parquet")
    refuse_unknown(form, options, form.write_options)
    form.write(data, place, engine, **options)
    return Path(place)


def to_arrow(data: Dataset, engine: Engine) -> pa.Table:
    """A dataset as an Arrow table."""
    table: pa.Table = engine.batches(engine.query(data, everything())).read_all()
    return table


def to_pandas(data: Dataset, engine: Engine) -> pd.DataFrame:
    """A dataset as a pandas frame."""
    frame: pd.DataFrame = to_arrow(data, engine).to_pandas()
    return frame


def to_polars(data: Dataset, engine: Engine) -> pl.DataFrame:
    """A dataset as a Polars frame."""
    import polars as pl

    return pl.DataFrame(to_arrow(data, engine))
