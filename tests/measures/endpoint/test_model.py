"""A model behind an endpoint: what it is asked, in which batches, and what of its answers is believed."""

import json
import re
import time

import numpy as np
import pyarrow as pa
import pytest

import tilth
from tests.answering import Cut, answering
from tests.servers import free_port
from tilth.measures.endpoint.kept import kept_beside
from tilth.measures.endpoint.model import EndpointAnswer, EndpointModel
from tilth.measures.explain.pdp import Pdp
from tilth.measures.explain.shap import Shap
from tilth.measures.importance import Importance
from tilth.web import client
from tilth.web.client import EndpointAbsent, EndpointFailed, EndpointLate, EndpointRefused

N = 25
ROWS = pa.table({"a": range(N), "b": [i / 4 for i in range(N)], "s": ["x", "é"] * 12 + [None]})


def doubled(given):
    return {"predictions": [2 * row["a"] for row in given["instances"]]}


@pytest.fixture(autouse=True)
def _without_pauses(monkeypatch):
    monkeypatch.setattr(client, "PAUSE", 0.01)


@pytest.mark.slow
@pytest.mark.parametrize("batch", [{"batch_rows": 4}, {"batch_bytes": 120}, {"batch_rows": 1, "concurrency": 8}, {}])
def test_the_order_of_rows_is_kept_over_several_requests(batch):
    with answering(doubled) as (url, asked):
        model = EndpointModel(f"{url}/v1/model", **batch)
        assert model(ROWS).tolist() == [2 * i for i in range(N)]
        assert model.scored(ROWS).matrix[:, 0].tolist() == [2 * i for i in range(N)]
    assert {path for path, _, _ in asked} == {"/v1/model"}
    assert sum(len(json.loads(body)["instances"]) for *_, body in asked) == 2 * N
    assert all(len(body) < 150 for *_, body in asked) or "batch_bytes" not in batch
    assert json.loads(asked[-1][2])["instances"][-1] == {"a": 24, "b": 6.0, "s": None} or batch


def test_equal_rows_are_sent_once():
    with answering(doubled) as (url, asked):
        assert EndpointModel(url)(pa.table({"a": [3, 1, 3, 3]})).tolist() == [6, 2, 6, 6]
    assert [json.loads(body)["instances"] for *_, body in asked] == [[{"a": 3}, {"a": 1}]]


def test_a_batch_that_is_refused_is_halved_down_to_the_row_that_is_at_fault():
    def answer(given):
        return None if len(given["instances"]) > 3 else doubled(given)

    with answering(answer) as (url, _):
        model = EndpointModel(url, batch_rows=20, retries=0)
        assert model(ROWS).tolist() == [2 * i for i in range(N)]
        assert (model.tally.records, model.tally.failed > 3) == (N, True)

    bad = answering(lambda given: None if any(r["a"] == 17 for r in given["instances"]) else doubled(given))
    with bad as (url, _), pytest.raises(EndpointRefused, match=r"the batch of row 18, of 25: .* status 400"):
        EndpointModel(url, retries=0)(ROWS)


@pytest.mark.parametrize(("statuses", "error"), [([503, 429, 500], None), ([500] * 9, EndpointFailed), ([401], EndpointRefused)])
def test_a_busy_server_is_asked_again(statuses, error):
    with answering(doubled, statuses) as (url, asked):
        model = EndpointModel(url)
        if error is None:
            assert model(ROWS.slice(0, 1)).tolist() == [0]
        else:
            with pytest.raises(error, match="row 1, of 1"):
                model(ROWS.slice(0, 1))
    assert len(asked) == {None: 4, EndpointFailed: 4, EndpointRefused: 1}[error]


@pytest.mark.slow
def test_a_server_that_is_too_slow_and_time_that_is_up():
    def slow(given):
        time.sleep(0.2)
        return doubled(given)

    with answering(slow) as (url, asked):
        with pytest.raises(EndpointLate, match=r"row 1, of 1: .* within 0\.05 seconds"):
            EndpointModel(url, seconds=0.05, retries=0, batch_rows=2)(ROWS.slice(0, 1))
        with pytest.raises(EndpointLate, match=r"everything within 0\.25 seconds"):
            EndpointModel(url, batch_rows=1, concurrency=1, most_seconds=0.25)(ROWS)
    assert len(asked) < 8


HTML = b"<html><body>Sign in, please, before you use this service of ours at all"


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (HTML, "the answer is not JSON, it begins with '<html><body>Sign in"),
        (b"\xff", "the answer is not UTF-8"),
        (b"", "the answer is not JSON"),
        ({"predictions": [1] * 9}, "it has 9 answers for 10 records"),
        ({"outputs": []}, "the answer has nothing at 'predictions'"),
        ({"predictions": [0.5] * 7 + [float("nan")] * 3}, "row 18: the score is nan, and not a finite number"),
        ({"predictions": [0.5] * 9 + [None]}, "row 20: the label is None, and not a string, number or boolean"),
        ({"predictions": [[0.5, "x"]] * 10}, "row 11: the score is 'x'"),
    ],
)
def test_an_answer_that_is_nonsense_names_the_batch_and_its_rows(answer, said):
    server = answering(lambda given: answer if given["instances"][0]["a"] == 10 else doubled(given))
    with server as (url, _), pytest.raises(EndpointAnswer, match=rf"the batch of rows 11 to 20, of 25: http.*: {re.escape(said)}") as error:
        EndpointModel(url, batch_rows=10)(ROWS)
    assert error.value.exit_code == 3


def test_what_was_answered_is_kept_for_a_rerun(tmp_path):
    """The server dies in the middle of its third answer and comes back; what it answered before is not asked again."""
    port, answered = free_port(), []

    def dying(given):
        if len(answered) == 2:
            raise Cut
        answered.append(len(given["instances"]))
        return doubled(given)

    given = {"batch_rows": 5, "concurrency": 1, "retries": 1}
    broken = pytest.raises(EndpointAbsent, match=r"rows 11 to 15, of 25: .*\n *what was answered is kept in .*out\.answers")
    with broken, kept_beside(tmp_path / "out") as kept, answering(dying, port=port) as (url, _):
        EndpointModel(url, kept=kept, **given)(ROWS)
    assert (tmp_path / "out.answers").stat().st_mode & 0o777 == 0o600
    with kept_beside(tmp_path / "out") as kept, answering(doubled, port=port) as (url, asked):
        model = EndpointModel(url, kept=kept, **given)
        assert model(ROWS).tolist() == [2 * i for i in range(N)]
        assert (model.tally.kept, model.tally.records, len(asked)) == (10, 15, 3)
    assert not (tmp_path / "out.answers").exists()


def test_answers_have_as_many_scores_as_label_headers_or_as_each_other():
    with answering(lambda given: {"predictions": [[0.5, 0.5] if row["a"] == 3 else 0.5 for row in given["instances"]]}) as (url, _):
        with pytest.raises(EndpointAnswer, match="2 scores for row 4, and there are 1 for row 1"):
            EndpointModel(url)(ROWS)
        with pytest.raises(EndpointAnswer, match="1 scores for row 1, and there are 3 label_headers"):
            EndpointModel(url, label_headers=("x", "y", "z"))(ROWS)


# ── measures of it ──


@pytest.fixture(scope="module")
def local(tmp_path_factory):
    """A model in a file, and the same one behind an endpoint."""
    pytest.importorskip("skops")
    from sklearn.linear_model import LogisticRegression
    from skops import io

    x = np.random.default_rng(1).normal(size=(120, 3)).round(2)
    model = LogisticRegression().fit(x, np.where(x[:, 0] > x[:, 1], "yes", "no"))
    path = tmp_path_factory.mktemp("model") / "model.skops"
    io.dump(model, path)
    table = pa.table({"a": x[:, 0], "b": x[:, 1], "c": x[:, 2], "y": np.where(x[:, 0] > x[:, 1], "yes", "no")})
    return tilth.read(table, roles={"label": "y", "positive": "yes"}), path, model


@pytest.mark.slow
def test_measures_of_an_endpoint_are_those_of_the_local_model(local):
    data, path, model = local

    def answer(given):
        x = [[row[c] for c in "abc"] for row in given["instances"]]
        yes = model.predict_proba(x)[:, 1]
        return {"predictions": [{"label": label, "score": p} for label, p in zip(model.predict(x).tolist(), yes.tolist(), strict=True)]}

    columns = {"columns": ("a", "b", "c")}
    with answering(answer) as (url, asked):
        remote = EndpointModel(url, label="predictions[*].label", probability="predictions[*].score", label_headers=("yes",))
        measures = (Shap, {"rows": 20, "background": "mean"}), (Pdp, {"rows": 50}), (Importance, {"rows": 50})
        for kind, given in measures:
            found, expected = (tilth.measure(data, kind(model=m, **columns, **given)).findings for m in (remote, str(path)))
            assert [(f.name, f.subject) for f in found] == [(f.name, f.subject) for f in expected]
            assert [f.value for f in found] == pytest.approx([f.value for f in expected], abs=1e-12)
        assert {f.payload.output for f in tilth.measure(data, Pdp(remote, **columns)).of("pdp")} == {"yes"}
    assert len(asked) > 20


def test_by_its_address_alone(local):
    data, _, _ = local
    with answering(lambda given: {"predictions": [row["a"] - row["b"] for row in given["instances"]]}) as (url, _):
        found = tilth.measure(data, Shap(url, rows=5)).of("shap")
    assert {f.payload.output for f in found} == {"label0"}
    assert {f.subject[0] for f in found if f.value < 1e-12} == {"c"}
    said = pytest.raises(EndpointAnswer, match="answered labels, such as 'yes', and no scores")
    with answering(lambda given: {"predictions": ["yes" for _ in given["instances"]]}) as (url, _), said:
        tilth.measure(data, Shap(url))
