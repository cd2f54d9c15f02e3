"""Near-duplicate texts as a key, of rows that stay and of parts of a split, on both engines."""

import random

import pytest

import tilth
from tests.engines import duckdb_session
from tests.steps.made import dataset, made
from tilth.data import Roles
from tilth.engine.session import everything
from tilth.errors import RequestError
from tilth.metrics import near_duplicates
from tilth.steps.fitting import fit
from tilth.steps.rows.dedupe import Dedupe
from tilth.steps.rows.split import Split


@pytest.mark.spark
def test_spark_finds_the_same_and_keeps_them_in_one_part(spark):
    chance = random.Random(6)
    texts = ["".join(chance.choices("abcdefghij ", k=120)) for _ in range(150)]
    table = {"no": list(range(600)), "text": [None if i % 97 == 0 else f"{texts[i % 150]}{i // 150}" for i in range(600)]}
    found = []
    for engine in (duckdb_session(), tilth.Spark(spark).session()):
        (done,), data = fit([Dedupe("text", order="no", near=0.8)], dataset(table), engine)
        (split,), _ = fit([Split({"train": 0.5, "test": 0.5}, together="near_duplicates", texts="text")], dataset(table), engine)
        rows = sorted(engine.rows(split.apply(data), everything()), key=repr)
        found.append((done.learned, split.learned, [tuple(row) for row in rows]))
    assert found[0] == found[1]
    assert len(found[0][0][""]["near"]) == 593 - 150  # texts that are like a smaller one


@pytest.mark.parametrize(
    ("step", "roles", "message"),
    [
        (lambda: Dedupe("text", near=0.2), Roles(), "`near` is 0.2"),
        (lambda: Dedupe(near=0.8), Roles(), "no column of texts to compare"),
        (lambda: Dedupe("no", near=0.8), Roles(), "'no' .* is not of texts"),
        (lambda: Split({"train": 0.5, "test": 0.5}, together="near_duplicates"), Roles(), "no column of texts to compare"),
        (lambda: Split({"train": 0.5, "test": 0.5}, together="near_duplicates", texts="no"), Roles(), "is not of texts"),
        (lambda: Split({"train": 0.5, "test": 0.5}, texts="text"), Roles(), "`texts` is for near-duplicates"),
    ],
)
def test_what_cannot_be_compared_is_refused(step, roles, message):
    with pytest.raises(RequestError, match=message):
        made(step(), {"no": [1], "text": ["a"]}, roles)


def test_too_many_are_refused(monkeypatch):
    monkeypatch.setattr(near_duplicates, "MOST_GROUPED", 1)
    with pytest.raises(RequestError, match="2 texts are like another one"):
        made(Dedupe("text", near=0.8), {"text": ["a prize", "A prize", "a  prize"]})
