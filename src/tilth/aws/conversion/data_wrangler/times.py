"""Transforms of days, times and series."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tilth.aws.conversion.data_wrangler.transform import VECTOR, Operators, Transform
from tilth.aws.conversion.made import Made, NotConverted
from tilth.engine.user_sql.writing import identifier

PARTS = {
    "year": "year",
    "quarter": "quarter",
    "month": "month",
    "week_of_year": "week",
    "day": "day",
    "day_of_year": "day_of_year",
    "hour": "hour",
    "minute": "minute",
    "second": "second",
}
"""Parameter → part of a day or time."""


def of_date_time(t: Transform) -> Iterator[Made]:
    """Parts of days and times."""
    if t.text("date_time_format", ""):
        raise NotConverted("it reads days by a format: write `parse` with `format`, then `featurize`")
    t.has("infer_datetime_format")
    parts = [part for name, part in PARTS.items() if t.flag(name)]
    round_ = [part for part in parts if part != "year"] if t.text("output_mode", "Ordinal") == "Cyclic" else []
    into = t.text("output_column", "{column}")
    notes = ["strings must be parsed first", *([VECTOR] if t.text("output_format", "Vector") == "Vector" else [])]
    if not t.flag("use_one_indexing") and not round_:
        notes.append("months, days and weeks begin with 1, not with 0")
    if not parts:
        raise NotConverted("it names no part of days or times")
    begin = into.replace("{column}", t.column)
    for chosen, more, ends in (([p for p in parts if p not in round_], {}, ("",)), (round_, {"cyclic": True}, ("_sin", "_cos"))):
        if chosen:
            writes = frozenset(f"{begin}_{part}{end}" for part in chosen for end in ends)
            given = {"columns": t.column, "parts": chosen, **more, "into": into}
            yield Made("featurize", given, frozenset([t.column]), writes, tuple(notes))


def of_valid_times(t: Transform) -> Iterator[Made]:
    """Rows without a time, which go."""
    column = t.name("timestamp_column", "input_column")
    if t.text("policy", "drop").lower() != "drop":
        raise NotConverted("it marks rows without a time, or fails: write a rule, `IsComplete`, under `check`")
    yield Made(
        "filter", {"where": f"{identifier(column)} IS NOT NULL"}, frozenset([column]), frozenset(), ("strings must be parsed first",)
    )


LENGTHS = {
    **dict.fromkeys(("SECOND", "SECONDS", "SECONDLY"), "s"),
    **dict.fromkeys(("MINUTE", "MINUTES", "MINUTELY"), "min"),
    **dict.fromkeys(("HOUR", "HOURS", "HOURLY"), "h"),
    **dict.fromkeys(("DAY", "DAYS", "DAILY"), "d"),
    **dict.fromkeys(("WEEK", "WEEKS", "WEEKLY"), "w"),
    **dict.fromkeys(("MONTH", "MONTHS", "MONTHLY"), "mo"),
    **dict.fromkeys(("QUARTER", "QUARTERLY", "ANNUAL QUARTER"), "q"),
    **dict.fromkeys(("YEAR", "YEARS", "YEARLY"), "y"),
}
"""Unit of a frequency → unit of the step `resample`."""
DOWN = {**{way.upper(): way for way in ("mean", "median", "sum", "min", "max", "first", "last", "std", "var")}, "MOST COMMON": "mode"}
UP = {
    **dict.fromkeys(("FFILL", "PAD", "FORWARD FILL"), "forward"),
    **dict.fromkeys(("BFILL", "BACKFILL", "BACKWARD FILL"), "backward"),
    **dict.fromkeys(("LINEAR", "TIME"), "linear"),
    "NEAREST": "nearest",
}
"""How a series is downsampled (`DOWN`) or upsampled (`UP`) → the parameter of the step `resample`."""


def of_resample(t: Transform) -> Iterator[Made]:
    """A row for each interval of time."""
    frequency, down, up = t.block("frequency"), t.block("downsample"), t.block("upsample")
    fill, fill_others = up.word("numeric", UP, "linear"), up.word("non_numeric", UP, "ffill")
    given: dict[str, Any] = {
        "every": f"{int(frequency.number('quantity', 1))} {frequency.word('offset_description', LENGTHS)}",
        "time": t.name("timestamp_column"),
        **({"by": t.name("id_column")} if t.has("id_column") else {}),
        "numbers": down.word("numeric", DOWN, "mean"),
        "others": down.word("non_numeric", DOWN, "most common"),
        "fill": fill,
    }
    notes = ["intervals begin at multiples of their length"]
    notes += [] if fill == "forward" else ["it fills with later values, which are not known yet when a row is: `fill: forward` does not"]
    notes += [] if fill_others == {"linear": "forward"}.get(fill, fill) else ["what is not a number is filled in the same way"]
    yield Made("resample", given, None, None, tuple(notes))


def _series(t: Transform) -> tuple[str, dict[str, Any]]:
    """The column of a series, and the order of its rows."""
    if not t.has("timestamp_column"):
        raise NotConverted("it does not say the order of rows: write `window` with `order`")
    t.has("flatten")
    key = {"by": t.name("id_column")} if t.has("id_column") else {}
    return t.name("sequence_column", "input_column"), {"order": t.name("timestamp_column"), **key}


MOST_LAGS = 100


def of_lags(t: Transform) -> Iterator[Made]:
    """Earlier values."""
    column, order = _series(t)
    lag, whole = int(t.number("lag", 1)), t.flag("entire_window")
    if lag > MOST_LAGS and whole:
        raise NotConverted(f"it makes {lag:,} columns: write `window` with those that matter")
    into = {"into": t.text("output_column")} if t.has("output_column") and not whole else {}
    names = [into.get("into", f"{column}_lag_{n}") for n in (range(1, lag + 1) if whole else [lag])]
    n = list(range(1, lag + 1)) if whole else lag
    yield Made("window", {"columns": column, "n": n, **order, **into}, frozenset([column, *order.values()]), frozenset(names))
    if t.flag("drop_rows") and names:
        where = f"{identifier(names[-1])} IS NOT NULL"
        yield Made("filter", {"where": where}, frozenset(names[-1:]), frozenset(), ("rows whose earlier value is null go too",))


def of_rolling(t: Transform) -> Iterator[Made]:
    """Statistics of the rows ahead of a row."""
    column, order = _series(t)
    strategy, size = t.text("strategy", "Minimal subset"), int(t.number("window_size"))
    if not strategy.lower().startswith("minimal"):
        raise NotConverted(f"its features {strategy[:40]!r} have no counterpart: write `window` for those that matter")
    t.has("output_column")
    notes = {"sum": ("one statistic for each step",), "std": ("of a sample",), "var": ("of a sample",)}
    for way in ("sum", "median", "mean", "count", "std", "var", "max", "min"):
        given = {"columns": column, "with": way, "window": size, "closed": "left", **order}
        reads = frozenset([column, *order.values()])
        yield Made("window", given, reads, frozenset([f"{column}_{way}_{size}"]), notes.get(way, ()))


OPERATORS: Operators = {
    ("featurize_date_time", "Extract columns"): of_date_time,
    **{("time_series", label): of_date_time for label in ("Featurize date/time", "Featurize datetime")},
    ("time_series", "Validate timestamps"): of_valid_times,
    ("time_series", "Resample"): of_resample,
    ("time_series", "Lag features"): of_lags,
    ("time_series", "Rolling window features"): of_rolling,
}
