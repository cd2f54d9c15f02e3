"""What a step refuses when rows are read has the line of the flow."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

import tilth
from tilth.errors import RequestError
from tilth.flow import Flow

FLOW = """data: {roles: {label: y}}
split: {train: 0.5, test: 0.5}
features:
  - scale: x
  - encode: {columns: c, unseen: error}
"""
TABLE = pa.table({"x": range(40), "c": ["a", "b"] * 20, "y": [0, 1] * 20})
NEW = pa.table({"x": [1], "c": ["z"], "y": [1]})


@pytest.mark.parametrize("read", [tilth.write, tilth.arrays, lambda data: tilth.measure(data, ["profile"])])
def test_an_applied_table_that_is_read_later(read: Callable[[Any], Any], tmp_path: Path) -> None:
    (tmp_path / "churn.yaml").write_text(FLOW)
    with pytest.raises(RequestError, match=r"encode: column 'c' has a value that training has not seen") as error:
        read(tilth.apply(tilth.fit(tmp_path / "churn.yaml", TABLE), NEW))
    place = error.value.mistakes[0].place
    assert place is not None
    assert (place.file, place.line, place.text) == (str(tmp_path / "churn.yaml"), 5, "  - encode: {columns: c, unseen: error}")


def test_one_of_a_flow_that_was_saved(tmp_path: Path) -> None:
    saved = tilth.fit(Flow.parse(FLOW, name="churn"), TABLE).save(tmp_path / "churn.tilth")
    with pytest.raises(RequestError, match=r"^churn.tilth: flow.yaml:5:5: encode: column 'c'"):
        tilth.write(tilth.apply(saved, NEW), tmp_path / "out.parquet")
    assert not (tmp_path / "out.parquet").exists()
