"""Superpixels, and their Shapley values."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.measures.explain.images.pictures import BLACK, PARTS, QUARTERS, mean_colours
from tilth.measures.explain.images.superpixels import shap_of, superpixels


def test_parts_follow_the_colours():
    found = superpixels(QUARTERS, 4)
    pairs = {(int(a), int(b)) for a, b in zip(found.ravel(), PARTS.ravel(), strict=True)}
    assert len(pairs) == len({a for a, _ in pairs}) == 4
    assert sorted({*found.ravel().tolist()}) == [0, 1, 2, 3]


def test_a_part_of_an_additive_model_has_what_it_adds():
    of = shap_of(QUARTERS, BLACK, PARTS, mean_colours, None, "identity", 0)
    share = 250 / 255 / 4
    assert of.exact
    assert of.values == pytest.approx(np.array([[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 0]]) * share)
    assert (of.expected == 0).all()


@given(seed=st.integers(0, 99), parts=st.integers(1, 14), link=st.sampled_from(["identity", "logit"]))
def test_values_add_up_to_what_is_predicted_less_what_is_expected(seed, parts, link):
    random = np.random.default_rng(seed)
    pixels, background = (random.integers(0, 256, (4, 6, 3), np.uint8) for _ in range(2))
    segments = random.integers(0, parts, (4, 6))
    weights = random.normal(size=(4, 6, 3, 2))

    def model(images):
        return 1 / (1 + np.exp(-np.einsum("nhwc,hwco->no", images / 255, weights) / 4))

    of = shap_of(pixels, background, segments, model, 60 if parts > 8 else None, link, seed)
    assert of.values.sum(axis=0) == pytest.approx(of.predicted - of.expected)


def test_pixels_of_no_part_always_show_the_background():
    of = shap_of(QUARTERS, BLACK, np.where(PARTS == 0, 0, -1), mean_colours, None, "identity", 0)
    assert of.predicted[:1] == pytest.approx([250 / 255 / 4])
    none = shap_of(QUARTERS, BLACK, np.full_like(PARTS, -1), mean_colours, None, "identity", 0)
    assert none.values.shape == (0, 3)
    assert (none.predicted == 0).all()
