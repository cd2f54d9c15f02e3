"""dedupe."""

from datetime import date

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.steps.made import made
from tilth.data import Roles
from tilth.errors import FlowError, RequestError
from tilth.flow import Flow
from tilth.steps.rows.dedupe import Dedupe

TABLE = {"k": [1, 1, 2, None, None, 1], "t": [3, 2, 5, 1, 1, None], "x": ["a", "b", "c", "d", "d", "e"]}


def rows(found):
    return sorted(zip(*found.values(), strict=True), key=repr)


def test_the_first_row_of_a_key_stays_and_rows_without_a_key_do():
    assert rows(made(Dedupe("k", order="t"), TABLE)) == rows({"k": [1, 2, None, None], "t": [2, 5, 1, 1], "x": ["b", "c", "d", "d"]})


def test_the_last_may_stay_and_nulls_come_last():
    assert rows(made(Dedupe("k", order="t", keep="last"), TABLE)) == rows(
        {"k": [1, 2, None, None], "t": [3, 5, 1, 1], "x": ["a", "c", "d", "d"]}
    )


def test_rows_that_are_equal_in_the_order_are_ordered_by_the_rest():
    assert made(Dedupe("k"), {"k": [1, 1, 1], "x": ["b", "a", "c"]}) == {"k": [1], "x": ["a"]}


def test_columns_are_ordered_by_as_they_are_named():
    table = {"k": [1, 1], "minor": [9, 1], "major": [1, 2]}
    assert made(Dedupe("k", order=("major", "minor"), keep="last"), table)["major"] == [2]
    with pytest.raises(RequestError, match=r"column 'x' .* has no order"):
        made(Dedupe("k", order="x"), {"k": [1], "x": [[1]]})


def test_the_time_is_the_order():
    table = {"k": [1, 1], "x": ["a", "b"], "t": [date(2024, 1, 2), date(2024, 1, 1)]}
    assert made(Dedupe("k"), table, Roles.of(time="t"))["x"] == ["b"]


def test_whole_rows_are_the_key_where_none_is_named():
    assert rows(made(Dedupe(), {"a": [1, 1, None, None, 1], "b": ["x", "x", None, None, "y"]})) == rows(
        {"a": [1, 1, None], "b": ["x", "y", None]}
    )


def test_the_others_are_flagged():
    assert rows(made(Dedupe("k", order="t", flag="again"), TABLE)) == rows({**TABLE, "again": [1, 0, 0, 0, 0, 1]})
    assert made(Dedupe(flag="again"), {"k": [1, 2, 1]})["again"].count(1) == 1
    with pytest.raises(RequestError, match="there is a column 'X' already"):
        made(Dedupe("k", flag="X"), TABLE)
    with pytest.raises(FlowError, match=r"dedupe\(flag='again'\) may be in rows"):
        Flow.parse("training:\n  - dedupe: {flag: again}\n")


@given(st.lists(st.tuples(st.integers(0, 3) | st.none(), st.integers(0, 3)), max_size=20), st.randoms())
def test_the_order_of_the_rows_changes_nothing(pairs, chance):
    mixed = chance.sample(pairs, len(pairs))
    a, b = (rows(made(Dedupe("k"), {"k": [k for k, _ in p] + [9], "x": [x for _, x in p] + [9]})) for p in (pairs, mixed))
    assert a == b


def test_maps_cannot_be_compared():
    table = pa.table({"m": pa.array([[("a", 1)]], pa.map_(pa.string(), pa.int64()))})
    with pytest.raises(RequestError, match="its values cannot be compared"):
        made(Dedupe(), table)


PRIZE = "Congratulations! You have won a prize of 1000 pounds, call 0800 {} now to claim it before it is too late"
TEXTS = [PRIZE.format(111), "see you at seven", PRIZE.format(112), None, "See you  at SEVEN", None, "", "see you at eight"]
NEARLY = {"no": list(range(8)), "text": TEXTS}


def test_of_nearly_equal_texts_one_stays_and_rows_without_text_do():
    assert sorted(made(Dedupe("text", order="no", near=0.8), NEARLY)["no"]) == [0, 1, 3, 5, 6, 7]
    assert sorted(made(Dedupe(near=0.8, order="no", keep="last"), NEARLY, Roles.of(text="text"))["no"]) == [2, 3, 4, 5, 6, 7]
    assert sorted(made(Dedupe("text", order="no", near=1), NEARLY)["no"]) == [0, 1, 2, 3, 5, 6, 7]
    assert made(Dedupe("text", order="no", near=0.8, flag="again"), NEARLY)["again"].count(1) == 2
