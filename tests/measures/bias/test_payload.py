"""The payload of a bias metric."""

from tilth.measures.bias.payload import BiasNumber


def test_fields_of_one_metric_are_beside_the_common_ones():
    payload = BiasNumber("sex", "f", counts={"n_a": 60, "n_d": 40, "n_d_positive": 10, "n_d_negative": 30}, more={"strata": 3})
    assert payload.to_json()["strata"] == 3
    assert BiasNumber.from_json(payload.to_json()) == payload
    assert payload.share == 0.4
    assert (payload.row_count, BiasNumber(n_used=3, n_excluded=1).row_count) == (None, 4)
