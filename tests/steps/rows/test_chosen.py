"""Parts by a condition, and by the values of a column."""

from collections import Counter
from datetime import date

import pyarrow as pa
import pytest

import tilth
from tests.engines import duckdb_session
from tests.steps.made import dataset, made
from tilth.data import Roles
from tilth.engine.session import everything
from tilth.errors import ExpressionError, RequestError
from tilth.flow import Flow
from tilth.steps.fitting import fit
from tilth.steps.rows.split import Split

TABLE = {"year": [2017, 2018, 2019, None], "part": ["a", "b", "test", None], "x": [1, 2, 3, 4]}
RULE = {"train": "year < 2019", "test": "rest"}


@pytest.mark.parametrize("engine", ["duckdb", pytest.param("spark", marks=pytest.mark.spark)])
def test_the_part_is_that_whose_condition_is_true_or_whose_value_it_is(engine, request):
    run = duckdb_session() if engine == "duckdb" else tilth.Spark(request.getfixturevalue("spark")).session()
    two = ["train", "test", "test"]
    by_kind = {"f": [0.0, 1.0, 1.5], "b": [True, False, False], "d": [date(2024, 1, 1), date(2024, 1, 2), date(2024, 1, 3)], "i": [0, 1, 2]}
    for step, table, expected in (
        (Split(RULE, by="rule"), TABLE, ["train", "train", "test", "test"]),
        (Split({"train": "x <= 2", "test": "x > 2"}, by="rule"), TABLE, ["train", "train", "test", "test"]),
        (Split({"train": 0, "test": [1, 1.5]}, by="given", columns="f"), by_kind, two),
        (Split({"train": (0, 1), "test": 2}, by="given", columns="i"), by_kind, ["train", "train", "test"]),
        (Split({"train": True, "test": False}, by="given", columns="b"), by_kind, two),
        (
            Split({"train": ("2024-01-01", "2024-01-03"), "test": "2024-01-02"}, by="given", columns="d"),
            by_kind,
            ["train", "test", "train"],
        ),
    ):
        _, data = fit([step], dataset(pa.table(table)), run)
        assert sorted(row[-1] for row in run.rows(data, everything())) == sorted(expected), step


def test_a_given_column_is_not_for_a_model_to_learn_from():
    table = {"part": ["a", "b", "c"], "x": [1, 2, 3]}
    parts = {"train": ["a", "b"], "test": "c"}
    _, data = fit([Split(parts, by="given", columns="part")], dataset(table), duckdb_session())
    assert data.roles.split == "part"
    assert made(Split(parts, by="given"), table, Roles.of(split="part"))["split"] == ["train", "train", "test"]
    assert made(Split(parts, by="given", columns="split"), {"split": ["a", "b", "c"], "x": [1, 2, 3]})["split"] == [
        "train",
        "train",
        "test",
    ]


@pytest.mark.parametrize(
    ("step", "message"),
    [
        (lambda: Split({"train": "year < 2019", "test": "year >= 2019"}, by="rule"), "1 row is in no part"),
        (lambda: Split({"train": "x < 4", "test": "x > 1", "more": "rest"}, by="rule"), "2 rows are in two parts: train and test"),
        (lambda: Split({"train": "x < 4", "test": 0.2}, by="rule"), "'test' has the condition 0.2"),
        (lambda: Split({"train": "rest", "test": "rest"}, by="rule"), "train and test are both the rest"),
        (lambda: Split({"train": "true", "test": "rest"}, by="rule"), "no condition reads a column"),
        (lambda: Split({"train": "a", "test": ["b", "a"]}, by="given", columns="part"), "the value 'a' is of two parts"),
        (lambda: Split({"train": "a", "test": "b"}, by="given", columns="part"), "2 rows are in no part: part is test"),
        (lambda: Split({"train": ["a", "b"], "test": "test"}, by="given", columns="part"), "1 row is in no part: part is null"),
        (lambda: Split({"train": "a", "test": "b"}, by="given"), "no column to split by"),
        (lambda: Split({"train": "a", "test": "b"}), "'train' has the share a"),
        (lambda: Split(RULE, by="rule", folds=3), "a split by rule says nothing of folds"),
    ],
)
def test_rows_in_no_part_or_in_two_are_refused(step, message):
    with pytest.raises(RequestError, match=message):
        made(step(), TABLE)


def test_a_condition_is_one():
    with pytest.raises(ExpressionError, match="'yaer'"):
        made(Split({"train": "yaer < 2019", "test": "rest"}, by="rule"), TABLE)


@pytest.mark.slow
def test_a_flow_runs_by_a_rule_and_by_a_column():
    """And is the same when it was saved."""
    table = pa.table({"year": [2015 + i // 10 for i in range(60)], "x": [i % 7 for i in range(60)], "y": ["n", "p"] * 30})
    for split in (
        "{train: year < 2019, test: rest, by: rule, folds: 2, fold_by: hash}",
        "{train: [2015, 2016, 2017, 2018], test: [2019, 2020], by: given(year)}",
    ):
        flow = Flow.parse(f"data: {{roles: {{label: y}}}}\nsplit: {split}\nfeatures: [{{scale: x}}]\nmeasure: [profile]")
        rows = Counter({f.part: f.payload.rows for f in tilth.run(flow, data=table).of("split") if f.name == "share of rows"})
        assert rows == {"train": 40, "test": 20}
    fitted = tilth.fit(flow, table)
    assert fitted.split == flow.split
