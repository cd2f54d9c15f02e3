"""Clarify's explanations of forecasts: its layouts of series, its predictor, and its file."""

import json

import pytest

from tests.answering import answering
from tilth.aws.clarify.config import AnalysisConfig
from tilth.cli.app import run
from tilth.errors import RequestError

TIMES = [1, 2, 3, 4]
SERIES = {"a": ([10, 20, 40, None], [1, 1, 2, 3], 7), "b": ([1, 2, 4, None], [0, 0, 0, 5], 9)}  # target, price, size
LAYOUTS = {
    "columns": (
        {
            "ids": [i for i in SERIES for _ in TIMES],
            "at": TIMES * 2,
            "sold": [x for sold, _, _ in SERIES.values() for x in sold],
            "price": [x for _, price, _ in SERIES.values() for x in price],
            "size": [size for _, _, size in SERIES.values() for _ in TIMES],
        },
        "{}",
        "{}",
    ),
    "item_records": (
        [
            {"ids": i, "size": size, "series": [{"at": t, "sold": y, "price": p} for t, y, p in zip(TIMES, sold, price, strict=True)]}
            for i, (sold, price, size) in SERIES.items()
        ],
        "[*].{}",
        "[*].series[].{}",
    ),
    "timestamp_records": (
        [
            {"ids": i, "size": size, "at": t, "sold": y, "price": p}
            for i, (sold, price, size) in SERIES.items()
            for t, y, p in zip(TIMES, sold, price, strict=True)
        ],
        "[*].{}",
        "[*].{}",
    ),
}
STATIC = {"a": [0], "b": [0]}


def forecast(document):
    """max(z₂ − z₁, 0) + z₃, whose values were worked out by hand, and the price ahead; the third number is not asked for."""
    found = []
    for record in document["instances"]:
        z, (price,) = record["target"], record["related"]
        found.append({"mean": [max(z[1] - z[0], 0) + z[2], 2 * price[3] + record["static"][0], 99]})
    return {"predictions": found}


def config(layout, method=None, **more):
    _, of_item, of_time = LAYOUTS[layout]
    series = {"target_time_series": of_time.format("sold"), "timestamp": of_time.format("at"), "item_id": of_item.format("ids")}
    series |= {"related_time_series": [of_time.format("price")], "static_covariates": [of_item.format("size")], "dataset_format": layout}
    record = '{"start": $start_time, "target": $target_time_series, "related": $related_time_series, "static": $static_covariates}'
    return {
        "dataset_type": "application/json",
        "time_series_data_config": {k: v[2:-2] if v == "{}" else v for k, v in series.items()},
        "methods": {"asymmetric_shapley_value": {"baseline": {"static_covariates": STATIC}, **(method or {})}},
        "predictor": {
            "endpoint_name": "e",
            "content_type": "application/json",
            "content_template": '{"instances": $records}',
            "record_template": record,
            "time_series_predictor_config": {"forecast": "predictions[*].mean[:2]"},
        },
        **more,
    }


def analysed(folder, layout, given, answer=forecast):
    (folder / "data.json").write_text(json.dumps(LAYOUTS[layout][0]))
    (folder / "config.json").write_text(json.dumps(given))
    out = folder / "out"
    with answering(answer) as (url, asked):
        code = run(["measure", str(folder / "data.json"), "--config", str(folder / "config.json"), "--model", url, "-o", str(out)])
    return code, out, asked


def lines(out, name="timewise_chronological"):
    return [json.loads(line) for line in (out / "asymmetric_shapley_value" / name / "out.jsonl").read_text().splitlines()]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_each_layout_gives_the_values_that_were_worked_out(layout, tmp_path):
    code, out, _ = analysed(tmp_path, layout, config(layout))
    assert code == 0
    a, b = sorted(lines(out), key=lambda line: line["item_id"])
    assert (a["item_id"], a["offset"]) == ("a", [0, 0])
    assert [(e["timestamp"], e["scores"]) for e in a["explanations"]] == [(1, [0, 7]), (2, [10, 0]), (3, [40, 0]), (4, [0, 6])]
    assert [sum(e["scores"][h] for e in b["explanations"]) for h in (0, 1)] == [5, 19]
    assert json.loads((out / "analysis.json").read_text())["run"]["source"] == str(tmp_path / "data.json")


def test_records_have_the_tokens_of_the_template(tmp_path):
    method = {"direction": "anti_chronological", "baseline": {"static_covariates": STATIC, "target_time_series": "mean"}}
    _, out, asked = analysed(tmp_path, "columns", config("columns", method))
    assert {line["item_id"] for line in lines(out, "timewise_anti_chronological")} == {"a", "b"}
    records = [record for _, _, body in asked for record in json.loads(body)["instances"]]
    assert records[0].keys() == {"start", "target", "related", "static"}
    assert {record["start"] for record in records} == {1}
    assert [70 / 3] * 3 in [record["target"] for record in records]


def test_each_value_of_each_series_is_a_player_where_that_is_asked_for(tmp_path):
    (tmp_path / "base.json").write_text(json.dumps({"static_covariates": STATIC}))
    method = {"granularity": "fine_grained", "num_samples": 4, "baseline": str(tmp_path / "base.json")}
    _, out, _ = analysed(tmp_path, "columns", config("columns", method))
    names = {(e["feature_name"], e.get("timestamp")) for e in lines(out, "fine_grained_chronological")[0]["explanations"]}
    assert names == {("size", None), *(("sold", t) for t in (1, 2, 3)), *(("price", t) for t in TIMES)}


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (lambda _: {"predictions": "none"}, "no list of numbers"),
        (lambda d: {"predictions": [{"mean": [1] * i} for i in range(1, len(d["instances"]) + 1)]}, "1 and 2 steps of forecasts"),
        (lambda _: b"<html>", "the answer is not JSON"),
    ],
)
def test_another_answer_is_named(answer, said, tmp_path, capsys):
    code, out, _ = analysed(tmp_path, "columns", config("columns"), answer)
    assert (code, out.exists()) == (3, False)
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    ("layout", "change", "said"),
    [
        ("columns", {"timestamp": "nowhere"}, "has no lists at nowhere"),
        ("columns", {"related_time_series": ["few"]}, "lists that are not as long as each other"),
        ("columns", {"timestamp": 0}, "time_series_data_config.timestamp: found 0"),
        ("columns", {"timestamp": "ids"}, "two paths end in the same name"),
        ("item_records", {"item_id": "ids"}, "do not start at the list"),
        ("item_records", {"related_time_series": ["[*].few"]}, "item 1 has series of different lengths"),
    ],
)
def test_a_document_that_is_not_as_the_paths_say_is_named(layout, change, said, tmp_path, capsys):
    given = config(layout)
    given["time_series_data_config"] |= change
    data = json.loads(json.dumps(LAYOUTS[layout][0]))
    (data if isinstance(data, dict) else data[0])["few"] = [1]
    (tmp_path / "data.json").write_text(json.dumps(data))
    (tmp_path / "config.json").write_text(json.dumps(given))
    code = run(["measure", str(tmp_path / "data.json"), "--config", str(tmp_path / "config.json"), "--model", "http://127.0.0.1:1/"])
    assert code == 2
    assert said in capsys.readouterr().err


def test_a_report_alone_is_refused():
    with pytest.raises(NotImplementedError, match="a report alone"):
        AnalysisConfig.of({"dataset_type": "text/csv", "methods": {"report": {}}})
    with pytest.raises(RequestError, match="time series need all of"):
        AnalysisConfig.of({k: v for k, v in config("columns").items() if k != "time_series_data_config"})
