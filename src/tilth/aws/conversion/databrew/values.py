"""Actions that learn from a column: missing values, outliers, scales and categories."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tilth.aws.conversion.conditions import literal
from tilth.aws.conversion.databrew.action import FILLS, KINDS, Action, Actions
from tilth.aws.conversion.made import Made, NotConverted, column_step
from tilth.aws.conversion.parameters import Parameters

INVALID = "values that are not of the column's kind are null once it is cast; missing values are filled too"
STRATEGIES = {"Z_SCORE": "z_score", "MODIFIED_Z_SCORE": "robust_z", "IQR": "iqr"}


def of_fill(a: Action) -> Iterator[Made]:
    """Missing values become a learned value or a constant; so do invalid ones, which are null."""
    begin, _, how = a.operation.rpartition("_WITH_")
    notes = (INVALID,) if begin == "REPLACE" else ()
    if how == "CUSTOM":
        numeric = a.has("columnDataType") and KINDS.get(a.text("columnDataType").upper()) in ("integer", "float")
        value: Any = a.number("value") if numeric else a.text("value")
        condition = a.where()
        if condition:
            yield a.formula(a.column, literal(value), [a.column], *notes)
        else:
            yield a.on_column("impute", *notes, with_="constant", value=value)
        return
    if a.text("modeType", "MINIMUM").upper() not in ("MINIMUM", "NONE"):
        notes = (*notes, "the smallest of equally frequent values is taken")
    yield a.on_column("impute", *notes, with_=FILLS[how])


def _bounds(a: Action) -> dict[str, Any]:
    """How outliers are found."""
    a.has("trimValue"), a.has("minValue"), a.has("maxValue")
    return {"with_": a.word("outlierStrategy", STRATEGIES), "times": a.number("threshold") if a.has("threshold") else None}


def of_flagged_outliers(a: Action) -> Iterator[Made]:
    """A column that flags outliers."""
    into = a.text("targetColumn", f"{a.column}_outlier")
    a.has("trueString"), a.has("falseString")
    yield column_step("outliers", [a.column], into, ["1 and 0, not words"], action="flag", **_bounds(a))


def of_removed_outliers(a: Action) -> Iterator[Made]:
    """Rows with outliers go, or the outliers become null."""
    drop = a.text("removeType", "DELETE_ROWS").upper() == "DELETE_ROWS"
    yield column_step("outliers", [a.column], action="drop" if drop else "null", **_bounds(a))


def of_replaced_outliers(a: Action) -> Iterator[Made]:
    """Outliers become something else."""
    how = a.text("replaceType").upper().removeprefix("REPLACE_WITH_")
    a.has("modeType")
    if how.startswith("WINSORIZE"):
        yield column_step("outliers", [a.column], notes=["to the nearer bound"], **_bounds(a))
        return
    fills = {**FILLS, "NULL": "", "EMPTY": ""}
    if how not in fills:
        raise NotConverted(f"outliers become {how[:40]!r}, which has no counterpart")
    yield column_step("outliers", [a.column], action="null", **_bounds(a))
    if fills[how]:
        yield column_step("impute", [a.column], notes=["missing values are filled too"], with_=fills[how])


def of_scale(a: Action) -> Iterator[Made]:
    """Numbers on a common range."""
    strategy = "Z_SCORE" if a.operation.startswith("RESCALE") else a.text("strategy").upper()
    if strategy in ("MIN_MAX", "SCALE_BETWEEN"):
        low, high = ("scaleMin", "scaleMax") if a.has("scaleMin") or a.has("scaleMax") else ("minValue", "maxValue")
        between = {"low": float(a.number(low)), "high": float(a.number(high))} if strategy == "SCALE_BETWEEN" else {}
        yield a.on_column("scale", with_="minmax", **between)
    elif strategy == "Z_SCORE":
        yield a.on_column("scale", with_="standard", ddof=1)
    else:
        raise NotConverted(f"the strategy {strategy[:40]!r} has no counterpart: write `formula` with numbers of your own")


def of_skewness(a: Action) -> Iterator[Made]:
    """Numbers on another scale."""
    how, value = a.text("skewFunction").upper(), a.number("value", 2)
    known = {"LOG": "log", "ROOT": "sqrt", "SQUARE": "square"}
    if how not in known or (how != "LOG" and value != 2):
        raise NotConverted(f"{how[:40]} by {value} has no counterpart")
    yield a.on_column("power", *(["the natural logarithm"] if how == "LOG" else []), with_=known[how])


def of_one_hot(a: Action) -> Iterator[Made]:
    """A column for each category."""
    yield a.on_column("encode", "the columns that it makes take the place of the old one")


def of_map(a: Action) -> Iterator[Made]:
    """Values by a table."""
    table = a.json("categoryMap")
    if not isinstance(table, dict) or not table:
        raise NotConverted("its categoryMap is not a table of values")
    if a.flag("deleteOtherRows"):
        raise NotConverted("it drops the rows of other values: write a `filter` and a `map`")
    a.has("mappingOption")
    numeric = a.text("mapType", "TEXT").upper() == "NUMERIC"
    values = {k: (literal_number(v) if numeric else str(v)) for k, v in table.items()}
    default = None if not a.has("other") else literal_number(a.text("other")) if numeric else a.text("other")
    others = None if default is not None or (a.flag("keepOthers") and not numeric) else "null"
    notes = ["values that are not in the table become null"] if others and a.flag("keepOthers") else []
    yield a.on_column("map", *notes, values=values, others=others, default=default)


def literal_number(value: Any) -> int | float:
    """A number that is written as a string."""
    return Parameters({"value": value}).number("value")


def of_binary(a: Action) -> Iterator[Made]:
    """1 above a threshold."""
    sign = "<=" if a.flag("flip") else ">"
    yield column_step("flag", [a.column], a.text("targetColumn"), with_="condition", where=f"value {sign} {a.number('threshold')!r}")


def of_bins(a: Action) -> Iterator[Made]:
    """Bins between levels, or of equal shares."""
    names = a.json("bucketNames") or []
    if not isinstance(names, list) or not names:
        raise NotConverted("it does not name its bins")
    labels = [str(n) for n in names]
    if a.has("percentage"):
        yield a.on_column("discretize", with_="quantile", bins=len(labels), labels=labels)
        return
    levels = a.json("splits")
    if not isinstance(levels, list) or len(levels) != len(labels) + 1:
        raise NotConverted("it does not have one level more than bins")
    if str(levels[0]) != "-Infinity" or str(levels[-1]) != "Infinity":
        raise NotConverted("its outer bins end at a number; those of `discretize` are open")
    yield a.on_column("discretize", with_="edges", edges=[literal_number(v) for v in levels[1:-1]], labels=labels)


ACTIONS: Actions = {
    **{f"{begin}_WITH_{how}": of_fill for begin in ("FILL", "REPLACE") for how in ("CUSTOM", *FILLS)},
    "FLAG_OUTLIERS": of_flagged_outliers,
    "REMOVE_OUTLIERS": of_removed_outliers,
    "REPLACE_OUTLIERS": of_replaced_outliers,
    **dict.fromkeys(("SCALE", "NORMALIZATION", "RESCALE_OUTLIERS_WITH_Z_SCORE"), of_scale),
    "SKEWNESS": of_skewness,
    "ONE_HOT_ENCODING": of_one_hot,
    "CATEGORICAL_MAPPING": of_map,
    "BINARIZATION": of_binary,
    "BUCKETIZATION": of_bins,
}
