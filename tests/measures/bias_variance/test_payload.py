"""What is found, written and read again."""

from tilth.measures.bias_variance.curves import Point, PowerLaw
from tilth.measures.bias_variance.payload import BiasVariance
from tilth.report import jsonable


def test_curves_and_intervals_round_trip():
    point, law = Point("gini", 0.0, 0.0, 0.2, 0.01), PowerLaw(0.1, 1.0, 0.5, 0.01, -0.01, 0.02)
    found = BiasVariance("y", "0-1", intervals={"share": (0.1, 0.2)}, law=law, varied="criterion", validation_curve=(point,))
    assert BiasVariance.from_json(jsonable(found.to_json())) == found
