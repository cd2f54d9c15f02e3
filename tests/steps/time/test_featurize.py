"""The step `featurize`: what pandas says of days and times, and the standard library of texts."""

from __future__ import annotations

import math
import string
from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest

from tests.engines import duckdb_session
from tests.steps.made import dataset, made
from tilth.data import Roles
from tilth.errors import RequestError
from tilth.steps.fitting import fit
from tilth.steps.time.featurize import OF_TEXT, OF_TIME, Featurize

TIMES = [datetime(1999, 12, 27) + timedelta(hours=37 * i, seconds=i) for i in range(500)]
TEXTS = ["It's 10 o'clock: ABC_d", "", " \t\r\n ", "één  woord\n日本 [x]^`{~}", "a", "\u00a0\x1f"]


def test_parts_are_those_of_pandas():
    dates = pd.Series(TIMES).dt
    found = made(Featurize("t", tuple(OF_TIME)), {"t": TIMES})
    for name in ("year", "quarter", "month", "day", "day_of_year", "hour", "minute", "second"):
        assert found[f"t_{name}"] == getattr(dates, name).tolist()
    assert found["t_week"] == dates.isocalendar().week.tolist()
    assert found["t_weekday"] == (dates.day_of_week + 1).tolist()
    assert found["t_weekend"] == (dates.day_of_week >= 5).astype(int).tolist()


def test_cyclic_parts_are_on_a_circle():
    found = made(Featurize("t", ("month", "hour"), cyclic=True), {"t": [*TIMES, None]})
    assert list(found) == ["t_month_sin", "t_month_cos", "t_hour_sin", "t_hour_cos"]
    assert found["t_month_sin"][:-1] == [math.sin(2 * math.pi / 12 * (t.month - 1)) for t in TIMES]
    assert found["t_hour_cos"][:-1] == [math.cos(2 * math.pi / 24 * t.hour) for t in TIMES]
    assert {column[-1] for column in found.values()} == {None}


def test_a_time_with_zone_is_read_in_it():
    late = datetime(2024, 12, 31, 23, 30, tzinfo=UTC)
    assert made(Featurize("t", ("year", "hour")), {"t": [late]}) == {"t_year": [2024], "t_hour": [23]}
    assert made(Featurize("t", ("year", "hour"), zone="Europe/Berlin"), {"t": [late]}) == {"t_year": [2025], "t_hour": [0]}


@pytest.mark.slow
def test_characters_are_counted():
    classes = {
        "letters": string.ascii_letters, "upper": string.ascii_uppercase, "lower": string.ascii_lowercase, "digits": string.digits,
        "spaces": " \t\r\n", "punctuation": string.punctuation,
    }  # fmt: skip
    found = made(Featurize("t", OF_TEXT, into="{column}"), {"t": [*TEXTS, None]})
    assert found.pop("t") == [*TEXTS, None]
    assert {column.pop() for column in found.values()} == {None}
    assert found["t_characters"] == list(map(len, TEXTS))
    assert found["t_words"] == [4, 0, 0, 4, 1, 1]
    for name, characters in classes.items():
        counts = [sum(map(text.count, characters)) for text in TEXTS]
        assert found[f"t_{name}"] == counts
        assert found[f"t_{name}_share"] == [n / len(text) if text else None for n, text in zip(counts, TEXTS, strict=True)]


def test_parts_of_a_private_column_are_private():
    _, data = fit([Featurize("t", ("year",))], dataset({"t": TIMES}, Roles.of(private="t")), duckdb_session())
    assert "t_year" in data.roles.private


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"parts_": ("century",)}, "no part 'century'"),
        ({"parts_": ("year",), "cyclic": True}, "'year' does not come round"),
        ({"parts_": ("day", "day")}, "twice"),
        ({"zone": "Mars"}, "`zone` is 'Mars'"),
    ],
)
def test_bad_parameters_are_rejected(wrong, message):
    with pytest.raises(RequestError, match=message):
        Featurize("t", **wrong)


def test_columns_without_the_parts_are_rejected():
    with pytest.raises(RequestError, match=r"'n' .* has no parts"):
        made(Featurize("n"), {"n": [1]})
    with pytest.raises(RequestError, match=r"'t' .* has none of the parts that come round"):
        made(Featurize("t", cyclic=True), {"t": TEXTS})
