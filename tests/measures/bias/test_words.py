"""Bias in words: the direction is right, and chance is called chance."""

import math
from dataclasses import replace

import pytest

from tilth.measures.bias import BIAS_METRICS
from tilth.measures.bias.payload import BiasNumber
from tilth.measures.bias.words import Compared, message, sentences
from tilth.report.blocks import plain
from tilth.report.finding import Finding


def told(name="DPL", value=0.1, low=None, high=None, part="", **details):
    details = {"label": "hired", "label_value": "yes", **details}
    return Finding(name, ("sex",), value, group="sex=f", low=low, high=high, part=part, payload=BiasNumber(**details))


def said(*found):
    return [plain(words) for words in sentences(found)]


def test_less_is_less_and_more_is_more():
    assert said(told(value=0.143)) == ["sex=f gets hired=yes less often than the others: by 14.3 percentage points."]
    assert said(told(value=-0.143)) == ["sex=f gets hired=yes more often than the others: by 14.3 percentage points."]
    assert said(told(value=0.0)) == ["sex=f gets hired=yes as often as the others."]
    assert said(told("DI", 0.5)) == ["sex=f is predicted hired=yes less often than the others: 0.5 times as often."]
    assert said(told("DI", 2.0)) == ["sex=f is predicted hired=yes more often than the others: 2 times as often."]
    assert said(told("AD", -0.02)) == ["Predictions are right more often for sex=f than for the others: by 2 percentage points."]


def test_the_interval_is_seen_from_its_own_side():
    assert said(told(value=-0.2, low=-0.3, high=-0.1))[0].endswith("by 20 percentage points (10 to 30).")
    assert said(told(value=0.02, low=-0.1, high=0.14))[0].endswith("by 2 percentage points (perhaps by chance).")
    assert said(told("DI", 0.9, low=0.7, high=1.1))[0].endswith("0.9 times as often (perhaps by chance).")
    assert said(told("DI", 0.5, low=0.4, high=0.6))[0].endswith("0.5 times as often (0.4 to 0.6).")


def test_parts_share_a_sentence_where_they_agree():
    assert said(*(told(value=v, part=p) for p, v in (("raw", 0.2), ("train", 0.1), ("test", -0.05)))) == [
        "sex=f gets hired=yes less often than the others: by 20 percentage points in raw and 10 in train.",
        "sex=f gets hired=yes more often than the others: by 5 percentage points in test.",
    ]


def test_parts_without_a_difference_are_named_where_others_have_one():
    assert said(*(told(value=v, part=p) for p, v in (("raw", 0.2), ("train", 0.0), ("test", 0.0)))) == [
        "sex=f gets hired=yes less often than the others: by 20 percentage points in raw.",
        "sex=f gets hired=yes as often as the others in train and test.",
    ]
    assert said(told(value=0.0, part="raw"), told(value=0.0, part="test")) == ["sex=f gets hired=yes as often as the others."]


def test_rates_follow_the_difference():
    assert said(told(value=0.25, rates=(0.5, 0.25)))[1] == "sex=f gets hired=yes in this share of its rows: 25 %; the others: 50 %."


def test_size_and_strata():
    assert said(told("CI", 0.5)) == ["sex=f is 25 % of the rows."]
    assert said(told("CI", 0.5, counts={"n_a": 60, "n_d": 40}, part="raw")) == ["sex=f is 40 % of the rows in raw."]
    assert "larger share of the rejected than of the accepted: by 3 percentage points" in said(told("CDDL", 0.03))[0]
    assert "is a smaller share" in said(told("CDDL", -0.03))[0]


@pytest.mark.parametrize("name", ["KL", "JS", "LP", "TVD", "KS"])
def test_a_distance_has_no_direction(name):
    assert said(told(name)) == []


@pytest.mark.parametrize("value", [None, math.nan])
def test_no_value_no_sentence(value):
    assert said(told(value=value)) == []


def test_without_a_label_and_with_another_group():
    one = replace(told(value=0.1), payload=BiasNumber(facet="sex", other="m", prediction="p"))
    assert said(one) == ["sex=f gets the favourable label less often than sex=m: by 10 percentage points."]


def test_blanks_around_a_value_are_shown_by_quotes_around_the_value():
    assert plain(Compared("sex", "sex=male  ").d) == 'sex="male  "'
    assert plain(Compared("sex", "sex=male").d) == "sex=male"


def test_a_message_says_what_has_no_value_and_what_is_by_convention_only():
    assert message(told(value=None, error="there are no rows in facet value f")) == "no value: there are no rows in facet value f"
    assert message(told("DI", math.inf, status="degenerate")).startswith("not determinable (sex=f is predicted")
    assert message(told("KL", math.inf)) == "distance of the label distributions (Kullback–Leibler): infinite"
    assert message(told("KS by label value", 0.5, block="by_label_value", description="KS", more={"largest": "wait"})).endswith("at wait")


@pytest.mark.parametrize("name", BIAS_METRICS)
def test_every_metric_has_a_meaning_and_braces_in_names_are_only_letters(name):
    odd = replace(told(name, 0.3, low=math.nan, high=1.0), group="x={{7*7}} {0} ${y}")
    assert BIAS_METRICS[name].meaning
    assert all("x={{7*7}} {0} ${y}" in words for words in said(odd))
