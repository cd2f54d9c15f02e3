"""The server at full load, by the code that `make load` and `bench/` run: for two seconds, in `make test-deep` also for five minutes."""

import pytest

from bench.load import run


@pytest.mark.slow
@pytest.mark.parametrize("seconds", [2, pytest.param(300, marks=pytest.mark.deep)])
def test_full_load(seconds):
    result = run(seconds=seconds, seed=1)
    assert not result.problems, result.described()
    assert {200, 400, 405, 406, 413, 415, 503} <= set(result.counted)
