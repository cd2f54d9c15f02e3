"""The contests: each is there, and its promises can be read; those by hand agree on a small table."""

from pathlib import Path

import pytest

from bench.contest import Figures, close, ratio
from bench.data import make
from bench.run import CONTESTS, contest, judged

TILTH = {"tilth", "tilth_as_pointblank", "plan", "check"}
HERE = {"duckdb": Figures(2.0, 4.0, 1.0), "tilth": Figures(1.0, 3.0, 1.0)}


@pytest.mark.parametrize("name", CONTESTS)
def test_a_contest_is_called_as_its_file(name):
    held = contest(name)
    assert held.name == name
    assert held.targets
    assert len({c.name for c in held.contestants}) == len(held.contestants)


@pytest.fixture(scope="module")
def tables(tmp_path_factory) -> Path:
    return make(10_000, tmp_path_factory.mktemp("bench"))


@pytest.mark.parametrize(("name", "contestant"), [(n, c.name) for n in CONTESTS for c in contest(n).contestants if c.name in TILTH])
def test_tilth_takes_part(name, contestant, tables):
    (held,) = (c for c in contest(name).contestants if c.name == contestant)
    assert held.prepare(tables)() is not None


def test_a_ratio_is_to_the_best_that_took_part():
    assert ratio("tilth", "duckdb", "polars")(HERE) == 0.5
    assert ratio("tilth", "duckdb", of="cpu")(HERE) == 0.75


def test_who_is_absent_leaves_a_promise_unmeasured():
    found = list(judged(contest("rules"), {"tilth": Figures(1.0, 1.0, 1.0)}))
    assert {t["text"]: t["value"] for t in found if t["value"] is not None} == {"peak memory of forty rules": 1.0}
    assert all(t["unit"] == "×" for t in found if t["value"] is None)


def test_numbers_are_close_by_their_size():
    assert close(1e12, 1e12 + 1)
    assert not close(1.0, 1.001)
    assert close("a", "a")
