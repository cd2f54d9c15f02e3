"""The table of counts: what is measured of it is what is measured of the data."""

import json

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.engines import duckdb_session
from tests.measures.bias.tables import PREDICTED, adult, by_name, table_of, warnings
from tilth.errors import RequestError
from tilth.measures.bias import BiasRequest, Facet, bias_findings
from tilth.measures.bias.counts import BiasCounts, counts_of, read_counts, save_counts


def again(data, request, tmp_path):
    """The findings of a request on data, and those of its saved counts."""
    engine = duckdb_session()
    save_counts(counts_of(data, request, engine), tmp_path / "counts.json")
    counts = read_counts(tmp_path / "counts.json")
    more = {n: getattr(request, n) for n in ("facets", "metrics", "bootstrap", "seed", "types", "missing")}
    return bias_findings(data, request, engine=engine), bias_findings(counts.table(), counts.request(**more), engine=engine)


def numbers(findings):
    return {(f.group, f.name): (f.value, f.low, f.high, f.payload.p_adjusted, f.payload.n_used) for f in findings if f.kind == "bias"}


KEY = st.sampled_from(["x", "y", None])


@pytest.mark.slow
@settings(max_examples=settings().max_examples // 3)
@given(st.lists(st.tuples(KEY, KEY, st.sampled_from([0, 1, 2, None]), st.sampled_from([0, 1, None])), min_size=1, max_size=40))
def test_counts_give_what_their_rows_give(tmp_path_factory, made):
    columns = [[row[i] for row in made] for i in range(4)]
    types = (pa.string(), pa.string(), pa.int64(), pa.int64())
    data = table_of(pa.table([pa.array(c, t) for c, t in zip(columns, types, strict=True)], names=["f", "g", "y", "p"]))
    asked = BiasRequest((Facet("f"),), "y", (1,), prediction="p", group="g", bootstrap=20, types={"y": "categorical", "p": "categorical"})
    whole, counted = again(data, asked, tmp_path_factory.mktemp("counts"))
    assert numbers(counted) == numbers(whole)
    assert [f.value for f in counted if f.kind == "performance"] == [f.value for f in whole if f.kind == "performance"]


@pytest.mark.slow
@pytest.mark.shared_data
def test_adult_again_without_the_data(shared_data, tmp_path):
    """Thresholds, several facets, strata: equal numbers; then another facet and another favourable value of the same counts."""
    data = table_of(adult(shared_data("tabular/adult-train.csv")))
    request = BiasRequest((Facet("sex", ("Female",)), Facet("age", ("(40, 90]",))), "income", (">50K",), group="race", bootstrap=50)
    whole, counted = again(data, request, tmp_path)
    assert numbers(counted) == numbers(whole)
    counts = read_counts(tmp_path / "counts.json")
    engine = duckdb_session()
    other = BiasRequest((Facet("race", ("White",)),), "income", ("<=50K",), group=None, bootstrap=0)
    asked = counts.request(facets=("race",), positive=("<=50K",), group=None, bootstrap=0)
    assert by_name(bias_findings(counts.table(), asked, engine=engine), "White")["DPL"].value == pytest.approx(
        by_name(bias_findings(data, other, engine=engine), "White")["DPL"].value
    )
    with pytest.raises(RequestError, match="there is no column 'country'"):
        bias_findings(counts.table(), counts.request(facets=("country",)), engine=engine)


def test_scores_are_saved_as_outcomes(tmp_path):
    scores = pa.array([0.9 if v == "yes" else 0.2 for v in PREDICTED["p"].to_pylist()])
    data = table_of(PREDICTED.set_column(2, "p", scores))
    request = BiasRequest((Facet("facet"),), "label", ("yes",), prediction="p", threshold=0.5, bootstrap=0)
    whole, counted = again(data, request, tmp_path)
    assert {k: v[0] for k, v in numbers(counted).items()} == {k: v[0] for k, v in numbers(whole).items()}
    assert {c[2] for c in json.loads((tmp_path / "counts.json").read_text())["cells"]} == {"yes", "no"}


def test_private_values_are_not_in_the_file(tmp_path):
    data = table_of(PREDICTED, facet="facet", label="label", positive="yes", prediction="p", private=["facet", "label"])
    counts = counts_of(data, BiasRequest.of_roles(data.roles), duckdb_session())
    assert {c[0] for c in counts.cells} == {"value 1", "value 2"}
    assert {c[1] for c in counts.cells} == {"yes", "other than yes"}


def test_weights_are_counted_too(tmp_path):
    data = table_of({"f": ["a", "a", "d", "d"], "y": [1, 0, 1, 0], "w": [6.0, 4.0, 2.0, 8.0]})
    request = BiasRequest((Facet("f"),), "y", (1,), weight="w", bootstrap=20)
    whole, counted = again(data, request, tmp_path)
    assert numbers(counted) == numbers(whole)


@pytest.mark.parametrize(
    ("held", "said"),
    [
        ({"version": 9}, "is of version 9"),
        ({"version": 1, "columns": {"f": "string"}, "cells": [["a"]]}, "not a whole table"),
        (None, "not a whole"),
    ],
)
def test_a_file_that_is_not_whole_is_refused(tmp_path, held, said):
    text = json.dumps({"format": "tilth.bias_counts", **(held or {})})
    (tmp_path / "c.json").write_text(text if held else text[:-1])
    with pytest.raises(RequestError, match=said):
        read_counts(tmp_path / "c.json")


def test_other_files_are_not_counts(tmp_path):
    (tmp_path / "c.json").write_text("{}")
    assert read_counts(tmp_path / "c.json") is read_counts(tmp_path / "d.csv") is None
    with pytest.raises(RequestError, match="FT compares rows"):
        BiasCounts().request(metrics=("FT",))
    assert warnings([]) == {}
