"""The shelf of measures, and running several of them."""

from __future__ import annotations

from dataclasses import fields

import pyarrow as pa
import pytest

import tilth
from tilth.data import Roles
from tilth.errors import RequestError
from tilth.measures import MEASURES
from tilth.measures.balance import Balance
from tilth.measures.bias.measure import Bias
from tilth.measures.insights.measure import Insights
from tilth.measures.measure import measure_from, measures_from
from tilth.measures.profile import Profile

TABLE = pa.table({"age": [30, 50, None, 41] * 10, "sex": ["f", "m", "m", "f"] * 10, "hired": ["yes", "no", "yes", "yes"] * 10})
ROLES = {"label": "hired", "positive": "yes", "facet": ["sex"]}


def test_an_entry_has_its_name_and_documents_its_parameters():
    for name, kind in MEASURES.items():
        assert kind.name == name
        assert {f.name for f in fields(kind)} <= kind.documented().keys()


def test_what_is_measured_by_default_is_what_the_roles_permit():
    assert measures_from(None, Roles()) == (Profile(),)
    assert measures_from(None, Roles.of(**ROLES)) == (Profile(), Bias())
    of_profile = {"column", "table", "associations"}
    assert {f.kind for f in tilth.measure(TABLE).findings} == of_profile
    assert {f.kind for f in tilth.measure(tilth.read(TABLE, roles=ROLES)).findings} == {*of_profile, "feature", "balance", "bias"}


def test_measures_have_parameters():
    assert measures_from(["bias", {"bias": {"bootstrap": 5}}], Roles.of(**ROLES), bootstrap=0) == (Bias(bootstrap=0), Bias(bootstrap=5))
    assert str(measure_from("bias", {"bootstrap": 5})) == "bias(bootstrap=5)"


def test_a_parameter_without_a_measure_is_for_those_by_default_that_have_it():
    assert measures_from(None, Roles.of(**ROLES), exact=True, bootstrap=0) == (Profile(exact=True), Bias(bootstrap=0))
    with pytest.raises(RequestError, match="no measure has a parameter 'exakt'") as caught:
        tilth.measure(TABLE, exakt=True)
    assert caught.value.mistakes[0].hint == "did you mean 'exact'?"


def test_every_mistake_is_reported_at_once():
    with pytest.raises(RequestError) as caught:
        measures_from(["bais", "bias", {"profile": {"depth": 3}}], Roles())
    assert [m.code for m in caught.value.mistakes] == ["unknown-measure", "unknown-parameter", "no-facet"]


def test_a_finding_of_two_measures_is_reported_once():
    data = tilth.read(TABLE, roles=ROLES)
    assert len(tilth.measure(data, ["profile", Balance()]).of("balance")) == 1


@pytest.mark.parametrize("exact", [False, True])
def test_insights_measure_the_profile_and_the_balance_once(exact):
    data = tilth.read(TABLE, roles=ROLES)
    insights = Insights(models=False)
    alone = tilth.measure(data, insights)
    for asked in ([Profile(exact), insights, Balance()], [Balance(), insights, Profile(exact)]):
        together = tilth.measure(data, asked)
        assert together.findings == alone.findings  # of a small table everything is exact
        assert len(together.facts.scans) == len(alone.facts.scans)


@pytest.mark.slow
@pytest.mark.parametrize("against", ["data", "report", "flow"])
def test_differences_are_measured_against_earlier_data_a_report_or_a_fitted_flow(against, tmp_path):
    earlier, later = (tilth.read(t, roles=ROLES) for t in (TABLE, TABLE.slice(0, 30)))
    asked = ["profile", Bias(bootstrap=0)]
    found = {(f.name, f.subject): f for f in tilth.measure(later, asked, against=known(against, earlier, asked, tmp_path)).of("change")}
    assert found["rows", ("age",)].value == -10
    assert found["DPL", ("sex", "hired")].payload.of == "bias"


def known(against, earlier, asked, folder):
    """The table, a report on it, or a flow whose training part it was."""
    if against == "flow":
        text = 'data: {roles: {label: hired, positive: "yes", facet: sex}}\nmeasure: [profile, {bias: {bootstrap: 0}}]\n'
        tilth.run(tilth.Flow.parse(f"{text}split: {{train: 0.999999, test: 0.000001, allow_empty: true}}"), folder, TABLE)
        return tilth.Flow.load(next(folder.glob("*.tilth")))
    return tilth.measure(earlier, asked) if against == "report" else earlier


def test_a_flow_that_is_not_fitted_has_nothing_to_compare_with():
    with pytest.raises(RequestError, match="not fitted"):
        tilth.measure(TABLE, against=tilth.Flow.parse("measure: [profile]"))
