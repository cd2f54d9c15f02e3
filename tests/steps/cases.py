"""Every step in every way, for the batteries: step, with columns of the sample table."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

import pyarrow as pa
import pytest

from tests.steps.keys import KEY
from tests.steps.models import predicting, transforming
from tilth.data import Roles
from tilth.steps import STEPS
from tilth.steps.step import Step
from tilth.testing.laws import in_memory

S = STEPS
FIFTHS = (("train", 0.8), ("test", 0.2))
THREE = (("train", 0.5), ("validation", 0.3), ("test", 0.2))
CATEGORIES = ("word", "flag", "whole")
MOMENTS = pa.array([None, *(datetime(2024, 1, d) for d in (1, 2, 3, 5, 6))], pa.timestamp("us", "UTC"))
OTHER = {
    "flag": pa.array([True, True, False, True, None, False], pa.bool_()),
    "whole": pa.array([1, 2, 5, -7, None, 77], pa.int64()),
    "zoned": MOMENTS,
    "city": pa.array(["A", "it's", None, "日本", "E", "F"], pa.string()),
    "since": pa.array([date(2024, 1, d) for d in range(1, 7)], pa.date32()),
    "score": pa.array([0.5, None, 0.1, 1e-300, 5.0, 6.0], pa.float64()),
}
TABLES = {"other": in_memory(pa.table(OTHER))}  # one for all steps: Spark makes a frame of it once

FEATURES: list[Step] = [
    S["select"](("number", "word")),
    S["select"](("word", "number", "flag"), order="columns", rename={"word": "flag", "flag": "word"}),
    S["select"](("!day", "!moment")),
    S["move"](("price", "word"), before="whole"),
    S["move"]("id", to=1),
    *(S["cast"]("word", to=to) for to in ("integer", "float", "boolean", "date", "timestamp", "timestamp with time zone", "string")),
    *(S["cast"]("whole", to=to, keep_invalid=True) for to in ("float", "boolean", "string", "integer")),
    *(S["cast"]("price", to=to) for to in ("integer", "float", "boolean", "string")),
    S["cast"]("number", to="integer", keep_invalid=True),
    S["cast"](("day", "moment", "zoned"), to="string"),
    S["cast"](("day", "moment", "zoned"), to="date"),
    S["cast"](("day", "moment", "zoned"), to="timestamp"),
    S["cast"](("day", "moment", "zoned"), to="timestamp with time zone"),
    S["parse"]("word", as_="number"),
    S["parse"](("whole", "number", "price", "flag"), as_="number"),
    S["parse"](("word", "flag", "whole"), as_="boolean", true=("a", "日本"), false=("b", "it's")),
    S["parse"](("word", "whole"), as_="date", format=("%Y-%m-%d", "%y%m%d")),
    S["parse"](("word", "day", "moment", "zoned"), as_="timestamp"),
    S["null_if"](("word", "whole", "number"), values=("a", "IT'S", 5, 3)),
    S["null_if"](("whole", "number", "price"), below=0, above=7),
    S["map"]("word", values=(("a", "A"), ("it's", "it is"), ("", "empty"))),
    S["map"]("word", values=(("a", 1), (7, 3)), others="null"),
    S["map"]("whole", values=((5, 0.5), (2, 2)), others="keep"),
    S["map"]("whole", values=((5, "five"),), default="another", into="words"),
    S["map"]("flag", values=((True, 1), (False, -1)), others="error"),
    S["nest"](("word", "flag", "day", "zoned"), into="x", as_="json"),
    S["nest"](("number", "whole"), into="x", as_="list", keep=True),
    S["flag"](("word", "number", "day", "flag")),
    S["flag"](("number", "whole", "price"), with_="infinite"),
    S["flag"](("number", "whole"), with_="condition", where="value > 1 OR value = 0.5", into="{column}>1"),
    S["flag"]("word", with_="condition", where="value IN ('a', 'b') OR full_match(value, '[A-Z]')"),
    S["group_rare"](("word", "label"), min_frequency=2),
    S["group_rare"]("whole", max_categories=2, value=-1, missing="group"),
    S["group_rare"]("word", min_frequency=0.2, max_categories=5, value="(rare)", into="common"),
    S["softmax"](("number", "whole", "price")),
    S["softmax"](("number", "price"), temperature=2.5),
    S["log_softmax"](("number", "whole", "price")),
    *(
        S[name](("number", "whole", "price"), into="{column}!")
        for name in ("sigmoid", "log_sigmoid", "logit", "tanh", "relu", "elu", "softplus")
    ),
    S["relu"](("number", "whole"), slope=0.1),
    S["temperature"](("number", "whole"), value=3.0),
    S["argmax"](("number", "whole", "price")),
    S["argmax"](("number", "price"), column="best", labels=(7, 3)),
    S["threshold"](("number", "price"), at=0.1),
    S["threshold"]("number", column="decided", labels=("no", "yes")),
    S["prior"](("number", "price"), classes=("yes", "no"), trained={"yes": 1, "no": 2}),
    S["prior"]("number", trained={"yes": 1, "no": 3}),
    *(S["normalize"](("number", "whole", "price"), with_=way) for way in ("l2", "l1", "max")),
    S["formula"]("ratio", "number / whole"),
    S["formula"]("word", "CASE WHEN flag THEN coalesce(word, '?') ELSE 'none' END"),
    S["impute"](("number", "whole", "price"), with_="mean"),
    S["impute"](("number", "whole", "price"), with_="sum"),
    S["impute"](("number", "whole", "price"), with_="median", indicator=True),
    S["impute"](("number", "whole", "price", "word", "flag", "day", "moment", "zoned"), with_="mode"),
    S["impute"](("number", "whole", "flag", "word"), with_="mode", phase=("month", "weekday"), time="day"),
    S["impute"]("word", with_="constant", value="(missing)"),
    S["impute"](("whole", "number", "price"), with_="constant", value=0),
    *(S["outliers"](("number", "whole", "price"), with_=way) for way in ("iqr", "z_score", "robust_z", "quantile")),
    S["outliers"](("number", "price"), with_="iqr", times=0.1, action="null"),
    S["outliers"](("number", "whole"), with_="quantile", low=0.2, high=0.8, action="flag"),
    S["outliers"]("whole", with_="range", high=5.0, into="capped"),
    *(S["scale"](("number", "whole", "price"), with_=way) for way in ("standard", "minmax", "robust", "mean", "maxabs")),
    S["scale"](("number", "whole"), with_="minmax", low=-1.0, clip=True),
    S["scale"]("number", ddof=1, center=False),
    S["scale"](("number", "whole"), into="{column}_scaled"),
    S["impute"]("word", with_="mode", into="filled", indicator=True),
    S["cast"](("whole", "price"), to="string", into="as_{column}"),
    S["null_if"](("word", "whole"), values=("a",), into="{column}!"),
    S["power"](("number", "price")),
    *(S["power"](("number", "whole", "price"), with_=way) for way in ("log", "log1p", "sqrt", "square")),
    S["quantile"](("number", "whole", "price"), n_quantiles=5),
    S["quantile"](("whole", "price"), output_distribution="normal", into="{column}_normal"),
    S["discretize"](("number", "whole", "price")),
    S["discretize"](("number", "whole"), with_="uniform", bins=3, closed="right", labels="interval"),
    S["discretize"](("number", "price"), with_="edges", edges=(0.1, 2.5, 3.0), labels=("a", "b", "c", "d"), into="{column}_bin"),
    S["reduce"](("number", "whole", "price"), with_="variance", threshold=5.0),
    S["reduce"](("number", "whole", "price", "id"), with_="correlation", threshold=0.3),
    S["reduce"]("id", with_="pca", prefix="axis", keep=True),
    S["reduce"]("id", with_="svd", n_components=1),
    S["encode"](CATEGORIES),
    S["encode"](CATEGORIES, into="is_{column}", unseen="slot"),
    S["encode"]("word", with_="ordinal", into="code"),
    *(S["encode"](CATEGORIES, with_=way) for way in ("count", "frequency", "hash")),
    S["encode"](CATEGORIES, with_="count", unseen="null", missing="null", into="n_{column}"),
    S["encode"](CATEGORIES, with_="hash", size=7, seed=1, missing=-1),
    S["encode"](CATEGORIES, with_="target"),
    S["encode"](CATEGORIES, with_="target", smooth=2.0, folds=3, unseen="null", missing="null", into="{column}_mean"),
    S["encode"](CATEGORIES, with_="target", label="number"),
    S["encode"](("word", "whole"), with_="target", label="flag"),
    S["encode"](("flag", "whole"), with_="target", label="word", smooth=0.0),
    S["encode"](CATEGORIES, with_="woe", seed=1),
    S["encode"]("word", with_="multi_hot"),
    S["encode"](("word", "label"), with_="multi_hot", separator="a", missing="slot", max_categories=3, into="{column}_has"),
    S["encode"]("word", with_="multi_hot", categories=("a", "it's"), missing="zeros"),
    S["featurize"](("word", "label", "day", "moment", "zoned")),
    S["featurize"](("word", "day", "zoned"), parts_=("letters", "week", "quarter", "weekend", "second"), zone="Asia/Kolkata"),
    S["featurize"]("word", parts_=("non_ascii", "length_words", "gender_lean")),
    S["featurize"](("day", "moment"), cyclic=True, into="{column}"),
    S["encode"](("word", "label"), with_="similarity"),
    S["encode"]("word", with_="similarity", missing="null", max_categories=3, ngram_range=(1, 2), into="like"),
    S["vectorize"]("word", into="with"),
    S["encode"](CATEGORIES, unseen="slot", missing="slot"),
    S["encode"](CATEGORIES, max_categories=2, drop="first"),
    S["encode"](CATEGORIES, min_frequency=0.2, order="value"),
    S["encode"](CATEGORIES, with_="ordinal"),
    S["encode"](CATEGORIES, with_="ordinal", unseen="slot", missing="slot"),
    S["encode"](CATEGORIES, with_="ordinal", unseen="null", missing=-1, max_categories=2),
    S["encode"]("word", with_="ordinal", unseen="error", missing="slot"),
    S["vectorize"]("word"),
    S["vectorize"](("word", "label"), max_features=2, lowercase=False, ngram_range=(1, 2)),
    S["vectorize"](("word", "label"), with_="tfidf", sublinear_tf=True),
    S["vectorize"]("label", with_="hashing", n_features=4),
    S["encode"]("word", categories=("b", "a", "日本")),
    S["redact"](("word", "whole", "number", "price", "flag", "day", "moment", "zoned"), key=KEY, domain="customer"),
    S["redact"](("word", "whole"), key=KEY, normalise="casefold", encoding="int64", length=64, into="{column}!"),
    S["redact"](("word", "price"), with_="token", key=KEY),
    S["redact"](("whole", "word"), with_="format_preserving", key=KEY, invalid="null", alphabet="alphanumeric"),
    S["redact"](("word", "whole", "zoned"), with_="mask", keep_left=1, keep_right=2),
    S["redact"](("day", "word"), with_="mask", matching="[0-9]", character="$", into="masked {column}"),
    S["redact"](("word", "whole", "flag", "day"), with_="replace", text="it's gone"),
    S["redact"](("word", "whole", "flag", "day"), with_="null"),
    S["redact"](("word", "whole"), with_="drop"),
    S["redact"](("number", "whole", "price"), with_="generalise", bins=10),
    S["redact"](("number", "whole", "price"), with_="generalise", bins=(0.5, 3.0)),
    S["redact"](("word", "whole"), with_="generalise", digits=1),
    *(S["redact"](("day", "moment", "zoned"), with_="mask_date", part=part) for part in ("day", "month", "quarter", "decade")),
    S["redact"](("day", "moment", "zoned"), with_="date_shift", key=KEY, days=10),
    S["redact"](("number", "whole"), with_="random", low=-5, high=10.5, seed=3),
    S["redact"](("day", "zoned"), with_="random", low="2020-01-01", high="2021-12-31", by=("id", "label")),
    S["redact"]("word", with_="sha256"),
    S["redact"]("word", find=("EMAIL", "CREDIT_CARD"), key=KEY),
    S["redact"](("word", "label"), with_="mask", find=("all",), countries=("US",), findings="found", details=True, into="{column}!"),
    S["join"]("other", "whole", columns=("city", "since", "score", "zoned"), suffix="_2", indicator="known", lookup=True, tables=TABLES),
]  # fmt: skip
FEATURES += predicting(("whole", "price", "flag"))
FEATURES += transforming()
ROWS: list[Step] = [
    S["filter"]("whole > 1"),
    S["filter"]("whole > 1 OR word = 'a'", unknown="keep"),
    S["dedupe"](),
    S["dedupe"]("word"),
    S["dedupe"](("whole", "flag"), order="number", keep="last"),
    S["dedupe"]("word", order="number", flag="again"),
    S["outliers"](("number", "whole"), times=0.5, action="drop"),
    S["resample"]("1h", time="moment", missing="drop", with_={"number": "max", "label": "count"}),
    S["resample"]("1d", time="day", missing="drop", numbers="median", others="first", closed="right", label="right"),
    S["resample"]("2 months", time="zoned", numbers="sum", others="min", with_={"number": "last"}),
    S["resample"]("6h", time="zoned", by=("flag", "label"), numbers="sum", others="mode", with_={"number": "last"}, fill="forward"),
    S["resample"]("1d", time="day", by="flag", missing="drop", with_={"number": "min", "moment": "count"}, fill="linear", max_gap="2d"),
    S["resample"]("1d", time="day", missing="drop", numbers="max", others="mode", fill="backward", values={"word": "none", "whole": 0}),
    S["resample"]("1d", time="zoned", zone="America/New_York", count="rows", numbers="median", fill="linear"),
    S["resample"]("w", time="day", spread="month", missing="drop", with_={"number": "sum", "whole": "sum"}),
    S["resample"]("7h", time="moment", missing="drop", numbers="time_weighted_mean", by="flag", with_={"price": "sum"}),
    S["resample"]("12h", time="zoned", zone="America/New_York", fill="seasonal", season="1d", by=("label", "flag"), numbers="min"),
    S["resample"]("month", time="day", missing="drop", label="last_day", origin="2023-12-30", numbers="time_weighted_mean"),
    S["resample"]("7h", time="moment", at="points", missing="drop", fill="nearest", by="flag"),
    S["resample"]("8h", time="zoned", zone="Europe/Berlin", numbers="count", others="min"),
    S["join"]("other", ("whole", "flag"), columns=("city", "score"), indicator="known", tables=TABLES),
    S["join"]("other", "whole", how="anti", tables=TABLES),
    S["join"]("other", "flag", as_of="zoned", columns=("zoned", "city"), prefix="last_", tolerance="2d", tables=TABLES),
    S["join"](
        "other", as_of={"zoned": "zoned"}, how="inner", columns="city", direction="nearest", allow_exact_matches=False, tables=TABLES
    ),
    S["concat"]("other", source="_source", tables=TABLES),
    S["sql"]("SELECT flag, count(*) AS n, max(price) AS highest FROM input GROUP BY flag ORDER BY n DESC, flag"),
    S["sql"](
        "WITH known AS (SELECT whole, city FROM other) SELECT i.*, k.city FROM input i JOIN known k ON i.whole = k.whole", tables=TABLES
    ),
    S["sort"](("flag", "word", "number"), descending=("flag", "number"), nulls="first"),
    S["sort"]("numeric"),
    S["sample"](5),
    S["sample"](fraction=0.4, stratify="label", seed=3),
    S["sample"](4, order="number", descending=True, stratify="flag"),
    S["resample"]("6h", time="zoned", numbers="std", others="distinct", with_={"whole": "var"}),
    S["aggregate"](
        "flag", with_={"number": ("sum", "mean", "std", "median"), "price": ("sum", "var"), "word": ("mode", "distinct")}, count="n"
    ),
    S["aggregate"](("label", "word"), with_={"id": ("first", "last"), "day": "max", "whole": "sum"}, order=("zoned", "number")),
    S["unpivot"](("number", "whole", "price"), variable="of"),
    S["unpivot"](("word", "label"), missing="drop"),
    S["pivot"]("word", by="label", values=("number", "price"), with_="mean"),
    S["pivot"]("flag", by=("label", "day"), values="id", with_="last", order="zoned"),
    S["explode"]("word", separator="a", place="n"),
    S["window"](("number", "word", "day"), n=(1, 3), by="flag", order="zoned"),
    S["window"](("number", "whole", "price"), with_="mean", window=3, min_periods=1, order="id"),
    S["window"](("number", "whole"), with_="std", by="flag", order="zoned"),
    S["window"](("number", "price"), with_="median", window="2 d", order="zoned", closed="left"),
    S["window"](("number", "word", "zoned"), with_="ffill", by="flag", order="id", into="{column}"),
    S["window"](("price", "word"), with_="bfill", order="id"),
    S["window"](("number", "word", "price"), with_="mode", window=4, min_periods=1, by="flag", order="id"),
    S["window"](("number", "whole", "day"), with_="largest", n=(1, 2), window="2 d", order="zoned"),
    S["window"](("number", "price"), with_="largest_distinct", n=2, window=5, order="id"),
    S["window"](with_="session", window="1 d", by="label", order="zoned"),
    S["window"](with_="rank", by="label", order="zoned", into="place"),
    S["split"](FIFTHS),
    S["split"](THREE, seed=3),
    S["split"](FIFTHS, exact=True),
    S["split"](FIFTHS, by="group", columns="word"),
    S["split"](THREE, by="stratified"),
    S["split"](THREE, by="time", columns="moment", gap="1 hour"),
    S["split"](FIFTHS, by="time", columns="day"),
    S["split"](FIFTHS, by="ordered", columns="whole"),
    S["shuffle"](),
    S["shuffle"](seed=7),
    S["redact"](("word", "number"), with_="shuffle"),
    S["redact"]("word", with_="shuffle", key=KEY, into="other"),
    S["redact"]("word", with_="drop_row", find=("EMAIL",)),
    S["redact"]("price", with_="drop_row"),
    S["balance"]("over"),
    S["balance"]("under", ratio=0.5),
    S["balance"]("weights"),
    S["balance"]("over", per_class={"yes": 7}, origin=True),
    S["balance"]("weights", weights="cost", per_class={"no": 1, "yes": 5}),
]
ALL = FEATURES + ROWS
KEYLESS = Roles.of(label="label")  # without an id, so that rows are hashed by all that they hold


def first_quick(steps: Iterable[Step]) -> list[Any]:
    """The steps as parameters of a test: `make check` takes the first way of each."""
    seen: set[str] = set()
    found = []
    for step in steps:
        found.append(pytest.param(step, marks=[pytest.mark.slow] if step.name in seen else []))
        seen.add(step.name)
    return found
