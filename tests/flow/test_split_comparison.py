"""What the parts of a split share beside whole rows, and how they differ."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tilth
from tests.engines import duckdb_session
from tilth.data import Roles
from tilth.flow import Flow
from tilth.flow.split_checks import (
    BUT_LABEL,
    CLASSES,
    CONFLICT,
    GROUPS,
    INTERVAL,
    MODEL,
    NEAR,
    OUTSIDE,
    ROWS,
    SHARE,
    TELLS,
    TRAIN,
    UNSEEN,
    SplitCheck,
    split_findings,
)
from tilth.flow.split_comparison import association, comparison_findings, intraclass
from tilth.report import Finding
from tilth.steps.rows.split import Split

Shared = Callable[[str], Path]
RNG = np.random.default_rng(5)
N = 600
PERSON = RNG.integers(0, 150, N)
TABLE = {"person": [f"p{i}" for i in PERSON], "x": RNG.normal(size=N), "y": np.where((PERSON % 3 == 0), "ill", "well")}


def findings(text: str, table: Any = TABLE, engine: Any = None) -> list[Finding[SplitCheck]]:
    return list(tilth.run(Flow.parse(text), data=pa.table(table), engine=engine).of("split"))


def named(found: list[Finding[SplitCheck]], name: str) -> list[Finding[SplitCheck]]:
    return [f for f in found if f.name == name]


def flow(by: str = "hash", label: str = "y", more: str = "") -> str:
    return f"data: {{roles: {{label: {label}}}}}\nsplit: {{train: 0.8, test: 0.2, by: {by}, anyway: true}}\n{more}"


@pytest.mark.parametrize("engine", ["duckdb", pytest.param("spark", marks=pytest.mark.spark)])
def test_groups_that_say_the_label_are_reported_with_the_line_that_keeps_them_together(engine: str, request: Any) -> None:
    session = None if engine == "duckdb" else tilth.Spark(request.getfixturevalue("spark")).session()
    (found,) = named(findings(flow(), engine=session), GROUPS)
    assert found.subject == ("person",)
    assert found.payload.remedy == "split: {train: 0.8, test: 0.2, by: group(person)}"
    assert found.value == pytest.approx(
        association(np.unique(TABLE["person"], return_inverse=True)[1], (PERSON % 3 == 0).astype(int)), abs=0.1
    )


@pytest.mark.parametrize("by", ["group(person)", "ordered(x)"])
def test_groups_are_not_reported_where_rows_are_not_split_by_chance(by: str) -> None:
    assert not named(findings(flow(by)), GROUPS)


def test_groups_that_say_nothing_are_not_reported() -> None:
    """Many small groups explain some of any label: λ without its mean over permutations would be 0.2 and more."""
    table = TABLE | {"y": RNG.choice(["ill", "well"], N)}
    assert not named(findings(flow(), table), GROUPS)


def test_a_number_that_is_mostly_zero_is_not_a_key() -> None:
    gains = np.where(RNG.random(N) < 0.55, 0, RNG.integers(1, 30, N))
    table = TABLE | {"person": gains, "y": np.where(gains > 0, np.where(gains % 2 == 0, "ill", "well"), "ill")}
    assert not named(findings(flow(), table), GROUPS)
    (found,) = named(findings(flow(), {name: column[gains > 0] for name, column in table.items()}), GROUPS)
    assert found.subject == ("person",)


def test_groups_of_numbers_are_judged_by_the_intraclass_correlation() -> None:
    (found,) = named(findings(flow(), TABLE | {"y": RNG.normal(size=150)[PERSON] + RNG.normal(size=N) / 3}), GROUPS)
    assert found.value == pytest.approx(0.9, abs=0.06)  # 1 / (1 + 1/9)


@given(st.lists(st.tuples(st.integers(0, 4), st.floats(-5, 5)), min_size=6, max_size=40))
def test_the_intraclass_correlation_is_that_of_the_mean_squares(rows: list[tuple[int, float]]) -> None:
    """By pandas: between and within groups."""
    d = pd.DataFrame(rows, columns=["g", "y"])
    counts, n, g = d.groupby("g").size(), len(d), d["g"].nunique()
    if not 1 < g < n or d["y"].nunique() < 2:
        return
    within = ((d["y"] - d.groupby("g")["y"].transform("mean")) ** 2).sum() / (n - g)
    between = (counts * (d.groupby("g")["y"].mean() - d["y"].mean()) ** 2).sum() / (g - 1)
    k = (n - (counts**2).sum() / n) / (g - 1)
    if between + (k - 1) * within > 1e-9:
        assert intraclass(d["g"].to_numpy(), d["y"].to_numpy()) == pytest.approx(
            (between - within) / (between + (k - 1) * within), abs=1e-6
        )


@pytest.mark.slow
@pytest.mark.shared_data
def test_adult_has_rows_of_its_test_file_in_its_training_file(shared_data: Shared) -> None:
    """23 rows, and 26 but for the label: as pandas finds them, too."""
    train, test = (
        pd.read_csv(shared_data(f"tabular/adult-{part}.csv"), header=None, skipinitialspace=True, comment="|") for part in (TRAIN, "test")
    )
    test[14] = test[14].str.rstrip(".")
    expected = [test.merge(train[columns].drop_duplicates(), on=columns).shape[0] for columns in (list(range(15)), list(range(14)))]
    table = pd.concat([train.assign(split=TRAIN), test.assign(split="test")]).rename(columns=str)
    split, run = Split({TRAIN: 0.7, "test": 0.3}), duckdb_session()
    data = tilth.read(pa.Table.from_pandas(table, preserve_index=False), roles=Roles.of(label="14"), engine=run)
    sizes = [Finding(SHARE, part=part, payload=SplitCheck(len(rows))) for part, rows in ((TRAIN, train), ("test", test))]
    found = [*split_findings(data, sizes, run, lambda _: False, split), *comparison_findings(data, sizes, split, (), run)]
    assert [named(found, name)[0].payload.rows for name in (ROWS, BUT_LABEL)] == expected == [23, 26]


def test_equal_rows_with_different_labels_are_counted() -> None:
    table = {"x": [1, 1, 2, 2, 3, 4, 5, 6, 7, 8], "y": list("abaabababa")}
    (found,) = named(findings(flow("hash(x)"), table), CONFLICT)
    assert (found.payload.rows, found.payload.of) == (1, 2)


@pytest.mark.slow
def test_nearly_equal_texts_in_two_parts_are_reported_with_the_line_that_mends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    text = [f"{i % 150} words {(i % 150) ** 5} of {(i % 150) ** 7} a message{'.' * (i // 150)}" for i in range(N)]
    table = {"text": text, "y": TABLE["y"]}
    (found,) = named(findings("split: {train: 0.8, test: 0.2}", table), NEAR)
    assert found.payload.rows == found.payload.of
    assert found.payload.remedy == "split: {train: 0.8, test: 0.2, by: hash, together: near_duplicates, texts: text}"
    assert not named(findings(found.payload.remedy, table), NEAR)
    (found,) = named(findings(flow("stratified"), table), NEAR)
    assert found.payload.remedy == "rows: [dedupe: {on: text, near: 0.8}]"
    assert not named(findings(flow("stratified", more=found.payload.remedy), table), NEAR)
    answers = {
        "note": [
            "nothing to add" if i % 2 else f"{RNG.integers(10**12)} on {RNG.integers(10**12)} and {RNG.integers(10**12)}" for i in range(N)
        ],
        "y": TABLE["y"],
    }
    assert not named(findings("{data: {roles: {text: note}}, split: {train: 0.8, test: 0.2}}", answers), NEAR)  # short ones repeat
    monkeypatch.setattr("tilth.flow.split_comparison.MOST_CHARACTERS", 10)
    (found,) = named(findings("split: {train: 0.8, test: 0.2}", table), NEAR)
    assert found.payload.meaning == "unknown"


def test_values_that_the_training_part_lacks_are_counted() -> None:
    """As pandas counts them: categories, and numbers outside the range."""
    table = pd.DataFrame({"t": range(N), "c": RNG.choice(list("abc"), N), "x": RNG.normal(size=N), "y": RNG.choice(["n", "p"], N)})
    table.loc[table["t"] > 540, "c"] = "new"
    table.loc[table["t"] > 560, "x"] += 99
    found = findings(flow("ordered(t)"), pa.Table.from_pandas(table, preserve_index=False))
    test, train = table[480:], table[:480]
    (unseen,), (outside,) = named(found, UNSEEN), named(found, OUTSIDE)
    assert (unseen.subject, unseen.payload.rows, unseen.payload.of) == (("c",), int((~test["c"].isin(train["c"])).sum()), 120)
    assert (outside.subject, outside.payload.rows) == (("x",), int(((test["x"] > train["x"].max()) | (test["x"] < train["x"].min())).sum()))
    assert [f.subject for f in named(found, TELLS)] == [("c",), ("x",)]


@pytest.mark.slow
def test_nothing_tells_parts_by_chance_apart_and_time_does() -> None:
    table = {"t": range(N), "drifting": np.arange(N) / 100 + RNG.normal(size=N), "y": RNG.choice(["n", "p"], N)}
    assert not named(findings(flow("hash"), {"x": TABLE["x"], "y": table["y"]}), TELLS)
    found = findings(flow("ordered(t)", more="measure: [insights]"), table)
    (told,), (model,) = named(found, TELLS), named(found, MODEL)
    assert (told.subject, told.part) == (("drifting",), "test")
    assert told.value > 0.9
    assert model.value > 0.8
    without = findings(flow("ordered(t)", more="measure: [{insights: {models: false}}]"), table)
    assert named(without, TELLS) and not named(without, MODEL)


def test_a_class_with_few_rows_in_a_part_is_named() -> None:
    table = {"x": range(200), "y": ["rare"] * 8 + ["often"] * 192}
    found = findings(flow("stratified"), table)
    (few,) = named(found, CLASSES)
    assert (few.part, few.message) == ("test", "test has fewer than 5 rows of y = rare (2): a score for it means nothing.")
    (known,) = named(found, INTERVAL)
    assert known.value == pytest.approx(1.96 * (0.95 * 0.05 / 40) ** 0.5, abs=1e-9)


def test_larger_tables_are_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tilth.flow.split_comparison.MOST", 10)
    found = findings(flow())
    assert Counter(f.payload.meaning for f in named(found, UNSEEN)) == {"unknown": 1}
    assert not named(found, GROUPS)
