"""A converted pipeline of Spark ML, a converted transformer of scikit-learn and a model, asked as SageMaker's SparkML container is."""

import json

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import skops.io
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures, StandardScaler

import tilth
from tests.pipelines.test_spark_ml import COUNTS, IMPUTER, WORDS, saved
from tests.serve.asking import ask
from tilth.errors import RequestError
from tilth.serve.app import Server
from tilth.serve.bodies.rows import BadRow
from tilth.serve.pipeline import Pipeline
from tilth.serve.serving import Serving
from tilth.serve.sparkml import Schema

SCHEMA = {
    "input": [{"name": "t", "type": "string"}, {"name": "id", "type": "long"}, {"name": "a", "type": "double", "struct": "basic"}],
    "output": {"name": "probability", "type": "double", "struct": "vector"},
}
ROWS = [["A fair deal, a FAIR day", 1, 3.5], ["deal", 2, None], ["", 3, -1.0]]
CSV = b'"A fair deal, a FAIR day",1,3.5\ndeal,2,\n,3,-1.0\n'
JSON, LINES = "application/json", "application/jsonlines"


@pytest.fixture(scope="module")
def chain(tmp_path_factory):
    """The stages as files, and what the libraries give for `ROWS`."""
    folder = tmp_path_factory.mktemp("chain")
    spark = saved(
        folder / "spark",
        IMPUTER,
        WORDS,
        COUNTS,
        ("feature.VectorAssembler", {"inputCols": ["f", "c"], "outputCol": "features", "handleInvalid": "keep"}, {}),
    )
    tilth.convert(spark).save(folder / "spark.tilth")
    # mean 2 for a missing `a`; counts of `deal` and `fair`: what Spark's documentation says of these stages
    assembled = pd.DataFrame([[3.5, 1, 2], [2.0, 1, 0], [-1.0, 0, 0]], columns=["features_0", "features_1", "features_2"])
    train = pd.DataFrame(np.random.default_rng(1).normal(size=(50, 3)), columns=assembled.columns)
    transformer = make_pipeline(StandardScaler(), PolynomialFeatures(2, include_bias=False)).set_output(transform="pandas").fit(train)
    made = tilth.convert(transformer)
    made.save(folder / "scaled.tilth")
    prepared = tilth.write(tilth.apply(made.flow, train)).to_pandas()
    model = LogisticRegression().fit(prepared.to_numpy(), train["features_0"] + train["features_1"] ** 2 > 1)
    skops.io.dump(model, folder / "model.skops")
    things = tuple(str(folder / name) for name in ("spark.tilth", "scaled.tilth", "model.skops"))
    return things, model.predict_proba(transformer.transform(assembled).to_numpy())


@pytest.fixture(scope="module")
def pipeline(chain):
    return Pipeline.of(*chain[0], output=["softmax"], accept="text/csv", schema=Schema.of(json.dumps(SCHEMA)))


def numbers(text, comma=","):
    return [[float(v) for v in line.split(comma)] for line in text.splitlines()]


@pytest.mark.slow
def test_spark_scikit_learn_and_a_model_are_one(pipeline, chain):
    expected = pytest.approx(chain[1], rel=1e-9)
    line_of_each = b"".join(json.dumps({"data": row}).encode() + b"\n" for row in ROWS)
    all_in_one = json.dumps({"schema": SCHEMA, "data": ROWS}).encode()
    by_name = json.dumps([{"t": t, "a": a} for t, _, a in ROWS]).encode()
    for body, kind in ((CSV, "text/csv; charset=utf-8"), (line_of_each, LINES), (all_in_one, LINES), (all_in_one, JSON), (by_name, JSON)):
        answer = pipeline.answer(body, kind)
        assert (answer.status, answer.media, answer.rows) == (200, "text/csv", 3), answer.body
        assert np.array(numbers(answer.body.decode())) == expected
    features = [json.loads(line)["features"] for line in pipeline.answer(CSV, "text/csv", LINES).body.splitlines()]
    assert np.array(features) == expected
    texts = [json.loads(line)["source"] for line in pipeline.answer(CSV, "text/csv", f"{LINES};data=text").body.splitlines()]
    assert np.array(numbers("\n".join(texts), " ")) == expected
    whole = json.loads(pipeline.answer(CSV, "text/csv", JSON).body)["predictions"]
    assert np.array([list(row.values()) for row in whole]) == expected
    assert json.loads(pipeline.answer(json.dumps({"data": ROWS[0]}).encode(), JSON, LINES).body)["features"] == pytest.approx(features[0])


@pytest.mark.slow
def test_the_schema_of_a_request(chain):
    """It is stronger than the configured one, and enough without one; a value for a string is made one."""
    pipeline = Pipeline.of(*chain[0])
    value = {"input": [{"name": "a", "type": "float"}, {"name": "t", "type": "string"}], "output": {"name": "prediction", "type": "double"}}
    answer = pipeline.answer(json.dumps({"schema": value, "data": [3.5, 17]}).encode(), JSON)
    assert (answer.media, answer.body) == ("text/csv", b"true\n")
    configured = Pipeline.of(*chain[0], accept=f"{LINES};data=text", schema=Schema.of(SCHEMA))
    assert configured.answer(json.dumps({"schema": value, "data": [3.5, "deal"]}).encode(), JSON).body == b"true\n"
    assert configured.answer(b"deal,2,", "text/csv").body == b'{"source":"%s"}\n' % (b"true" if chain[1][1][1] > 0.5 else b"false")
    ordinary = json.dumps({"instances": [{"t": "deal", "a": 1.0, "schema": 1, "data": 2}]}).encode()
    assert pipeline.answer(ordinary, JSON).body.startswith(b'{"predictions":[{"prediction":')


def test_an_integer_in_a_vector_of_doubles_is_one():
    schema = {"input": [{"name": "n", "type": "int"}], "output": {"name": "made", "type": "double", "struct": "vector"}}
    assert [Schema.of(schema).answered([{"made_0": 1, "made_1": 0.5}], *form) for form in (("text/csv", False), (LINES, True))] == [
        b"1.0,0.5\n",
        b'{"source":"1.0 0.5"}\n',
    ]
    schema["output"] = {"name": "n", "type": "int"}
    assert Schema.of(schema).answered([{"n": 1}], "text/csv", False) == b"1\n"


@pytest.mark.parametrize(
    ("body", "kind", "accept", "status", "code"),
    [
        (b"deal,2\n", "text/csv", "", 400, "wrong-width"),
        (b'{"data": ["deal", 2]}', JSON, "", 400, "wrong-width"),
        (b'{"data": ["deal", 2, "x"]}', JSON, "", 400, "unreadable"),
        (b'{"data": 3}', JSON, "", 400, "no-row"),
        (b'{"data": ["deal", 2, 1]}\n{"row": 1}', LINES, "", 400, "no-row"),
        (b'{"schema": {"input": []}, "data": [1]}', JSON, "", 400, "bad-schema"),
        (CSV, "text/csv", "image/png", 406, "not-acceptable"),
        (CSV, "text/plain", "", 415, "bad-content-type"),
    ],
)
def test_what_is_refused(pipeline, body, kind, accept, status, code):
    answer = pipeline.answer(body, kind, accept)
    assert (answer.status, answer.code) == (status, code), answer.body


# ── exactly as the container ──


TYPED = {
    "input": [
        {"name": "a", "type": "float"},
        {"name": "n", "type": "byte"},
        {"name": "t", "type": "string"},
        {"name": "y", "type": "boolean"},
    ],
    "output": {"name": "made", "type": "double", "struct": "vector"},
}


@pytest.fixture(scope="module")
def strict(tmp_path_factory):
    """`made_0` is `a`, `made_1` is `n`, null as -1, and `made_2` is 1 if `t` is empty."""
    place = tmp_path_factory.mktemp("strict") / "made.tilth"
    flow = """
features:
  - formula: {column: made_0, expression: a}
  - formula: {column: made_1, expression: "coalesce(n, -1)"}
  - formula: {column: made_2, expression: "if(length(t) = 0, 1.0, 0.0)"}
  - select: {columns: [made_0, made_1, made_2]}
"""
    rows = pa.table({"a": [1.5, 2.5], "n": [7, -7], "t": ["x", "y"], "y": [True, False]})
    tilth.fit(tilth.Flow.parse(flow), rows).save(place)
    return Pipeline.of(str(place), schema=Schema.of(TYPED), accept="text/csv", strict=True)


@pytest.mark.parametrize(
    ("body", "kind", "accept", "expected"),
    [  # as ServingControllerTest of aws/sagemaker-sparkml-serving-container expects: "1,2", {"features":[1,2]} and [[1,2], [3,4]]
        (b"1.5,2,x,true\n9,9,x,true\n", "text/csv", "", "1.5,2.0,0.0"),
        (b"1.5,2,,no,more", "text/csv;charset=utf-8", "*/*", "1.5,2.0,1.0"),
        (b'{"data": [1, 2, "x", true]}', JSON, LINES, '{"features":[1.0,2.0,0.0]}'),
        (b'{"data": [1, "2", "x", true, 7]}', JSON, f"{LINES};data=text", '{"source":"1.0 2.0 0.0"}'),
        (
            b'{"data": [1, 2, "", true]}\n{"data": [[3, 4, "x", 1], [5, 6, "x", 1]]}',
            LINES,
            "text/csv",
            "[[1.0,2.0,1.0], [3.0,4.0,0.0], [5.0,6.0,0.0]]",
        ),
        (b'{"data": [1, 2, "x", true]}', LINES, LINES, '[[{"features":[1.0,2.0,0.0]}]]'),
    ],
)
def test_answers_as_the_container(strict, body, kind, accept, expected):
    answer = strict.answer(body, kind, accept)
    assert (answer.status, answer.body.decode()) == (200, expected)


@pytest.mark.parametrize(
    ("body", "kind", "accept", "code"),
    [
        (b"1.5,,x,true", "text/csv", "", "unreadable"),  # no nulls
        (b"1.5,2.0,x,true", "text/csv", "", "unreadable"),  # new Byte("2.0")
        (b"1.5,128,x,true", "text/csv", "", "unreadable"),
        (b"1.5,2,x", "text/csv", "", "wrong-width"),
        (b"a,n,t,y\n1.5,2,x,true", "text/csv", "", "unreadable"),  # no header
        (b"", "text/csv", "", "wrong-width"),
        (b'{"data": [1.5, 2, null, true]}', JSON, "", "unreadable"),
        (b'{"data": [[1.5, 2, "x", true], [1.5, 2, "x", true]]}', JSON, "", "wrong-width"),  # one row
        (b'{"instances": [[1.5, 2, "x", true]]}', JSON, "", "no-row"),
        (b"1.5,2,x,true", "text/csv", JSON, "not-acceptable"),
        (b"1.5,2,x,true", "text/csv", "text/csv, */*", "not-acceptable"),
    ],
)
def test_the_container_answers_400(strict, body, kind, accept, code):
    answer = strict.answer(body, kind, accept)
    assert (answer.status, answer.code) == (400, code)


def test_other_answers_of_the_container(strict):
    assert strict.answer(b"PAR1", "application/x-parquet").status == 415
    told = ask(Server(strict), "GET", "/execution-parameters").json()
    assert (told["BatchStrategy"], told["MaxPayloadInMB"]) == ("SINGLE_RECORD", 5)
    word = Schema.of({**TYPED, "output": {"name": "made_2", "type": "string"}})
    assert word.answered_strictly([{"made_2": 'a "b"'}], LINES, False, False) == b'a "b"'
    lists = Schema.of({**TYPED, "input": [{"name": "v", "type": "double", "struct": "vector"}]})
    assert lists.row([[1, 2]], 1, True) == {"v": [1, 2]}
    with pytest.raises(BadRow, match="is not a list of double"):
        lists.row([[1, None]], 1, True)


def test_schemas_that_do_not_fit(chain, pipeline):
    for wrong in (
        "{",
        "[]",
        {"input": [{"name": "a", "type": "number"}], "output": SCHEMA["output"]},
        {**SCHEMA, "input": SCHEMA["input"] * 2},
    ):
        with pytest.raises(RequestError, match="SparkML schema"):
            Schema.of(wrong)
    with pytest.raises(RequestError, match="has no column t, which the pipeline reads"):
        Serving(chain[0], schema=Schema.of({**SCHEMA, "input": SCHEMA["input"][1:]})).loaded()
    basic = Schema.of({**SCHEMA, "output": {"name": "x", "type": "double"}})
    answer = Pipeline.of(*chain[0], output=["softmax"], schema=basic).answer(CSV, "text/csv")
    assert (answer.status, answer.code) == (400, "bad-schema")
