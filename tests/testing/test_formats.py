"""The battery of formats, on every format of files and on formats that break a law."""

from __future__ import annotations

import pyarrow as pa
import pytest

from tilth.engine.spark import Spark
from tilth.formats.format import by_name
from tilth.formats.parquet import Parquet
from tilth.testing.formats import check_format

EVERY_KIND = ("csv", "parquet", "jsonl")  # the formats of some kinds only have the battery in their own files
NUMBERS = pa.table({"label": [0, 1], "f0": [0.5, None], "f1": [1, -(2**63)], "f2": [2, None], "f3": [-0.0, 2**53]})


@pytest.mark.parametrize("name", EVERY_KIND)
def test_every_format(name, tmp_path):
    check_format(by_name(name), tmp_path)


@pytest.mark.spark
@pytest.mark.parametrize("name", [*EVERY_KIND, "sagemaker_csv"])
def test_every_format_on_spark(name, tmp_path, spark):
    check_format(by_name(name), tmp_path, Spark(spark).session(), None if name in EVERY_KIND else NUMBERS)


class LosesRows(Parquet):
    def export(self, data, to, engine, folder, **options):
        return super().export(data.keep(["integer"]), to, engine, folder, **options)


class Suffix(Parquet):
    suffixes = ("parquet",)


@pytest.mark.parametrize(("form", "says"), [(LosesRows(), "the columns are"), (Suffix(), "suffixes")])
def test_a_broken_law_is_named(form, says, tmp_path):
    with pytest.raises(AssertionError, match=says):
        check_format(form, tmp_path, table=pa.table({"integer": [1], "other": [2]}))
