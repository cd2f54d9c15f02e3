"""power, beside scikit-learn and scipy."""

import math
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from scipy.stats import boxcox_normmax, yeojohnson_normmax
from sklearn.preprocessing import PowerTransformer

from tests.engines import duckdb_session
from tests.steps.made import applied, dataset, fitted, made
from tilth.errors import RequestError
from tilth.steps.fitting import fit
from tilth.steps.scale.power import PowerTransform
from tilth.testing.steps import check_step

CHANCE = np.random.default_rng(11)
SAMPLES = {
    "lognormal": np.exp(CHANCE.normal(1, 0.7, 800)),
    "normal": CHANCE.normal(0, 2, 800),
    "left": -np.exp(CHANCE.normal(0, 1, 800)),
    "squared": CHANCE.normal(5, 1, 800) ** 2,
    "cubed": CHANCE.normal(5, 1, 800) ** 6,
    "large": CHANCE.normal(1e6, 1e5, 800),
    "few": np.array([1.0, 2.0, 9.0]),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", SAMPLES)
def test_yeo_johnson_is_that_of_scikit_learn(name):
    x = SAMPLES[name]
    found = fitted(PowerTransform("x"), {"x": x.tolist()})
    other = PowerTransformer(standardize=False).fit(x[:, None])
    assert found.learned["x"]["lambda"] == pytest.approx(yeojohnson_normmax(x), abs=1e-4)
    other.lambdas_ = np.array([found.learned["x"]["lambda"]])
    np.testing.assert_allclose(applied(found, {"x": x.tolist()})["x"], other.transform(x[:, None])[:, 0], rtol=1e-9)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["lognormal", "squared", "cubed", "large", "few"])
def test_box_cox_is_that_of_scikit_learn(name):
    x = SAMPLES[name]
    found = fitted(PowerTransform("x", with_="box_cox"), {"x": x.tolist()})
    assert found.learned["x"]["lambda"] == pytest.approx(boxcox_normmax(x, method="mle", optimizer=None), abs=1e-4)
    other = PowerTransformer("box-cox", standardize=False).fit(x[:, None])
    other.lambdas_ = np.array([found.learned["x"]["lambda"]])
    np.testing.assert_allclose(applied(found, {"x": x.tolist()})["x"], other.transform(x[:, None])[:, 0], rtol=1e-9)


@pytest.mark.parametrize(
    ("way", "expected"),
    [
        ("log", [None, None, math.log(4), None, math.inf]),
        ("log1p", [0.0, None, math.log(5), None, math.inf]),
        ("sqrt", [0.0, None, 2.0, None, math.inf]),
        ("square", [0.0, 1.0, 16.0, None, math.inf]),
    ],
)
def test_what_is_not_learned(way, expected):
    step = PowerTransform("x", with_=way)
    assert made(step, {"x": [0.0, -1.0, 4.0, None, math.inf]})["x"] == expected
    assert fitted(step, {"x": [1.0]}).learned == {"x": {}}
    assert len(fitted(step, {"x": [1.0]}).reasons()) == (way != "square")


def test_a_constant_column_stays():
    assert made(PowerTransform("x"), {"x": [3.0, 3.0, None]})["x"] == [3.0, 3.0, None]
    assert made(PowerTransform("x", with_="box_cox"), {"x": [3.0, 3.0]})["x"] == [2.0, 2.0]  # (x − 1) / 1


def test_later_values_outside_the_domain_become_null():
    found = fitted(PowerTransform("x", with_="box_cox"), {"x": [1.0, 2.0, 9.0]})
    assert applied(found, {"x": [0.0, -5.0, None]}) == {"x": [None, None, None]}


@pytest.mark.parametrize(
    ("values", "way", "message"),
    [
        ([None, math.inf], "yeo_johnson", "has no finite value"),
        ([1.0, 0.0], "box_cox", "has values of 0 or less"),
        (["a"], "log", "cannot be transformed"),
    ],
)
def test_what_cannot_be_learned_is_rejected(values, way, message):
    with pytest.raises(RequestError, match=message):
        made(PowerTransform("x", with_=way), {"x": values})


POSITIVE = pa.table({"x": [0.5, 3.0, 2.25, None, 17.0], "n": [1, 2, 2, 900, None]})
BOX_COX = PowerTransform(("x", "n"), with_="box_cox")


@pytest.mark.slow
def test_box_cox_keeps_the_promises_of_a_step():
    check_step(BOX_COX, POSITIVE)


@pytest.mark.spark
def test_spark_finds_the_same(spark):
    from tilth.engine.session import everything
    from tilth.engine.spark import Spark

    duck, cluster = duckdb_session(), Spark(spark).session()
    step = replace(BOX_COX, columns="x")  # of yeo_johnson the battery asks
    (found,), data = fit([step], dataset(POSITIVE), duck)
    (again,), other = fit([step], dataset(POSITIVE), cluster)
    assert found.learned == again.learned
    for ours, theirs in zip(duck.rows(data, everything()), cluster.rows(other, everything()), strict=True):
        assert ours == pytest.approx(theirs, rel=1e-12, abs=0)  # Java's power differs from C's in the last digit
