"""What a flow that splits by chance or shuffles says of the order of rows, and what it refuses."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import tilth
from tilth.errors import RequestError
from tilth.flow import Flow
from tilth.flow.order import MOST, RowOrder, judged

RNG = np.random.default_rng(4)
N = 600
NOISE = RNG.normal(size=N)
CLASSES = np.array(["no", "yes"])[(RNG.random(N) < 0.4).astype(int)]
DAYS = [date(2024, 1, 1) + timedelta(days=i) for i in range(N)]
GROUPS = np.repeat(np.arange(N // 4), 4)
PER_GROUP = RNG.normal(size=N // 4)[GROUPS]
WALK = {"day": DAYS, "x": np.cumsum(NOISE), "y": CLASSES}
CHANCE = "{train: 0.8, test: 0.2, by: hash}"
TABLES: dict[str, dict[str, Any]] = {
    "time": WALK,
    "time going down": {name: list(values)[::-1] for name, values in WALK.items()},
    "time with a zone": WALK | {"day": [datetime(2024, 1, 1, tzinfo=UTC) + timedelta(hours=i) for i in range(N)]},
    "time and nothing else": {"day": DAYS, "month": [d.month for d in DAYS], "no": range(N), "x": NOISE, "y": CLASSES},
    "birth": {"birth_date": DAYS, "x": np.cumsum(NOISE), "y": CLASSES},
    "label": {"x": NOISE + np.sort(RNG.random(N) < 0.4), "y": np.sort(CLASSES)},
    "label of many values": {"x": NOISE, "y": np.sort(NOISE)},
    "groups": {"patient": GROUPS, "x": PER_GROUP + NOISE / 9, "y": CLASSES},
    "series": {"x": np.cumsum(NOISE), "y": CLASSES},
    "two files": {"x": NOISE + np.repeat([0, 1], N // 2), "y": CLASSES},
    "none": {"x": NOISE, "y": CLASSES, "c": RNG.choice(list("abcd"), N)},
}
MEANINGS = {
    "time": ("time", "day"),
    "time going down": ("time", "day"),
    "time with a zone": ("time", "day"),
    "time and nothing else": ("none", ""),
    "birth": ("other", ""),
    "label": ("label", "y"),
    "label of many values": ("label", ""),
    "groups": ("group", "patient"),
    "series": ("other", ""),
    "two files": ("other", ""),
    "none": ("none", ""),
}


def flow(split: str = CHANCE, more: str = "", roles: str = "label: y") -> Flow:
    return Flow.parse(f"data: {{roles: {{{roles}}}}}\nsplit: {split}\n{more}")


def order(table: Any, **reading: Any) -> RowOrder | None:
    with tilth.DuckDB().session() as session:
        return judged(flow(), tilth.read(table, engine=session, **reading), session)


def said(table: dict[str, Any], made: Flow) -> tuple[str, str]:
    (found,) = (f for f in tilth.run(made, data=pa.table(table)).of("split") if f.name == "order of rows")
    return found.message, found.payload.remedy


@pytest.mark.parametrize("name", TABLES)
def test_the_order_of_rows_means(name: str) -> None:
    found = order(pa.table(TABLES[name]), roles={"label": "y"})
    assert found is not None
    assert (found.meaning, found.by) == MEANINGS[name]


@pytest.mark.slow
@pytest.mark.parametrize("name", TABLES)
def test_rows_in_any_order_raise_no_alarm(name: str) -> None:
    for seed in range(5):
        found = order(pd.DataFrame(TABLES[name]).sample(frac=1, random_state=seed), roles={"label": "y"})
        assert found == RowOrder("none")


@pytest.mark.shared_data
@pytest.mark.parametrize(
    ("name", "reading"),
    [
        ("tabular/adult-train.csv", {"header": False, "roles": {"label": "column_14"}}),
        ("tabular/german.csv", {"header": False, "roles": {"label": "column_20"}}),
        ("tabular/titanic.csv", {"roles": {"label": "survived"}}),
        ("text/sms.tsv", {"names": ["kind", "message"], "quote": "", "roles": {"label": "kind"}}),
    ],
)
def test_exchangeable_files_raise_no_alarm(name: str, reading: dict[str, Any], shared_data: Callable[[str], Path]) -> None:
    assert order(shared_data(name), **reading) == RowOrder("none")


@pytest.mark.parametrize("by", ["hash", "stratified"])
def test_a_split_by_chance_of_rows_in_order_of_time_is_refused_with_what_mends_it(by: str) -> None:
    with pytest.raises(RequestError, match=r"<flow>:2:1: split: the rows are in order of time \('day'\)") as told:
        tilth.fit(flow(CHANCE.replace("hash", by)), pa.table(WALK))
    mended = "split: {train: 0.8, test: 0.2, by: time(day)}"
    assert f"write `{mended}`; to split at random anyway, add `anyway: true`" in str(told.value)
    assert tilth.fit(Flow.parse(mended), pa.table(WALK)).fitted


def test_shuffling_rows_in_order_of_time_is_refused() -> None:
    by_time, shuffled = "{train: 0.8, test: 0.2, by: time(day)}", "training: [shuffle]"
    with pytest.raises(RequestError, match="shuffle: the rows are in order of time"):
        tilth.fit(flow(by_time, shuffled), pa.table(WALK))
    assert tilth.fit(flow(by_time, shuffled.replace("shuffle", "shuffle: {anyway: true}")), pa.table(WALK)).fitted


@pytest.mark.parametrize("split", ["{train: 0.8, test: 0.2, anyway: true}", "{train: 0.8, test: 0.2, by: group(x)}"])
def test_who_splits_anyway_or_by_groups_is_not_asked(split: str) -> None:
    assert tilth.fit(flow(split), pa.table(WALK)).fitted


def test_rows_that_a_step_makes_are_not_in_the_order_of_the_file() -> None:
    more = "rows: [{aggregate: {by: y, with: {x: mean}}}]"
    assert tilth.fit(flow("{train: 0.5, test: 0.5, by: hash, allow_empty: true}", more, roles=""), pa.table(WALK | {"y": range(N)})).fitted


@pytest.mark.parametrize(
    ("name", "split", "words", "remedy"),
    [
        ("label", CHANCE, "sorted by the label y", "split: {train: 0.8, test: 0.2, by: stratified(y)}"),
        ("label of many values", CHANCE, "needs them shuffled", "training: [shuffle]"),
        ("label", CHANCE.replace("hash", "stratified"), "needs them shuffled", "training: [shuffle]"),
        ("groups", CHANCE, "same patient are adjacent", "split: {train: 0.8, test: 0.2, by: group(patient)}"),
        ("series", CHANCE, "neighbours are alike in x", "split: {train: 0.8, test: 0.2, by: ordered(NUMBER)}"),
        ("none", CHANCE, "show no order", ""),
    ],
)
def test_another_order_is_reported_with_the_line_that_mends_it(name: str, split: str, words: str, remedy: str) -> None:
    message, line = said(TABLES[name], flow(split))
    assert words in message
    assert line == remedy


@pytest.mark.slow
def test_of_many_rows_stretches_are_looked_at(tmp_path: Path) -> None:
    """Forty of 500 neighbours each; two files glued together show in their trend."""
    rng, n = np.random.default_rng(1), 2 * MOST + 7
    walk, steps = np.cumsum(rng.normal(size=n)), rng.normal(size=n) + (np.arange(n) > n / 2)
    for name, x in (("walk", walk), ("steps", steps), ("noise", rng.normal(size=n))):
        pq.write_table(pa.table({"x": x}), tmp_path / f"{name}.parquet")
        found = order(tmp_path / f"{name}.parquet")
        assert found == (RowOrder("none") if name == "noise" else RowOrder("other", ("x",)))


def test_the_order_of_several_files_is_not_judged(tmp_path: Path) -> None:
    for name in "ab":
        pq.write_table(pa.table(WALK), tmp_path / f"{name}.parquet")
    assert order(tmp_path / "*.parquet") == RowOrder("unknown")


@pytest.mark.spark
def test_spark_keeps_no_order_that_could_be_judged(spark: Any) -> None:
    with tilth.Spark(spark).session() as session:
        assert judged(flow(), tilth.read(pa.table(WALK), engine=session), session) == RowOrder("unknown")
