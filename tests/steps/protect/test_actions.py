"""The parameters of each way of `redact`: what is refused."""

import pytest

from tests.steps.keys import KEY
from tests.steps.made import made
from tilth.errors import TilthError
from tilth.steps.protect.redact import Redact


@pytest.mark.parametrize(
    "parameters",
    [
        {"text": "x"},
        {"key": KEY, "length": 32},
        {"key": KEY, "domain": ""},
        {"key": KEY, "normalise": "e164"},
        {"key": KEY, "normalise": "e164", "countries": ("ZZ",)},
        {"with_": "mask", "character": "**"},
        {"with_": "mask", "matching": "[0-9]+"},
        {"with_": "mask", "matching": "("},
        {"with_": "mask", "keep_left": -1},
        {"with_": "generalise"},
        {"with_": "generalise", "bins": 1},
        {"with_": "generalise", "bins": (2.0, 1.0)},
        {"with_": "generalise", "bins": 2, "digits": 2},
        {"with_": "random", "low": 2, "high": 1},
        {"with_": "random", "low": "2024-01-01", "high": 1},
        {"with_": "format_preserving", "key": KEY, "alphabet": "aa"},
        {"with_": "format_preserving", "key": KEY, "alphabet": "lower", "keep_check": True},
        {"with_": "date_shift", "key": KEY, "days": 0},
        {"with_": "shuffle"},
        {"with_": "random", "low": 1, "high": 2},
    ],
)
def test_what_cannot_be_is_refused(parameters):
    with pytest.raises(TilthError):
        made(Redact("x", **parameters), {"x": ["a"]})
