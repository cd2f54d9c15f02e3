"""Rows made between neighbours: the laws exactly, and in distribution what imbalanced-learn makes."""

from __future__ import annotations

from collections import Counter
from functools import cache

import numpy as np
import pyarrow as pa
import pytest
from scipy.stats import ks_2samp

from tests.engines import duckdb_session
from tests.steps.made import dataset
from tilth.data import Append, Roles
from tilth.engine.session import everything
from tilth.errors import ColumnError, RequestError
from tilth.steps.balance.balance import Balance
from tilth.steps.fitting import fit
from tilth.testing.steps import check_step

ROLES = Roles.of(label="y", id="id")
N, FEW = 600, 60


def sample(seed: int = 5) -> pa.Table:
    rng = np.random.default_rng(seed)
    few = np.arange(N) < FEW
    return pa.table(
        {
            "id": np.arange(N),
            "a": rng.normal(size=N) + 3 * few,
            "b": rng.gamma(2.0, size=N),
            "n": rng.integers(0, 50, size=N),
            "word": np.where(rng.random(N) < 0.3 + 0.4 * few, "x", "z"),
            "y": np.where(few, "yes", "no"),
        }
    )


def balanced(step: Balance, table: pa.Table, engine=None, roles: Roles = ROLES):
    engine = engine or duckdb_session()
    _, data = fit([step], dataset(table, roles), engine)
    return engine.rows(data, everything())


def test_the_rows_of_before_stay_and_the_others_are_between_two_of_their_class():
    table = sample()
    rows = balanced(Balance("smote"), table)
    originals = set(zip(*table.to_pydict().values(), strict=True))
    made = [row for row in rows if row not in originals]
    assert len(rows) == 2 * (N - FEW)
    assert originals <= set(rows)
    assert {row[-1] for row in made} == {"yes"}
    assert {row[0] for row in made} == {None}
    few = np.array([row[1:4] for row in originals if row[-1] == "yes"], dtype=float)
    for row in made[:100]:
        assert on_a_segment(np.array(row[1:4], dtype=float), few), row
    assert {row[4] for row in made} <= {"x", "z"}


def on_a_segment(point: np.ndarray, few: np.ndarray) -> bool:
    """Whether a point is between two others in its doubles, and its integer is the nearest to the point there."""
    start, way = few[:, None, :], few[None, :, :] - few[:, None, :]
    with np.errstate(divide="ignore", invalid="ignore"):
        share = (point[0] - start[..., 0]) / way[..., 0]
        near = np.abs(start + share[..., None] * way - point)
    inside = (share >= 0) & (share < 1) & (near[..., 1] < 1e-9) & (near[..., 2] <= 0.5 + 1e-9)
    return bool(inside.any())


def test_a_ratio_is_reached_and_another_seed_makes_other_rows():
    table = sample()
    first, again, other = (balanced(Balance("smote", ratio=0.5, seed=s), table) for s in (1, 1, 2))
    assert len(first) == N - FEW + (N - FEW) // 2
    assert sorted(map(repr, first)) == sorted(map(repr, again)) != sorted(map(repr, other))


def test_the_same_distribution_as_imbalanced_learn():
    from imblearn.over_sampling import SMOTE

    table = sample().drop_columns(["id", "word"])
    x = np.stack([table[c].to_numpy().astype(float) for c in ("a", "b", "n")], axis=1)
    theirs, _ = SMOTE(random_state=0).fit_resample(x, table["y"].to_pylist())
    ours = [row[:3] for row in balanced(Balance("smote"), table, roles=Roles.of(label="y"))]
    few = set(map(tuple, x))
    made = [np.array([r for r in map(tuple, rows) if tuple(map(float, r)) not in few], dtype=float) for rows in (ours, theirs)]
    assert len(made[1]) == N - 2 * FEW
    for i in range(2):
        assert ks_2samp(made[0][:, i], made[1][:, i]).pvalue > 0.001
    assert np.allclose(np.corrcoef(made[0].T), np.corrcoef(made[1].T), atol=0.15)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.drop_columns(["a", "b", "n", "word"]), "no feature by which rows could be near each other"),
        (lambda t: t.slice(FEW - 1), "one row"),
        (lambda t: t.set_column(1, "a", pa.array([None, *range(N - 1)], pa.float64())), r"'a' is missing or infinite in 1 rows"),
        (
            lambda t: t.set_column(2, "b", pa.array([None] * N, pa.float64())),
            r"'b' is missing or infinite in 60 rows.*(\n.*)*drop the column",
        ),
        (lambda t: t.set_column(2, "b", pa.array([np.inf] * N)), r"'b' is missing or infinite in 60 rows"),
    ],
)
def test_classes_that_cannot_be_grown_are_rejected(change, message):
    with pytest.raises(RequestError, match=message):
        balanced(Balance("smote"), change(sample()))
    with pytest.raises(RequestError, match="neighbours"):
        Balance("smote", neighbours=0)


def test_no_row_is_shown():
    (found,), _ = fit([Balance("smote")], dataset(sample(), ROLES), duckdb_session())
    sizes = {"before": {"no": N - FEW, "yes": FEW}, "after": {"no": N - FEW, "yes": N - FEW}}
    assert found.step.shown(found.learned) == {"": {"columns": ["y"], **sizes, "derived rows": N - 2 * FEW}}


@pytest.mark.slow
@pytest.mark.parametrize("step", [Balance("smote", neighbours=3), Balance("borderline_2", origin=True)], ids=str)
def test_the_battery(step):
    check_step(step, sample().slice(FEW - 12, 60), ROLES)


def test_appended_rows_are_matched_by_name_and_lacking_columns_are_null():
    engine = duckdb_session()
    more = dataset(pa.table({"b": ["q"]}))
    data = dataset(pa.table({"a": [1, 2], "b": ["x", "y"]})).append(more)
    assert isinstance(data.layers[-1], Append)
    assert engine.rows(data, everything()) == [(1, "x"), (2, "y"), (None, "q")]
    with pytest.raises(ColumnError):
        more.append(data)


WAYS = ("smote", "borderline_1", "borderline_2", "adasyn")


@pytest.mark.slow
@pytest.mark.parametrize("way", WAYS)
def test_rows_are_made_between_a_row_and_a_near_one(way):
    table = sample(1).drop_columns(["word", "n"])
    rows = balanced(Balance(way, neighbours=4, origin=True), table)
    made = [row for row in rows if row[0] is None]
    points = {str(i): np.array([a, b]) for i, a, b in zip(*table.select(["id", "a", "b"]).to_pydict().values(), strict=True)}
    few, every = tuple(str(i) for i in range(FEW)), tuple(str(i) for i in range(N))

    @cache
    def nearest(x, among, k):
        return sorted(set(among) - {x}, key=lambda y: np.sum((points[x] - points[y]) ** 2))[:k]

    in_class = {x: sum(y in few for y in nearest(x, every, {"adasyn": 4}.get(way, 10))) for x in few}
    assert {row[-2] for row in made} == {"derived"}
    for row in made:
        x, other = row[-1].split(", ")
        assert other in nearest(x, every if way == "borderline_2" else few, 4)
        share = (row[1] - points[x][0]) / (points[other][0] - points[x][0])
        assert 0 <= share < (1 if other in few else 0.5)
        assert row[2] == pytest.approx(points[x][1] + share * (points[other][1] - points[x][1]), abs=1e-9)
        assert way == "smote" or (0 < in_class[x] <= 5 if "borderline" in way else in_class[x] < 4)


def test_adasyn_makes_as_many_rows_of_each_row_as_imbalanced_learn():
    from imblearn.over_sampling import ADASYN

    table = sample(2).drop_columns(["word", "n"])
    x = np.stack([table["a"], table["b"]], axis=1)
    theirs, _ = ADASYN(random_state=0).fit_resample(x, table["y"].to_pylist())
    rows = balanced(Balance("adasyn", origin=True), table)
    assert len(rows) == len(theirs)
    ours = Counter(row[-1].split(", ")[0] for row in rows if row[-2] == "derived")
    near = [np.argsort(((x - x[i]) ** 2).sum(axis=1))[1:6] for i in range(FEW)]
    others = np.array([(n >= FEW).sum() for n in near])
    assert ours == Counter({str(i): n for i, n in enumerate(np.rint(others / others.sum() * (N - 2 * FEW)).astype(int)) if n})


def test_categories_are_the_most_frequent_among_neighbours():
    numbers = {"x": [0.0, 1, 0, *range(90, 99)], "z": [0.0, 0, 1, *range(9)]}
    table = pa.table({**numbers, "c": ["a", "a", "b", *"q" * 9], "y": ["s"] * 3 + ["l"] * 9})
    rows = balanced(Balance("smote", neighbours=1), table, roles=Roles.of(label="y"))
    made = set(rows) - set(zip(*table.to_pydict().values(), strict=True))
    assert {row[2] for row in made} == {"a"}  # the nearest row of each is an `a`


def test_without_numbers_categories_are_near_that_say_the_same_of_the_class():
    """As imbalanced-learn's value difference metric, and its rows: the mode among a row and its neighbours."""
    from imblearn.metrics.pairwise import ValueDifferenceMetric
    from imblearn.over_sampling import SMOTEN
    from sklearn.preprocessing import OrdinalEncoder

    rng = np.random.default_rng(0)
    few = np.arange(400) < 80
    words = {c: np.where(few & (rng.random(400) < p), "a", rng.choice(list("abcde"), 400)) for c, p in (("u", 0.5), ("v", 0.3), ("w", 0.1))}
    table = pa.table({"id": range(400), **words, "y": np.where(few, "yes", "no")})
    x = np.stack(list(words.values()), axis=1)
    made = [row for row in balanced(Balance("smote"), table) if row[0] is None]
    theirs, _ = SMOTEN(random_state=0).fit_resample(x, table["y"].to_pylist())
    assert len(made) == len(theirs) - 400 == 240
    coded = OrdinalEncoder(dtype=np.int32).fit_transform(x)
    metric = ValueDifferenceMetric(n_categories=[5, 5, 5]).fit(coded, few)
    squares = metric.pairwise(coded[few])
    sure = set()
    for distances in squares:  # rows whose six nearest are certain, for equally near ones may be others
        order = np.argsort(distances, kind="stable")
        if distances[order[5]] < distances[order[6]]:
            sure.add(tuple(Counter(x[few][order[:6], i]).most_common(1)[0][0] for i in range(3)))
    assert {row[1:4] for row in made} >= {row for row in sure if sum(row == s for s in sure) == 1}
    for i in range(3):
        ours, other = Counter(row[1 + i] for row in made), Counter(row[i] for row in theirs[400:])
        assert all(abs(ours[c] - other[c]) < 40 for c in "abcde")


def test_several_classes_reach_the_rows_that_are_asked_for():
    table = sample().append_column("z", pa.array([str(i % 7 // 3) for i in range(N)]))
    roles = Roles.of(label="z", id="id")
    assert Counter(row[-1] for row in balanced(Balance("smote"), table, roles=roles)) == {"0": 258, "1": 258, "2": 258}
    found = balanced(Balance("smote", per_class={"2": 100}), table, roles=roles)
    assert Counter(row[-1] for row in found) == {"0": 258, "1": 257, "2": 100}
    found = balanced(Balance("smote", ratio=0.5, classes="minority"), table, roles=roles)
    assert Counter(row[-1] for row in found) == {"0": 258, "1": 257, "2": 129}


@pytest.mark.parametrize("way", WAYS[1:])
def test_classes_that_are_apart_have_no_rows_in_danger(way):
    table = pa.table({"x": [*range(20), *range(1000, 1200)], "y": ["a"] * 20 + ["b"] * 200})
    with pytest.raises(RequestError, match=r"no row of the class 'a' is (in danger|near another class)(.*\n)*.*use `smote`"):
        balanced(Balance(way), table, roles=Roles.of(label="y"))


@pytest.mark.spark
def test_spark_makes_and_leaves_out_the_same_rows(spark):
    from tilth.engine.spark import Spark

    table = sample()
    found = []
    for engine in (duckdb_session(), Spark(spark).session()):
        _, data = fit([Balance("borderline_2", origin=True), Balance("enn", classes="all")], dataset(table, ROLES), engine)
        found.append(engine.rows(data, everything()))
    ours, theirs = found
    assert N < len(ours) < 2 * (N - FEW)
    assert sorted(map(repr, ours)) == sorted(map(repr, theirs))
