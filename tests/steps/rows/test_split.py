"""split."""

import hashlib
import random
from collections import Counter
from datetime import UTC, date, datetime, timedelta

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.steps.made import applied, dataset, fitted, made
from tilth.data import Roles
from tilth.errors import RequestError
from tilth.steps.rows.folds import folds_of
from tilth.steps.rows.split import Split, apportioned

HALVES = (("train", 0.5), ("test", 0.5))
FIFTHS = {"train": 0.8, "test": 0.2}
THREE = {"train": 0.6, "validation": 0.2, "test": 0.2}


def parts(found):
    return Counter(found["split"])


def test_shares_are_those_of_keys_as_chance_has_it():
    n = 20_000
    found = parts(made(Split(THREE), {"x": list(range(n))}))
    for name, share in THREE.items():
        assert abs(found[name] - share * n) < 5 * (share * (1 - share) * n) ** 0.5  # five standard deviations of a binomial


def test_an_assignment_is_known_without_an_engine():
    # the first 15 digits of md5("0\x1f1") … of the keys 1 to 6, compared with 8000…
    expected = ["train" if hashlib.md5(f"0\x1f{i}".encode()).hexdigest() < "8" else "test" for i in range(1, 7)]
    assert made(Split(HALVES, columns="k"), {"k": [1, 2, 3, 4, 5, 6]})["split"] == expected


def test_rows_keep_their_part_when_others_come():
    few, many = ({"k": list(range(n)), "x": [0.5] * n} for n in (50, 500))
    assert made(Split(FIFTHS, columns="k"), many)["split"][:50] == made(Split(FIFTHS, columns="k"), few)["split"]


def test_equal_rows_stay_together_without_a_key():
    found = made(Split(HALVES), {"a": [1, 2, 3] * 5, "b": [None, "x", ""] * 5})
    assert len(set(zip(found["a"], found["split"], strict=True))) == 3


def test_the_id_is_the_key():
    roles = Roles.of(id="k")
    a, b = (made(Split(HALVES), {"k": [1, 2, 3, 4], "x": [v] * 4}, roles)["split"] for v in (1, 2))
    assert a == b


def test_groups_are_never_divided():
    found = made(Split(HALVES, by="group"), {"g": [f"c{i % 7}" for i in range(70)], "x": list(range(70))}, Roles.of(group="g"))
    assert len(set(zip(found["g"], found["split"], strict=True))) == 7


def test_rows_without_a_key_are_their_own():
    found = made(Split(HALVES, columns="k"), {"k": pa.array([None] * 400, pa.int64()), "x": list(range(400))})
    assert 100 < parts(found)["train"] < 300


@pytest.mark.slow
@given(st.lists(st.sampled_from(["yes", "no", "", None]), min_size=1, max_size=80), st.integers(0, 3))
def test_strata_are_divided_to_one_row_and_null_is_one_of_them(labels, seed):
    found = made(Split(THREE, by="stratified", columns="y", seed=seed), {"y": labels, "x": list(range(len(labels)))})
    for value, n in Counter(labels).items():
        got = Counter(p for y, p in zip(found["y"], found["split"], strict=True) if y == value)
        assert [got[name] for name in THREE] == apportioned(n, list(THREE.values()))
        assert all(abs(got[name] - share * n) < 1 for name, share in THREE.items())


def test_the_label_is_the_stratum():
    found = made(Split(HALVES, by="stratified"), {"y": ["a"] * 6 + ["b"] * 2, "x": list(range(8))}, Roles.of(label="y"))
    assert Counter(zip(found["y"], found["split"], strict=True)) == {
        ("a", "train"): 3,
        ("a", "test"): 3,
        ("b", "train"): 1,
        ("b", "test"): 1,
    }


def test_a_stratum_that_was_not_met_is_divided_by_chance():
    found = applied(
        fitted(Split(HALVES, by="stratified", columns="y"), {"y": ["a", "a"], "x": [1, 2]}), {"y": ["z"] * 200, "x": list(range(200))}
    )
    assert 50 < parts(found)["train"] < 150


def test_exact_shares():
    assert parts(made(Split(FIFTHS, exact=True), {"x": list(range(103))})) == {"train": 82, "test": 21}  # 82.4 and 20.6
    assert made(Split(FIFTHS, exact=True), {"x": pa.array([], pa.int64())}) == {"x": [], "split": []}


TIMES = {
    "date": [date(2024, 1, 1) + timedelta(days=i // 2) for i in range(20)],
    "timestamp": [datetime(2024, 1, 1, 0, 0, 0, i // 2) for i in range(20)],
    "instant": [datetime(2024, 1, 1 + i // 2, tzinfo=UTC) for i in range(20)],
}


@pytest.mark.parametrize("kind", TIMES)
def test_time_is_cut_between_two_times(kind):
    found = made(Split(THREE, by="time", columns="t"), {"t": [*reversed(TIMES[kind]), None]})
    by_part = {name: sorted(t for t, p in zip(found["t"], found["split"], strict=True) if p == name and t is not None) for name in THREE}
    assert [len(v) for v in by_part.values()] == [12, 4, 4]
    assert by_part["train"][-1] < by_part["validation"][0] <= by_part["validation"][-1] < by_part["test"][0]
    assert found["split"][-1] == "train"  # the row without a time


def test_equal_times_are_never_divided():
    found = made(Split(HALVES, by="time", columns="t"), {"t": [date(2024, 1, 1)] * 3 + [date(2024, 1, 2)]})
    assert found["split"] == ["train", "train", "train", "test"]


def test_rows_soon_after_a_cut_stand_in_the_gap():
    found = made(Split(HALVES, by="time", gap="1 day"), {"t": [date(2024, 1, d) for d in range(1, 9)]}, Roles.of(time="t"))
    assert found["split"] == ["train"] * 4 + ["gap"] + ["test"] * 3


def test_a_gap_may_be_so_many_rows_and_divides_no_time():
    days = [date(2024, 1, d) for d in (1, 2, 3, 4, 5, 6, 6, 7, 8, 9)]
    found = made(Split(HALVES, by="time", gap="1 row"), {"t": days}, Roles.of(time="t"))["split"]
    assert found == ["train"] * 5 + ["gap"] * 2 + ["test"] * 3


def test_copies_stay_together_whatever_their_id():
    """Equal but for id and label: in one part; within strata those of one label are."""
    table = {"k": list(range(400)), "x": [i // 4 for i in range(400)], "y": ["no", "yes"] * 200}
    roles = Roles.of(id="k", label="y")
    apart = made(Split(HALVES), table, roles)["split"]
    whole = made(Split(HALVES, together="duplicates"), table, roles)["split"]
    strata = made(Split(HALVES, by="stratified", together="duplicates"), table, roles)["split"]
    assert len(set(zip(table["x"], apart, strict=True))) > 150
    assert len(set(zip(table["x"], whole, strict=True))) == 100
    assert len(set(zip(table["x"], table["y"], strata, strict=True))) == 200


@pytest.mark.slow
@given(st.lists(st.floats(-3, 3) | st.none(), min_size=8, max_size=60), st.integers(2, 4))
def test_numbers_are_stratified_by_bins_of_about_as_many_rows(values, bins):
    table = {"y": pa.array(values, pa.float64()), "x": list(range(len(values)))}
    found = made(Split(HALVES, by="stratified", columns="y", bins=bins), table)["split"]
    known = sorted(v for v in values if v is not None)
    edges = sorted({known[-(-len(known) * i // bins) - 1] for i in range(1, bins)}) if known else []
    strata = [-1 if v is None else sum(v > edge for edge in edges) for v in values]
    for stratum, n in Counter(strata).items():
        got = Counter(part for s, part in zip(strata, found, strict=True) if s == stratum)
        assert [got["train"], got["test"]] == apportioned(n, [0.5, 0.5])


def test_small_strata_are_counted():
    state = fitted(Split(THREE, by="stratified", columns="y"), {"y": list("aaaabbc"), "x": list(range(7))}).learned[""]
    assert state["few"] == {"strata": 2, "rows": 3}


GROUPED = st.lists(st.tuples(st.integers(0, 30), st.sampled_from("aab")), min_size=30, max_size=120)


@given(GROUPED, st.integers(0, 3))
def test_groups_are_stratified_as_near_as_they_can_be(rows, seed):
    """No group is divided, and no label of a part is farther from its share than the largest group."""
    groups, labels = zip(*rows, strict=True)
    roles = Roles.of(group="g", label="y")
    found = made(Split(FIFTHS, by="stratified_group", seed=seed), {"g": groups, "y": labels, "x": range(len(rows))}, roles)["split"]
    assert len(set(zip(groups, found, strict=True))) == len(set(groups))
    largest = max(Counter(groups).values())
    for label, n in Counter(labels).items():
        got = sum(part == "test" and y == label for y, part in zip(labels, found, strict=True))
        assert abs(got - 0.2 * n) <= largest


def test_a_group_that_was_not_met_is_placed_by_chance_and_none_is_its_own():
    roles = Roles.of(group="g", label="y")
    done = fitted(Split(HALVES, by="stratified_group"), {"g": [1, 1, 2, 2, None], "y": list("ababa"), "x": range(5)}, roles)
    other = {"g": pa.array([1, 2, *range(3, 203), *[None] * 200]), "y": ["a"] * 402, "x": list(range(402))}
    found = applied(done, other, roles)["split"]
    assert found[0] != found[1]
    assert all(50 < Counter(part)["train"] < 150 for part in (found[2:202], found[202:]))


def test_numbers_are_cut_between_two_values():
    assert made(Split(HALVES, by="ordered", columns="x"), {"x": [4.0, 1.0, None, 3.0, 2.0]})["split"] == [
        "test",
        "train",
        "train",
        "test",
        "train",
    ]


def test_the_new_column_has_the_role():
    data = dataset({"x": [1]})
    assert fitted(Split(HALVES), {"x": [1]}).apply(data).roles.split == "split"


@pytest.mark.parametrize(
    ("shares", "more", "message"),
    [
        ({"train": 0.8}, {}, "two parts or more"),
        ({"train": 0.8, "test": 0.3}, {}, "add up to 1.1"),
        ({"train": 0.8, "test": 0.1, "Test": 0.1}, {}, "same name"),
        ({"train": 1.2, "test": -0.2}, {}, "'train' has the share 1.2"),
        ({"train": 0.5, "../x": 0.5}, {}, "cannot be called '../x'"),
        ({"train": 0.5, "gap": 0.5}, {}, "cannot be called 'gap'"),
        (FIFTHS, {"gap": "1 day"}, "`gap` is for a split, or folds, by time"),
        (FIFTHS, {"by": "time", "gap": "1 dya"}, "did you mean 'day'"),
        (FIFTHS, {"by": "time", "exact": True}, "`exact` is for a split by hash"),
        (FIFTHS, {"by": "group", "together": "duplicates"}, "`together` is for a split by hash or stratified"),
        (FIFTHS, {"bins": 3}, "`bins` is for a split that is stratified"),
    ],
)
def test_contradictory_parameters_are_rejected(shares, more, message):
    with pytest.raises(RequestError, match=message):
        Split(shares, **more)


@pytest.mark.parametrize(
    ("more", "table", "message"),
    [
        ({"by": "time"}, {"x": [1]}, "no column to split by"),
        ({"by": "time", "columns": "x"}, {"x": [1]}, r"column 'x' \(integer\) is not a time"),
        ({"by": "ordered", "columns": "x"}, {"x": ["a"]}, "has no order to split by"),
        ({"by": "group", "columns": "x"}, {"x": [[1]]}, "cannot be a key"),
        ({}, {"x": [1], "Split": [1]}, "a column 'split' already"),
        ({"folds": 2}, {"x": [1], "fold": [1]}, "a column 'fold' already"),
        ({"by": "stratified_group", "columns": "x"}, {"x": [1]}, "no label to stratify groups by"),
        ({"columns": "y"}, {"x": [1]}, "'y'"),
        ({"by": "time", "columns": ("x", "y")}, {"x": [1], "y": [1]}, "takes one column"),
        ({"by": "time", "columns": "x"}, {"x": pa.array([None], pa.date32())}, "has no value to split by"),
        ({"by": "stratified", "columns": "x"}, {"x": list(range(1001))}, "1,001 strata"),
    ],
)
def test_what_a_table_cannot_give_is_rejected(more, table, message):
    with pytest.raises(RequestError, match=message):
        made(Split(FIFTHS, **more), table)


def test_it_prints_as_it_is_written():
    assert str(Split(FIFTHS, by="group", columns="c")) == "split(shares={'train': 0.8, 'test': 0.2}, by='group', columns='c')"


def test_shares_of_ten():
    assert apportioned(10, [0.8, 0.2]) == [8, 2]
    assert apportioned(2, [0.6, 0.2, 0.2]) == [1, 1, 0]  # 1.2, 0.4, 0.4: the row that is left goes to the first of the largest remainders
    assert sum(apportioned(101, [1 / 3] * 3)) == 101


@pytest.mark.slow
def test_texts_that_are_nearly_the_same_are_not_divided_by_parts_or_folds():
    chance = random.Random(4)
    texts = ["".join(chance.choices("abcdefghij ", k=120)) for _ in range(60)]
    table = {
        "k": list(range(240)),
        "t": [None if i < 2 else f"{t}{n}" for i in range(60) for n, t in enumerate([texts[i]] * 4)],
        "y": [0, 1] * 120,
    }
    for step in (
        Split(HALVES, columns="k", together="near_duplicates", texts="t"),
        Split(HALVES, exact=True, together="near_duplicates", texts="t"),
        folds_of(Split(HALVES, folds=3, together="near_duplicates", texts="t")),
    ):
        found = list(made(step, table, Roles.of(id="k")).values())[-1]
        assert 2 <= len(set(found)) <= 3
        assert all(len(set(found[i : i + 4])) == 1 for i in range(8, 240, 4))
        assert len(set(found[:8])) > 1  # rows without a text are their own
    found = made(Split(HALVES, by="stratified", columns="y", together="near_duplicates", texts="t"), table)
    assert len({(t, y, part) for t, y, part in zip(found["t"], found["y"], found["split"], strict=True) if t}) == 232
