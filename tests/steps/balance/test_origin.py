"""Where rows come from."""

from collections import Counter

from tests.engines import duckdb_session
from tests.steps.made import columns_of, dataset, made
from tilth.data import Roles
from tilth.steps.balance.balance import Balance
from tilth.steps.fitting import fit

KEYED = Roles.of(label="y", id="k")


def test_copies_are_told_from_originals_and_name_them():
    found = made(Balance("over", origin=True), {"y": ["a"] * 7 + ["b"] * 2, "k": list(range(9))}, KEYED)
    rows = Counter(zip(found["k"], found["_origin"], found["_parent"], strict=True))
    assert {row: n for row, n in rows.items() if row[1] == "original"} == {(k, "original", None): 1 for k in range(9)}
    assert sorted(n for (k, origin, parent), n in rows.items() if origin == "duplicate" and parent == str(k)) == [2, 3]


def test_equal_ids_leave_one_original_for_each_row():
    found = made(Balance("over", origin=True), {"y": ["a"] * 7 + ["b"] * 3, "k": [1] * 10}, KEYED)
    assert Counter(zip(found["y"], found["_origin"], strict=True)) == {("a", "original"): 7, ("b", "original"): 3, ("b", "duplicate"): 4}


def test_a_later_step_tells_copies_of_made_rows():
    table = {"y": ["a"] * 9 + ["b"] * 3, "k": list(range(12)), "x": [float(i * i) for i in range(12)]}
    engine = duckdb_session()
    _, data = fit([Balance("smote", ratio=0.5, origin=True), Balance("over")], dataset(table, KEYED), engine)
    found = columns_of(data, engine)
    assert Counter(found["_origin"]) == {"original": 12, "derived": 2, "duplicate": 4}
    parents = [p for k, o, p in zip(found["k"], found["_origin"], found["_parent"], strict=True) if o == "duplicate"]
    assert all(set(p.split(", ")) <= {"9", "10", "11"} for p in parents)
    assert found["y"].count("b") == 9


def test_parents_of_private_ids_are_private():
    roles = Roles.of(label="y", id="k", private="k")
    _, data = fit([Balance("over", origin=True)], dataset({"y": ["a", "a", "b"], "k": [1, 2, 3]}, roles), duckdb_session())
    assert data.roles.private == ("k", "_parent")
