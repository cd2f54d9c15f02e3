"""window."""

import math
from datetime import datetime, timedelta

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tilth
from tests.steps.made import dataset, fitted, made
from tilth.data import Roles
from tilth.errors import ColumnError, RequestError, TilthError
from tilth.flow import Flow
from tilth.steps.time.window import Window

DAY = datetime(2024, 5, 1)
PRICES = {
    "shop": ["a", "a", "b", "a", "b", "a"],
    "day": [DAY + timedelta(days=d) for d in (3, 1, 1, 2, 5, 9)],
    "price": [30.0, 10.0, 7.0, None, 9.0, 50.0],
}


def by_row(step, table=PRICES, name=None):
    """The new column, in the order of the rows of the table."""
    found = made(step, {**table, "#": range(len(table["day"]))})
    new = name or list(found)[-1]
    return [x for _, x in sorted(zip(found["#"], found[new], strict=True))]


def test_values_of_rows_before_and_after():
    assert by_row(Window("price", order="day", by="shop")) == [None, None, None, 10, 7, 30]
    assert by_row(Window("price", with_="lead", order="day", by="shop")) == [50, None, 9, 30, None, None]
    assert by_row(Window("shop", n=2, order="day", by="shop")) == ["a", None, None, None, None, "a"]
    assert by_row(Window("price", with_="difference", order="day", by="shop"), name="price_difference_1") == [None, None, None, None, 2, 20]
    assert list(made(Window("price", n=(1, 7), order="day", by="shop"), PRICES)) == ["shop", "day", "price", "price_lag_1", "price_lag_7"]


def test_missing_values_are_filled_in_the_order_of_the_rows():
    assert by_row(Window("price", with_="ffill", order="day", by="shop")) == [30, 10, 7, 10, 9, 50]
    assert by_row(Window("price", with_="bfill", order="day", by="shop", into="{column}"), name="price") == [30, 10, 7, 30, 9, 50]
    blank = {"day": [DAY + timedelta(days=d) for d in range(4)], "shop": [None, "a", " ", "b"]}
    assert by_row(Window("shop", with_="ffill", order="day"), blank) == [None, "a", "a", "b"]
    with pytest.raises(RequestError, match="`window` is for `with: mean or sum"):
        Window("price", with_="ffill", window=3)


def test_windows():
    def of(**given):
        return by_row(Window("price", order="day", by="shop", **given))

    assert of(with_="mean", window=2) == [None, None, None, None, 8, 40]
    assert of(with_="mean", window=2, min_periods=1) == [30, 10, 7, 10, 8, 40]
    assert of(with_="sum") == [40, 10, 7, 10, 16, 90]
    assert of(with_="sum", closed="left") == [10, None, None, 10, 7, 40]
    assert of(with_="sum", window="2 d") == [30, 10, 7, 10, 9, 50]
    assert of(with_="max", window="7d", closed="left") == [10, None, None, 10, 7, 30]
    assert of(with_="min", window=3, center=True, min_periods=1) == [30, 10, 7, 10, 7, 30]
    assert of(with_="count", window=3) == [2, 1, 1, 1, 2, 2]
    assert of(with_="std") == [pytest.approx(math.sqrt(200)), None, None, None, pytest.approx(math.sqrt(2)), 20]


def test_values_side_by_side():
    table = {"day": [DAY + timedelta(days=d) for d in range(6)], "price": [3.0, 1.0, 3.0, 2.0, None, 2.0], "shop": list("baabba")}
    assert by_row(Window("price", with_="mode", window=4, min_periods=1, order="day"), table) == [3, 1, 3, 3, 1, 2]
    assert by_row(Window("shop", with_="mode", window="4d", order="day"), table) == ["b", "a", "a", "a", "a", "a"]
    found = made(Window("price", with_="largest", n=(1, 2), window=3, min_periods=1, order="day"), table)
    assert found["price_largest_1_3"] == [3, 3, 3, 3, 3, 2]
    assert found["price_largest_2_3"] == [None, 1, 3, 2, 2, 2]
    distinct = Window("price", with_="largest_distinct", n=2, window=4, closed="left", min_periods=1, order="day")
    assert by_row(distinct, table) == [None, None, 1, 1, 2, 2]
    with pytest.raises(RequestError, match="`mode` needs a `window`"):
        Window("price", with_="mode")


def test_sessions():
    """A new one begins where the row before is as long ago as the window, or longer; pandas: `(diff() >= window).cumsum() + 1`."""
    table = {"k": list("aaaabb"), "day": [DAY + timedelta(minutes=m) for m in (0, 29, 59, 60, 10, 500)], "price": [1.0] * 6}
    assert by_row(Window(with_="session", window="30 min", by="k", order="day"), table) == [1, 1, 2, 2, 1, 2]
    with pytest.raises(RequestError, match="`session` needs a `window`"):
        Window(with_="session", window=3)


def test_numbers_of_rows():
    table = {**PRICES, "day": [DAY] * 3 + [DAY + timedelta(days=1)] * 3}
    assert by_row(Window(with_="rank", order="day", by="shop"), table) == [1, 1, 1, 3, 2, 3]
    of_one_day_by_price = [2, 1, 1, 4, 2, 3]  # nulls last
    assert by_row(Window(with_="row_number", order="day", by="shop", into="n"), table) == of_one_day_by_price


def test_several_series_need_a_key():
    with pytest.raises(RequestError, match="several rows are equal in 'day', and each value of 'shop' is a series of its own") as refused:
        made(Window("price", order="day"), PRICES)
    assert "`by: shop`; or, if the table is one series, `order: [day, shop]`" in str(refused.value)
    assert by_row(Window("price", order=("day", "shop")), PRICES) == [None, None, 10, 7, 30, 9]
    assert by_row(Window("price", with_="sum", window="1d", order="day"), PRICES) == [30, 17, 17, None, 9, 50]


def test_a_null_key_is_a_series():
    table = {"k": [None, None, 1], "day": [DAY, DAY + timedelta(days=1), DAY], "price": [1, 2, 3]}
    assert by_row(Window("price", order="day", by="k"), table) == [None, 1, None]


ROWS = st.lists(
    st.tuples(st.sampled_from("ab"), st.integers(0, 40), st.none() | st.integers(-900, 900).map(lambda x: x / 10)), max_size=25, min_size=1
)
THEIRS = {"mean", "sum", "min", "max", "median", "std", "var", "count"}


CENTERED, LEFT = {"center": True}, {"closed": "left"}
WINDOWS = [(1, {}), (3, {}), (4, LEFT), (4, CENTERED), ("5h", {}), ("5h", LEFT), ("expanding", {})]
ONE_AT_A_TIME = ROWS.map(lambda rows: list({(k, t): (k, t, x) for k, t, x in rows}.values()))


@pytest.mark.slow
@given(ONE_AT_A_TIME, st.sampled_from(sorted(THEIRS)), st.sampled_from(WINDOWS), st.integers(0, 1))
def test_windows_are_those_of_pandas(rows, how, window, least):
    """`groupby(by)[x].rolling(window, min_periods=…, closed=…, center=…)`, and `expanding(min_periods)`."""
    size, given = window
    frame = pd.DataFrame(rows, columns=["k", "h", "x"]).astype({"x": "float64"})
    frame["t"] = DAY + pd.to_timedelta(frame.h, unit="h")
    groups = frame.sort_values("t").set_index("t").groupby("k")["x"]
    theirs = groups.expanding(least) if size == "expanding" else groups.rolling(size, min_periods=least, **given)
    expected = getattr(theirs, how)()
    ours = made(Window("x", with_=how, by="k", order="t", window=size, min_periods=least, into="y", **given), pa.Table.from_pandas(frame))
    assert len(ours["y"]) == len(expected)
    for k, t, y in zip(ours["k"], ours["t"], ours["y"], strict=True):
        there = expected[k, t]
        assert (math.isnan(there) or there == 0) if y is None else y == pytest.approx(there, abs=1e-6), (k, t)


@pytest.mark.slow
@given(
    ROWS,
    st.sampled_from(["lag", "lead", "difference", "ffill", "bfill", "row_number"]),
    st.integers(1, 3),
    st.randoms(use_true_random=False),
)
def test_shifts_are_those_of_pandas_whatever_the_order_of_rows(rows, how, n, chance):
    """`groupby(by)[x]` with `shift(n)`, `shift(-n)`, `diff(n)`, `ffill()`, `bfill()`, `cumcount() + 1`, of sorted rows."""
    frame = pd.DataFrame(rows, columns=["k", "t", "x"]).astype({"x": "float64"}).sort_values(["t", "x"])
    groups = frame.groupby("k")["x"]
    shifted = {"lag": groups.shift(n), "lead": groups.shift(-n), "difference": groups.diff(n)}
    expected = (shifted | {"ffill": groups.ffill(), "bfill": groups.bfill(), "row_number": groups.cumcount() + 1})[how]
    given = {} if how == "row_number" else {"columns": "x"} | ({"n": n} if how in shifted else {})
    columns = zip(*chance.sample(rows, len(rows)), strict=True)
    table = [pa.array(values, kind) for values, kind in zip(columns, (pa.string(), pa.int64(), pa.float64()), strict=True)]
    ours = made(Window(with_=how, by="k", order="t", into="y", **given), pa.table(table, ["k", "t", "x"]))
    rows_of = lambda *columns: sorted(zip(*columns, strict=True), key=repr)  # noqa: E731
    theirs = [[None if pd.isna(v) else v for v in c] for c in (frame.k, frame.t, frame.x, expected)]
    assert rows_of(ours["k"], ours["t"], ours["x"], ours["y"]) == rows_of(*theirs)


def test_a_running_sum_does_not_drift():
    values = [1e16, 1.0, -1e16, 1.0, 0.1]
    table = {"day": [DAY + timedelta(days=d) for d in range(5)], "price": values}
    assert by_row(Window("price", with_="sum", window=2, order="day"), table) == [None, 1e16, 1 - 1e16, 1 - 1e16, 1.1]
    assert by_row(Window("price", with_="sum", order="day"), table) == [math.fsum(values[:n]) for n in range(1, 6)]


def test_infinities_leave_the_window_again():
    table = {"day": [DAY + timedelta(days=d) for d in range(4)], "price": [math.inf, -math.inf, 1.0, 2.0]}
    assert by_row(Window("price", with_="sum", window=2, order="day"), table) == [None, None, -math.inf, 3.0]


def test_what_is_made_of_a_private_column_is_private():
    step, roles = Window("price", order="day", by="shop"), Roles.of(private="price")
    assert fitted(step, PRICES, roles).apply(dataset(PRICES, roles)).roles.private == ("price", "price_lag_1")


FLOW = """
data: {roles: {time: day}}
rows:
  - window: {columns: price, by: shop}
features:
  - impute: {columns: price_lag_1, with: mean}
"""


def test_a_flow_serves_rows_with_the_new_columns():
    flow = tilth.fit(Flow.parse(FLOW), tilth.read(pa.table(PRICES), roles={"time": "day"}))
    assert flow.row({"shop": "a", "day": DAY, "price": 1.0, "price_lag_1": None})["price_lag_1"] == pytest.approx(47 / 3)
    with pytest.raises(ColumnError, match="there is no column 'price_lag_1'"):
        flow.row({"shop": "a", "day": DAY, "price": 1.0})


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"columns": "price"}, "no column orders the rows"),
        ({"columns": "price", "order": "late"}, "1 rows lack what orders them \\('late'\\)"),
        ({"columns": "word", "with_": "mean", "order": "day"}, "has no mean: it is not numeric"),
        ({"columns": "word", "with_": "difference", "order": "day"}, "has no differences"),
        ({"columns": "price", "by": "list", "order": "day"}, "cannot be a key"),
        ({"columns": "price", "order": "list"}, "its values cannot be sorted"),
        ({"columns": "price", "order": "price", "with_": "sum", "window": "1h"}, "that takes one column of times"),
        ({"columns": "price", "order": "day", "into": "word"}, "there is a column 'word' already"),
        ({"columns": ("price", "word"), "order": "day", "into": "x"}, "names one column, but 2 are chosen"),
        ({"columns": "nothing", "order": "day"}, "no column, kind or role is called 'nothing'"),
        ({"order": "day"}, "names no column"),
        ({"columns": "price", "with_": "row_number"}, "`columns` is for `with: lag or lead"),
        ({"columns": "price", "window": 3}, "`window` is for `with: mean or"),
        ({"columns": "price", "n": 0}, "`n` is 0"),
        ({"columns": "price", "n": (1, 2), "into": "x"}, "several `n` make several"),
        ({"columns": "price", "with_": "mean", "window": "month"}, "`window` is 'month'"),
        ({"columns": "price", "with_": "mean", "window": 3, "min_periods": 4}, "`min_periods` is 4"),
        ({"columns": "price", "with_": "mean", "center": True}, "`center: true` has no meaning"),
        ({"columns": "price", "into": "{col}"}, "`into` is '{col}'"),
    ],
)
def test_what_is_refused(given, message):
    table = {"day": [DAY, DAY], "late": [DAY, None], "price": [1.0, 2.0], "word": ["a", "b"], "list": [[1], [2]]}
    with pytest.raises(TilthError, match=message):
        made(Window(**given), table)


def test_it_cannot_be_served_itself():
    with pytest.raises(RequestError, match="window changes which rows there are"):
        Flow.parse(FLOW.replace("rows:", "features:", 1).replace("features:\n  - impute: {columns: price_lag_1, with: mean}", ""))
