"""Identity terms and words beside the label: against scikit-learn's counts and the formulas written out."""

from __future__ import annotations

import math
import random

import numpy as np
import pyarrow as pa
import pytest
from sklearn.feature_extraction.text import CountVectorizer

import tilth
from tests.engines import duckdb_session
from tilth.aws.clarify.analysis import analysed, analysis_json
from tilth.aws.clarify.config import AnalysisConfig
from tilth.errors import TilthError
from tilth.measures.bias.terms import Term, Terms
from tilth.testing.measures import check_measure

RANDOM = random.Random(3)
ORDINARY = ["win", "prize", "now", "call", "see", "you", "today", "work", "free", "home", "late"]
PEOPLE = ("she", "he", "hard of hearing", "non-binary", "teacher", "Müsli")
TEXTS = [
    " ".join([*RANDOM.choices(ORDINARY, k=RANDOM.randint(1, 8)), *(p for p in PEOPLE if RANDOM.random() < 0.25)]) if i % 40 else None
    for i in range(400)
]
SHARES = [0.6 if t is not None and ("win" in t or "she" in t) else 0.2 for t in TEXTS]
SPAM = [int(RANDOM.random() < share) if i % 33 else None for i, share in enumerate(SHARES)]
TABLE = pa.table({"body": TEXTS, "spam": SPAM})
ROLES = {"text": "body", "label": "spam", "positive": 1}
KNOWN = [(t, y) for t, y in zip(TEXTS, SPAM, strict=True) if t is not None and y is not None]


def found(measure, table=TABLE, **roles):
    return tilth.measure(tilth.read(table, roles={**ROLES, **roles}), [measure]).of(Term)


def test_pmi_and_lift_are_those_of_the_formula():
    terms = {f.group: f for f in found(Terms(bootstrap=200)) if f.name == "PMI"}
    assert set(terms) == {"she", "he", "hard of hearing", "non binary", "teacher"}
    n, favourable = len(KNOWN), sum(y for _, y in KNOWN)
    for term, f in terms.items():
        outcomes = [y for t, y in KNOWN if f" {term} " in f" {t.replace('-', ' ')} "]
        p = f.payload
        assert (p.documents, p.favourable, p.share) == (len(outcomes), sum(outcomes), len(outcomes) / n)
        assert f.value == pytest.approx(math.log2(sum(outcomes) / n / (len(outcomes) / n * favourable / n)))
        assert p.lift == pytest.approx(2**f.value)
        assert f.low < f.value < f.high
    assert terms["she"].payload.groups == ("female",)


def test_a_term_that_is_in_favourable_texts_only_is_not_sure_because_draws_of_it_never_vary():
    """20 of 20, where 17 of 20 texts are favourable: that is chance in one of 26 cases, and Wilson's lower end 0.839."""
    table = pa.table({"body": ["she won"] * 20 + ["he won"] * 200, "spam": [1] * 20 + [1] * 167 + [0] * 33})
    terms = {f.group: f for f in found(Terms(bootstrap=200), table) if f.name == "PMI"}
    assert terms["she"].value > 0 and terms["she"].low == pytest.approx(math.log2(0.8389 * 220 / 187), abs=1e-3)
    assert terms["he"].low < terms["he"].value < terms["he"].high


def test_log_odds_are_those_of_the_formula_over_the_counts_of_scikit_learn():
    words = [f for f in found(Terms(documents=30, words=3)) if f.name == "log_odds"]
    counting = CountVectorizer()
    counts = counting.fit_transform([t for t, _ in KNOWN]).toarray()
    y = np.array([y for _, y in KNOWN])
    expected = {}
    for word, i in counting.vocabulary_.items():
        a, b, n_a, n_b = counts[y == 1, i].sum(), counts[y == 0, i].sum(), counts[y == 1].sum(), counts[y == 0].sum()
        prior, total = a + b, n_a + n_b
        delta = math.log((a + prior) / (n_a + total - a - prior)) - math.log((b + prior) / (n_b + total - b - prior))
        if (counts[:, i] > 0).sum() >= 30:
            expected[word] = delta / math.sqrt(1 / (a + prior) + 1 / (b + prior))
    order = sorted(expected, key=lambda w: (-expected[w], w))
    assert [f.group for f in words] == [*order[:3], *order[::-1][:3]]
    assert [f.value for f in words] == pytest.approx([expected[f.group] for f in words])


def test_the_battery():
    check_measure(Terms(), tilth.read(TABLE, roles=ROLES), (duckdb_session(),))


@pytest.mark.spark
def test_spark_finds_the_same(spark):
    from tilth.engine.spark import Spark

    check_measure(Terms(), tilth.read(TABLE, roles=ROLES), (duckdb_session(), Spark(spark).session()))


def test_what_has_no_words_has_no_findings():
    assert found(Terms(), TABLE.slice(0, 0)) == ()
    (one,) = tilth.measure(tilth.read(TABLE, roles={**ROLES, "positive": 7}), [Terms()]).of("warning")
    assert one.message == "no row has spam=7"
    same = pa.table({"body": ["win win"] * 50, "spam": [0, 1] * 25})
    assert found(Terms(), same) == ()  # one word only: there is nothing to compare it with


def test_a_part_without_its_texts_has_nothing(tmp_path):
    (tmp_path / "f.yaml").write_text(
        "data: {roles: {text: body, label: spam, positive: 1}}\nsplit: {train: 0.5, test: 0.5, seed: 1}\n"
        "features: [vectorize: {columns: body, max_features: 3}]\nmeasure: [terms]\n"
    )
    assert {f.part for f in tilth.run(tmp_path / "f.yaml", data=TABLE).of(Term)} == {"raw"}


def test_a_threshold_and_a_string_are_read_as_for_bias():
    scores = pa.table({"body": TEXTS, "spam": [None if y is None else y * 0.5 + i / 10_000 for i, y in enumerate(SPAM)]})
    counts = [(f.group, f.payload.favourable, f.value) for f in found(Terms(bootstrap=0))]
    for again in (found(Terms(bootstrap=0), scores, positive=0.4), found(Terms(bootstrap=0), positive="1")):
        assert [(f.group, f.payload.favourable, f.value) for f in again] == counts


@pytest.mark.parametrize(
    ("roles", "says"),
    [({"text": []}, "no column has the role text"), ({"positive": []}, "no favourable label"), ({"private": "body"}, "'body' is private")],
)
def test_what_cannot_be_measured_is_refused(roles, says):
    with pytest.raises(TilthError, match=says):
        found(Terms(), **roles)
    with pytest.raises(TilthError, match="confidence"):
        Terms(confidence=2)


def test_a_clarify_configuration_has_them_in_its_result_file():
    config = AnalysisConfig.of(
        {
            "dataset_type": "text/csv",
            "label": "spam",
            "label_values_or_threshold": [1],
            "methods": {"pre_training_bias": {"methods": ["DPL"]}},
            "tilth": {"text_column": "body", "derived_facets": [{"feature": "script"}], "bootstrap": 20},
        }
    )
    made = analysed(tilth.read(TABLE), config, duckdb_session()).report
    assert "terms" not in analysis_json(made, strict=True)
    terms = analysis_json(made)["terms"]["body"]
    by_hand = {f.group: f for f in found(Terms(bootstrap=20)) if f.name == "PMI"}
    assert {t["term"]: t["pmi"] for t in terms["identity_terms"]} == {term: f.value for term, f in by_hand.items()}
    she = next(t for t in terms["identity_terms"] if t["term"] == "she")
    assert (she["groups"], she["lift"], len(she["interval"])) == (["female"], by_hand["she"].payload.lift, 2)
    assert {"term", "documents", "favourable", "share", "z", "log_odds"} == {*terms["words"][0]}
    assert terms["label_value"] == by_hand["she"].payload.outcome
