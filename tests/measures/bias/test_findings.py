"""Bias, all the way from rows to findings: the published values, the words, and what is said of data that cannot be measured."""

import json
import math
from pathlib import Path

import pyarrow as pa
import pytest

from tests.engines import duckdb_session
from tests.measures.bias.tables import PREDICTED, RUNNING, adult, by_name, found, rows, table_of, values, warnings
from tilth.errors import ColumnError, RequestError
from tilth.measures.bias import BiasRequest, Facet, bias_and_groups, bias_findings
from tilth.measures.bias.metrics import of_stage


def near(x):
    """The tolerance of every comparison."""
    return pytest.approx(x, rel=1e-9, abs=1e-12)


# ── published values ──


def test_the_running_example():
    """Each value to six digits."""
    got = values(found(RUNNING, facets=[Facet("facet", ("d",))], label="label", positive="yes"), "d")
    expected = {"CI": 0.333333, "DPL": 0.3, "KL": 0.183787, "JS": 0.046201, "LP": 0.424264, "TVD": 0.3, "KS": 0.3, "CDDL": None}
    assert got == {name: None if x is None else pytest.approx(x, abs=5e-7) for name, x in expected.items()}


def test_strata_may_explain_a_difference():
    """DD_x = 0, DD_y = 0.13333, together 0.08 where the plain disparity is 0.30556."""
    counts = {("x", "a", "+"): 30, ("x", "a", "-"): 10, ("x", "d", "+"): 15, ("x", "d", "-"): 5}
    counts |= {("y", "a", "+"): 5, ("y", "a", "-"): 15, ("y", "d", "+"): 10, ("y", "d", "-"): 60}
    got = by_name(found(rows("s f y", counts), facets=[Facet("f", ("d",))], label="y", positive="+", group="s"), "d")["CDDL"]
    assert got.value == near(0.08)
    assert got.payload.more["plain_disparity"] == near(65 / 90 - 25 / 60)
    assert got.payload.more["largest_strata"] == [
        {"stratum": "y", "rows": 90, "disparity": near(60 / 75 - 10 / 15)},
        {"stratum": "x", "rows": 60, "disparity": near(0)},
    ]
    assert (got.payload.more["strata"], got.payload.more["smallest_stratum"], got.payload.more["one_sided_share"]) == (2, 60, 0.0)


def test_a_label_of_several_values_is_measured_unfolded_too():
    """(reject, wait, accept) with P_a = (.4, .4, .2) and P_d = (.2, .1, .7)."""
    counts = {("a", "reject"): 4, ("a", "wait"): 4, ("a", "accept"): 2, ("d", "reject"): 2, ("d", "wait"): 1, ("d", "accept"): 7}
    got = by_name(found(rows("f y", counts), facets=[Facet("f", ("d",))], label="y", positive="accept"), "d")
    expected = {"KL": 0.58122, "JS": 0.13872, "LP": 0.61644, "TVD": 0.5, "KS": 0.5}
    assert {m: got[f"{m} by label value"].value for m in expected} == {m: pytest.approx(x, abs=5e-6) for m, x in expected.items()}
    assert got["KS by label value"].payload.more["largest"] == "accept"


def test_berkeley_gaps_vanish_within_departments():
    """admissions of 1973, Bickel, Hammel and O'Connell 1975."""
    men = {"A": (512, 313), "B": (353, 207), "C": (120, 205), "D": (138, 279), "E": (53, 138), "F": (22, 351)}
    women = {"A": (89, 19), "B": (17, 8), "C": (202, 391), "D": (131, 244), "E": (94, 299), "F": (24, 317)}
    counts = {
        (sex, dep, y): n
        for sex, of in (("men", men), ("women", women))
        for dep, pair in of.items()
        for y, n in zip((1, 0), pair, strict=True)
    }
    got = by_name(found(rows("sex dep y", counts), facets=[Facet("sex", ("women",))], label="y", positive=1, group="dep"), "women")
    assert got["DPL"].value == pytest.approx(0.141645, abs=5e-7)
    assert got["CDDL"].value == pytest.approx(-0.019283, abs=5e-7)
    refused, accepted = (sum(p[i] for p in women.values()) / sum(p[i] for p in (*men.values(), *women.values())) for i in (1, 0))
    assert got["CDDL"].payload.more["plain_disparity"] == near(refused - accepted)
    assert refused > accepted


def test_confusion_matrices_folded_to_labels():
    """a has 65 + 5 observed positive of 100, d 20 + 7 of 50; the expected values are the formulas on these."""
    counts = {("a", 1): 70, ("a", 0): 30, ("d", 1): 27, ("d", 0): 23}
    got = values(found(rows("f y", counts), facets=[Facet("f", ("d",))], label="y", positive=1), "d")
    assert got["DPL"] == near(0.7 - 0.54)
    assert got["KL"] == near(0.7 * math.log(0.7 / 0.54) + 0.3 * math.log(0.3 / 0.46))


@pytest.mark.slow
@pytest.mark.shared_data
def test_adult_gives_what_was_published(shared_data):
    """the complete training rows of UCI Adult, as a public run reported them."""
    table = adult(shared_data("tabular/adult-train.csv")).drop_null()
    assert table.num_rows == 30_162
    findings = found(table, facets=[Facet("sex", ("Female",))], label="income", positive=">50K")
    got = by_name(findings, "Female")
    assert got["CI"].payload.counts == {
        "n_a": 20_380, "n_d": 9_782, "n_a_negative": 13_984, "n_a_positive": 6_396, "n_d_negative": 8_670, "n_d_positive": 1_112,
    }  # fmt: skip
    expected = {
        "CI": 0.3513692725946555,
        "DPL": 0.20015891077100018,
        "JS": 0.030756144659773,
        "KL": 0.143068651563064,
        "KS": 0.20015891077100018,
        "LP": 0.283067446242175,
        "TVD": 0.20015891077100,
    }
    assert {m: got[m].value for m in expected} == {m: near(x) for m, x in expected.items()}


# ── after training ──

AFTER = {"facets": [Facet("facet", ("d",))], "label": "label", "positive": "yes", "prediction": "p"}


WORKED = json.loads(Path(__file__).with_name("worked.json").read_text("utf-8"))


@pytest.mark.parametrize("case", [pytest.param(c, id=c["case"][:50]) for c in WORKED])
def test_worked_examples(case):
    """Counts are true and false positives, false and true negatives of each side."""
    cells = (("yes", "yes"), ("no", "yes"), ("yes", "no"), ("no", "no"))
    table = rows("facet label p", {(s, *c): n for s, of in case["counts"].items() for c, n in zip(cells, of, strict=True)})
    got = by_name(found(table, **AFTER), "d")
    expected = {m: x if x is None else pytest.approx(float(x), abs=5e-7) for m, x in case["values"].items()}
    assert {m: got[m].value for m in expected} == expected
    assert {m: got[m].payload.error for m in case.get("errors", ())} == case.get("errors", {})
    assert {m for m in expected if got[m].payload.status == "degenerate"} == set(case.get("degenerate", ()))
    assert {m: list(got[m].payload.notes) for m in case.get("notes", ())} == case.get("notes", {})


def test_strata_of_predictions():
    """CDDPL is CDDL with the predictions in the place of the labels: 0.08, where the plain disparity is 0.30556."""
    counts = {("x", "a", 1): 30, ("x", "a", 0): 10, ("x", "d", 1): 15, ("x", "d", 0): 5}
    counts |= {("y", "a", 1): 5, ("y", "a", 0): 15, ("y", "d", 1): 10, ("y", "d", 0): 60}
    table = rows("s f p", counts)
    got = by_name(found(table, facets=[Facet("f", ("d",))], prediction="p", positive=1, group="s", metrics=("CDDPL",)), "d")["CDDPL"]
    assert (got.value, got.payload.more["plain_disparity"]) == (near(0.08), near(65 / 90 - 25 / 60))
    assert (
        got.message
        == "Within the strata, f=d is a larger share of the predicted rejections than of the predicted acceptances: by 8 percentage points."
    )


def test_inequality_is_of_all_rows():
    """Rows of an unknown facet count in GE, and GE is the same for every group."""
    table = pa.concat_tables([PREDICTED, rows("facet label p", {(None, "yes", "no"): 30}).cast(PREDICTED.schema)])
    findings = found(table, **{**AFTER, "facets": ["facet"]})
    a, d = (by_name(findings, side)["GE"] for side in "ad")
    right, up, n = 105, 15, 180
    assert a.value == d.value == near(((right + 4 * up) / (n * ((right + 2 * up) / n) ** 2) - 1) / 2)
    assert (a.payload.n_used, a.payload.n_excluded) == (180, 0)


def test_other_orders_of_generalized_entropy():
    """Benefits are 30 zeros, 105 ones and 15 twos, of the mean 0.9; Theil's T is the mean of (b/0.9) ln(b/0.9)."""
    got = by_name(found(PREDICTED, entropies=(1, 0, 3), bootstrap=200, **AFTER), "d")
    theil = (105 / 0.9 * math.log(1 / 0.9) + 30 / 0.9 * math.log(2 / 0.9)) / 150
    cubes = (105 / 0.9**3 + 15 * (2 / 0.9) ** 3) / 150
    assert (got["GE_1"].value, got["GE_0"].value, got["GE_3"].value) == (near(theil), math.inf, near((cubes - 1) / 6))
    assert got["GE_1"].low < got["GE_1"].value < got["GE_1"].high
    assert got["GE_1"].payload.description == "Generalized Entropy of order 1 (GE_1)"


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"entropies": (2,)}, "entropies: found 2"),
        ({"entropies": (1, 1)}, "entropies: found 1, 1"),
        ({"entropies": (1,), "metrics": ("DPPL",)}, "entropies: generalized entropy needs a label and a prediction"),
    ],
)
def test_orders_that_are_no_additions_are_rejected(asked, message):
    with pytest.raises(RequestError, match=message):
        found(PREDICTED, **{**AFTER, **asked})


def test_predictions_need_no_label():
    got = values(found(PREDICTED, **{**AFTER, "label": None, "metrics": ("CI", "DPPL", "DI")}), "d")
    assert got == {"CI": near(1 / 3), "DPPL": near(0.3), "DI": near(0.5)}


def test_predictions_in_words():
    got = by_name(found(PREDICTED, **AFTER), "d")
    assert got["DPPL"].message.startswith("facet=d is predicted label=yes less often than facet=a: by 30 percentage points")
    assert got["DI"].message.startswith("facet=d is predicted label=yes less often than facet=a: 0.5 times as often (")
    assert got["AD"].message.startswith("Predictions are right as often for facet=d as for facet=a.")


def test_no_favourable_prediction_for_a_is_a_value_by_convention():
    counts = {("a", 1, 0): 40, ("a", 0, 0): 10, ("d", 1, 1): 10, ("d", 0, 0): 40}
    asked = {"facets": [Facet("f", ("d",))], "label": "y", "positive": 1, "prediction": "p", "verdicts": True}
    got = by_name(found(rows("f y p", counts), **asked), "d")
    assert (got["DI"].value, got["DI"].payload.status, got["DI"].payload.verdict) == (math.inf, "degenerate", "not determinable")
    none = by_name(found(rows("f y p", {k: n for k, n in counts.items() if k[2] == 0}), **asked), "d")
    assert (none["DI"].value, none["DI"].payload.status) == (0.0, "degenerate")


def test_a_row_without_a_prediction_counts_before_training_only():
    table = pa.concat_tables([PREDICTED, rows("facet label p", {("d", "yes", None): 20}).cast(PREDICTED.schema)])
    got = by_name(found(table, **AFTER), "d")
    assert {m: got[m].payload.n_used for m in ("DPL", "DPPL", "AD")} == {"DPL": 170, "DPPL": 150, "AD": 150}


@pytest.mark.parametrize("predicted", [[1.0, 0.0], ["1", "0"], [True, False]], ids=str)
def test_predictions_are_read_as_the_label_is(predicted):
    """A prediction column of another type than an integer label."""
    yes, no = predicted
    p = [yes if v == "yes" else no for v in PREDICTED["p"].to_pylist()]
    y = [int(v == "yes") for v in PREDICTED["label"].to_pylist()]
    table = pa.table({"facet": PREDICTED["facet"], "label": y, "p": p})
    got = values(found(table, **{**AFTER, "positive": 1}), "d")
    assert (got["DPPL"], got["DI"], got["AD"]) == (near(0.3), near(0.5), 0.0)


@pytest.mark.parametrize("n", [60, 600])
def test_the_threshold_of_a_label_is_that_of_its_predictions(n):
    """Predictions keep their fraction: 30.5 is above 30."""
    table = pa.table({"f": ["a", "d"] * n, "y": [i % 61 for i in range(2 * n)], "p": [i % 61 + 0.5 for i in range(2 * n)]})
    findings = found(table, facets=[Facet("f", ("d",))], label="y", positive=30, prediction="p", types={"y": "continuous"})
    got = by_name(findings, "d")
    p = [(i % 61 >= 30, i % 2) for i in range(2 * n)]
    assert got["DPPL"].value == near(sum(x for x, d in p if not d) / n - sum(x for x, d in p if d) / n)
    assert got["DPPL"].payload.label_value == "(30, 60]" if n == 0 else got["DPPL"].payload.label_value.startswith("(30, ")


@pytest.mark.parametrize(("positive", "expected"), [("yes", 0.3), ("no", 0.3)])
def test_scores_above_a_threshold_are_favourable(positive, expected):
    scores = pa.array([0.9 if v == "yes" else 0.5 for v in PREDICTED["p"].to_pylist()])
    table = PREDICTED.set_column(2, "p", scores)
    assert values(found(table, **{**AFTER, "positive": positive, "threshold": 0.5}), "d")["DPPL"] == near(expected)


def test_scores_count_as_1_above_a_threshold_and_as_0_below():
    table = pa.table({"f": ["a"] * 10 + ["d"] * 10, "y": [1, 0] * 10, "p": [0.9] * 6 + [0.1] * 4 + [0.9] * 3 + [0.1] * 7})
    asked = {"facets": [Facet("f", ("d",))], "label": "y", "prediction": "p", "threshold": 0.5}
    assert values(found(table, positive=1, **asked), "d")["DPPL"] == near(0.3)
    assert values(found(table, positive=0, **asked), "d")["DPPL"] == near(-0.3)


def test_many_scores_without_a_threshold_are_refused():
    table = pa.table({"f": ["a", "d"] * 500, "y": [1, 0] * 500, "p": [i / 1000 for i in range(1000)]})
    findings = found(table, facets=[Facet("f", ("d",))], label="y", positive=1, prediction="p")
    assert "give the threshold above which one is favourable" in warnings(findings)["NO_THRESHOLD"].message


def test_a_flow_reports_bias_in_predictions(tmp_path):
    import pyarrow.csv

    import tilth
    from tilth.report.html import to_html

    pyarrow.csv.write_csv(PREDICTED, tmp_path / "p.csv")
    flow = 'data:\n  read: p.csv\n  roles: {label: label, prediction: p, positive: "yes", facet: facet}\nmeasure: [bias]\n'
    (tmp_path / "f.yaml").write_text(flow)
    report = tilth.run(tmp_path / "f.yaml")
    got = {f.name: f.value for f in report.of("bias") if f.group == "facet=d" and f.part == "raw"}
    assert (got["DPPL"], got["DI"], got["AD"]) == (near(0.3), near(0.5), 0.0)
    page = to_html(report)
    for words in ("is predicted", "Predictions are right as often for", "ratio of the shares of favourable predictions"):
        assert words in page


def test_a_favourable_value_of_a_flow_that_no_row_has_carries_its_line(tmp_path):
    import pyarrow.csv

    import tilth

    pyarrow.csv.write_csv(PREDICTED, tmp_path / "p.csv")
    (tmp_path / "f.yaml").write_text(
        "data:\n  read: p.csv\n  roles:\n    facet: facet\n    label: label\n    positive: nosuch\nmeasure: [bias]\n"
    )
    with pytest.raises(RequestError) as error:
        tilth.run(tmp_path / "f.yaml")
    (mistake,) = error.value.mistakes
    assert (mistake.place.line, mistake.code, mistake.accepted) == (6, "no-such-value", "no, yes")


# ── private columns ──


def test_values_of_a_private_column_are_masked_unless_asked_for():
    data = table_of(PREDICTED, label="label", positive="yes", facet="facet", private="facet")
    masked = bias_findings(data, engine=duckdb_session(), bootstrap=0)
    assert {f.group for f in masked if f.kind == "bias"} == {"facet=value 1", "facet=value 2"}
    assert "facet=d" not in " ".join(f.message for f in masked)
    assert "PRIVATE_VALUES" in warnings(masked)
    shown = bias_findings(data, engine=duckdb_session(), bootstrap=0, show_private=True)
    assert {f.group for f in shown if f.kind == "bias"} == {"facet=a", "facet=d"}
    assert "PRIVATE_VALUES" not in warnings(shown)


def test_numbers_and_strata_of_private_columns_are_masked():
    table = pa.table({"age": [20 + i % 50 for i in range(200)], "town": ["x", "y"] * 100, "y": [i * 7 % 3 for i in range(200)]})
    data = table_of(table, label="y", positive=1, facet="age", group="town", private=["age", "town", "y"])
    findings = bias_findings(data, engine=duckdb_session(), bootstrap=0)
    assert {f.payload.facet_value for f in findings if f.kind == "bias"} == {f"interval {i}" for i in (1, 2, 3, 4)}
    got = by_name(findings, "interval 1")
    assert {s["stratum"] for s in got["CDDL"].payload.more["largest_strata"]} == {"value 1", "value 2"}
    assert got["KS by label value"].payload.more["largest"].startswith("value ")


def test_masked_values_have_the_same_names_in_every_part():
    whole = table_of({"f": ["b", "a", "c"] * 9, "y": [1, 0, 1] * 9}, label="y", positive=1, facet="f", private="f")
    part = table_of({"f": ["c", "a"] * 9, "y": [1, 0] * 9}, label="y", positive=1, facet="f", private="f")
    engine = duckdb_session()
    request = BiasRequest.of_roles(whole.roles, engine.schema(whole), bootstrap=0)
    _, groups = bias_and_groups(whole, request, engine)
    findings, _ = bias_and_groups(part, request.cut_as(groups), engine)
    assert {f.group for f in findings if f.kind == "bias"} == {"f=value 1", "f=value 3"}


def test_a_value_that_the_request_names_is_shown_and_no_other():
    data = table_of(PREDICTED, private="facet")
    findings = found(data, facets=[Facet("facet", ("d",)), Facet("facet", ("x",))], label="label", positive="yes")
    assert by_name(findings, "d")["DPL"].payload.other == "value 1"
    assert "there is" not in warnings(findings)["NO_SUCH_VALUE"].message


def test_missing_values_are_a_group_beside_intervals():
    table = {"x": [*range(100), None, None], "y": [i % 2 for i in range(102)]}
    findings = found(table, facets=[Facet("x", quantiles=4)], label="y", positive=1, missing="as_category")
    sides = {f.payload.facet_value for f in findings if f.kind == "bias"}
    assert len(sides) == 5 and "__missing__" in sides


def test_a_part_without_rows_in_an_interval_is_told_which_ones_there_are():
    whole = table_of({"x": list(range(1, 101)), "y": [i % 2 for i in range(100)]}, label="y", positive=1)
    part = table_of({"x": list(range(60, 90)), "y": [i % 2 for i in range(30)]}, label="y", positive=1)
    engine = duckdb_session()
    request = BiasRequest(facets=(Facet("x", quantiles=4),), label="y", positive=(1,), bootstrap=0)
    _, groups = bias_and_groups(whole, request, engine)
    findings, _ = bias_and_groups(part, request.cut_as(groups), engine)
    said = [f.message for f in findings if f.name == "NO_SUCH_VALUE"]
    assert said == [f"no row has x={i}; there is [51, 76), [76, 100]" for i in ("[1, 26)", "[26, 51)")]


# ── words ──


def test_the_direction_is_said_with_the_groups_names():
    got = by_name(found(RUNNING, facets=["facet"], label="label", positive="yes"), "d")
    assert got["DPL"].message == (
        "facet=d gets label=yes less often than facet=a: by 30 percentage points (13.7 to 46.3). "
        "facet=d gets label=yes in this share of its rows: 40 %; facet=a: 70 %."
    )
    assert got["CI"].message == "facet=d is 33.3 % of the rows."
    assert got["KL"].message == "distance of the label distributions (Kullback–Leibler): 0.1838"
    other = by_name(found(RUNNING, facets=["facet"], label="label", positive="yes"), "a")
    assert other["DPL"].message.startswith("facet=a gets label=yes more often than facet=d: by 30 percentage points")
    assert other["DPL"].value == -got["DPL"].value


def test_a_finding_carries_what_it_was_computed_from():
    got = by_name(found(RUNNING, facets=["facet"], label="label", positive="yes"), "d")["DPL"]
    assert (got.kind, got.subject, got.group, got.confidence) == ("bias", ("facet", "label"), "facet=d", 0.95)
    assert got.payload.counts == {"n_a": 100, "n_d": 50, "n_a_negative": 30, "n_a_positive": 70, "n_d_negative": 30, "n_d_positive": 20}
    assert got.payload.description == "Difference in Positive Proportions in Labels (DPL)"
    assert (got.payload.label_value, got.payload.other, got.payload.status) == ("yes", "a", "ok")
    assert (got.low, got.high) == (pytest.approx(0.137, abs=5e-4), pytest.approx(0.463, abs=5e-4))
    assert got.payload.method == "normal"


# ── what has no value ──


def test_an_empty_group_is_an_error_for_every_metric():
    findings = found(RUNNING, facets=[Facet("facet", ("x",))], label="label", positive="yes", group=None)
    assert {f.value for f in by_name(findings, "x").values()} == {None}
    assert {f.payload.status for f in by_name(findings, "x").values()} == {"error"}
    assert "facet=x" in warnings(findings)["NO_SUCH_VALUE"].message


def test_a_facet_of_one_group_is_an_error():
    got = by_name(found({"f": ["x", "x"], "y": [1, 0]}, facets=["f"], label="y", positive=1), "x")
    assert got["CI"].value is None
    assert got["CI"].payload.error == "there are no rows outside facet value x"
    unlabelled = {"f": ["x", "x", "z"] * 2, "y": [1, 0, None] * 2, "p": [1, 0, 1] * 2, "g": ["s"] * 6}
    got = by_name(found(unlabelled, facets=[Facet("f", ("x",))], label="y", positive=1, prediction="p", group="g"), "x")
    assert got["CI"].value == near(-1 / 3)
    assert {m: got[m].payload.error for m in ("DPL", "RD", "CDDL")} == {
        "DPL": "no row outside facet value x has a label",
        "RD": "no row outside facet value x has a label and a prediction",
        "CDDL": "no row outside facet value x has a value of the group variable and a label",
    }
    some = found({"f": ["x", "x", None], "y": [1, 0, 1]}, facets=["f"], label="y", positive=1)
    said = "all 2 rows that have a value are f=x: there are no others to compare it with, so no metric has a value"
    assert warnings(some)["ONE_GROUP"].message == said


def test_a_label_of_one_value_has_distances_of_0_and_no_cddl():
    counts = {("a", 1, "s"): 3, ("d", 1, "s"): 2}
    got = by_name(found(rows("f y g", counts), facets=[Facet("f", ("d",))], label="y", positive=1, group="g", force_group=True), "d")
    assert {got[m].value for m in ("DPL", "KL", "JS", "LP", "TVD", "KS")} == {0.0}
    assert "label has one value" in got["TVD"].payload.notes
    assert (got["CDDL"].value, got["CDDL"].payload.error) == (None, "No negative labels in set")
    none = by_name(found(rows("f y g", counts), facets=[Facet("f", ("d",))], label="y", positive=0, group="g", force_group=True), "d")
    assert none["CDDL"].payload.error == "No positive labels in set"


def test_supports_that_differ_are_measured_over_their_union():
    """a all positive, d a quarter: TVD 0.75, LP 1.06, JS 0.380, and KL finite one way, infinite the other."""
    counts = {("a", 1): 4, ("d", 1): 1, ("d", 0): 3}
    findings = found(rows("f y", counts), facets=["f"], label="y", positive=1)
    got = by_name(findings, "d")
    assert got["TVD"].value == near(0.75)
    assert got["LP"].value == pytest.approx(1.06066, abs=5e-6)
    assert got["JS"].value == pytest.approx(0.380, abs=5e-4)
    assert got["KL"].value == near(math.log(4))
    assert got["TVD"].payload.notes[-1] == "support mismatch"
    assert by_name(findings, "a")["KL"].value == math.inf
    assert by_name(findings, "a")["KL"].payload.status == "ok"


def test_disjoint_outcomes_are_as_far_apart_as_can_be():
    got = values(found(rows("f y", {("a", 1): 5, ("d", 0): 5}), facets=[Facet("f", ("d",))], label="y", positive=1), "d")
    assert got == {"CI": 0, "DPL": 1, "KL": math.inf, "JS": near(math.log(2)), "LP": near(math.sqrt(2)), "TVD": 1, "KS": 1, "CDDL": None}


def test_without_a_group_variable_cddl_says_so_and_the_rest_is_there():
    got = by_name(found(RUNNING, facets=[Facet("facet", ("d",))], label="label", positive="yes"), "d")
    assert got["CDDL"].payload.error == "Group variable is empty or not provided"
    assert got["DPL"].value is not None


def test_an_identifier_is_not_a_group_variable():
    table = RUNNING.append_column("id", pa.array(range(RUNNING.num_rows)))
    asked = {"facets": [Facet("facet", ("d",))], "label": "label", "positive": "yes", "group": "id"}
    assert "probably an identifier" in by_name(found(table, **asked), "d")["CDDL"].payload.error
    assert by_name(found(table, force_group=True, **asked), "d")["CDDL"].payload.status == "degenerate"


def test_one_sided_strata_are_named():
    counts = {("a", 1, "s"): 10, ("a", 0, "s"): 10, ("d", 1, "s"): 10, ("d", 0, "s"): 20, ("d", 0, "t"): 25}
    got = by_name(found(rows("f y g", counts), facets=[Facet("f", ("d",))], label="y", positive=1, group="g"), "d")["CDDL"]
    assert (got.payload.more["one_sided_strata"], got.payload.more["one_sided_share"]) == (1, near(25 / 75))
    assert any("33.3 % of the rows are in strata with one outcome" in n for n in got.payload.notes)


def test_no_rows_at_all_leave_a_warning():
    empty = pa.table({"f": pa.array([], pa.string()), "y": pa.array([], pa.int64())})
    findings = found(empty, facets=["f"], label="y", positive=1, bootstrap=10)
    assert [(f.name, f.message) for f in findings] == [("NO_VALUES", "facet 'f' has no value in any row")]
    asked = by_name(found(empty, facets=[Facet("f", ("d",))], label="y", positive=1, bootstrap=10), "d")
    assert {f.value for f in asked.values()} == {None}


@pytest.mark.parametrize("column", ["f", "y"])
def test_a_column_of_nulls_only(column):
    table = pa.table({"f": pa.array(["a", "d"] * 5), "y": pa.array([1, 0] * 5)})
    kind = table.schema.field(column).type
    table = table.set_column(table.schema.get_field_index(column), column, pa.nulls(10, kind))
    findings = found(table, facets=[Facet("f", ("d",))], label="y", positive=1)
    assert by_name(findings, "d")["DPL"].value is None
    assert by_name(findings, "d")["DPL"].payload.n_excluded == 10


# ── missing values ──

GAPS = rows(
    "f y g",
    {
        ("a", 1, "s"): 40,
        ("a", 0, "s"): 20,
        ("d", 1, "s"): 10,
        ("d", 0, "s"): 20,
        (None, 1, "s"): 10,
        ("d", None, "s"): 10,
        ("d", 1, None): 5,
    },
)
ASKED = {"facets": [Facet("f", ("d",))], "label": "y", "positive": 1, "group": "g"}


def test_a_row_counts_where_all_that_the_metric_needs_is_known():
    got = by_name(found(GAPS, **ASKED), "d")
    assert {m: (got[m].payload.n_used, got[m].payload.n_excluded) for m in ("CI", "DPL", "CDDL")} == {
        "CI": (105, 10),
        "DPL": (95, 20),
        "CDDL": (90, 25),
    }
    assert got["DPL"].value == near(40 / 60 - 15 / 35)


def test_rows_with_a_missing_facet_change_nothing_but_what_is_excluded():
    more = pa.concat_tables([GAPS, rows("f y g", {(None, 0, "s"): 50, (None, 1, "s"): 7}).cast(GAPS.schema)])
    before, after = (by_name(found(t, **ASKED), "d") for t in (GAPS, more))
    assert {m: f.value for m, f in before.items()} == {m: f.value for m, f in after.items()}
    assert after["CI"].payload.n_excluded == before["CI"].payload.n_excluded + 57


def test_a_missing_facet_or_group_may_be_a_category():
    findings = found(GAPS, **{**ASKED, "facets": ["f"], "missing": "as_category"})
    groups = dict.fromkeys(f.payload.facet_value for f in findings if f.kind == "bias")
    assert list(groups) == ["a", "d", "__missing__"]
    assert by_name(findings, "__missing__")["CI"].payload.counts["n_d"] == 10
    assert by_name(findings, "d")["CDDL"].payload.more["strata"] == 2


def test_missing_values_as_clarify_counts_them():
    findings = found(GAPS, **{**ASKED, "missing": "clarify"})
    got = by_name(findings, "d")
    assert got["CI"].value == near((70 - 45) / 115)  # a missing facet is a
    assert got["DPL"].value == near(50 / 70 - 15 / 45)  # a missing label is negative
    assert "missing values" in got["CDDL"].payload.error  # a missing text group aborts it
    every = found(GAPS, **{**ASKED, "facets": ["f"], "missing": "clarify"})
    assert {f.value for f in by_name(every, "nan").values()} == {None}


def test_missing_at_random_does_not_dilute_as_it_does_in_clarify():
    """with 15 % of the facets missing CI of a balanced facet reads 0.19 there, and 0 here."""
    table = rows("f y", {("a", 1): 425, ("d", 1): 425, (None, 0): 150})
    asked = {"facets": [Facet("f", ("d",))], "label": "y", "positive": 1}
    assert values(found(table, **asked), "d")["CI"] == 0
    assert values(found(table, missing="clarify", **asked), "d")["CI"] == pytest.approx(0.15)


def test_missingness_is_a_sign_of_bias():
    warning = warnings(found(GAPS, **ASKED))["MISSINGNESS_DIFFERS"]
    assert "17.4 % of the rows are excluded" in warning.message
    assert "the label is missing in 22.2 % of f=d and in 0 % of f=a" in warning.message
    assert "MISSINGNESS_DIFFERS" not in warnings(found(RUNNING, facets=["facet"], label="label", positive="yes"))


def test_missingness_is_said_once_of_a_facet_and_of_two_groups():
    two = rows("f y", {(g, y): n for g in "ab" for y, n in {1: 60, 0: 30, None: 5 if g == "a" else 9}.items()})
    three = rows("f y", {(g, y): n for g in "abc" for y, n in {1: 60, 0: 30, None: 9}.items()})
    said = [[f.message for f in found(t, facets=["f"], label="y", positive=1) if f.name == "MISSINGNESS_DIFFERS"] for t in (two, three)]
    excluded = "of the rows are excluded, because the facet or the label is missing"
    assert said == [
        [f"f=a: 7.2 % {excluded}; the label is missing in 5.3 % of f=a and in 9.1 % of f=b"],
        [f"f=a: 9.1 % {excluded}"],
    ]


# ── requests ──


def test_the_roles_make_a_request():
    data = table_of(RUNNING, label="label", positive="yes", facet="facet")
    findings = bias_findings(data, engine=duckdb_session())
    assert sorted(by_name(findings, "d")) == sorted(m for m in of_stage("pre_training") if m != "CDDL")
    got = by_name(findings, "d")["DPL"]
    assert got.value == near(0.3)
    assert got.low < 0.3 < got.high
    assert got.payload.method == "bootstrap"


def test_without_a_label_there_is_class_imbalance():
    findings = bias_findings(table_of(RUNNING, facet="facet"), engine=duckdb_session())
    assert {f.name for f in findings} == {"CI"}


def test_roles_without_what_is_needed_are_refused():
    with pytest.raises(RequestError, match="no column has that role"):
        bias_findings(table_of(RUNNING, label="label"), engine=duckdb_session())
    with pytest.raises(RequestError, match="no favourable value is given for 'label'"):
        bias_findings(table_of(RUNNING, label="label", facet="facet"), engine=duckdb_session())


def test_a_favourable_value_that_no_row_has_is_refused():
    """In the first table that is measured; a small part of it may lack the value."""
    data = table_of(RUNNING, label="label", positive="yse", facet="facet")
    with pytest.raises(RequestError) as error:
        bias_findings(data, engine=duckdb_session())
    (mistake,) = error.value.mistakes
    assert mistake.message == "no row has label=yse, which is to be the favourable value"
    assert (mistake.accepted, mistake.hint) == ("no, yes", "did you mean 'yes'?")
    assert "NO_SUCH_VALUE" in warnings(found(RUNNING, facets=["facet"], label="label", positive="yse"))
    hidden = table_of(RUNNING, label="label", positive="yse", facet="facet", private="label")
    with pytest.raises(RequestError) as error:
        bias_findings(hidden, engine=duckdb_session())
    assert (error.value.mistakes[0].accepted, error.value.mistakes[0].hint) == ("", "")


def test_unknown_columns_are_reported_all_at_once():
    with pytest.raises(ColumnError) as error:
        found(RUNNING, facets=["fact", "sex"], label="lable", positive="yes")
    assert [m.message for m in error.value.mistakes] == [f"bias: there is no column {c!r}" for c in ("fact", "sex", "lable")]
    assert error.value.mistakes[0].hint == "did you mean 'facet'?"


# ── more than one facet ──


def test_intersections_are_facets_of_their_own():
    counts = {("F", 30, 1): 5, ("F", 50, 1): 10, ("F", 50, 0): 10, ("M", 30, 0): 20, ("M", 50, 1): 30}
    asked = {"facets": [Facet("sex"), Facet("age", ("(40, 90]",))], "label": "y", "positive": 1, "intersections": (("sex", "age"),)}
    findings = found(rows("sex age y", counts), **asked)
    crossed = {f.payload.facet_value for f in findings if f.payload.to_json().get("facet") == "sex & age"}
    assert crossed == {"sex=F & age=(40, 90]", "sex=M & age=(40, 90]", "sex=F & age=outside (40, 90]", "sex=M & age=outside (40, 90]"}
    got = by_name(findings, "sex=F & age=(40, 90]")["DPL"]
    assert got.value == near(35 / 55 - 10 / 20)
    assert got.group == "sex=F & age=(40, 90]"


def test_too_many_combinations_keep_the_largest():
    table = pa.table({"p": [i % 7 for i in range(210)], "q": [i % 5 for i in range(210)], "y": [i % 2 for i in range(210)]})
    asked = {"facets": [], "intersections": (("p", "q"),), "label": "y", "positive": 1, "max_combinations": 4}
    findings = found(table, types={"p": "categorical", "q": "categorical"}, **asked)
    assert len({f.payload.facet_value for f in findings if f.kind == "bias"}) == 4
    assert "35 combinations" in warnings(findings)["TOO_MANY_COMBINATIONS"].message


def test_weights_are_row_counts():
    plain = rows("f y", {("a", 1): 6, ("a", 0): 4, ("d", 1): 2, ("d", 0): 8})
    weighted = pa.table({"f": ["a", "a", "d", "d", "d"], "y": [1, 0, 1, 0, 0], "w": [6.0, 4.0, 2.0, 8.0, None]})
    asked = {"facets": [Facet("f", ("d",))], "label": "y", "positive": 1}
    assert values(found(weighted, weight="w", **asked), "d") == {
        m: x if x is None else near(x) for m, x in values(found(plain, **asked), "d").items()
    }
    drawn = by_name(found(weighted, weight="w", bootstrap=200, **asked), "d")["DPL"]
    assert drawn.payload.p_value is None
    assert drawn.low is None or drawn.low <= drawn.high


def test_a_continuous_label_is_compared_unfolded_too():
    scipy = pytest.importorskip("scipy.stats")
    a, d = [1.5, 2.5, 2.5, 7.0, 9.0], [0.5, 2.5, 3.0]
    table = pa.table({"f": ["a"] * 5 + ["d"] * 3 + [None], "pay": [*a, *d, 100.0]})
    got = values(found(table, facets=["f"], label="pay", positive=2), "d")
    assert got["continuous_ks"] == near(scipy.ks_2samp(a, d).statistic)
    assert got["wasserstein"] == near(scipy.wasserstein_distance(a, d))
    assert got["DPL"] == near(4 / 5 - 2 / 3)
