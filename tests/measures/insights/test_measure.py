"""The measure as a whole: on real data, on bad days, beside another table, in a flow."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

import tilth
from tilth.data import Dataset
from tilth.errors import MissingExtra
from tilth.measures.insights import measure
from tilth.measures.insights.measure import Insights
from tilth.report.files import FORMATS, write_report
from tilth.report.text import to_text

pytest.importorskip("sklearn")


def insights(data, *measures, **roles):
    return tilth.measure(data if isinstance(data, Dataset) else tilth.read(data, roles=roles), measures or "insights")


def codes(report):
    return [(f.payload.severity, f.name, f.subject) for f in report.of("insight")]


# ── real data ──


@pytest.mark.slow
@pytest.mark.shared_data
def test_titanic(shared_data):
    """What the specification of the report says of it: `alive` is the label, `deck` is missing, 107 rows are repeated."""
    report = insights(shared_data("tabular/titanic.csv"), label="survived")
    found = codes(report)
    assert ("high", "label-copy", ("alive",)) in found
    assert ("high", "duplicate-rows", ()) in found
    assert ("medium", "high-missing", ("deck",)) in found
    assert {("low", "collinear", ("embark_town",)), ("low", "collinear", ("adult_male",))} <= set(found)
    (repeated,) = report.of("repeated")
    assert (repeated.payload.repeated, round(repeated.value, 3)) == (107, 0.12)
    power = {f.name: f.value for f in report.of("power")}
    assert power["alive"] == 1 > power["sex"] > power["age"]
    (model,) = report.of("model")
    assert model.payload.copies == ("alive",)
    assert 0.8 < model.value < 0.9
    assert model.payload.validation["accuracy"] > model.payload.baseline["accuracy"] + 0.1


@pytest.mark.slow
@pytest.mark.shared_data
def test_mpg_mammography_and_adult(shared_data):
    mpg = insights(shared_data("tabular/mpg.csv"), label="mpg")
    assert mpg.of("model")[0].payload.score == "R²"
    assert mpg.of("model")[0].value > 0.8
    assert ("low", "collinear", ("displacement",)) in codes(mpg)
    names = [*"abcdef", "label"]
    rare = insights(tilth.read(shared_data("tabular/mammography.csv"), header=False, names=names, roles={"label": "label"}))
    (imbalance,) = (f for f in rare.of("insight") if f.name == "imbalanced-classes")
    assert (imbalance.payload.severity, round(imbalance.value, 2)) == ("medium", 42.01)
    adult = tilth.read(shared_data("tabular/adult-train.csv"), header=False, roles={"label": "column_14"})
    found = insights(adult)
    assert ("medium", "disguised-missing", ("column_1", "column_6", "column_13")) in codes(found)
    assert [f.value > 0.3 for f in found.of("power")][:6] == [True] * 6
    assert found.of("model")[0].value == pytest.approx(0.91, abs=0.02)


# ── bad days ──


BAD = {
    "no rows": pa.table({"x": pa.array([], pa.int64()), "y": pa.array([], pa.string())}),
    "one row": pa.table({"x": [1], "y": ["a"]}),
    "only the label": pa.table({"y": ["a", "b"] * 30}),
    "a class of three rows": pa.table({"x": list(range(60)), "y": ["a"] * 57 + ["b"] * 3}),
    "no label at all": pa.table({"x": list(range(60)), "y": pa.nulls(60, pa.string())}),
    "one label": pa.table({"x": list(range(60)), "y": ["a"] * 60}),
    "nothing but nulls": pa.table({"x": pa.nulls(60, pa.float64()), "z": pa.nulls(60), "y": ["a", "b"] * 30}),
    "constants": pa.table({"x": [1] * 60, "z": ["c"] * 60, "y": [0.5 * (i % 40) for i in range(60)]}),
    "infinities": pa.table({"x": [float("inf")] * 60, "y": [float("inf")] * 30 + [0.5 * i for i in range(30)]}),
    "a label of lists": pa.table({"x": list(range(60)), "y": [[1]] * 60}),
    "times": pa.table({"x": pa.array(range(60), pa.time64("us")), "d": pa.array(range(60), pa.date32()), "y": ["a", "b"] * 30}),
    "decimals": pa.table({"x": pa.array(range(60), pa.decimal128(9, 2)), "y": pa.array(range(60), pa.decimal128(9, 2))}),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", BAD)
def test_bad_days(name, tmp_path):
    report = insights(BAD[name], label="y")
    for form in FORMATS:
        write_report(report, tmp_path / "report", form)
    assert report.of("insights")


@pytest.mark.slow
def test_what_is_said_on_a_bad_day():
    assert ("high", "label-constant", ("y",)) in codes(insights(BAD["one label"], label="y"))
    unlabelled = codes(insights(BAD["no label at all"], label="y"))
    assert {("high", "label-missing", ("y",)), ("high", "label-constant", ("y",))} <= set(unlabelled)
    assert {name for _, name, _ in codes(insights(BAD["a class of three rows"], label="y"))} >= {"few-rows"}
    assert ("medium", "no-values", ("x", "z")) in codes(insights(BAD["nothing but nulls"], label="y"))


def test_without_a_label_the_rest_is_measured():
    report = insights(pa.table({"a": list(range(60)), "b": [2 * i for i in range(60)], "c": ["x"] * 60}))
    assert not report.of("power")
    assert {name for _, name, _ in codes(report)} == {"id-column", "constant", "collinear"}


@pytest.mark.slow
def test_many_columns_have_few_flaws():
    random = np.random.default_rng(0)
    columns = {f"x{i}": random.normal(size=120) for i in range(300)} | {"y": ["a", "b"] * 60}
    report = insights(pa.table(columns), label="y")
    assert len(report.of("power")) == 300
    assert {name for _, name, _ in codes(report)} <= {"low-power", "over-fit", "poor-model"}


def test_without_scikit_learn_it_is_refused_with_the_line_that_installs_it(monkeypatch):
    monkeypatch.setattr(measure, "find_spec", lambda name: None)
    with pytest.raises(MissingExtra, match=r'pip install "tilth\[models\]"; or leave out what needs it: \{insights: \{models: false\}\}'):
        insights(BAD["times"], label="y")
    without = insights(BAD["times"], Insights(models=False), label="y")
    assert without.of("power")
    assert not without.of("model") and not without.of("anomaly")


# ── the same rows again, other rows, other tables ──


N = 300
RANDOM = np.random.default_rng(4)
X = RANDOM.normal(size=N)
RAW = pa.table({"x": X, "copy": np.where(X > 0, "up", "down"), "noise": RANDOM.normal(size=N), "y": np.where(X > 0, "yes", "no")})


@pytest.mark.slow
def test_another_seed_trains_another_model_and_a_sample_is_as_large_as_is_said():
    few = insights(RAW, Insights(rows=100), label="y").of("power")
    assert {f.payload.rows for f in few} == {100}
    assert insights(RAW, Insights(rows=100, seed=1), label="y").of("power") != few


@pytest.fixture
def small_samples(monkeypatch):
    """A profile looks at 400 rows of a larger table."""
    monkeypatch.setattr("tilth.measures.sampled.ROWS", 400)
    monkeypatch.setattr("tilth.measures.sampled.LEAST", 400)


@pytest.mark.slow
@pytest.mark.parametrize("numbers", [False, True])
def test_classes_are_counted_in_all_rows_of_a_large_table(small_samples, numbers):
    names = ["common", "other", "forty", "four"]
    values = [name for name, n in zip(names, (2556, 400, 40, 4), strict=True) for _ in range(n)]
    labels = [names.index(v) for v in values] if numbers else values
    table = pa.table({"x": RANDOM.normal(size=3000), "z": RANDOM.normal(size=3000), "y": labels})
    found = {f.name: f for f in insights(table, label="y").of("insight")}
    rare, literal = ("3", "3") if numbers else ("four", "'four'")
    assert found["rare-class"].message == f"1 class with fewer than 10 rows: {rare} (4)"
    assert found["rare-class"].payload.line == f'- filter: {{where: "`y` not in ({literal})"}}'
    assert found["imbalanced-classes"].value == 2556 / 40
    hidden = {f.name: f for f in insights(table, label="y", private=["y"]).of("insight")}
    assert 10 < hidden["imbalanced-classes"].value < 2556 / 4  # estimated: masked values are not counted one by one


@pytest.mark.slow
def test_what_is_counted_in_a_sample_says_so(small_samples):
    """Counts of all rows, such as those of classes, do not."""
    x = np.repeat(RANDOM.normal(size=1500), 2)
    table = pa.table({"x": x, "y": np.where(np.abs(x) > 2.5, 60.0, x)})
    said = {f.name: f.message for f in insights(table, label="y").of("insight")}
    assert " of a sample of " in said["duplicate-rows"] and " of a sample of " in said["label-outliers"]
    small = {f.name: f.message for f in insights(table.slice(0, 300), label="y").of("insight")}
    assert "150 rows are duplicates of an earlier row" in small["duplicate-rows"]


def test_one_row_is_a_duplicate():
    (said,) = [
        f.message for f in insights(pa.table({"a": [1, 2, 3, 1], "y": [0, 1, 0, 0]}), label="y").of("insight") if f.name == "duplicate-rows"
    ]
    assert said.startswith("1 row is a duplicate of an earlier row: ")


@pytest.mark.slow
def test_models_learn_from_rows_with_a_label_where_these_are_few():
    labels = [*["a", "b"] * 100, *[None] * 1800]
    report = insights(pa.table({"x": RANDOM.normal(size=2000), "y": labels}), Insights(rows=150), label="y")
    assert {f.payload.rows for f in report.of("power")} == {150}


@pytest.mark.slow
def test_the_problem_can_be_said():
    years = pa.table({"x": list(range(60)), "y": [i % 10 for i in range(60)]})
    for said, problem in (("", "classification"), ("regression", "regression")):
        assert insights(years, Insights(problem=said), label="y").of("insights")[0].payload.problem == problem


@pytest.mark.slow
def test_the_score_of_rows_that_drift_is_that_of_the_latest():
    """Each day has a level of its own: by chance a model knows the level of a row's day, of the latest days it does not."""
    n = 1000
    day = np.arange(n) // 20
    level = np.cumsum(RANDOM.normal(size=51))[day] * 5
    table = pa.table({"day": pa.array(day.tolist(), pa.date32()), "number": day, "y": level + RANDOM.normal(size=n)})
    later = insights(table, Insights(), label="y", time="day").of("model")[0]
    chance = insights(table, Insights(), label="y").of("model")[0]
    assert (later.payload.held_by, chance.payload.held_by) == ("time", "chance")
    assert later.value < 0.5 < 0.9 < chance.value


@pytest.mark.slow
def test_two_tables_are_compared():
    prepared = RAW.drop(["copy"])
    report = tilth.measure(tilth.read(prepared, roles={"label": "y"}), "insights", against=RAW)
    changes = {(f.payload.of, f.name): f.value for f in report.of("change")}
    assert changes["insights", "high flaws"] == -1
    assert changes["insights", "label-copy flaws"] == -1
    assert changes["power", "prediction power"] == 0
    assert "validation AUC" in {name for of, name in changes if of == "model"}


@pytest.mark.slow
def test_in_a_flow_it_is_measured_before_and_after_and_is_the_baseline(tmp_path):
    flow = tilth.Flow.parse(
        'data: {roles: {label: y}}\nsplit: {train: 0.7, test: 0.3}\nfeatures:\n  - select: ["!copy"]\n  - scale: x\n'
        "measure:\n  - insights: {rows: 500}\n"
    )
    report = tilth.run(flow, tmp_path / "out", data=RAW)
    counts = {f.part: f.payload.codes.get("label-copy", 0) for f in report.of("insights")}
    assert counts == {"raw": 1, "train": 0, "test": 0}
    html = (tmp_path / "out" / "report.html").read_text("utf-8")
    assert "power in raw" in html and "What is wrong in" in html
    fitted = tilth.Flow.load(tmp_path / "out" / "flow.tilth")
    again = tilth.measure(tilth.read(RAW, roles={"label": "y"}), "insights", against=fitted)
    assert {f.payload.of for f in again.of("change")} >= {"power", "insights", "model"}


@pytest.mark.slow
def test_private_values_are_shown_nowhere():
    names = pa.table({"name": ["Ada Lovelace", "Alan Turing", "Grace Hopper"] * 20, "x": list(range(60)), "y": ["a", "b"] * 30})
    report = insights(names, label="y", private=["name"])
    assert not any(name in to_text(report) + str(report.to_dict()) for name in names["name"].unique().to_pylist())
