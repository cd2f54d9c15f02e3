"""Requests and answers, in the same process: bodies of every type, and what is refused."""

import csv
import gzip
import io
import json
import pickle
from functools import partial

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import skops.io

import tilth
from tests.house.tree import python
from tests.serve.conftest import FLOW, TABLE
from tilth.serve.bodies import DECODERS, ENCODERS

ROW = {"age": 30, "job": "cook"}
JSON = {"content-type": "application/json"}
BODIES = {
    "an object": (b'{"age": 30, "job": "cook"}', "application/json"),
    "instances": (b'{"instances": [{"job": "cook", "age": 30, "extra": 1}]}', "application/json; charset=utf-8"),
    "a list of objects": (b'[{"job": "cook", "age": 30}]', "Application/JSON"),
    "values in order": (b'[1, "p@mail.invalid", 30, "cook", "yes"]', "application/json"),
    "values without the label": (b'[[1, "p@mail.invalid", 30, "cook"]]', "application/json"),
    "features": (b'{"instances": [{"features": [1, null, 30, "cook"]}]}', "application/json"),
    "data": (b'{"instances": [{"data": {"features": {"values": [1, null, "30", "cook"]}}}]}', "application/json"),
    "a line": (b'{"age": 30.0, "job": "cook"}\n', "application/jsonlines"),
    "a line of values": (b'\n[1, "", 30, "cook"]\n\n', "application/x-ndjson"),
    "CSV": (b"1,p@mail.invalid,30,cook\n", "text/csv; charset=utf-8"),
    "CSV with a label, CRLF and a BOM": (b"\xef\xbb\xbf1,,30,cook,no\r\n", "text/csv"),
    "CSV with its label first": (b"no,1,p@mail.invalid,30,cook", "text/csv;label_size=1"),
    "CSV without labels": (b"1,p@mail.invalid,30,cook", "text/csv; label_size=0"),
    "CSV with a header, whose names count": (b"job,age,paid\ncook,30,no", "text/csv;label_size=1"),
    "CSV with a header": (b'job,age\n"cook",30', "text/csv"),
    "CSV with a header of more": (b"job,age,other\ncook,30,x", "text/csv; header=present"),
}


@pytest.fixture
def asked(client):
    """`asked(body, content type, accept)`: the answer of the flow alone."""
    one = client("people.tilth")

    def ask(body, content_type="application/json", **headers):
        body = body.encode() if isinstance(body, str) else body
        return one("POST", "/invocations", body, {"content-type": content_type, **headers})

    return ask


@pytest.mark.parametrize("name", BODIES)
def test_a_body_gives_the_features(asked, name):
    answer = asked(*BODIES[name])
    assert answer.status == 200, answer.text
    features = {"age": 30.0, "job_cook": 1, "job_clerk": 0, "job_unknown": 0, "job_rztin": 0}
    assert answer.json() == {"predictions": [features]}
    assert answer.headers["content-type"] == "application/json"


def test_answers_in_each_type(asked):
    body = json.dumps([ROW, {"age": None, "job": "Ärztin"}])
    lines = [json.loads(line) for line in asked(body, accept="application/jsonlines").text.splitlines()]
    assert lines == asked(body).json()["predictions"]
    answer = asked(body, accept="text/csv; charset=utf-8")
    assert answer.headers["content-type"] == "text/csv"
    assert [[float(v) for v in row] for row in csv.reader(io.StringIO(answer.text))] == [list(row.values()) for row in lines]


def test_packed_bodies(asked):
    body = json.dumps(ROW).encode()
    plain, half = asked(body), gzip.compress(body[:9])
    for coding, given in (("GZip", gzip.compress(body)), ("x-gzip", half + gzip.compress(body[9:])), ("identity", body)):
        assert asked(given, **{"content-encoding": coding}).content == plain.content
    for given in (body, gzip.compress(body)[:-9], gzip.compress(body)[:-8] + bytes(8), gzip.compress(body) + b"x"):
        answer = asked(given, **{"content-encoding": "gzip"})
        assert (answer.status, answer.json()["error"]["code"]) == (400, "bad-gzip")
    for coding in ("br", "gzip, gzip", "deflate"):
        answer = asked(body, **{"content-encoding": coding})
        assert (answer.status, answer.json()["error"]["code"]) == (415, "bad-content-encoding")
        assert answer.headers["accept-encoding"] == "gzip"
    assert "accept-encoding" not in asked(body, "text/plain").headers


def npy(array) -> bytes:
    made = io.BytesIO()
    np.save(made, array)
    return made.getvalue()


def parquet(table) -> bytes:
    made = io.BytesIO()
    pq.write_table(table, made)
    return made.getvalue()


def test_parquet_in_both_directions(asked):
    answer = asked(parquet(TABLE), "application/x-parquet", accept="application/vnd.apache.parquet")
    assert pq.read_table(io.BytesIO(answer.content)).to_pylist() == asked(json.dumps(TABLE.to_pylist())).json()["predictions"]
    for body in (parquet(TABLE)[:-9], b"PAR1", b""):
        assert asked(body, "application/x-parquet").json()["error"]["code"] == "bad-parquet"


def test_npy_in_both_directions(tmp_path, client):
    table = pa.table({"x": [1.0, 2.0, None], "y": [4, 5, 6]})
    tilth.fit(tilth.Flow.parse("features: [{impute: {columns: x, with: mean}}]"), table).save(tmp_path / "xy.tilth")
    ask = partial(client(str(tmp_path / "xy.tilth")), "POST", "/invocations")
    headers = {"content-type": "application/x-npy", "accept": "application/x-npy"}
    matrix = np.array([[1.0, 2.0], [np.nan, 4.0]])
    fields = np.array([(2.0, 1), (4.0, 0)], dtype=[("y", "f8"), ("x", "i4")])
    for given, expected in ((matrix, [[1, 2], [1.5, 4]]), (np.asfortranarray(matrix), [[1, 2], [1.5, 4]]), (matrix[0], [[1, 2]])):
        assert np.load(io.BytesIO(ask(npy(given), headers).content)).tolist() == expected
    assert np.load(io.BytesIO(ask(npy(fields), headers).content)).tolist() == [[1, 2], [0, 4]]
    objects = io.BytesIO()
    np.save(objects, np.array([{}], dtype=object), allow_pickle=True)
    huge = npy(matrix).replace(b"(2, 2), ", b"(2, 2000000000000), ".ljust(8))
    for body in (objects.getvalue(), huge, npy(matrix)[:-1], b"", npy(np.zeros((1, 1, 2)))):
        answer = ask(body, headers)
        assert (answer.status, answer.json()["error"]["code"]) == (400, "bad-npy")


def test_strings_are_not_an_answer_of_numbers(client):
    headers = {"content-type": "application/json", "accept": "application/x-npy"}
    answer = client("people.tilth", "model.skops")("POST", "/invocations", json.dumps(ROW).encode(), headers)
    assert (answer.status, answer.json()["error"]["code"]) == (406, "not-acceptable")


def test_three_rows_of_one_column_stay_three(tmp_path, client):
    import pyarrow as pa

    tilth.fit(tilth.Flow.parse("features: [{impute: {columns: x, with: mean}}]"), pa.table({"x": [1.0, 2.0, None]})).save(
        tmp_path / "x.tilth"
    )
    one = client(str(tmp_path / "x.tilth"))
    for body, kind in (
        (b"1\n2\n3\n", "text/csv"),
        (b'[{"x": 1}, {"x": 2}, {"x": 3}]', "application/json"),
        (b"1\n2\n3", "application/jsonl"),
    ):
        headers = {"content-type": kind, "accept": "text/csv"}
        assert one("POST", "/invocations", body, headers).text == "1.0\n2.0\n3.0\n"


def test_answers_are_those_of_the_batch(client):
    answer = client("people.tilth")("POST", "/invocations", json.dumps(TABLE.to_pylist()).encode(), JSON)
    batch = tilth.write(tilth.apply(tilth.fit(tilth.Flow.parse(FLOW), TABLE), TABLE)).drop_columns(["no", "email", "paid"])
    assert answer.json()["predictions"] == batch.to_pylist()


def test_a_model_is_asked_for_labels_numbers_and_probabilities(client, served):
    model = skops.io.load(served / "model.skops")
    rows = TABLE.to_pylist()
    flow = tilth.Flow.load(served / "people.tilth")
    x = pd.DataFrame([flow.row(row) for row in rows])[model.feature_names_in_]

    def predictions(*things, **options):
        return client(*things, **options)("POST", "/invocations", json.dumps(rows).encode(), JSON).json()["predictions"]

    assert [p["prediction"] for p in predictions("people.tilth", "model.skops")] == model.predict(x).tolist()
    found = predictions("people.tilth", "model.skops", output=["softmax"])
    assert np.array([[p["prediction_no"], p["prediction_yes"]] for p in found]) == pytest.approx(model.predict_proba(x), rel=1e-12)
    number = skops.io.load(served / "number.skops").predict(x)
    assert [p["prediction"] for p in predictions("people.tilth", "number.skops")] == pytest.approx(number.tolist())


MISSING = {
    "application/json": [b'{"age": null, "job": null}', b'{"age": "", "job": ""}', b'[1, "", null, null]'],
    "application/jsonlines": [b'{"age": null, "job": null}', b'[1, null, "", ""]'],
    "text/csv": [b"1,,,", b"age,job\n,", b'1,"","",""'],
    "application/x-npy": [npy(np.array([(np.nan, "")], dtype=[("age", "f8"), ("job", "U9")]))],
    "application/x-parquet": [parquet(pa.table({"age": pa.array([None], pa.float64()), "job": pa.array([None], pa.string())}))],
}


@pytest.mark.parametrize("kind", MISSING)
def test_what_is_missing_and_what_is_unknown_in_each_type(asked, kind):
    """Null, an empty value and NaN are imputed; a category that was not learned is none of those that were."""
    mean = 20 + sum(i for i in range(40) if i != 7) / 39
    for body in MISSING[kind]:
        (row,) = asked(body, kind).json()["predictions"]
        jobs = [row[f"job_{name}"] for name in ("unknown", "cook", "clerk", "rztin")]
        assert (row["age"], jobs) == (pytest.approx(mean), [1, 0, 0, 0]), body
    (row,) = asked(b'{"age": 1, "job": "astronaut"}').json()["predictions"]
    assert [row[f"job_{name}"] for name in ("unknown", "cook", "clerk", "rztin")] == [0, 0, 0, 0]


@pytest.mark.parametrize("media", ENCODERS)
def test_a_container_takes_what_one_before_it_answered(client, media):
    """As SageMaker's inference pipelines do: the body of an answer, and its type, become the next request."""
    body = json.dumps(TABLE.to_pylist()).encode()
    before = client("people.tilth")("POST", "/invocations", body, JSON | {"accept": media})
    behind = client("model.skops", output=["softmax"])(
        "POST", "/invocations", before.content, {"content-type": before.headers["content-type"]}
    )
    whole = client("people.tilth", "model.skops", output=["softmax"])("POST", "/invocations", body, JSON)
    found, expected = ([list(row.values()) for row in one.json()["predictions"]] for one in (behind, whole))
    assert np.array(found) == pytest.approx(np.array(expected), rel=1e-6)


WRONG = [
    (b"{", "application/json", 400, "bad-json"),
    (b"[NaN]", "application/json", 400, "bad-json"),
    (b"[" * 100_000, "application/json", 400, "bad-json"),
    (b"9" * 5000, "application/json", 400, "bad-json"),
    (b"\xff\xfe", "text/csv", 400, "bad-charset"),
    (b"1,2", "text/csv; charset=zip", 400, "bad-charset"),
    (b"1,2", "text/csv", 400, "wrong-width"),
    (b"1,,30,cook,no", "text/csv;label_size=2", 400, "wrong-width"),
    (b"1,,30,cook,no", "text/csv;label_size=one", 400, "bad-value"),
    (b'"1,2', "text/csv", 400, "bad-csv"),
    (b"age,age\n1,2", "text/csv", 400, "bad-csv"),
    (b"", "text/csv", 400, "no-rows"),
    (b"[]", "application/json", 400, "no-rows"),
    (b'[{"age": 1, "job": "cook"}, 3]', "application/json", 400, "no-row"),
    (b'{"age": 1}\n{"age": ', "application/jsonlines", 400, "bad-json"),
    (b'{"age": [1], "job": "cook"}', "application/json", 400, "wrong-kind"),
    (b'{"age": 1e999, "job": "cook"}', "application/json", 400, "unreadable"),
    (b"{}", "", 415, "bad-content-type"),
    (b"{}", "application/x-www-form-urlencoded", 415, "bad-content-type"),
    (b"{}", "text/plain;charset=UTF-8", 415, "bad-content-type"),
]


@pytest.mark.parametrize(("body", "kind", "status", "code"), WRONG, ids=[f"{k or 'absent'} {b[:12]!r}" for b, k, *_ in WRONG])
def test_what_is_refused(asked, body, kind, status, code):
    answer = asked(body, kind)
    assert (answer.status, answer.json()["error"]["code"]) == (status, code), answer.text
    assert "Traceback" not in answer.text


@pytest.mark.parametrize(
    ("body", "message", "hint"),
    [
        (b'{"age":', "the body is not JSON: line 1, column 8", None),
        (b'{"age": NaN}', "the body is not JSON: it has NaN", "write null for a missing value"),
        (b"[-Infinity]", "the body is not JSON: it has -Infinity", "write null for a missing value"),
        (b"[" * 100_000, "the body is not JSON: it is nested too deeply", None),
        (b"9" * 5000, "the body is not JSON: a number has thousands of digits", None),
        (b"\xff", "the body is not utf-8", "send it as utf-8, or name its charset"),
    ],
)
def test_what_is_wrong_with_a_body_of_json(asked, body, message, hint):
    error = asked(body).json()["error"]
    assert (error["message"], error.get("hint")) == (message, hint)


def test_an_error_names_rows_and_fields_and_never_a_value(asked):
    rows = [{"age": 30, "job": "cook"}, {"age": "Ada Lovelace", "email": "ada@mail.invalid"}]
    error = asked(json.dumps(rows)).json()["error"]
    assert [(e["row"], e["field"], e["code"]) for e in error["errors"]] == [(2, "job", "unknown-column"), (2, "age", "unreadable")]
    assert error["message"].startswith("row 2: there is no column 'job'")
    assert "Ada" not in json.dumps(error)


@pytest.mark.parametrize("kind", [*DECODERS, "application/octet-stream", "application/x-python-pickle"])
def test_a_pickle_is_refused_under_any_name(asked, kind, tmp_path):
    class Runs:
        def __reduce__(self):
            return open, (str(tmp_path / "ran"), "w")

    assert asked(pickle.dumps(Runs()), kind).status in (400, 415)
    assert not (tmp_path / "ran").exists()


def test_other_answers_than_those_that_can_be_made(client, asked):
    assert asked(b"[{}]", accept="image/png").json()["error"]["code"] == "not-acceptable"
    one = client("people.tilth", largest=1000)
    assert one("GET", "/ping").text == ""
    assert one("GET", "/execution-parameters").json()["BatchStrategy"] == "MULTI_RECORD"
    packed = JSON | {"content-encoding": "gzip"}
    for body, headers in ((b" " * 1001, JSON), (iter([b" " * 600] * 2), JSON), (gzip.compress(b" " * 1001), packed)):
        answer = one("POST", "/invocations", body, headers)
        assert (answer.status, answer.json()["error"]["code"]) == (413, "too-large")
    assert [one("GET", "/invocations").status, one("GET", "/etc/passwd").status] == [405, 404]
    assert [one("GET", "/invocations").headers["allow"], one("POST", "/ping").headers["allow"]] == ["POST", "GET, HEAD"]  # RFC 9110, 15.5.6


@pytest.mark.parametrize(
    ("body", "kind", "hint"),
    [
        (b"1,2", "text/csv", "a header has only names of columns"),  # such as a header with a mistake in a name
        (b"1,2", "text/csv; header=absent", ""),
        (b"1,a,30,cook\n1,2", "text/csv", ""),
        (b"{}", "application/x-www-form-urlencoded", "curl sends this type"),
        (b"{}", "text/plain", ""),
    ],
)
def test_a_hint_for_what_curl_sends(client, body, kind, hint):
    error = client("people.tilth")("POST", "/invocations", body, {"content-type": kind}).json()["error"]
    found = error.get("errors", [error])[0].get("hint", "")
    assert found.startswith(hint) if hint else not found


START = """
import sys
from tilth.serve.serving import Serving

pipeline, _ = Serving((sys.argv[1],)).loaded()
answer = pipeline.answer(b'{"age": 30, "job": "cook"}', "application/json")
print(answer.status, sorted({"duckdb", "pandas", "pyspark", "sklearn"} & sys.modules.keys()))
"""


@pytest.mark.slow
def test_a_row_is_answered_without_an_engine(served):
    """Nor is one loaded, which would take a sixth of the start."""
    done = python("-c", START, str(served / "people.tilth"))
    assert done.stdout == "200 []\n", done.stderr
