"""encode: its parameters."""

import pytest

from tilth.errors import RequestError
from tilth.steps.encode.encode import Encode


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"unseen": "null"}, "`unseen: null` means nothing to one_hot"),
        ({"with_": "ordinal", "missing": "zeros"}, "`missing: zeros` means nothing to ordinal"),
        ({"unseen": "error", "max_categories": 3}, "would reject the rare categories"),
        ({"with_": "ordinal", "drop": "first"}, "`drop` is for one_hot, not for ordinal"),
        ({"max_categories": 0}, "must be 1 or more"),
        ({"min_frequency": 0}, "must be above 0"),
        ({"categories": ("a", "a")}, "twice"),
    ],
)
def test_contradictory_parameters_are_rejected(parameters, message):
    with pytest.raises(RequestError, match=message):
        Encode("x", **parameters)
