"""A request that cannot be right is refused before data is touched, with all mistakes at once."""

import pytest

from tilth.data import Column, Kind, Roles, Schema
from tilth.errors import ColumnError, RequestError
from tilth.measures.bias import BiasRequest, Facet
from tilth.measures.bias.metrics import of_stage

SCHEMA = Schema(tuple(Column(n, k) for n, k in {"sex": Kind.STRING, "old": Kind.BOOLEAN, "y": Kind.STRING, "ok": Kind.BOOLEAN}.items()))


def mistakes(**given):
    asked = {"facets": (Facet("sex"),), "label": "y", "positive": ("yes",)} | given
    with pytest.raises(RequestError) as error:
        BiasRequest(**asked)
    return [m.message for m in error.value.mistakes]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"facets": ()}, "none is given"),
        ({"facets": (Facet("sex"), Facet("sex"))}, "facet 'sex' is given twice with the same values"),
        ({"label": "sex"}, "column 'sex' cannot be both label and facet"),
        ({"prediction": "sex"}, "column 'sex' cannot be both prediction and facet"),
        ({"prediction": "y"}, "column 'y' cannot be both label and prediction"),
        ({"prediction": "p", "group": "p"}, "column 'p' cannot be both prediction and group"),
        ({"metrics": ("DPPL",)}, "DPPL need a prediction"),
        ({"group": "sex"}, "column 'sex' cannot be both facet and group"),
        ({"group": "y"}, "column 'y' cannot be both label and group"),
        ({"metrics": ("CI", "DLP")}, "there is no bias metric 'DLP'"),
        ({"label": None}, "need a label"),
        ({"positive": ()}, "no favourable value is given for 'y'"),
        ({"facets": (Facet("sex", ("(40, 20]",)),)}, "'(40, 20]' is not an interval"),
        ({"positive": ("(a, b]",)}, "'(a, b]' is not an interval"),
        ({"confidence": 95}, "confidence is 95"),
        ({"missing": "drop"}, "missing values: 'drop' is not known"),
        ({"bootstrap": -1}, "bootstrap is -1"),
        ({"types": {"sex": "nominal"}}, "the type of 'sex' is 'nominal'"),
        ({"bands": {"XX": (0, 1)}}, "there is no bias metric 'XX'"),
        ({"intersections": (("sex",),)}, "two columns or more are needed"),
    ],
)
def test_each_mistake_has_its_message(given, said):
    (message,) = [m for m in mistakes(**given) if said in m]
    assert message


def test_all_mistakes_are_reported_at_once():
    assert len(mistakes(facets=(), metrics=("XX",), confidence=2, missing="x")) == 4


def test_class_imbalance_alone_needs_no_label():
    assert BiasRequest((Facet("sex"),), metrics=("CI",)).label is None


def test_a_string_in_brackets_may_be_a_category():
    assert BiasRequest((Facet("sex", ("(f)",)),), "y", ("[ok]",)).facets[0].values == ("(f)",)
    assert BiasRequest((Facet("sex", ("(1, 2", "(3, 4")),), "y", ("yes",)).facets


def test_the_metrics_are_those_that_the_columns_permit():
    assert BiasRequest((Facet("sex"),), "y", ("yes",)).metrics == ("CI", "DPL", "KL", "JS", "LP", "TVD", "KS", "CDDL")
    assert BiasRequest((Facet("sex"),), "y", ("yes",), prediction="p").metrics[8:] == tuple(
        m for m in of_stage("post_training") if m != "FT"
    )
    assert "FT" in BiasRequest((Facet("sex"),), "y", ("yes",), prediction="p", metrics=("all",)).metrics
    asked = BiasRequest.of_roles(Roles.of(prediction="p", positive="yes", facet="sex"))
    assert asked.metrics == ("CI", "DPPL", "DI")


def test_roles_make_a_request():
    made = BiasRequest.of_roles(Roles.of(label="y", positive=["yes", "so so"], facet=["sex", "old"], group="g", weight="w"))
    assert (made.facets, made.label, made.positive) == ((Facet("sex", (), 4), Facet("old", (), 4)), "y", ("yes", "so so"))
    assert (made.group, made.weight, "CDDL" in made.metrics) == ("g", "w", True)
    assert made.columns == ("sex", "old", "y", "g", "w")


def test_a_boolean_label_is_positive_where_it_is_true():
    assert BiasRequest.of_roles(Roles.of(label="ok", facet="sex"), SCHEMA).positive == (True,)
    with pytest.raises(RequestError, match="positive"):
        BiasRequest.of_roles(Roles.of(label="y", facet="sex"), SCHEMA)


def test_an_interval_needs_numbers():
    with pytest.raises(ColumnError, match="column 'old' is boolean, and '\\(1, 2\\]' is an interval of numbers"):
        BiasRequest((Facet("old", ("(1, 2]",)),), "y", ("yes",)).check(SCHEMA)


def test_a_weight_needs_numbers():
    with pytest.raises(ColumnError, match="the weight 'old' is boolean"):
        BiasRequest((Facet("sex"),), "y", ("yes",), weight="old").check(SCHEMA)
