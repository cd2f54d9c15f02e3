"""The measure asymmetric_shap: of functions, model files and flows; its section, and the values of single items."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

import tilth
from tests.measures.explain.shops import DATA, DAYS, ROLES, SHOPS, rise
from tilth.errors import RequestError
from tilth.measures.explain import forecasts
from tilth.measures.explain.forecast_findings import ForecastValues
from tilth.measures.explain.forecasts import AsymmetricShap

BASE = {"a": (5, "Bern"), "b": (5, "Bern")}
FULL = {"related": ("price",), "static": ("size", "city"), "static_baseline": BASE}


def priced(rows):
    """Two steps ahead: the last known target times size, less what the price then is; and a city has an effect."""
    sold, price = (np.array(rows[c].to_pylist(), float) for c in ("sold", "price"))
    home = np.array([{"Oslo": 1.0, "Rome": 2.0, "Bern": 0.0}[c] for c in rows["city"].to_pylist()])
    return np.stack([sold[:, 2] * rows["size"].to_numpy() - price[:, 3], home * price[:, 4] + sold[:, 0]], axis=1)


def lines_of(model, data=DATA, **given):
    report = tilth.measure(data, AsymmetricShap(model, local=True, **given))
    return {line["item_id"]: line for line in report.of(ForecastValues)[0].payload.items}


@pytest.mark.parametrize(
    ("direction", "values"),
    [("chronological", [0, 10, 40]), ("anti_chronological", [-10, 20, 40]), ("bidirectional", [-5, 15, 40])],
)
def test_steps_join_in_the_order_of_time(direction, values):
    line = lines_of(rise, direction=direction)["a"]
    assert line["offset"] == [0.0]
    assert [e["scores"] for e in line["explanations"]] == [[v] for v in values]
    assert [e["timestamp"] for e in line["explanations"]] == DAYS[:3]
    assert not any("feature_name" in e for e in line["explanations"])


@pytest.mark.parametrize("given", [{"granularity": "fine_grained", "samples": 2}, {"granularity": "fine_grained", "samples": 1}, {}])
@pytest.mark.parametrize("level", ["zero", "mean"])
def test_they_add_up_to_the_forecast(given, level):
    lines = lines_of(priced, target_baseline=level, related_baseline=level, **FULL, **given)
    for shop, forecast in {"a": [40 * 7 - 4, 1 * 5 + 10], "b": [4 * 9 - 2, 2 * 3 + 1]}.items():
        total = np.array(lines[shop]["offset"]) + np.sum([e["scores"] for e in lines[shop]["explanations"]], axis=0)
        assert total == pytest.approx(forecast)


def test_each_value_of_each_series_by_itself():
    line = lines_of(priced, granularity="fine_grained", samples=2, **FULL)["a"]
    found = {(e["feature_name"], e.get("timestamp")): e["scores"] for e in line["explanations"]}
    assert list(found) == [("size", None), ("city", None), *(("sold", d) for d in DAYS[:3]), *(("price", d) for d in DAYS)]
    told = {("sold", DAYS[0]): [0, 10], ("sold", DAYS[2]): [280, 0], ("price", DAYS[3]): [-4, 0], ("price", DAYS[4]): [0, 5]}
    assert {key: scores for key, scores in found.items() if any(scores)} == told  # covariates come first, and alone change nothing


def test_static_covariates_come_with_the_first_step():
    line = lines_of(lambda rows: rows["size"].to_numpy(), static=("size",), static_baseline={"a": (5,), "b": (5,)})["a"]
    assert (line["offset"], [e["scores"][0] for e in line["explanations"]]) == ([5.0], [2.0, 0.0, 0.0])


def test_without_ids_all_rows_are_one_series_and_null_is_null():
    table = pa.table({"t": [3, 1, 2, 4], "y": [None, 1.0, None, 5.0]})
    seen = []
    model = lambda rows: seen.extend(rows["y"].to_pylist()) or np.zeros(len(rows))  # noqa: E731
    lines = lines_of(model, tilth.read(table, roles={"time": "t", "label": "y"}))
    assert list(lines) == [None] and seen[0] == [0.0] * 4 and seen[-1] == [1.0, None, None, 5.0]


def test_a_model_is_asked_for_a_part_of_the_coalitions_at_a_time(monkeypatch):
    whole = lines_of(priced, **FULL)
    monkeypatch.setattr(forecasts, "AT_ONCE", 20)
    assert lines_of(priced, **FULL) == whole


@pytest.fixture(scope="module")
def regression():
    pytest.importorskip("skops")
    from sklearn.linear_model import LinearRegression

    x = np.random.default_rng(1).normal(size=(50, 9))
    return LinearRegression().fit(x, x[:, :2] * [[3.0, 1.0]] - x[:, 8:])


def test_a_model_file_of_numbers_takes_series_side_by_side(regression, tmp_path):
    from skops import io

    io.dump(regression, tmp_path / "model.skops")
    given = {"related": ("price",), "static": ("size",), "static_baseline": {"a": (5,), "b": (5,)}}
    line = lines_of(str(tmp_path / "model.skops"), granularity="fine_grained", samples=2, **given)["a"]
    scores = [e["scores"] for e in line["explanations"]]
    assert np.array(scores[:3]) == pytest.approx(np.array([[-2, -2], [30, 0], [0, 20]]), abs=1e-9)
    with pytest.raises(RequestError, match="the model takes 9 numbers, and the series of an item are 3"):
        lines_of(str(tmp_path / "model.skops"))
    with pytest.raises(RequestError, match="takes numbers, and 'city' has none"):
        lines_of(str(tmp_path / "model.skops"), static=("city",), static_baseline={"a": ("Bern",), "b": ("Bern",)})


def test_a_model_of_onnx_may_forecast_several_steps(tmp_path):
    onnx, _ = pytest.importorskip("onnx"), pytest.importorskip("onnxruntime")
    from onnx import TensorProto, helper

    weights = helper.make_tensor("w", TensorProto.DOUBLE, [3, 2], [0.0, 1.0, 0.0, 0.0, 2.0, 0.0])
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["x", "w"], ["y"])],
        "g",
        [helper.make_tensor_value_info("x", TensorProto.DOUBLE, [None, 3])],
        [helper.make_tensor_value_info("y", TensorProto.DOUBLE, [None, 2])],
        [weights],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), tmp_path / "model.onnx")
    line = lines_of(str(tmp_path / "model.onnx"))["a"]
    assert [e["scores"] for e in line["explanations"]] == [[0, 10], [0, 0], [80, 0]]


def test_a_fitted_flow_takes_a_row_with_series_in_lists():
    expression = '"if(sold_d1 > sold_d0, sold_d1 - sold_d0, 0) + sold_d2"'
    text = f"features: [{{unnest: {{columns: sold, fields: [d0, d1, d2]}}}}, {{formula: {{column: prediction, expression: {expression}}}}}]"
    fitted = tilth.fit(tilth.Flow.parse(text), pa.table({"sold": [[1.0, 2.0, 3.0]]}))
    assert [e["scores"] for e in lines_of(fitted)["a"]["explanations"]] == [[0], [10], [40]]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"model": None}, "needs a model"),
        ({"samples": 3}, "samples is 3 and granularity timewise"),
        ({"granularity": "fine_grained"}, "samples is None and granularity fine_grained"),
        ({"granularity": "fine_grained", "samples": 1, "direction": "bidirectional"}, "direction is bidirectional"),
        ({"related": ("prise",)}, "no column 'prise'"),
        ({"related": ("city",)}, "'city' is a column of kind string"),
        ({"static": ("size",)}, "item 'a' needs a baseline of size, and has none"),
        ({"static": ("size",), "static_baseline": {"a": (5, 6), "b": (5,)}}, "item 'a' needs a baseline of size, and has 2 values"),
        ({"static": ("size",), "static_baseline": {"a": ("x",), "b": (5,)}}, "item 'a' has a baseline that does not fit size"),
        ({"static": ("price",), "static_baseline": {"a": (5,), "b": (5,)}}, "several values of price"),
        ({"most_predictions": 7}, "would ask for 8 forecasts of 2 items"),
    ],
)
def test_what_does_not_fit_is_refused(given, said):
    with pytest.raises(RequestError, match=said):
        tilth.measure(DATA, AsymmetricShap(**{"model": rise, **given}))


def test_values_of_single_items_need_ids_that_are_not_private():
    with pytest.raises(RequestError, match="ids that are not private"):
        lines_of(rise, tilth.read(SHOPS, roles={**ROLES, "private": "shop"}))


@pytest.mark.shared_data
def test_of_monthly_passengers_the_same_month_of_the_year_before_counts_most(shared_data):
    """The seasonal naive forecast, whose values are known: each is the difference of its own step."""
    data = tilth.read(shared_data("timeseries/airline-passengers.csv"), roles={"time": "Month", "label": "Passengers"})
    seasonal = lambda rows: np.array(rows["Passengers"].to_pylist(), float)[:, -12:]  # noqa: E731
    (found,) = tilth.measure(data, AsymmetricShap(seasonal, target_baseline="mean")).of("asymmetric_shap")
    assert (found.payload.horizon, len(found.payload.steps)) == (12, 144)
    assert [step for step, size in zip(found.payload.steps, found.payload.sizes, strict=True) if size] == [*range(-11, 1)]
