"""The flows in `examples/`, on the real data: they run, and their numbers are those that others have computed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

import tilth
from tests.house.tree import ROOT
from tilth.flow import Flow

EXAMPLES = sorted((ROOT / "examples").glob("*.yaml"))
Shared = Callable[[str], Path]


def example(name: str, shared_data: Shared) -> Flow:
    """A flow of `examples/`, reading the shared data wherever that lies."""
    flow = Flow.load(ROOT / "examples" / f"{name}.yaml")
    (place,) = flow.reading.read
    found = shared_data(f"tabular/{place}")
    return replace(flow, reading=replace(flow.reading, read=(str(found),)), folder="/")


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda p: p.stem)
def test_an_example_is_a_flow(path: Path) -> None:
    assert Flow.load(path).parts["features"]


# Clarify's published values for the 30,162 complete rows: a = 20,380 men (6,396 above 50K), d = 9,782 women (1,112)
PUBLISHED = {
    "CI": 0.3513692725946555,
    "DPL": 0.20015891077100018,
    "JS": 0.030756144659773,
    "KL": 0.143068651563064,
    "KS": 0.20015891077100018,
    "LP": 0.283067446242175,
    "TVD": 0.20015891077100018,
}


@pytest.mark.shared_data
def test_the_bias_of_adult_is_the_published_one(shared_data: Shared) -> None:
    flow = example("adult", shared_data)
    source, options = flow.reading.read[0], dict(flow.reading.options)
    raw = tilth.write(tilth.read(source, roles=flow.reading.roles, **options))
    complete = tilth.read(raw.drop_null(), roles={"label": "income", "positive": ">50K", "facet": "sex"})
    assert raw.drop_null().num_rows == 30_162
    found = {f.name: f.value for f in tilth.measure(complete, "bias").findings if f.group == "sex=Female"}
    assert {name: found[name] for name in PUBLISHED} == pytest.approx(PUBLISHED, rel=1e-9, abs=1e-12)


@pytest.mark.shared_data
@pytest.mark.slow
def test_what_adult_learned_is_what_hand_written_sql_gives(shared_data: Shared, tmp_path: Path) -> None:
    report = tilth.run(example("adult", shared_data), tmp_path / "out")
    report.raise_for_failures()
    fitted = Flow.load(tmp_path / "out/adult.tilth")
    (scale,) = (f for f in fitted.need_learned().features if f.step.name == "scale")
    train = tilth.read(example("adult", shared_data).reading.read[0], **fitted.reading.options)
    whole = tilth.write(train)
    assert whole.num_rows == 32_561
    parts = duckdb.sql(f"SELECT count(*) FROM read_parquet('{tmp_path}/out/*/*.parquet')").fetchall()[0]
    assert parts == (32_561,)
    mean, deviation = duckdb.sql(f"SELECT avg(age), stddev_pop(age) FROM read_parquet('{tmp_path}/out/train/*.parquet')").fetchall()[0]
    assert (mean, deviation) == pytest.approx((0, 1), abs=1e-9)
    assert scale.learned["age"]["centre"] == pytest.approx(38.5816, abs=0.2)  # the whole file's mean
