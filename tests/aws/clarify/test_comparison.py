"""Two result files compared: each difference has its reason."""

import json

import pyarrow as pa
import pytest

from tests.aws.clarify.measured import measure_config
from tests.aws.clarify.test_analysis import CONFIG, RUNNING, data
from tests.engines import duckdb_session
from tests.measures.bias.tables import rows
from tilth.aws.clarify.analysis import analysis_json
from tilth.aws.clarify.comparison import compare, section
from tilth.aws.clarify.config import AnalysisConfig
from tilth.errors import RequestError


def measured(table=RUNNING, strict=False, **config):
    config = AnalysisConfig.of({**CONFIG, "methods": {"pre_training_bias": {"methods": "all"}}, **config})
    return analysis_json(measure_config(data(table), config, duckdb_session()), strict=strict)


@pytest.fixture
def compared(tmp_path):
    """Metric → (difference, reason) of two results, and how many are equal."""

    def call(first, second):
        for name, held in (("a.json", first), ("b.json", second)):
            (tmp_path / name).write_text(json.dumps(held))
        report = compare(tmp_path / "a.json", tmp_path / "b.json")
        return {f.name: (f.value, f.message) for f in report.findings}, report.facts.more["equal"]

    return call


def changed(result, **values):
    """A result with other values of some metrics of its first group."""
    made = json.loads(json.dumps(result))
    for m in made["pre_training_bias_metrics"]["facets"]["sex"][0]["metrics"]:
        m.update({"value": values[m["name"]]} if m["name"] in values else {})
    return made


def with_interval(result, low, high):
    """A result with another interval of DPL."""
    next(m for m in result["pre_training_bias_metrics"]["facets"]["sex"][0]["metrics"] if m["name"] == "DPL").update(
        ci_low=low, ci_high=high
    )
    return result


def test_what_tilth_and_clarify_say_alike_is_equal(compared):
    """The file without additions is that of Clarify; values that agree to nine digits are the same."""
    theirs = changed(measured(strict=True), DPL=0.30000000000000004, JS=0.046201)
    found, equal = compared(theirs, measured())
    assert (equal, [*found]) == (7, ["JS"])
    assert found["JS"][1] == "rounding: they agree in all digits that the shorter one has"


def test_more_rows_and_chance(compared):
    more = pa.concat_tables([RUNNING, pa.table({"sex": ["F"] * 5, "approved": ["yes"] * 5})])
    found, equal = compared(measured(), measured(more))
    assert equal == 1  # CDDL, which neither has
    assert found["DPL"][0] == pytest.approx(0.7 - 25 / 55 - 0.3)
    assert "the rows differ: a 100, d 50 and a 100, d 55" in found["DPL"][1]
    assert "the other value is inside the interval of the first" in found["DPL"][1]
    far = with_interval(changed(measured(), DPL=0.9), 0.8, 1.0)
    assert "outside the interval of the first" in compared(measured(), far)[0]["DPL"][1]


def test_one_interval_that_holds_the_other_value_is_enough(compared):
    found, _ = compared(with_interval(measured(), 0.299, 0.301), changed(measured(), DPL=0.33))
    assert "inside the interval of the second" in found["DPL"][1]


def test_sides_that_changed_places(compared):
    other = measured(facet=[{"name_or_index": 0, "value_or_threshold": ["M"]}])
    other["pre_training_bias_metrics"]["facets"]["sex"][0]["value_or_threshold"] = "F"
    found, _ = compared(measured(), other)
    assert "changed places" in found["DPL"][1]
    assert {*found} == {"CI", "DPL", "KL"}


def test_what_is_known_of_clarify(compared):
    one_sided = rows("sex approved", {("M", "yes"): 40, ("F", "yes"): 10, ("F", "no"): 30})
    found, _ = compared(changed(measured(one_sided, strict=True), TVD=0.375, KL=-0.2), measured(one_sided))
    assert "leaves out label values that one side lacks" in found["TVD"][1]
    assert "drift" not in found["TVD"][1]  # the same data, computed in another way
    assert "leaves out label values that one side lacks" in found["KL"][1]
    gaps = pa.table({"sex": ["M", "F", None] * 40, "approved": ["yes", "no", "no", "yes"] * 30})
    found, _ = compared(changed(measured(gaps, strict=True), CI=0.2), measured(gaps))
    assert "40 rows are excluded here; Clarify counts a missing facet as the other side" in found["CI"][1]
    few = rows("sex approved", {("M", "yes"): 10, ("M", "no"): 5, ("F", "yes"): 5, ("F", "no"): 5})
    found, _ = compared(measured(few), changed(measured(few, strict=True), DPL=0))
    assert "of 25 rows: up to 40, Clarify reads" in found["DPL"][1]


def test_groups_that_only_one_file_has_and_maxima_that_differ(compared):
    by_age = {"facet": [{"name_or_index": "age", "value_or_threshold": ["(40, 90]"]}, {"name_or_index": "sex"}], "label": "approved"}
    first = measured(RUNNING.append_column("age", [[30, 50] * 75]), **by_age)
    second = json.loads(json.dumps(first))
    second["pre_training_bias_metrics"]["facets"]["age"][0]["value_or_threshold"] = "(40.0, 95.5]"
    del second["pre_training_bias_metrics"]["facets"]["sex"][1]
    found, equal = compared(first, second)
    assert equal == 16
    assert {words for _, words in found.values()} == {"only the first file has it"}


def explained(of_age=0.2, at_second=0.6, run=None):
    shap = {"label0": {"global_shap_values": {"age": of_age, "income": 0.1}, "expected_value": 0.5}}
    curves = {"feature_values": [20.5, 30.5], "model_predictions": [[0.4, at_second]], "label_headers": ["label0"]}
    pdp = [{"feature_name": "age", "data_type": "numerical", **curves}, {"feature_name": "note", "data_type": "free_text", "error": "…"}]
    return {"version": "1.0", "explanations": {"kernel_shap": shap, "pdp": pdp}, **({"run": run} if run else {})}


def test_explanations_are_compared_too(compared):
    assert compared(explained(), explained()) == ({}, 5)
    found, equal = compared(explained(run={"model": "a.onnx", "seed": 1}), explained(0.25, 0.7, {"model": "b.onnx", "seed": 1}))
    assert (equal, found["age"][0], found["label0 at 30.5"][0]) == (3, pytest.approx(0.05), pytest.approx(0.1))
    why = "the models differ: a.onnx and b.onnx; such numbers depend on the model, the background, the number of samples and the seed"
    assert found["age"][1] == why
    assert compared(explained(0.123456789), explained(0.123457))[0]["age"][1].startswith("rounding")
    only, _ = compared(explained(), {"version": "1.0"})
    assert {words for _, words in only.values()} == {"only the first file has it"} and len(only) == 5


def test_every_curve_is_compared_without_names_of_scores_too(compared):
    first, second = explained(), explained()
    for file, of_second in ((first, 0.3), (second, 0.9)):
        curves = file["explanations"]["pdp"][0]
        del curves["label_headers"]
        curves["model_predictions"].append([0.1, of_second])
    found, equal = compared(first, second)
    assert (equal, [*found], found["label1 at 30.5"][0]) == (6, ["label1 at 30.5"], pytest.approx(0.6))


@pytest.mark.parametrize(
    ("value", "interval", "says"),
    [
        pytest.param(0.1, (0.05, 0.15), None, id="nearer"),
        pytest.param(-0.3, (-0.35, -0.25), "bias drift: the whole interval of the second is farther from 0 than the first", id="farther"),
        pytest.param(-0.3, (-0.5, -0.1), "the second is farther from 0, perhaps by chance: no bias drift", id="by chance"),
    ],
)
def test_bias_drifts_from_a_baseline(compared, value, interval, says):
    """The baseline has a DPL of 0.2."""
    found, _ = compared(changed(measured(), DPL=0.2), with_interval(changed(measured(), DPL=value), *interval))
    assert found["DPL"][1].endswith(says) if says else "drift" not in found["DPL"][1]


@pytest.mark.parametrize(
    ("current", "says"),
    [
        pytest.param({"SAT": 0.1, "GPA": 0.2, "rank": 0.3}, "nDCG 0.688 by the values of the first (attribution drift;", id="new"),
        pytest.param(
            {"SAT": 0.6, "GPA": 0.7, "rank": 0.1}, "nDCG 0.929 by the values of the first (no attribution drift;", id="two changed places"
        ),
        pytest.param({"SAT": 0.8, "GPA": 0.2, "rank": 0.1}, None, id="the same"),
    ],
)
def test_attributions_drift_from_a_baseline(compared, current, says):
    """By hand: 0.05 + 0.50 / log₂3 + 0.70 / 2, and 0.50 + 0.70 / log₂3 + 0.05 / 2, divided by 0.70 + 0.50 / log₂3 + 0.05 / 2."""

    def result(values):
        return {"version": "1.0", "explanations": {"kernel_shap": {"label0": {"global_shap_values": values, "expected_value": 0.5}}}}

    found, _ = compared(result({"SAT": 0.7, "GPA": 0.5, "rank": 0.05}), result(current))
    assert says in found["SAT"][1] if says else "nDCG" not in found["SAT"][1]


def test_a_file_that_is_not_there_is_said_to_be_absent(tmp_path):
    with pytest.raises(RequestError, match=r"^there is no result file"):
        compare(tmp_path / "a.json", tmp_path / "a.json")


def test_it_is_shown(tmp_path):
    for name, held in (("a.json", measured()), ("b.json", changed(measured(), DPL="Infinity"))):
        (tmp_path / name).write_text(json.dumps(held))
    report = compare(tmp_path / "a.json", tmp_path / "b.json")
    assert section(report.findings).lead == "1 number with two values."
    assert report.findings[0].value is None


LIST = '{"version": "1.0", "explanations": {"kernel_shap": {"label0": {"expected_value": [0.5]}}}}'


@pytest.mark.parametrize("held", ["{}", "[]", '{"pre_training_bias_metrics": {"facets": {"f": [{}]}}}', "{", LIST])
def test_what_is_not_a_result_file_is_refused(tmp_path, held):
    (tmp_path / "a.json").write_text(held)
    with pytest.raises(RequestError, match="is not a result file"):
        compare(tmp_path / "a.json", tmp_path / "a.json")
