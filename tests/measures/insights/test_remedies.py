"""Lines of a flow are read back as what they say."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tilth
from tilth.measures.insights.remedies import among, dropped, kept_where, of_data

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)


PRINTED = st.characters(codec="utf-8", exclude_categories=["C", "Zl", "Zp"], exclude_characters="*!\\")
NAMES = st.text(PRINTED, min_size=1, max_size=8)


@pytest.mark.slow
@given(NAMES.filter(lambda name: name.strip() == name and name.lower() != "y"), st.lists(texts, min_size=1, max_size=3))
def test_any_name_and_value_can_be_in_a_step(name, wanted):
    rows = pa.table({name: [*wanted, "another value"], "y": range(len(wanted) + 1)})
    text = f"rows:\n  {kept_where(among(name, wanted)).line}\nfeatures:\n  {dropped([name]).line}\n"
    fitted = tilth.fit(tilth.Flow.parse(text), rows)
    assert tilth.write(tilth.apply(fitted, rows)).column_names == ["y"]


def test_names_in_conditions_and_rules_are_quoted():
    assert of_data("roles", "id", ["a b"]).line == 'id: ["a b"]'
    assert among("x", [1, 0.5, True], unless=True) == "`x` not in (1, 0.5, true)"
