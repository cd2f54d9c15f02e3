"""Input filter, join and output filter around the pipeline, by the examples of SageMaker's guide, and paths that are refused."""

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tilth.cli.app import run
from tilth.errors import RequestError
from tilth.serve.batching import Sending, transformed
from tilth.serve.paths import NoValue, Path
from tilth.serve.pipeline import Pipeline
from tilth.serve.processing import Processing

ROW = [10, 20, 30, 40, 50, 60]
PATHS = [
    ("$", ROW),
    ("$[0]", 10),
    ("$[-1]", 60),
    ("$[0,-1]", [10, 60]),
    ("$[1:]", ROW[1:]),
    ("$[:2]", [10, 20]),
    ("$[1:4]", [20, 30, 40]),
    ("$[0,5:]", [10, 60]),
    ("$.[ -2 : ]", [50, 60]),
    ("$[3:100]", [40, 50, 60]),
    ("$[*]", ROW),
]
OBJECT = {"id": 7, "f": {"a": 1, "b": 2, "it's": 3}, "rows": [{"x": 1}, {"x": 2}, {"x": 3}], "SageMakerOutput": 0.9}
NAMES = [
    ("$.id", 7),
    ("$['id','SageMakerOutput']", {"id": 7, "SageMakerOutput": 0.9}),
    ("$.f.['a','b']", {"a": 1, "b": 2}),
    (r"$.f['it\'s']", 3),
    ("$.f.*", [1, 2, 3]),
    ("$.rows[*].x", [1, 2, 3]),
    ("$.rows[1:]['x']", [2, 3]),
    ("$.rows[-1].x", 3),
]


@pytest.mark.parametrize(("text", "expected"), PATHS)
def test_paths_into_a_row(text, expected):
    assert Path.parse(text).of(ROW) == expected


@pytest.mark.parametrize(("text", "expected"), NAMES)
def test_paths_into_an_object(text, expected):
    assert Path.parse(text).of(OBJECT) == expected


def test_the_end_of_a_range():
    assert [Path.parse(t, inclusive=True).of(ROW) for t in ("$[1:4]", "$[:-1]", "$[:-2]")] == [ROW[1:5], ROW, ROW[:5]]


@pytest.mark.parametrize(
    "text", ["", "id", "$..id", "$[?(@.a)]", "$[0:5:2]", "$.length()", "$['a','b'].c", '$["a"]', "$[a]", "$[]", "$.", "$x"]
)
def test_what_is_no_path(text):
    with pytest.raises(RequestError, match="is not supported"):
        Path.parse(text)


@given(st.lists(st.sampled_from(["$", ".a", ".*", "[", "]", "0", "-1", ":", ",", "'a'", "*", " ", "é"])).map("".join))
def test_any_text_is_a_path_or_refused(text):
    with suppress(RequestError):
        Path.parse(text).of(OBJECT)


@pytest.mark.parametrize(("text", "words"), [("$[6]", "no position 6 in 6 values"), ("$[-7]", "no position -7"), ("$.a", "not an object")])
def test_what_a_row_has_not(text, words):
    with pytest.raises(NoValue, match=words):
        Path.parse(text).of(ROW)


# ── around the pipeline ──


@pytest.fixture(scope="module")
def pipeline(served):
    return Pipeline.of(str(served / "people.tilth"), str(served / "model.skops"))


def processed(pipeline, tmp_path, suffix, text, before=None, after=None, join=True, **options):
    """The lines of the answers, or the refusals."""
    (tmp_path / f"a.{suffix}").write_text(text)
    processing = Processing(before and Path.parse(before), after and Path.parse(after), join)
    (found,) = transformed(pipeline, [str(tmp_path / f"a.{suffix}")], str(tmp_path / "out"), Sending(processing=processing, **options))
    return found.refusals or (tmp_path / "out" / f"a.{suffix}.out").read_text().splitlines()


RECORDS = [f"x{i},{i},,{age},{job}" for i, (age, job) in enumerate([(30, "cook"), ("", "clerk"), (59, '"Ärztin, Dr."')])]
ALONE = "".join(f"{record.partition(',')[2]}\n" for record in RECORDS)


@pytest.mark.parametrize("concurrency", [1, 2])
@pytest.mark.parametrize("single", [False, True])
@pytest.mark.parametrize("header", ["", "key,no,email,age,job\n"])
def test_csv(pipeline, tmp_path, concurrency, single, header):
    answers = pipeline.answer(ALONE.encode(), "text/csv", "text/csv").body.decode().splitlines()
    text, options = header + "\n".join(RECORDS), {"concurrency": concurrency, "single": single}
    assert processed(pipeline, tmp_path, "csv", text, "$[1:]", join=False, **options) == answers
    joined = [f"{record},{answer}" for record, answer in zip(RECORDS, answers, strict=True)]
    assert processed(pipeline, tmp_path, "csv", text, "$[1:]", **options) == joined
    ends = [f"x{i},{answer}" for i, answer in enumerate(answers)]
    assert processed(pipeline, tmp_path, "csv", text, "$[1:]", "$[0,-1]", **options) == ends


def test_json_lines(pipeline, tmp_path):
    rows = [{"id": 7, "in": {"age": 30, "job": "cook"}}, {"id": 8, "in": {"age": None, "job": "Ärztin"}}]
    text = "".join(f"{json.dumps(row)}\n" for row in rows)
    alone = "".join(f"{json.dumps(row['in'])}\n" for row in rows)
    answers = pipeline.answer(alone.encode(), "application/jsonlines", "application/jsonlines").body.decode().splitlines()
    found = processed(pipeline, tmp_path, "jsonl", text, "$.in")
    assert list(map(json.loads, found)) == [{**row, "SageMakerOutput": json.loads(a)} for row, a in zip(rows, answers, strict=True)]
    found = processed(pipeline, tmp_path, "jsonl", text, "$.in", "$['id','SageMakerOutput']")
    assert list(map(json.loads, found)) == [{"id": i, "SageMakerOutput": json.loads(a)} for i, a in zip((7, 8), answers, strict=True)]
    values = json.dumps([1, None, 30, "cook"])
    (found,) = processed(pipeline, tmp_path, "jsonl", values)
    assert json.loads(found) == {"SageMakerInput": json.loads(values), "SageMakerOutput": json.loads(answers[0])}


def test_refused_records(pipeline, tmp_path):
    lines = [{"age": 30, "job": "cook"}, {"age": 30, "job": "cook", "SageMakerOutput": 1}, {"age": 30}]
    found = processed(pipeline, tmp_path, "jsonl", "".join(f"{json.dumps(line)}\n" for line in lines), "$['age','job']")
    assert [(r["line"], r["code"]) for r in found] == [(2, "member-taken"), (3, "no-value")]
    assert found[1]["message"] == "$['age','job']: there is no job"
    found = processed(pipeline, tmp_path, "csv", "1\n" + RECORDS[0], "$[1,2,3,4]")
    assert [(r["line"], r["code"], r["accepted"]) for r in found] == [(1, "no-value", "-1 to 0")]


REFUSED = [
    ({"before": "$.a"}, "the filter \\$.a has names"),
    ({"after": "$[0][1]"}, "has names"),
    ({"accept": "application/jsonlines"}, "are not joined with answers of application/jsonlines"),
    ({"accept": "application/json"}, "are not joined with answers of application/json"),
    ({"split": "none"}, "is neither"),
]


@pytest.mark.parametrize(("options", "words"), REFUSED)
def test_what_cannot_be_processed(pipeline, tmp_path, options, words):
    with pytest.raises(RequestError, match=words):
        processed(pipeline, tmp_path, "csv", RECORDS[0], **options)


def test_the_command(served, tmp_path):
    (tmp_path / "a.csv").write_text("\n".join(RECORDS))
    words = ["batch", str(served / "people.tilth"), str(tmp_path / "a.csv"), "-o", str(tmp_path / "out"), "--slice-end", "inclusive"]
    assert run([*words, "--input-filter", "$[1:4]", "--join", "--output-filter", "$[0:1]"]) == 0
    assert (tmp_path / "out" / "a.csv.out").read_text() == "x0,0\nx1,1\nx2,2\n"
