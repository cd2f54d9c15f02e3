"""What may explain a difference: the difference within the values of other columns."""

import pyarrow as pa
import pytest

from tests.measures.bias.tables import PREDICTED, found, rows, table_of, warnings
from tilth.errors import ColumnError
from tilth.measures.bias import Facet
from tilth.measures.bias.strata import section
from tilth.report.blocks import plain

MEN = {"A": (512, 313), "B": (353, 207), "C": (120, 205), "D": (138, 279), "E": (53, 138), "F": (22, 351)}
WOMEN = {"A": (89, 19), "B": (17, 8), "C": (202, 391), "D": (131, 244), "E": (94, 299), "F": (24, 317)}
BERKELEY = rows(
    "sex dep year y",
    {
        (sex, dep, 1973, y): n
        for sex, of in (("men", MEN), ("women", WOMEN))
        for dep, pair in of.items()
        for y, n in zip((1, 0), pair, strict=True)
    },
)
"""Admissions of 1973, Bickel, Hammel and O'Connell 1975."""
ASKED = {"facets": [Facet("sex", ("women",))], "label": "y", "positive": 1}


def test_the_department_explains_admissions_and_is_found_by_itself():
    """Expected: the difference in each department, weighted by its applications."""
    findings = found(BERKELEY, **ASKED, strata=("all",), bootstrap=200)
    (within,) = [f for f in findings if f.kind == "strata"]
    assert (within.payload.column, within.payload.strata) == ("dep", 6)  # the year is the same everywhere
    sizes = {d: sum(MEN[d]) + sum(WOMEN[d]) for d in MEN}
    gaps = {d: MEN[d][0] / sum(MEN[d]) - WOMEN[d][0] / sum(WOMEN[d]) for d in MEN}
    assert within.value == pytest.approx(sum(sizes[d] * gaps[d] for d in MEN) / sum(sizes.values()))
    assert within.payload.overall == pytest.approx(0.141645, abs=5e-7)
    assert within.payload.conditional == pytest.approx(-0.019283, abs=5e-7)
    assert within.payload.reversed_share == pytest.approx(sum(sizes[d] for d in MEN if gaps[d] < 0) / sum(sizes.values()))
    assert within.low <= within.value <= within.high < 0
    message = warnings(findings)["REVERSED_WITHIN_STRATA"].message
    less, more = "14.2 percentage points less often than the others overall", "4.3 percentage points more often within the values of dep"
    assert f"sex=women has the favourable y {less} and {more}" in message
    assert plain(section([within]).lead).endswith("of sex=women, is 0.1416 overall and −0.04264 within the values of dep.")


def test_the_strongest_explanation_comes_first():
    table = BERKELEY.append_column("noise", [[i % 3 for i in range(BERKELEY.num_rows)]])
    got = [f for f in found(table, **ASKED, strata=("noise", "dep")) if f.kind == "strata"]
    assert [f.payload.column for f in got] == ["dep", "noise"]
    assert got[1].value == pytest.approx(0.14, abs=0.02)


def test_strata_without_one_side_count_nowhere():
    table = rows("f s y", {("a", "x", 1): 10, ("a", "x", 0): 10, ("d", "x", 1): 5, ("d", "x", 0): 15, ("a", "z", 1): 60})
    (got,) = [f for f in found(table, facets=[Facet("f", ("d",))], label="y", positive=1, strata=("s",)) if f.kind == "strata"]
    assert (got.value, got.payload.one_sided_share) == (pytest.approx(0.25), pytest.approx(0.6))


def test_predictions_without_labels_and_candidates_that_there_are_not():
    table = PREDICTED.append_column("s", [["u", "v", "w"] * 50])
    asked = {"facets": [Facet("facet", ("d",))], "prediction": "p", "positive": "yes", "metrics": ("DPPL",)}
    (got,) = [f for f in found(table, **asked, strata=("s", "p", "facet")) if f.kind == "strata"]
    assert got.payload.overall == pytest.approx(0.3)
    with pytest.raises(ColumnError, match="strata: there is no column 'x'"):
        found(table, **asked, strata=("x",))


def test_an_identifier_explains_nothing():
    table = table_of(pa.table({"f": ["a", "d"] * 50, "y": [0, 1, 1, 0] * 25, "n": list(range(100))}))
    findings = found(table, facets=[Facet("f")], label="y", positive=1, strata=("n",))
    assert not [f for f in findings if f.kind == "strata"]
    assert warnings(findings)["NO_STRATA"].message == "strata: n has 100 values in 100 rows: it is probably an identifier"
