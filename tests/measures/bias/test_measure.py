"""The measure `bias` and its parameters."""

import pyarrow as pa

import tilth
from tests.engines import duckdb_session
from tilth.data import Roles
from tilth.measures.bias.measure import Bias
from tilth.measures.measure import Measuring

ROLES = {"label": "hired", "positive": "yes", "facet": "age"}


def test_its_parameters_are_those_of_a_request():
    data = tilth.read(pa.table({"age": ["a", "b"] * 30, "hired": ["yes", "no", "no"] * 20}), roles=ROLES)
    (found,) = {f.name for f in tilth.measure(data, Bias(metrics=("CI",), bootstrap=0)).of("bias")}
    assert found == "CI"


def test_a_later_part_has_the_groups_of_the_first():

    table = pa.table({"age": list(range(100)), "hired": ["yes", "no"] * 50})
    with duckdb_session() as run:
        measuring = Measuring((Bias(bootstrap=0),), run)
        whole = tilth.read(table, roles=ROLES, engine=run)
        half = tilth.read(table.slice(0, 60), roles=ROLES, engine=run)
        groups = [{f.group for f in measuring.of(t, "x") if f.kind == "bias"} for t in (whole, half)]
    assert groups[1] <= groups[0]


def test_without_a_facet_it_is_refused():
    assert [m.code for m in Bias().refused(Roles())] == ["no-facet"]


def test_a_favourable_role_is_one_of_two_floats():
    """Clarify reads 0.0 as a bound and takes the ones; the role says which value is favourable, as of the same integers."""
    table = pa.table({"sex": ["f", "m", "m"] * 20, "died": [0.0, 1.0, 1.0, 1.0, 0.0] * 12})
    roles = {"label": "died", "positive": 0.0, "facet": "sex"}

    def dpl(labels: pa.DataType) -> set[tuple[str, str, float | None]]:
        data = tilth.read(table.set_column(1, "died", table["died"].cast(labels)), roles=roles)
        report = tilth.measure(data, Bias(metrics=("DPL",), bootstrap=0))
        return {(f.group or "", f.payload.label_value, f.value) for f in report.of("bias")}

    assert {(g, float(v), x) for g, v, x in dpl(pa.float64())} == {(g, float(v), x) for g, v, x in dpl(pa.int64())}
