"""softmax: by hand and by scipy, with large scores, nulls, and in a flow's output."""

import math

import pyarrow as pa
import pytest
from scipy.special import softmax

import tilth
from tests.steps.made import made
from tilth.errors import RequestError
from tilth.flow import Flow
from tilth.steps.output.softmax import LogSoftmax, Softmax

SCORES = {"a": [1.0, 1000.0, None, -3.0], "b": [2.0, 1001.0, 1.0, -3.0], "c": [3, 999, 2, -3]}


def test_scores_become_probabilities_without_overflow():
    found = made(Softmax(("a", "b", "c")), SCORES)
    for i in (0, 1, 3):
        assert [found[c][i] for c in "abc"] == pytest.approx(list(softmax([SCORES[c][i] for c in "abc"])), rel=1e-12)
    assert [found[c][2] for c in "abc"] == [None, None, None]


@pytest.mark.slow
def test_many_scores():
    found = made(Softmax("*"), {f"s{i}": [0.0] for i in range(500)})
    assert math.isclose(found["s7"][0], 1 / 500)


def test_what_is_not_numeric_is_rejected():
    with pytest.raises(RequestError, match="column 'a' \\(string\\) is not numeric"):
        made(Softmax("a"), {"a": ["x"]})


def test_output_is_applied_and_served_but_not_trained_on(tmp_path):
    text = "features: [{impute: {columns: [a, b], with: constant, value: 0}}]\noutput: [{softmax: [a, b]}]"
    table = pa.table({"a": [0.0, None], "b": [0.0, 1.0]})
    flow = tilth.fit(Flow.parse(text), table)
    assert tilth.write(flow.prepared(tilth.read(table))).to_pydict() == {"a": [0.0, 0.0], "b": [0.0, 1.0]}
    assert tilth.write(tilth.apply(flow, table)).to_pydict()["a"][0] == 0.5
    again = Flow.load(flow.save(tmp_path / "f.tilth"))
    assert again == flow
    assert again.row({"a": 5, "b": 5}) == {"a": 0.5, "b": 0.5}
    report = tilth.run(Flow.parse(text), tmp_path / "out", table)
    assert report.findings
    assert tilth.write(tilth.read(str(tmp_path / "out" / "all"))).to_pydict()["b"] == [0.0, 1.0]


@pytest.mark.parametrize("step", [Softmax("a"), LogSoftmax("a")])
def test_one_score_alone_is_refused(step):
    with pytest.raises(RequestError, match="makes a probability of one"):
        made(step, {"a": [1.0]})


def test_infinities_on_the_engine():
    scores = {"a": [math.inf, -math.inf, -math.inf, math.inf], "b": [0.0, 0.0, -math.inf, math.inf]}
    assert made(Softmax(("a", "b")), scores) == {"a": [1.0, 0.0, None, None], "b": [0.0, 1.0, None, None]}
    assert made(LogSoftmax(("a", "b")), scores) == {"a": [0.0, -math.inf, None, None], "b": [-math.inf, 0.0, None, None]}
