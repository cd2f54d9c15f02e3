"""What `target` and `woe` share: folds, so that no training row shows its own label."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlglot import exp

import tilth
from tests.engines import duckdb_session
from tests.steps.made import applied, columns_of, dataset, fitted, made
from tilth.data import Column, Kind, Roles
from tilth.errors import RequestError
from tilth.steps.encode.encode import Encode
from tilth.steps.encode.supervised import Target
from tilth.steps.fitting import fit

ROLES = Roles.of(label="y", id="id")


def fold(key, folds: int = 5, seed: int = 0) -> int:
    """The first 15 hexadecimal digits of the MD5 of the seed and the key, a US character between them, as a number modulo the folds."""
    return int(hashlib.md5(f"folds {seed}\x1f{key}".encode(), usedforsecurity=False).hexdigest()[:15], 16) % folds


def table(xs, ys):
    return {"id": list(range(len(xs))), "x": xs, "y": ys}


@pytest.mark.slow
@pytest.mark.parametrize("way", ["target", "woe"])
@given(data=st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from([0.0, 1.0])), min_size=6, max_size=30), row=st.integers(0, 5))
def test_the_label_of_a_row_does_not_change_its_own_number(way, data, row):
    """Nor that of any other row of its fold."""
    xs, ys = (list(part) for part in zip(*data, strict=True))
    other = [*ys[:row], 1 - ys[row], *ys[row + 1 :]]
    try:
        found, changed = (made(Encode("x", with_=way), table(xs, y), ROLES)["x"] for y in (ys, other))
    except RequestError:  # one class
        return
    same = [i for i in range(len(xs)) if fold(i) == fold(row)]
    if len(same) < len(xs):
        assert [found[i] for i in same] == pytest.approx([changed[i] for i in same], rel=1e-12)


def test_each_number_has_the_groups_of_its_own_scan():
    """Groups come in any order, and sums are asked once more where all rows need another grid than the first ones suggest."""
    rows, sums = {("a", 0): 1, ("b", 1): 2, (None, 0): 1}, {("b", 1): 10.0, (None, 0): 7.0, ("a", 0): 3.0}
    encoder = Encode("x", with_="target", smooth=0.0, folds=2).encoder
    learned = encoder._state(Column("x", Kind.STRING), [Target(exp.column("y"))], [[rows, sums]])
    assert [learned[k] for k in ("categories", "values", "missing")] == [["a", "b"], [[3.0, 5.0]], [7.0]]


def test_singletons_say_nothing_of_their_own_label():
    """Five categories of one row each: out of fold, each is as if it had not been seen."""
    xs, ys = list("abcde"), [0.0, 0.0, 0.0, 0.0, 1.0]
    found = made(Encode("x", with_="target"), table(xs, ys), ROLES)["x"]
    others = [[y for j, y in enumerate(ys) if fold(j) != fold(i)] for i in range(5)]
    assert found == pytest.approx([sum(of) / len(of) for of in others])


def test_rows_of_a_group_are_in_one_fold():
    rows = {**table(["a", "b"] * 6, [float(i) for i in range(12)]), "g": [i // 3 for i in range(12)]}
    found = made(Encode("x", with_="target", smooth=0.0), rows, Roles.of(label="y", id="id", group="g"))
    alike = {(x, fold(g)): set() for x, g in zip(rows["x"], rows["g"], strict=True)}
    for x, g, number in zip(rows["x"], rows["g"], found["x"], strict=True):
        alike[x, fold(g)].add(number)
    assert all(len(numbers) == 1 for numbers in alike.values())


def test_rows_that_were_not_learned_from_have_the_number_of_all_rows():
    rows = table(list("aabbab"), [0.0, 1.0, 1.0, 1.0, 0.0, 1.0])
    found = fitted(Encode("x", with_="target", smooth=0.0), rows, ROLES)
    assert applied(found, rows)["x"] == pytest.approx([1 / 3, 1 / 3, 1, 1, 1 / 3, 1])
    later = applied(found, {"id": [9, 10, 11], "x": ["a", "zz", None], "y": [None] * 3})["x"]
    assert later == pytest.approx([1 / 3, 4 / 6, 4 / 6])
    engine = duckdb_session()
    some = found.apply(dataset(rows, ROLES), exp.false())
    assert columns_of(some, engine)["x"] == applied(found, rows)["x"]


@pytest.mark.slow
def test_a_run_trains_on_numbers_out_of_fold_and_serves_those_of_all_rows(tmp_path):
    rows = table(list("abcd") * 25, [float(i % 3 == 0) for i in range(100)])
    flow = tilth.Flow.parse("""
data: {roles: {id: id, label: y}}
split: {train: 0.7, test: 0.3}
features: [{encode: {columns: x, with: target, smooth: 0}}, {scale: {columns: x, with: maxabs}}]
""")
    import pyarrow as pa
    import pyarrow.parquet as pq

    tilth.run(flow, tmp_path, data=pa.table(rows))
    train, test = (pq.read_table(tmp_path / part) for part in ("train", "test"))
    loaded = tilth.Flow.load(tmp_path / "flow.tilth")
    assert test["x"].to_pylist() == [loaded.row({"x": rows["x"][i]})["x"] for i in test["id"].to_pylist()]
    assert set(train["x"].to_pylist()).isdisjoint(test["x"].to_pylist())
    assert max(train["x"].to_pylist()) == 1.0  # what scale learned from
    again = flow.fit_transform(pa.table(rows))
    assert len(set(again["x"].to_pylist())) > 4


def test_several_classes_make_a_column_each():
    rows = {"id": list(range(6)), "x": list("aabbab"), "y": ["p", "q", "r", "p", "q", "r"]}
    found = applied(fitted(Encode("x", with_="target", smooth=0.0), rows, ROLES), rows)
    assert list(found) == ["id", "y", "x_p", "x_q", "x_r"]
    assert [found[f"x_{c}"][0] for c in "pqr"] == pytest.approx([1 / 3, 2 / 3, 0])
    beside = made(Encode("x", with_="target", into="m"), rows, ROLES)
    assert list(beside) == ["id", "x", "y", "m_p", "m_q", "m_r"]


def test_the_positive_class_is_that_of_the_role():
    rows = {"id": list(range(4)), "x": list("aabb"), "y": ["no", "yes", "no", "no"]}
    for positive, share in (("no", 0.5), ("yes", 0.5), (["no", "yes"], 1.0)):
        roles = Roles.of(label="y", id="id", positive=positive)
        assert fitted(Encode("x", with_="target", smooth=0.0), rows, roles).learned["x"]["values"][0][0] == share
    assert fitted(Encode("x", with_="target", smooth=0.0), rows, ROLES).learned["x"]["values"] == [[0.5, 0.0]]  # the last by value


@pytest.mark.parametrize(
    ("step", "roles", "message"),
    [
        (Encode("x", with_="target"), Roles(), "no column has the role label"),
        (Encode(("x", "y"), with_="target"), ROLES, "'y' is the label itself"),
        (Encode("x", with_="target", label="one"), ROLES, "the label 'one' has 1 classes"),
        (Encode("x", with_="woe", label="three"), ROLES, "the label 'three' does not have two classes"),
        (Encode("x", with_="target", most=1), ROLES, "more than 1 categories"),
    ],
)
def test_what_cannot_be_learned_is_rejected(step, roles, message):
    rows = {"id": [1, 2, 3], "x": ["a", "b", "c"], "y": ["p", "q", "p"], "one": ["p", None, " "], "three": ["p", "q", "r"]}
    with pytest.raises(RequestError, match=message):
        made(step, rows, roles)


def test_a_column_of_far_too_many_categories_is_refused_before_they_are_counted():
    engine, rows = duckdb_session(), table([f"c{i}" for i in range(50)], [0.0, 1.0] * 25)
    with pytest.raises(RequestError, match="'x' has more than 10 categories"):
        fit([Encode("x", with_="target", most=10)], dataset(rows, ROLES), engine)
    assert [scan.title for scan in engine.scans] == ["row aggregates"]
    with pytest.raises(RequestError, match="up to 149,999 categories"):  # 3,000,000 groups in 20 folds
        Encode("x", with_="target", folds=20, most=500_000).encoder.refuse_many(Column("x", Kind.STRING))


@pytest.mark.parametrize(
    ("way", "wrong"),
    [
        ("target", {"folds": 1}),
        ("target", {"smooth": -1.0}),
        ("woe", {"smooth": 0.0}),
        ("woe", {"smooth": "auto"}),
        ("count", {"folds": 3}),
    ],
)
def test_wrong_parameters_are_rejected(way, wrong):
    with pytest.raises(RequestError):
        Encode("x", with_=way, **wrong)


def test_private_columns_are_rejected_and_rows_without_a_label_left_out():
    with pytest.raises(RequestError, match="is private"):
        made(Encode("x", with_="target"), table(["a", "b"], [0.0, 1.0]), Roles.of(label="y", private="x"))
    rows = table(list("aab"), [1.0, None, 0.0])
    assert fitted(Encode("x", with_="target", smooth=0.0), rows, ROLES).learned["x"]["values"] == [[1.0, 0.0]]


def test_what_all_rows_say_is_shown():
    found = fitted(Encode("x", with_="target", smooth=0.0), table(list("ab"), [1.0, 0.0]), ROLES)
    shown = found.step.shown(found.learned)["x"]
    assert shown == {"label": "y", "categories": ["a", "b"], "x": [1.0, 0.0], "missing": 0.5, "unseen": 0.5}


def test_the_rows_in_which_a_fit_ends_are_those_for_training():
    _, data = fit([Encode("x", with_="target")], dataset(table(list("abab"), [1.0, 0.0, 1.0, 1.0]), ROLES), duckdb_session())
    assert set(data.names) == {"id", "x", "y"}
