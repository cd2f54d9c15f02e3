"""Files of data capture: requests, their answers and their ground truth as rows."""

import json
from datetime import UTC, datetime

import pytest

from tests.aws.clarify.measured import measure_config
from tests.engines import duckdb_session
from tilth.aws.clarify.analysis import analysis_json
from tilth.aws.clarify.captures import captured
from tilth.aws.clarify.config import AnalysisConfig
from tilth.aws.clarify.reading import read_data
from tilth.errors import RequestError, SourceError
from tilth.serve.bodies.rows import Columns
from tilth.serve.capture import Exchange, record
from tilth.serve.pipeline import Answer

CSV = {"features": None, "label": 0, "predicted_label": 0}


def line(data, answer=None, truth=None, encoding="CSV", kind="text/csv"):
    """A captured request, as Model Monitor writes and merges it."""
    sides = {"endpointInput": {"observedContentType": kind, "mode": "INPUT", "data": data, "encoding": encoding}}
    if answer is not None:
        sides["endpointOutput"] = {"observedContentType": kind, "mode": "OUTPUT", "data": answer, "encoding": encoding}
    merged = {} if truth is None else {"groundTruthData": {"data": truth, "encoding": encoding}}
    return json.dumps({"captureData": sides, **merged, "eventMetadata": {"eventId": "e"}, "eventVersion": "0"})


def file_of(folder, *lines):
    place = folder / "capture.jsonl"
    place.write_text("\n".join(lines) + "\n")
    return str(place)


def rows(place, asked):
    return [row for _, row in captured(place, asked)]


def test_csv_with_several_rows_in_a_request(tmp_path):
    place = file_of(tmp_path, line('F,30.5\n"M, x",', "1\n0\n", "yes\nno"), "", line("F,7", "0"))
    assert rows(place, CSV) == [[["F", 30.5], "yes", 1], [["M, x", None], "no", 0], [["F", 7], None, 0]]


def test_answers_of_all_rows_on_one_line_and_a_header(tmp_path):
    place = file_of(tmp_path, line("sex,age\nF,30\nM,40", "1,0", "0\n1", kind="text/csv; header=present"))
    assert rows(place, {"features": None, "predicted_label": 0}) == [[["F", 30], 1], [["M", 40], 0]]


@pytest.mark.parametrize(
    ("body", "features"),
    [
        ('{"instances": [{"features": ["F", 30]}, {"features": ["M", 40]}]}', "instances[*].features"),
        ('{"features": ["F", 30]}\n{"features": ["M", 40]}', "features"),
    ],
    ids=["a document", "lines"],
)
def test_json_by_paths(tmp_path, body, features):
    answer = '{"predictions": [{"p": 1}, {"p": 0}]}'
    place = file_of(tmp_path, line(body, answer, '{"labels": [1, 1]}', encoding="JSON", kind="application/json"))
    asked = {"features": features, "label": "labels", "predicted_label": "predictions[*].p"}
    assert rows(place, asked) == [[["F", 30], 1, 1], [["M", 40], 1, 0]]


def test_one_row_in_json(tmp_path):
    place = file_of(tmp_path, line('{"features": ["F", 30]}', '{"p": 1}', encoding="JSON"))
    assert rows(place, {"features": "features", "predicted_label": "p"}) == [[["F", 30], 1]]


def test_what_does_not_belong_together_is_left_out_and_counted(tmp_path):
    no_input = json.dumps({"captureData": {"endpointOutput": {"data": "1", "encoding": "CSV"}}})
    place = file_of(tmp_path, line("F,30\nM,40", "1", "0\n1"), no_input, line("F,1", "1", "1"))
    with pytest.warns(
        UserWarning, match="of 3 requests 2 are left out: 1 with another number of predicted_labels than rows, 1 with no input"
    ):
        assert rows(place, CSV) == [[["F", 1], 1, 1]]


@pytest.mark.parametrize(
    ("text", "asked", "message"),
    [
        ("{", CSV, "it is not a captured request"),
        ('{"captureData": []}', CSV, "it is not a captured request"),
        (line("Rg==", encoding="BASE64"), CSV, "features: the body is BASE64 encoded"),
        (line("F,1", "1"), {**CSV, "predicted_label": "p"}, "predicted_label: found 'p', and the body is CSV"),
        (line("F,1", "1"), {**CSV, "predicted_label": 1}, "predicted_label: found 1, and the body is CSV"),
        (line("[1]", encoding="JSON"), CSV, "features: found None, and the body is JSON"),
        (line("{", encoding="JSON"), {**CSV, "features": "a"}, "features: the body is not valid JSON"),
    ],
)
def test_a_line_that_cannot_be_read_is_named(tmp_path, text, asked, message):
    with pytest.raises(SourceError, match=message) as found:
        rows(file_of(tmp_path, text), asked)
    assert found.value.mistakes[0].place.line == 1


CONFIG = {
    "dataset_type": "application/sagemakercapturejson",
    "headers": ["sex", "age", "approved", "predicted"],
    "label": 0,
    "predicted_label": 0,
    "label_values_or_threshold": [1],
    "facet": [{"name_or_index": "sex", "value_or_threshold": ["F"]}],
    "methods": {"pre_training_bias": {"methods": ["DPL"]}, "post_training_bias": {"methods": ["DPPL"]}},
    "tilth": {"bootstrap": 0},
}


def test_a_folder_of_captures_is_the_input_of_an_analysis(tmp_path):
    """Of four men three have and get the label, of four women one has it and two get it. A file has whole numbers, the other fractions."""
    hour = tmp_path / "endpoint/AllTraffic/2026/01/02/03"
    (hour.parent / "04").mkdir(parents=True)
    hour.mkdir()
    file_of(hour, line("M,30\nM,31\nM,32\nM,33", "1\n1\n1\n0", "1\n1\n1\n0"))
    file_of(hour.parent / "04", line("F,30.5\nF,31\nF,32\nF,33", "1\n1\n0\n0", "1\n0\n0\n0"))
    data, config = read_data(AnalysisConfig.of(CONFIG), str(tmp_path), duckdb_session())
    assert (data.names, config.label, config.predicted_label) == (("sex", "age", "approved", "predicted"), "approved", "predicted")
    made = analysis_json(measure_config(data, config, duckdb_session()))
    (before,), (after,) = (made[f"{s}_training_bias_metrics"]["facets"]["sex"] for s in ("pre", "post"))
    assert (before["metrics"][0]["value"], after["metrics"][0]["value"]) == (0.5, 0.25)


def test_what_this_server_captured(tmp_path):
    exchange = Exchange(b"F,30\nM,40\n", "text/csv", Answer(200, "text/csv", b"1\n0\n"), "", "e", datetime(2026, 1, 2, tzinfo=UTC))
    text = record(exchange, Columns(("sex", "age")), frozenset()).decode()
    assert rows(file_of(tmp_path, text), {"features": None, "predicted_label": 0}) == [[["F", 30], 1], [["M", 40], 0]]


def test_a_model_is_asked_in_a_stated_format():
    asked = {"methods": {"shap": {"num_samples": 9}}, "predictor": {"endpoint_name": "e"}}
    with pytest.raises(RequestError, match=r"predictor\.content_type: this is needed for application/sagemakercapturejson"):
        AnalysisConfig.of({**CONFIG, **asked})
