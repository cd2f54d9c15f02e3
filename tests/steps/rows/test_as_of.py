"""as_of, by the step that uses it."""

from datetime import datetime

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.steps.made import made, rows_of
from tilth.errors import RequestError
from tilth.steps.rows.join import Join

NAME = st.sampled_from("ab")
HOUR = st.integers(0, 9).map(lambda h: datetime(2024, 1, 1, h))


@pytest.mark.slow
@given(
    ours=st.lists(st.tuples(HOUR, NAME), max_size=6),
    theirs=st.dictionaries(st.tuples(HOUR, NAME), st.integers(0, 9), max_size=6),
    direction=st.sampled_from(["backward", "forward", "nearest"]),
    exact=st.booleans(),
    tolerance=st.sampled_from(["", "2h"]),
    by=st.booleans(),
)
def test_it_is_pandas_merge_asof(ours, theirs, direction, exact, tolerance, by):
    here = pd.DataFrame(sorted(ours), columns=["t", "n"]).astype({"t": "datetime64[us]", "n": "string"})
    there = pd.DataFrame([(*key, v) for key, v in sorted(theirs.items())], columns=["t", "n", "v"])
    there = there.astype({"t": "datetime64[us]", "n": "string", "v": "Int64"})
    there = there if by else there.drop_duplicates("t").drop(columns="n")
    given = {"direction": direction, "allow_exact_matches": exact}
    within = {"tolerance": pd.Timedelta(hours=2)} if tolerance else {}
    expected = pd.merge_asof(here, there, on="t", by="n" if by else None, **given, **within)
    tables = {"t": pa.Table.from_pandas(there, preserve_index=False)}
    step = Join("t", "n" if by else (), as_of="t", tolerance=tolerance, **given, tables=tables)
    assert rows_of(made(step, pa.Table.from_pandas(here, preserve_index=False))) == rows_of(expected.to_dict("list"))


def test_of_rows_at_one_time_the_last_is_taken_if_that_is_allowed():
    quotes = pa.table({"at": [datetime(2024, 1, 1)] * 2 + [None], "price": [2.0, 1.0, 9.0]})
    step = Join("quotes", as_of={"t": "at"}, many="allow", indicator="known", tables={"quotes": quotes})
    found = made(step, {"t": [datetime(2024, 1, 2), None]})
    assert (found["price"], found["known"]) == ([2.0, None], [True, False])
    with pytest.raises(RequestError, match=r"'quotes' has 1 key \(at\) more than once, such as 2024-01-01 00:00:00"):
        made(Join("quotes", as_of={"t": "at"}, tables={"quotes": quotes}), {"t": [datetime(2024, 1, 2)]})
