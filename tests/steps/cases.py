"""Every step in every way, for the batteries: step, with columns of the sample table."""

from __future__ import annotations

from tests.steps.models import predicting
from tilth.data import Roles
from tilth.steps import STEPS
from tilth.steps.step import Step

S = STEPS
FIFTHS = (("train", 0.8), ("test", 0.2))
THREE = (("train", 0.5), ("validation", 0.3), ("test", 0.2))
CATEGORIES = ("word", "flag", "whole")

FEATURES: list[Step] = [
    S["select"](("number", "word")),
    S["select"](("!day", "!moment")),
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
    S["flag"](("word", "number", "day", "flag")),
    S["flag"](("number", "whole", "price"), with_="infinite"),
    S["flag"](("number", "whole"), with_="condition", where="value > 1 OR value = 0.5", into="{column}>1"),
    S["flag"]("word", with_="condition", where="value IN ('a', 'b') OR full_match(value, '[A-Z]')"),
    S["group_rare"](("word", "label"), min_frequency=2),
    S["group_rare"]("whole", max_categories=2, value=-1, missing="group"),
    S["group_rare"]("word", min_frequency=0.2, max_categories=5, value="(rare)", into="common"),
    S["softmax"](("number", "whole", "price")),
    S["formula"]("ratio", "number / whole"),
    S["formula"]("word", "CASE WHEN flag THEN coalesce(word, '?') ELSE 'none' END"),
    S["impute"](("number", "whole", "price"), with_="mean"),
    S["impute"](("number", "whole", "price"), with_="median", indicator=True),
    S["impute"](("number", "whole", "price", "word", "flag", "day", "moment", "zoned"), with_="mode"),
    S["impute"]("word", with_="constant", value="(missing)"),
    S["impute"](("whole", "number", "price"), with_="constant", value=0),
    *(S["scale"](("number", "whole", "price"), with_=way) for way in ("standard", "minmax", "robust", "maxabs")),
    S["scale"](("number", "whole"), with_="minmax", low=-1.0, clip=True),
    S["scale"]("number", ddof=1),
    S["scale"](("number", "whole"), into="{column}_scaled"),
    S["impute"]("word", with_="mode", into="filled", indicator=True),
    S["cast"](("whole", "price"), to="string", into="as_{column}"),
    S["null_if"](("word", "whole"), values=("a",), into="{column}!"),
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
    S["vectorize"]("word", into="with"),
    S["encode"](CATEGORIES, unseen="slot", missing="slot"),
    S["encode"](CATEGORIES, max_categories=2, drop="first"),
    S["encode"](CATEGORIES, min_frequency=0.2, order="value"),
    S["encode"](CATEGORIES, with_="ordinal"),
    S["encode"](CATEGORIES, with_="ordinal", unseen="slot", missing="slot"),
    S["encode"](CATEGORIES, with_="ordinal", unseen="null", missing=-1, max_categories=2),
    S["encode"]("word", with_="ordinal", unseen="error", missing="slot"),
    S["vectorize"]("word"),
    S["vectorize"](("word", "label"), most=2, lowercase=False),
    S["encode"]("word", categories=("b", "a", "日本")),
]  # fmt: skip
FEATURES += predicting(("whole", "price", "flag"))
ROWS: list[Step] = [
    S["filter"]("whole > 1"),
    S["filter"]("whole > 1 OR word = 'a'", unknown="keep"),
    S["dedupe"](),
    S["dedupe"]("word"),
    S["dedupe"](("whole", "flag"), order="number", keep="last"),
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
    S["balance"]("over"),
    S["balance"]("under", ratio=0.5),
    S["balance"]("weights"),
]
ALL = FEATURES + ROWS
KEYLESS = Roles.of(label="label")  # without an id, so that rows are hashed by all that they hold
