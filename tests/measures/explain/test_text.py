"""Shapley values of the units of texts, beside the definition and the package shap; their findings, files and pages."""

from __future__ import annotations

import json
import math
from itertools import combinations
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tilth
from tests.measures.explain.words import WORTH, explained, model, score
from tilth.errors import RequestError
from tilth.measures.explain.local import LocalValues
from tilth.measures.explain.section import ShapText, ShapValue
from tilth.measures.explain.shap import Shap

PEER = json.loads(Path(__file__).with_name("shap.json").read_text("utf-8"))["text"]


def by_definition(value, players):
    """Shapley values from the value of each set of players."""
    n = len(players)
    weight = [math.factorial(k) * math.factorial(n - k - 1) / math.factorial(n) for k in range(n)]
    others = [[p for p in players if p != q] for q in players]
    sets = [[s for k in range(n) for s in combinations(rest, k)] for rest in others]
    return [sum(weight[len(s)] * (value({*s, q}) - value(set(s))) for s in of) for q, of in zip(players, sets, strict=True)]


@pytest.mark.slow
@settings(max_examples=12)
@given(
    st.lists(st.lists(st.sampled_from([*WORTH, "film", "a"]), min_size=0, max_size=5), min_size=1, max_size=3),
    st.sampled_from(["", "[MASK]"]),
    st.floats(-2, 2),
)
def test_values_are_the_shapley_values_of_words_and_columns(texts, replacement, number):
    texts = [[w for w in words if w != "[MASK]"] for words in texts]
    background = ((replacement, 0.0), ("", 1.0))
    _, local = explained([" ".join(words) for words in texts], [number] * len(texts), background)
    for k, i in enumerate(local.ids["id"]):

        def value(present, words=texts[i]):
            def mixed(mask, n):
                kept = [w if j in present else mask for j, w in enumerate(words)]
                return score(" ".join(filter(None, kept)), number if "n" in present else n)

            return float(np.mean([mixed(mask, n) for mask, n in background]))

        players = [*range(len(texts[i])), "n"]
        expected = by_definition(value, players)
        found = [u.values[0] for u in local.units["t"][k]]
        assert [*found, local.values[k][1]] == pytest.approx(expected, abs=1e-9)
        assert local.values[k][0] == pytest.approx(sum(found))


def test_values_are_those_of_the_package_shap():
    (text,) = tilth.measure(
        pa.table({"t": [PEER["text"]], "n": [PEER["n"]]}), Shap(model, background=(("", 0.0),), text_config={"columns": ["t"]})
    ).of(ShapText)
    assert [u.text for u in text.payload.units] == PEER["words"]
    assert [u.values[0] for u in text.payload.units] == pytest.approx(PEER["values"][:-1])
    assert text.payload.expected == pytest.approx(PEER["expected"])


def test_long_texts_add_up_and_keep_their_places():
    texts = ["very good " + "film " * 30 + "not bad", None, ""]
    report, local = explained(texts, [1.0, 2.0, None], (("[MASK]", 0.5),), samples=200)
    assert not report.of(ShapValue)[0].payload.exact
    for k, i in enumerate(local.ids["id"]):
        none = score("[MASK] " * len((texts[i] or "").split()), 0.5)
        assert none + sum(local.values[k]) == pytest.approx(score(texts[i] or "", [1.0, 2.0, None][i]))
        assert all(texts[i][u.start :].startswith(u.text) for u in local.units["t"][k])


@pytest.mark.parametrize(
    ("config", "given", "said"),
    [
        ({"columns": ["n"]}, {}, "'n' is not a column of text"),
        ({}, {"roles": {"private": "t"}}, "'t' is private"),
        ({}, {"table": {"t": ["one", "word"], "n": [0, 0]}}, "takes no column of text"),
        ({}, {"table": {"t": ["a " * 1_001], "n": [0]}}, "1,002 units"),
        ({}, {"groups": {"g": ("t", "n")}}, "groups name 't', which is text"),
    ],
)
def test_what_is_not_text_is_refused(config, given, said):
    data = tilth.read(pa.table(given.get("table", {"t": ["a b"], "n": [0]})), roles=given.get("roles", {}))
    with pytest.raises(RequestError, match=said):
        tilth.measure(data, Shap(model, text_config=config, groups=given.get("groups", {})))


def test_a_flow_file_says_where_its_configuration_is_wrong():
    text = "features: [{predict: {model: m.skops}}]\nmeasure: [{shap: {text_config: {granularity: word}}}]"
    with pytest.raises(RequestError, match=r"<flow>:2:\d+: .*granularity is 'word'"):
        tilth.Flow.parse(text)
    with pytest.raises(RequestError, match="exclude each other"):
        Shap(text_config={}, features_to_explain=("n",))


@pytest.mark.slow
def test_a_flow_that_vectorizes_is_explained(tmp_path):
    pytest.importorskip("skops")
    from sklearn.linear_model import LogisticRegression
    from skops import io

    texts = ["win cash now", "call me now", "win a prize", "see you soon", "cash prize"]
    table = pa.table({"id": range(5), "t": texts, "kind": ["spam", "ham", "spam", "ham", "spam"]})
    words = tilth.fit(tilth.Flow.parse("features: [{vectorize: {columns: [t]}}]"), table)
    x = tilth.write(tilth.apply(words, table), format="pandas").drop(columns=["id", "kind"])
    fitted = LogisticRegression().fit(x, table["kind"].to_pylist())
    io.dump(fitted, tmp_path / "m.skops")
    steps = f"[{{vectorize: {{columns: [t]}}}}, {{predict: {{model: {tmp_path / 'm.skops'}, with: probability}}}}]"
    tilth.fit(tilth.Flow.parse(f"features: {steps}"), table).save(tmp_path / "f.tilth")
    shap = Shap(str(tmp_path / "f.tilth"), ("t",), link="logit", text_config={}, local=True)
    report = tilth.measure(tilth.read(table, roles={"id": "id"}), shap)
    local, coefficients = report.of(LocalValues)[0].payload, dict(zip(x.columns, fitted.coef_[0], strict=True))
    for i, units in zip(local.ids["id"], local.units["t"], strict=True):
        assert [u.values[0] for u in units] == pytest.approx([coefficients.get(f"t_{w}", 0.0) for w in texts[i].split()])
