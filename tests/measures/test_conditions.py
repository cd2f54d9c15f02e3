"""Conditions on measured numbers."""

import math

import pyarrow as pa
import pytest

from tests.measures.bias.tables import PREDICTED, found
from tilth.errors import ExpressionError
from tilth.measures.bias import BIAS_METRICS, Facet
from tilth.measures.bias.payload import BiasNumber
from tilth.measures.bias_variance.payload import BiasVariance
from tilth.measures.conditions import ConditionVerdict, section, verdicts
from tilth.report import Finding
from tilth.report.sections import payload_from_json


def dpl(value, group="sex=f", **more):
    return Finding("DPL", ("sex",), value, group=group, payload=BiasNumber(status=more.pop("status", "ok")), **more)


def judged(findings, condition):
    (found,) = verdicts(findings, [condition])
    return str(found.outcome), found.value, found.message


def test_every_group_and_part_is_judged():
    findings = [dpl(0.2, part="raw"), dpl(0.05, part="train"), dpl(-0.3, "sex=m", part="raw")]
    assert judged(findings, "abs(DPL) > 0.1") == (
        "Failed", 2, "it holds for 2 of 3 groups: sex=f in raw (DPL = 0.2); sex=m in raw (DPL = -0.3)",
    )  # fmt: skip
    assert judged(findings, "abs(DPL) > 0.5")[0] == "Passed"


def test_a_value_by_convention_is_not_judged():
    findings = [dpl(0.0, status="degenerate"), dpl(0.2, "sex=m")]
    assert judged(findings, "DPL > 0.5") == ("Passed", 0, "it holds for 0 of 1 group; of 1 group it could not be evaluated")
    assert judged(findings[:1], "DPL > 0.5") == ("Error", 0, "it could not be evaluated: DPL had no value")


def test_every_metric_of_bias_can_be_asked_for():
    table = PREDICTED.append_column("x", pa.array([i % 7 for i in range(150)])).append_column("g", pa.array([i % 3 for i in range(150)]))
    asked = {"label": "label", "positive": "yes", "prediction": "p", "group": "g", "metrics": tuple(BIAS_METRICS), "features": ("x",)}
    findings = found(table, facets=[Facet("facet", ("d",))], **asked)
    for name in BIAS_METRICS:
        assert judged(findings, f"{name} > 100") == ("Passed", 0, "it holds for 0 of 1 group"), name
    said = "it could not be evaluated: CDDL_low had no value"  # there are no intervals without draws
    assert judged(findings, "FT > 2 or CDDL_low > 3") == ("Error", 0, said)


def test_only_groups_that_have_the_metrics_are_judged():
    findings = [dpl(0.2), Finding("DI", ("sex",), math.inf, group="sex=f"), Finding("DI", ("age",), 0.5, group="age=1")]
    assert judged(findings, "DI < 0.8")[1] == 1
    assert judged(findings, "DI > 0.8 and DPL > 0.1")[:2] == ("Failed", 1)


def test_a_value_that_is_not_a_number_has_no_name():
    with pytest.raises(ExpressionError) as error:
        verdicts([Finding("mode", ("c",), "red"), dpl(0.1)], ["mode > 1", "DLP > 1"])
    assert [m.message for m in error.value.mistakes] == [
        "there is no metric 'mode', in 'mode > 1'", "there is no metric 'DLP', in 'DLP > 1'",
    ]  # fmt: skip
    assert error.value.mistakes[1].accepted == "DPL"


def test_it_is_shown_and_read_again():
    found = verdicts([dpl(0.2)], ["DPL > 0.1"])
    assert section(found).lead == "1 condition that must not hold."
    assert payload_from_json("condition", found[0].payload.to_json()) == ConditionVerdict(1, 0)


def test_further_numbers_of_a_finding_have_its_name_before_theirs():
    found = Finding("bias_variance", ("y",), 0.3, payload=BiasVariance("y", mean_loss=0.2))
    assert judged([found], "bias_variance_mean_loss > 0.1 and bias_variance > 0.25")[0] == "Failed"
