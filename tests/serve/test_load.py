"""The server at full load, for two seconds of what `make load` does for five minutes and `bench/` for an hour: the same code."""

import pytest

from bench.load import run


@pytest.mark.slow
def test_full_load():
    result = run(seconds=2, seed=1)
    assert not result.problems, result.described()
    assert {200, 400, 405, 406, 413, 415, 503} <= set(result.counted)
