"""The balance of the label."""

import pyarrow as pa
import pytest

import tilth
from tests.engines import duckdb_session
from tests.measures.test_profile import data
from tilth.errors import RequestError
from tilth.measures.balance import ClassBalance, balance_findings


def test_the_balance_of_the_label():
    (found,) = balance_findings(data(label="c", positive="a"), duckdb_session())
    assert (found.kind, found.name, found.value) == ("balance", "c", pytest.approx(1 / 3))
    assert found.payload == ClassBalance({"b": 100, "a": 50, "null": 50}, 200, 50, ("a",), 2.0)


@pytest.mark.parametrize("label", ["i", "s", "d", "l"])
def test_a_label_of_many_values_has_no_balance(label):
    assert balance_findings(data(label=label), duckdb_session()) == []


def test_without_a_label_there_is_no_balance():
    assert balance_findings(data(), duckdb_session()) == []


def test_a_label_of_one_class_and_of_none():
    (one,) = balance_findings(data(pa.table({"y": ["a", "a"]}), label="y"), duckdb_session())
    assert (one.value, one.payload.ratio) == (1.0, 1.0)
    (none,) = balance_findings(data(pa.table({"y": pa.nulls(2, pa.string())}), label="y"), duckdb_session())
    assert (none.value, none.payload.counts) == (None, {"null": 2})


def test_values_of_a_private_label_are_masked():
    (found,) = balance_findings(data(label="c", private=["c"]), duckdb_session())
    assert found.payload.counts == {"***": 150, "null": 50}


@pytest.mark.parametrize("measure", ["profile", "balance"])
def test_a_favourable_value_that_no_row_has_is_rejected(measure):
    with pytest.raises(RequestError, match="no row has y=nosuch") as caught:
        tilth.measure(tilth.read(pa.table({"y": ["yes", "no"]}), roles={"label": "y", "positive": "nosuch"}), measure)
    assert "yes, no" in str(caught.value) or "no, yes" in str(caught.value)
    for positive, values in (("yes", ["yes", "no"]), ("TRUE", [True, False]), (0.5, [0, 1]), ("1", [0, 1])):
        tilth.measure(tilth.read(pa.table({"y": values}), roles={"label": "y", "positive": positive}), measure)


@pytest.mark.parametrize("private", [(), ("y",)])
def test_balance_and_bias_reject_a_favourable_value_alike(private):
    roles = {"label": "y", "positive": ["yse", "maybe"], "facet": "sex", "private": private}
    data = tilth.read(pa.table({"y": ["yes", "no"], "sex": ["f", "m"]}), roles=roles)
    mistakes = []
    for measure in ("balance", "bias"):
        with pytest.raises(RequestError) as caught:
            tilth.measure(data, measure)
        mistakes += caught.value.mistakes
    assert mistakes[0].message == mistakes[1].message == "no row has y=yse, maybe, which is to be the favourable value"
    assert mistakes[0].hint == mistakes[1].hint == ("" if private else "did you mean 'yes'?")
    assert {m.accepted for m in mistakes} <= ({""} if private else {"yes, no", "no, yes"})
