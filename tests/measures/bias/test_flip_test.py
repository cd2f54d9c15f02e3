"""The flip test: votes of the nearest rows of the other side."""

import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import tilth
from tests.measures.bias.tables import by_name, found, values
from tests.measures.explain.images.pictures import saved
from tilth.measures.bias import Facet

ASKED = {"facets": [Facet("f", ("d",))], "positive": 1, "prediction": "p", "metrics": ("FT",)}
THREE = pa.table({"f": ["a", "a", "d", "d", "d"], "x": [0.0, 10, 1, 2, 9], "p": [1, 0, 0, 0, 0]})


def test_a_vote_of_the_nearest_row():
    """Votes of d's rows: accepted, accepted, rejected; two would be better off."""
    got = by_name(found(THREE, features=("x",), **ASKED), "d")["FT"]
    assert got.value == pytest.approx(-2 / 3)
    more = got.payload.more
    assert (more["flips_to_accepted"], more["flips_to_refused"], more["FT_documented"]) == (2, 0, pytest.approx(2 / 3))
    assert (more["neighbours"], more["FT_scaled"]) == (1, pytest.approx(-2 / 3))
    assert got.message.startswith(
        "Rows of f=a that are similar to those of f=d are predicted p=1 more often than these: by 66.7 percentage points"
    )


def test_what_cannot_be_compared_is_named_and_compared_scaled():
    table = THREE.append_column("town", [["n", "s", "n", "n", "s"]])
    got = by_name(found(table, features=("x", "town"), **ASKED), "d")["FT"]
    assert (got.value, got.payload.status) == (None, "error")
    assert got.payload.error == "FlipTest does not support non-numeric columns: town"
    assert got.payload.more["FT_scaled"] == pytest.approx(-2 / 3)
    none = by_name(found(THREE, **ASKED), "d")["FT"]
    assert none.payload.error == "there are no features to compare rows by"


@pytest.mark.parametrize("type_", [pa.list_(pa.float32()), pa.list_(pa.float64(), 2)], ids=["of any size", "of two"])
def test_vectors_compare_rows(type_):
    """The same rows on a line in the plane: the same votes. Of vectors as a whole, the scaled distance is that of one column."""
    vectors = pa.array([[x * 0.6, x * 0.8] for x in THREE["x"].to_pylist()], type_)
    got = by_name(found(THREE.append_column("embedding", vectors), features=("embedding",), **ASKED), "d")["FT"]
    assert got.value == got.payload.more["FT_scaled"] == pytest.approx(-2 / 3)
    assert got.payload.notes[-1] == "rows are compared by the vectors in 'embedding', of 2 numbers"


@pytest.mark.spark
def test_vectors_on_spark(spark, tmp_path):
    from tilth.engine.spark import Spark

    table = THREE.append_column("embedding", [[[x * 0.6, x * 0.8] for x in THREE["x"].to_pylist()]])
    pq.write_table(table, tmp_path / "t.parquet")
    got = by_name(found(tilth.read(tmp_path / "t.parquet"), Spark(spark).session(), features=("embedding",), **ASKED), "d")["FT"]
    assert got.value == got.payload.more["FT_scaled"] == pytest.approx(-2 / 3)


SAID = ["win a prize", "see you later", "win a prize!", "you win a prize", "see you later!"]  # neighbours as of the rows in `THREE`


def flip_of(table, **roles):
    roles = {"facet": "f", "prediction": "p", "positive": 1, **roles}
    report = tilth.measure(tilth.read(table, roles=roles), "bias", metrics=("FT",), bootstrap=0)
    return by_name(report.of("bias"), "d")["FT"]


@pytest.mark.parametrize("private", [[], ["said"]])
def test_texts_are_compared_by_vectors_of_their_own(private):
    got = flip_of(THREE.drop(["x"]).append_column("said", [SAID]), text="said", private=private)
    assert got.value == got.payload.more["FT_scaled"] == pytest.approx(-2 / 3)
    assert got.payload.notes[-1] == "rows are compared by vectors computed from 'said': hashed runs of 3 to 5 characters (TF-IDF)"


def test_a_column_of_vectors_replaces_the_texts():
    vectors = [[x] for x in THREE["x"].to_pylist()]
    table = THREE.drop(["x"]).append_column("said", [SAID[::-1]]).append_column("embedding", [vectors])
    got = flip_of(table, text="said")
    assert got.value == pytest.approx(-2 / 3)
    assert got.payload.notes[-1] == "rows are compared by the vectors in 'embedding', of 1 numbers"


def test_texts_are_compared_with_the_other_features():
    """Both kinds say the same."""
    got = flip_of(THREE.append_column("said", [SAID]), text="said")
    assert got.value == got.payload.more["FT_scaled"] == pytest.approx(-2 / 3)


def pictures(place):
    """Dark and bright images, with neighbours as of the rows in `THREE`, and a column with the name of each."""
    images = {f"{i}.png": np.full((9, 9, 3), 20 * x, np.uint8) for i, x in enumerate(THREE["x"].to_pylist())}
    lines = [{**row, "source-ref": name} for row, name in zip(THREE.to_pylist(), images, strict=True)]
    (saved(place, images) / "m.manifest").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return place / "m.manifest"


def test_images_are_compared_by_vectors_of_their_own(tmp_path):
    """Whatever the other columns are."""
    got = flip_of(pictures(tmp_path), image="source-ref", facet=["f", "@brightness"])
    assert got.value == pytest.approx(-2 / 3)
    assert got.payload.notes[-1].startswith("rows are compared by vectors computed from 'source-ref': colours and directions of edges")


@pytest.mark.spark
def test_texts_and_images_on_spark(spark, tmp_path):
    from tilth.engine.spark import Spark

    roles = {"facet": "f", "prediction": "p", "positive": 1}
    texts = tilth.read(THREE.drop(["x"]).append_column("said", [SAID]), roles={**roles, "text": "said"})
    images = tilth.read(pictures(tmp_path), roles={**roles, "image": "source-ref"})
    for data in (texts, images):
        report = tilth.measure(data, "bias", metrics=("FT",), bootstrap=0, engine=Spark(spark))
        assert by_name(report.of("bias"), "d")["FT"].value == pytest.approx(-2 / 3)


def test_rows_without_a_whole_vector_have_no_vote():
    """The fourth vector is null, the fifth has another size, the sixth lacks a number."""
    vectors = [[0.0, 0.0], [9.0, 9.0], [1.0, 1.0], None, [1.0], [None, 1.0]]
    table = pa.table({"f": ["a", "a", "d", "d", "d", "a"], "x": vectors, "p": [1, 0, 0, 0, 0, 1]})
    got = by_name(found(table, features=("x",), **ASKED), "d")["FT"]
    assert (got.value, got.payload.n_used) == (-1.0, 3)


def test_vectors_count_as_one_column_beside_others():
    """Scaled, as scikit-learn votes on the number and the vector, each divided by its spread."""
    neighbors = pytest.importorskip("sklearn.neighbors")
    chance = np.random.default_rng(8)
    v, x, d, p = chance.normal(size=(200, 4)) * 50, chance.normal(size=200), chance.random(200) < 0.5, chance.random(200) < 0.5
    table = pa.table({"f": np.where(d, "d", "a"), "v": v.tolist(), "x": x, "p": p.astype(int)})
    got = by_name(found(table, features=("v", "x"), **ASKED), "d")["FT"].payload.more["FT_scaled"]
    both = np.column_stack([v / np.sqrt(v.var(axis=0).sum()), x / x.std()])
    vote = neighbors.KNeighborsClassifier(5, algorithm="brute").fit(both[~d], p[~d]).predict(both[d])
    assert got == pytest.approx((np.sum(p[d] & ~vote) - np.sum(~p[d] & vote)) / d.sum())


def test_rows_of_which_something_is_unknown_have_no_vote():
    table = pa.table({"f": ["a", "a", "d", "d", None], "x": [0.0, None, 1, 2, 3], "p": [1, 0, 0, None, 1]})
    got = by_name(found(table, features=("x",), **ASKED), "d")["FT"]
    assert (got.value, got.payload.n_used) == (-1.0, 2)
    assert "small group" in got.payload.notes[0]


def test_it_is_measured_where_it_is_asked_for_only():
    table = THREE.append_column("y", [[1, 0, 0, 1, 0]])
    asked = {**ASKED, "label": "y", "features": ("x",)}
    assert "FT" not in values(found(table, **{**asked, "metrics": ()}), "d")
    assert "FT" in values(found(table, **{**asked, "metrics": ("all",)}), "d")


def test_five_neighbours_vote_as_scikit_learns():
    """The vote of scikit-learn's classifier of 5 neighbours, on rows without ties; the interval is around the value."""
    neighbors = pytest.importorskip("sklearn.neighbors")
    chance = np.random.default_rng(5)
    x, d, p = chance.normal(size=(300, 3)), chance.random(300) < 0.4, chance.random(300) < 0.5
    table = pa.table({"f": np.where(d, "d", "a"), **{f"x{i}": x[:, i] for i in range(3)}, "p": p.astype(int)})
    got = by_name(found(table, features=("x0", "x1", "x2"), bootstrap=200, **ASKED), "d")["FT"]
    vote = neighbors.KNeighborsClassifier(5, algorithm="brute").fit(x[~d], p[~d]).predict(x[d])
    assert got.value == pytest.approx((np.sum(p[d] & ~vote) - np.sum(~p[d] & vote)) / d.sum())
    assert got.low <= got.value <= got.high
