"""The flows in `examples/`, on the real data: they run, and their numbers are those that others have computed."""

from __future__ import annotations

import importlib.util
import json
import re
import runpy
import tarfile
from collections.abc import Callable
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest

import tilth
from tests.house.tree import ROOT
from tests.stand_ins import pytorch
from tilth.cli.app import run
from tilth.flow import Flow
from tilth.report import Outcome
from tilth.rules import formatted
from tilth.rules.what_if import Noticed

EXAMPLES = sorted((ROOT / "examples").glob("*.yaml"))
FOLDERS = {"pollution.csv": "timeseries", "daily-min-temperatures.csv": "timeseries", "sms.tsv": "text", "cifar10": "images"}
Shared = Callable[[str], Path]


def example(name: str, shared_data: Shared) -> Flow:
    """A flow of `examples/`, reading the shared data wherever that lies."""
    flow = Flow.load(ROOT / "examples" / f"{name}.yaml")
    (place,) = flow.reading.read
    found = shared_data(f"{FOLDERS.get(place, 'tabular')}/{place}")
    return replace(flow, reading=replace(flow.reading, read=(str(found),)), folder="/")


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda p: p.stem)
def test_an_example_is_a_flow(path: Path) -> None:
    flow = Flow.load(path)
    assert flow.parts.get("features") or flow.measure


def _without_comma(text: str) -> list[str]:
    return [line.replace(",  # ", "  # ").strip().removesuffix(",") for line in text.splitlines()]


@pytest.mark.slow
@pytest.mark.shared_data
@pytest.mark.parametrize("name", ["adult", "taxis", "titanic"])
def test_rulesets_hold_and_are_recommended_unless_made_by_hand(name: str, shared_data: Shared) -> None:
    """So each number in a comment is one that `recommend` finds today."""
    text = (ROOT / "examples" / f"{name}.dqdl").read_text("utf-8")
    assert formatted(text) == text
    reading = example(name, shared_data).reading
    data = tilth.read(reading.read[0], **reading.options)
    tilth.check(data, text).raise_for_failures()
    recommended, _, by_hand = text.partition("    # by hand:")
    assert by_hand
    found = {*_without_comma(str(tilth.recommend(data)))}
    assert [line for line in _without_comma(recommended.partition("Rules = [")[2]) if line not in found and "# by hand:" not in line] == []


@pytest.mark.slow
@pytest.mark.shared_data
@pytest.mark.parametrize(
    ("name", "unnoticed"),
    [
        ("adult", {"hours_per_week other", "fnlwgt other", "fnlwgt × 1.1", "capital_loss × 1.1"}),
        (
            "taxis",
            {f"{end}_zone {damage}" for end in ("pickup", "dropoff") for damage in ("other", "new")}
            | {"dropoff other", "pickup_borough other", "distance × 1.1", "total × 1.1"},
        ),
        ("titanic", {"age × 1.1", "sibsp × 1.1", "parch × 1.1", "fare × 1.1", "deck null"}),
    ],
)
def test_rulesets_notice_damage_to_each_column(name: str, unnoticed: set[str], shared_data: Shared) -> None:
    """Bounds leave a tenth of room, a zone may be any string, and three quarters of the decks are not known."""
    reading = example(name, shared_data).reading
    report = tilth.check(tilth.read(reading.read[0], **reading.options), ROOT / "examples" / f"{name}.dqdl", what_if=True)
    found = {f"{f.columns} {damage}": rules for f in report.of(Noticed) if f.subject for damage, rules in f.payload.damages.items()}
    assert {what for what, rules in found.items() if not rules} == unnoticed
    assert all(f.value for f in report.of(Noticed))


@pytest.mark.shared_data
def test_the_test_file_of_adult_meets_the_rules_of_its_training_file_except_for_the_dots(shared_data: Shared) -> None:
    """adult.names: the labels of adult.test end with a dot. The rules were recommended for other people."""
    rules, options = ROOT / "examples/adult.dqdl", example("adult", shared_data).reading.options
    report = tilth.check(tilth.read(shared_data("tabular/adult-test.csv"), **options), rules)
    assert [(f.name, f.payload.failing) for f in report.findings if f.outcome is not Outcome.PASSED] == [
        ('ColumnValues "income" in ["<=50K",">50K"]', (16_281, 16_281))
    ]


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


@pytest.mark.slow
@pytest.mark.shared_data
def test_the_bias_of_adult_is_the_published_one(shared_data: Shared) -> None:
    flow = example("adult", shared_data)
    source, options = flow.reading.read[0], dict(flow.reading.options)
    raw = tilth.write(tilth.read(source, roles=flow.reading.roles, **options))
    complete = tilth.read(raw.drop_null(), roles={"label": "income", "positive": ">50K", "facet": "sex"})
    assert raw.drop_null().num_rows == 30_162
    found = {f.name: f.value for f in tilth.measure(complete, "bias").findings if f.group == "sex=Female"}
    assert {name: found[name] for name in PUBLISHED} == pytest.approx(PUBLISHED, rel=1e-9, abs=1e-12)


def delivered(name: str, shared_data: Shared, folder: Path) -> str:
    """The rows that an example delivers, as a table of DuckDB; all of its rules pass."""
    tilth.run(example(name, shared_data), folder / name).raise_for_failures()
    return f"read_parquet('{folder}/{name}/*/*.parquet', union_by_name = true)"


@pytest.mark.slow
@pytest.mark.shared_data
def test_the_days_of_pollution_are_those_of_pandas(shared_data: Shared, tmp_path: Path) -> None:
    """Daily means; single missing days carried forward; days without a value, or without one on both days before, left out."""
    import pandas as pd

    hours = pd.read_csv(shared_data("timeseries/pollution.csv"))
    hours.index = pd.DatetimeIndex(pd.to_datetime(hours[["year", "month", "day", "hour"]]))
    days = hours["pm2.5"].resample("D").mean()
    after = days.bfill().where(days.isna()).notna() & days.shift(1).notna() & days.shift(-1).notna()
    days = days.mask(after, days.ffill())
    days = days[days.notna() & days.shift(1).notna() & days.shift(2).notna()]
    found = duckdb.sql(f'SELECT time::date::varchar, "pm2.5" FROM {delivered("pollution", shared_data, tmp_path)} ORDER BY 1').fetchall()
    theirs = {str(t.date()): value for t, value in days.items()}
    assert len(theirs) - len(found) == 7  # between the parts
    assert [value for _, value in found] == pytest.approx([theirs[day] for day, _ in found], rel=1e-12)


@pytest.mark.slow
@pytest.mark.shared_data
def test_the_temperatures_have_every_day(shared_data: Shared, tmp_path: Path) -> None:
    rows = delivered("temperatures", shared_data, tmp_path)
    found = duckdb.sql(f"SELECT count(*), count(Temp), max(abs(Date_day_of_year_sin)) <= 1 FROM {rows}").fetchall()
    assert found == [(3_652 - 14, 3_652 - 14, True)]  # 7 days are between the parts, and 7 have no week before
    before = duckdb.sql(f"SELECT Temp, Temp_lag_1 FROM {rows} WHERE Date IN ('1985-01-01', '1985-01-02') ORDER BY Date").fetchall()
    assert before == [(13.3, 16.4), (15.2, 13.3)]  # 16.4 on 1984-12-30: the file lacks the 31st


@pytest.mark.slow
@pytest.mark.shared_data
def test_the_hours_of_taxis_add_up(shared_data: Shared, tmp_path: Path) -> None:
    rows, file = delivered("taxis-hourly", shared_data, tmp_path), shared_data("tabular/taxis.csv")
    hours = f"pickup_borough IS NOT NULL AND date_trunc('hour', pickup) IN (SELECT pickup FROM {rows})"  # not those between the parts
    ((total,),) = duckdb.sql(f"SELECT sum(total) FROM '{file}' WHERE {hours}").fetchall()
    assert duckdb.sql(f"SELECT sum(total) FROM {rows}").fetchall() == [(pytest.approx(total, rel=1e-12),)]


@pytest.mark.slow
@pytest.mark.shared_data
def test_the_words_of_sms_are_counted(shared_data: Shared, tmp_path: Path) -> None:
    rows, file = delivered("sms", shared_data, tmp_path), shared_data("text/sms.tsv")
    messages = {line for line in Path(file).read_text().splitlines() if line}
    calls = sum("call" in re.findall(r"[a-z]+", text.lower()) for text in messages)
    assert duckdb.sql(f"SELECT count(*), avg(text_digits_share) FILTER (label = 'spam') > 0.1 FROM {rows}").fetchall() == [
        (len(messages), True)
    ]
    assert duckdb.sql(f"SELECT count(*) FILTER (text_call > 0) FROM {rows}").fetchall() == [(pytest.approx(calls, rel=0.05),)]


@pytest.mark.slow
@pytest.mark.shared_data
def test_the_parts_of_cifar_have_the_classes_in_equal_shares(shared_data: Shared) -> None:
    report = tilth.run(example("cifar", shared_data))
    found = {f.name: f.value for f in report.of("bias") if f.group == "split=test" and not f.payload.block}
    assert report.passed
    assert (found["CI"], found["DPL"]) == (0.6, 0.0)  # 2,000 and 500 images, 10 % of each of each class


@pytest.mark.slow
@pytest.mark.shared_data
def test_nothing_is_missing_of_the_horses(shared_data: Shared, tmp_path: Path) -> None:
    rows = duckdb.sql(f"SELECT * FROM {delivered('horse-colic', shared_data, tmp_path)}").to_arrow_table()
    assert rows.num_rows == 300
    assert not [name for name in rows.column_names if rows[name].null_count]
    assert sum(rows["reflux_ph_missing"].to_pylist()) == 247


# ── bias reports ──


@pytest.mark.slow
@pytest.mark.shared_data
def test_what_a_model_does_to_the_groups_of_german_credit(shared_data: Shared, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The bias of its predictions is that of the delivered column, and its accuracy is the one that scikit-learn says."""
    pytest.importorskip("sklearn")
    monkeypatch.chdir(tmp_path)
    tilth.run(replace(example("german", shared_data), measure=()), "german")
    accuracy = program("train-model").train(tmp_path / "german", tmp_path / "german.skops")
    report = tilth.run(example("german-model", shared_data), "german-model")
    test = tilth.write(tilth.read("german-model/test"), format="pandas")
    (whole,) = (f for f in report.of("performance", part="test") if not f.group)
    assert whole.value == pytest.approx(accuracy) == pytest.approx((test["prediction"] == test["risk"]).mean())
    found = {(f.part, f.name): f.value for f in report.of("bias") if f.group == "foreign_worker=A201"}
    d, good = test["foreign_worker_A201"] == 1, test["prediction"] == 1
    assert found["test", "DPPL"] == pytest.approx(good[~d].mean() - good[d].mean())
    assert {part for part, name in found if name == "DPL"} == {"raw", "train", "test"}
    assert {f.part for kind in ("importance", "shap") for f in report.of(kind)} == {"train", "test"}


@pytest.mark.slow
@pytest.mark.shared_data
def test_a_clarify_configuration_of_adult_asks_a_trained_model(
    shared_data: Shared, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("sklearn")
    monkeypatch.chdir(tmp_path)
    tilth.run(replace(example("adult", shared_data), measure=()), "adult")
    accuracy = program("train-model").train(tmp_path / "adult", tmp_path / "adult.skops")
    config = str(ROOT / "examples/adult-clarify.json")
    assert run(["measure", "--config", config, "--model", "adult.skops", "-o", "out"]) == 0
    made = json.loads((tmp_path / "out/analysis.json").read_text())
    assert made["performance"]["model_performance_metrics"][0]["value"] == pytest.approx(accuracy)
    assert made["post_training_bias_metrics"]["facets"].keys() == {"sex_Female", "race_Black"}
    assert {*made["explanations"]} == {"kernel_shap", "pdp"}


# ── programs that train ──


def program(name: str) -> Any:
    """A program of `examples/` as a module, without running it."""
    spec = importlib.util.spec_from_file_location(name.replace("-", "_"), ROOT / "examples" / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def loans(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shards for boosted trees."""
    folder: Path = program("loans-xgboost").prepared(tmp_path_factory.mktemp("loans"), rows=4_000)
    return folder


@pytest.mark.slow
def test_xgboost_learns_from_shards(loans: Path, tmp_path: Path) -> None:
    """What it says of the test part is what scikit-learn says of the saved model and of all rows at once."""
    xgboost = pytest.importorskip("xgboost")
    from sklearn.metrics import roc_auc_score

    example = program("loans-xgboost")
    assert len([*loans.glob("train/*.parquet")]) == 2
    found = example.train(loans, tmp_path / "loans.ubj")
    test = tilth.arrays(loans / "test")
    said = xgboost.Booster(model_file=tmp_path / "loans.ubj").predict(xgboost.DMatrix(test.X))
    assert found == pytest.approx(roc_auc_score(test.y, said), abs=1e-6)
    assert found > 0.85
    assert np.isnan(test.X).any()  # missing values are the trees' own business


@pytest.mark.slow
def test_a_script_for_sagemaker_is_run_as_it_stands(loans: Path, tmp_path: Path) -> None:
    """What it says of the test part is what scikit-learn says of the model in the archive."""
    xgboost = pytest.importorskip("xgboost")
    from sklearn.metrics import roc_auc_score

    words = [f"--channel={part}={loans / part}" for part in ("train", "test")]
    words += ["--hyperparameter", "max_depth=4", "--hyperparameter", "rounds=30", "-o", str(tmp_path / "model"), "--spill", str(tmp_path)]
    assert run(["train", str(ROOT / "examples/loans-sagemaker.py"), *words]) == 0
    for name in ("model", "output"):
        with tarfile.open(tmp_path / f"model/{name}.tar.gz") as archive:
            archive.extractall(tmp_path, filter="data")
    test = tilth.arrays(loans / "test")
    trees = xgboost.Booster(model_file=tmp_path / "loans.ubj")
    found = json.loads((tmp_path / "metrics.json").read_text())["auc"]
    assert found == pytest.approx(
        roc_auc_score(test.y, trees.predict(xgboost.DMatrix(test.X, feature_names=trees.feature_names))), abs=1e-6
    )
    assert found > 0.85
    assert json.loads(trees.save_config())["learner"]["gradient_booster"]["gbtree_model_param"]["num_trees"] == "30"


@pytest.mark.slow
def test_pytorch_is_given_numbers_without_gaps_in_another_order_each_epoch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytorch(monkeypatch)
    example = program("loans-pytorch")
    rows = example.dataset(example.prepared(tmp_path, rows=4_000) / "train")
    epochs = []
    for epoch in range(2):
        rows.set_epoch(epoch)
        epochs.append([*rows])
        assert len(epochs[-1]) == len(rows) == 12
        assert all(np.isfinite(b["X"]).all() and len(b["X"]) == len(b["y"]) == 256 for b in epochs[-1])
        assert {*np.concatenate([b["y"] for b in epochs[-1]]).tolist()} == {0, 1}
        assert all(0 < b["y"].mean() < 0.5 for b in epochs[-1])  # mixed: a fifth is approved
    assert not np.array_equal(epochs[0][0]["X"], epochs[1][0]["X"])


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:This DataLoader will create 4 worker processes")  # more than a small machine has processors
def test_pytorch_learns_from_shards_and_goes_on_with_other_workers(tmp_path: Path) -> None:
    """The batches of a loader are those of the stream whatever its workers, after a stop in the middle of an epoch, too."""
    torch = pytest.importorskip("torch", reason="PyTorch is too large for the test environment")
    from torch.utils.data import DataLoader

    example = program("loans-pytorch")
    shards = example.prepared(tmp_path, rows=4_000)
    assert example.train(shards, tmp_path / "loans.pt") > 0.82  # four fifths are refused
    assert {*torch.load(tmp_path / "loans.pt", weights_only=True)} == {"0.weight", "0.bias", "2.weight", "2.bias"}

    def loaded(workers: int, state: dict[str, Any] | None = None, most: int | None = None) -> list[list[list[float]]]:
        rows = example.dataset(shards / "train")
        rows.set_epoch(3)
        if state is not None:
            rows.stream.load_state_dict(state)
        loader = DataLoader(rows, batch_size=None, num_workers=workers)
        found = [b["X"].tolist() for b in islice(loader, most)]
        assert most or len(loader) == len(found)
        return found

    stream = tilth.stream(shards / "train", batch=256, seed=42, format="numpy", epoch=3)
    whole = [b.X.tolist() for b in stream]
    for workers, others in ((0, 2), (1, 0), (4, 1)):
        assert loaded(workers) == whole
        assert loaded(workers, most=5) == whole[:5]
        assert loaded(others, stream.state_dict(batches=5)) == whole[5:]


@pytest.mark.parametrize(("name", "package"), [("pytorch", "torch"), ("xgboost", "xgboost")])
def test_a_program_says_what_it_lacks(name: str, package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda asked: None)
    with pytest.raises(SystemExit, match=rf'pip install "tilth\[{package}\]"'):
        runpy.run_path(str(ROOT / "examples" / f"loans-{name}.py"), run_name="__main__")
