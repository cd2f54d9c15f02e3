"""Folds: each row is tested once, in time never before it is trained on, as scikit-learn has it where both say the same."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.model_selection import KFold, TimeSeriesSplit
from sqlglot import exp

from tests.engines import duckdb_session
from tests.steps.made import dataset, fitted, made
from tilth.data import Roles
from tilth.engine.expressions import alias, col
from tilth.errors import RequestError
from tilth.steps.rows.folds import folds_of
from tilth.steps.rows.split import Split, apportioned

HALVES = (("train", 0.5), ("test", 0.5))
DAYS = [date(2024, 1, 1) + timedelta(days=i) for i in range(60)]
TIME = Roles.of(time="t")


def folded(split, table, roles=TIME):
    """For each fold, the places of the rows that are trained on, and of those that are tested."""
    step = folds_of(split)
    done = fitted(step, table, roles)
    table = table if isinstance(table, pa.Table) else pa.table(table)
    data = done.apply(dataset(table.append_column("\x1fplace", pa.array(range(table.num_rows))), roles))
    asked = {
        f"{what}{i}": tree
        for i in range(1, split.folds + 1)
        for what, tree in zip("ab", step.rows(done.schema, done.learned, i), strict=True)
    }

    rows = duckdb_session().rows(data, exp.Select(expressions=[col("\x1fplace"), *(alias(t, n) for n, t in asked.items())]))
    found = {name: [row[0] for row in sorted(rows) if row[k]] for k, name in enumerate(asked, 1)}
    return [(found[f"a{i}"], found[f"b{i}"]) for i in range(1, split.folds + 1)]


def as_lists(folds):
    return [(trained.tolist(), tested.tolist()) for trained, tested in folds]


@pytest.mark.slow
@given(st.integers(12, 60), st.integers(2, 5), st.integers(0, 2), st.integers(0, 9))
def test_rolling_folds_are_those_of_scikit_learn(n, folds, gap, most):
    """Where times differ: the same rows are trained on and tested, whatever their order in the table."""
    if n // (folds + 1) <= gap:
        return
    split = Split((), by="time", folds=folds, gap=f"{gap} rows" if gap else "", window=f"{most} rows" if most else "")
    expected = as_lists(TimeSeriesSplit(folds, gap=gap, max_train_size=most or None).split(np.zeros(n)))
    assert folded(split, {"t": DAYS[:n]}) == expected
    turned = [([n - 1 - i for i in a][::-1], [n - 1 - i for i in b][::-1]) for a, b in expected]
    assert folded(split, {"t": DAYS[:n][::-1]}) == turned


def test_a_test_size_is_a_horizon_in_rows():
    expected = as_lists(TimeSeriesSplit(3, test_size=4, gap=2).split(np.zeros(30)))
    assert folded(Split((), by="time", folds=3, gap="2 rows", horizon="4 rows"), {"t": DAYS[:30]}) == expected


@given(st.integers(5, 60), st.integers(2, 5))
def test_blocks_are_the_folds_of_scikit_learn(n, folds):
    assert folded(Split((), by="time", folds=folds, fold_by="blocks"), {"t": DAYS[:n]}) == as_lists(KFold(folds).split(np.zeros(n)))


def test_blocks_are_purged_and_embargoed():
    found = folded(Split((), by="time", folds=3, fold_by="blocks", gap="2 rows", embargo="3 days"), {"t": DAYS[:30]})
    assert found[0] == (list(range(13, 30)), list(range(10)))
    assert found[1] == ([*range(8), *range(23, 30)], list(range(10, 20)))
    assert found[2] == (list(range(18)), list(range(20, 30)))


KINDS = {
    "date": DAYS[:20],
    "timestamp": [datetime(2024, 1, 1) + timedelta(days=i) for i in range(20)],
    "instant": [datetime(2024, 1, 1, tzinfo=UTC) + timedelta(days=i) for i in range(20)],
}


@pytest.mark.parametrize("kind", KINDS)
def test_folds_may_last_as_long_as_one_another(kind):
    """The last ends with the last row; T is trained on up to a day before the test, for five days."""
    found = folded(Split((), by="time", folds=2, horizon="3 days", step="4 days", gap="1 day", window="5 days"), {"t": KINDS[kind]})
    assert found == [(list(range(7, 12)), [13, 14, 15]), (list(range(11, 16)), [17, 18, 19])]


TIES = st.lists(st.integers(0, 12), min_size=20, max_size=60)


@given(TIES, st.integers(2, 3), st.integers(0, 3), st.sampled_from(["rolling", "blocks"]))
def test_equal_times_are_never_divided_and_gaps_are_kept(days, folds, gap, fold_by):
    """No time is trained on and tested in one fold; at least as many rows as the gap says lie between both."""
    split = Split((), by="time", folds=folds, gap=f"{gap} rows" if gap else "", fold_by=fold_by)
    for trained, tested in folded(split, {"t": [DAYS[d] for d in days]}):
        before = [days[i] for i in trained if tested and days[i] < min(days[j] for j in tested)]
        assert not {days[i] for i in trained} & {days[i] for i in tested}
        if before and tested:
            assert sum(max(before) < d < min(days[j] for j in tested) for d in days) >= gap


def test_rows_without_a_time_are_in_no_fold():
    found = folded(Split((), by="time", folds=2), {"t": [*DAYS[:9], None]})
    assert all(9 not in rows for fold in found for rows in fold)


def test_numbers_may_order_folds():
    assert folded(Split(HALVES, by="ordered", columns="t", folds=2, fold_by="rolling"), {"t": [3.0, 1.0, 2.0, 0.5, 5.0, 4.0]}, Roles()) == [
        ([1, 3], [0, 2]),
        ([0, 1, 2, 3], [4, 5]),
    ]


@pytest.mark.slow
@given(st.lists(st.sampled_from(["a", "b", "c", None]), min_size=4, max_size=60), st.integers(2, 4), st.integers(0, 3))
def test_strata_are_divided_among_folds_to_one_row(labels, folds, seed):
    table = {"y": labels, "x": list(range(len(labels)))}
    found = made(folds_of(Split(HALVES, by="stratified", seed=seed, folds=folds)), table, Roles.of(label="y"))
    for value, n in Counter(labels).items():
        got = Counter(f for y, f in zip(labels, found["fold"], strict=True) if y == value)
        assert [got[i] for i in range(1, folds + 1)] == apportioned(n, [1 / folds] * folds)


@given(st.lists(st.integers(0, 9), min_size=8, max_size=60), st.integers(2, 4))
def test_groups_are_tested_whole_and_once(groups, folds):
    found = folded(Split(HALVES, by="group", folds=folds), {"g": groups, "x": list(range(len(groups)))}, Roles.of(group="g"))
    assert sorted(i for _, tested in found for i in tested) == list(range(len(groups)))
    for trained, tested in found:
        assert sorted(trained + tested) == list(range(len(groups)))
        assert not {groups[i] for i in trained} & {groups[i] for i in tested}


def test_folds_do_not_follow_the_split():
    """Rows are hashed anew: those of one part are in every fold, as many as chance gives."""
    table = {"k": list(range(2_000))}
    parts = made(Split(HALVES, columns="k"), table)["split"]
    folds = made(folds_of(Split(HALVES, columns="k", folds=2)), table)["fold"]
    assert 400 < Counter(zip(parts, folds, strict=True))["train", 1] < 600


def test_exact_folds_are_of_a_size():
    found = made(folds_of(Split(HALVES, columns="k", exact=True, folds=3)), {"k": list(range(31))})["fold"]
    assert sorted(Counter(found).values()) == [10, 10, 11]


@pytest.mark.parametrize(
    ("split", "message"),
    [
        ({"folds": 1}, "1 folds"),
        ({"fold_by": "hash"}, "`fold_by` is for folds"),
        ({"by": "time", "horizon": "2 days"}, "`horizon` is for folds"),
        ({"folds": 3, "horizon": "2 days"}, "`horizon` is for folds that are rolling, not hash"),
        ({"folds": 3, "by": "time", "embargo": "2 days"}, "`embargo` is for folds that are blocks, not rolling"),
        ({"folds": 3, "by": "time", "horizon": "2 days", "step": "3 rows"}, "both durations, or both numbers of rows"),
        ({"folds": 3, "by": "ordered", "columns": "t"}, "says nothing of folds"),
    ],
)
def test_contradictory_folds_are_refused(split, message):
    with pytest.raises(RequestError, match=message):
        Split(HALVES, **split)


@pytest.mark.parametrize(
    ("split", "table", "message"),
    [
        ({"by": "time"}, {"t": DAYS[:2]}, "2 rows with a time are too few for 3 folds"),
        ({"by": "time", "gap": "9 rows"}, {"t": DAYS[:20]}, "too few"),
        ({"by": "time", "horizon": "2 days", "gap": "3 rows"}, {"t": DAYS}, "`gap` is a number of rows"),
        ({"by": "hash", "fold_by": "rolling", "horizon": "2 days"}, {"t": [1, 2, 3]}, "holds no times"),
        ({"by": "hash", "fold_by": "rolling", "fold_columns": "x"}, {"t": DAYS[:3], "x": ["a", "b", "c"]}, "has no order to make folds by"),
    ],
)
def test_what_a_table_cannot_give_is_refused(split, table, message):
    with pytest.raises(RequestError, match=message):
        made(folds_of(Split(HALVES, folds=3, **split)), table, TIME)
