"""redact: what it refuses, and what it leaves private."""

import pytest

from tests.steps.keys import KEY
from tests.steps.made import dataset, fitted, made
from tilth.data import Roles
from tilth.errors import TilthError
from tilth.steps.protect.redact import Redact


@pytest.mark.parametrize(
    "parameters",
    [
        {"text": "x"},
        {"key": KEY, "length": 32},
        {"key": KEY, "domain": ""},
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


@pytest.mark.parametrize("way", ["hash", "shuffle"])
def test_what_is_made_of_a_private_column_is_private(way):
    step = Redact("x", with_=way, key=KEY, into="y", by="x" if way == "shuffle" else ())
    table, roles = {"x": ["a"]}, Roles.of(private="x")
    assert fitted(step, table, roles).apply(dataset(table, roles)).roles.private == ("x", "y")
