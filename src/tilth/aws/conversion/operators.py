"""The transforms of a Data Wrangler flow: a row for each label of each operator, or for several that are one step."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from string import ascii_lowercase, ascii_uppercase
from typing import Any

from tilth.aws.conversion.conditions import literal
from tilth.aws.conversion.formulas import columns_of
from tilth.aws.conversion.made import Made, NotConverted, column_step, formula, renamed, without
from tilth.aws.conversion.parameters import Parameters
from tilth.engine.user_sql.writing import identifier, string_literal
from tilth.errors import ExpressionError

KINDS = {
    "LONG": "integer",
    "INTEGER": "integer",
    "INT": "integer",
    "FLOAT": "float",
    "DOUBLE": "float",
    "STRING": "string",
    "BOOL": "boolean",
    "BOOLEAN": "boolean",
    "DATE": "date",
    "DATETIME": "timestamp",
    "TIMESTAMP": "timestamp",
}
VECTOR = "columns, not one vector"


class Transform(Parameters):
    """A transform with the parameters of its chosen label; those of other labels, which linger in a file, are not read."""

    def __init__(self, operator: str, label: str, given: Mapping[str, Any], learned: Mapping[str, Any]) -> None:
        super().__init__(given)
        self.operator, self.label, self.learned = operator, label, learned
        self.blocks: list[Transform] = []

    def block(self, name: str) -> Transform:
        """The parameters within a parameter."""
        self.has(name)
        inner = self.given.get(name)
        self.blocks.append(Transform(self.operator, self.label, inner if isinstance(inner, Mapping) else {}, self.learned))
        return self.blocks[-1]

    @property
    def unread(self) -> list[str]:
        """Parameters that have a value and were not read, except for the blocks of options that were not chosen."""
        own = [name for name in super().unread if not name.endswith("_parameters")]
        return [*own, *(name for block in self.blocks for name in block.unread)]

    @property
    def columns(self) -> list[str]:
        """The columns that it reads."""
        return self.names("input_column", "input_columns", "column")

    @property
    def column(self) -> str:
        """The one column that it reads."""
        return self.name("input_column", "input_columns", "column")

    @property
    def target(self) -> str:
        """The column that it makes: by default the one that it reads."""
        return self.text("output_column") if self.has("output_column") else self.column

    def on_columns(self, name: str, *notes: str, **parameters: Any) -> Made:
        """A step on the columns, into the one that it makes."""
        return column_step(name, self.columns, self.text("output_column", ""), notes, **parameters)


FORMULAS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("Lower", "Lower case"), ("lower({x})", "letters beyond A–Z stay as they are")),
    **dict.fromkeys(("Upper", "Upper case"), ("upper({x})", "letters beyond A–Z stay as they are")),
    **dict.fromkeys(("Title", "Title case"), ("initcap({x})", "letters beyond A–Z stay as they are")),
    "Capitalize": ("concat(upper(left({x}, 1)), lower(substring({x}, 2)))", "letters beyond A–Z stay as they are"),
    "Swap case": (f"translate({{x}}, '{ascii_uppercase}{ascii_lowercase}', '{ascii_lowercase}{ascii_uppercase}')",),
    "Center": ("center({x}, {width:int}, {fill_character:str= })",),
    "Find substring": ("instr({x}, {substring:str}) - 1",),
    "Extract using regex": ("regexp_extract({x}, {pattern:str}, 0)", "the first match; empty where there is none"),
    "Left pad": ("lpad({x}, {width:int}, {fill_character:str= })",),
    "Right pad": ("rpad({x}, {width:int}, {fill_character:str= })",),
    "Prepend zeros": ("lpad({x}, {width:int}, '0')",),
    "Strip left and right": ("trim(both {characters:str= } from {x})",),
    "Strip characters from left": ("trim(leading {characters:str= } from {x})",),
    "Strip characters from right": ("trim(trailing {characters:str= } from {x})",),
    "Add prefix": ("concat({prefix:str}, {x})",),
    "Add suffix": ("concat({x}, {suffix:str})",),
    "Find and replace substring": ("regexp_replace({x}, {pattern:str}, {replacement:str=})", "the pattern is a regular expression"),
    "Convert regex to missing": ("if(full_match({x}, {pattern:str}), NULL, {x})",),
    "Convert non-matches to missing": ("if(full_match({x}, {pattern:str}), {x}, NULL)",),
    "Matches": ("{x} RLIKE {pattern:start}",),
}
"""Label → the formula of its column x and its parameters (`=` in front of a default), and what differs."""


def of_formula(t: Transform) -> Iterator[Made]:
    """A formula of one column."""
    template, *notes = FORMULAS[t.label]
    columns = t.columns
    for column in columns:

        def written(field: re.Match[str], column: str = column) -> str:
            name, _, form = field[1].partition(":")
            kind, given, default = form.partition("=")
            if name == "x":
                return identifier(column)
            if kind == "int":
                return str(int(t.number(name)))
            text = t.text(name, default if given else None)
            return string_literal(f"^(?:{text})" if kind == "start" else text)

        target = t.target if len(columns) == 1 else column
        yield formula(target, re.sub(r"{([^}]+)}", written, template), [column], *notes)


def of_symbols(t: Transform) -> Iterator[Made]:
    """Characters that go from strings."""
    symbols = string_literal("".join(dict.fromkeys(t.text("symbols", " \t\r\n"))))
    columns = t.columns
    for column in columns:
        yield formula(t.target if len(columns) == 1 else column, f"translate({identifier(column)}, {symbols}, '')", [column])


def of_drop(t: Transform) -> Iterator[Made]:
    """Columns that go."""
    yield without(t.names("column_to_drop", "input_column"))


def of_rename(t: Transform) -> Iterator[Made]:
    """Another name for a column, or a copy."""
    new = t.text("new_name", "") or t.text("output_column")
    yield from renamed(t.column, new) if t.label == "Rename column" else [formula(new, identifier(t.column), [t.column])]


def of_concatenate(t: Transform) -> Iterator[Made]:
    """Two columns as one string."""
    columns = t.names("input_columns") if t.has("input_columns") else [t.name("first_column"), t.name("second_column")]
    between = f", {string_literal(t.text('separator'))}, " if t.has("separator") else ", "
    target = t.text("output_column")
    yield formula(target, f"concat({between.join(map(identifier, columns))})", columns, "null if one of the columns is null")


def of_cast(t: Transform) -> Iterator[Made]:
    """Another kind of values."""
    method = t.text("non_castable_data_handling_method", "replace_null")
    t.has("date_formatting"), t.has("datetime_formatting"), t.has("replace_value")
    if not method.startswith("replace_null"):
        raise NotConverted(f"what cannot be read becomes {method[:40]!r}, which has no counterpart")
    keep = True if method.endswith("new_col") else None
    yield column_step("cast", t.columns, notes=["strings are read by ISO 8601"], to=t.word("data_type", KINDS), keep_invalid=keep)


def of_inferred(t: Transform) -> Iterator[Made]:
    """The kinds that were found in a sample."""
    schema = t.learned.get("schema")
    if not isinstance(schema, Mapping) or not schema:
        raise NotConverted("it has not been run: say kinds under `data: {types: …}`")
    by_kind: dict[str, list[str]] = {}
    for column, kind in schema.items():
        if (found := KINDS.get(str(kind).upper(), "string")) != "string":
            by_kind.setdefault(found, []).append(str(column))
    for found, columns in by_kind.items():
        yield column_step("cast", Parameters({"c": columns}).names("c"), notes=["kinds as they were found in a sample"], to=found)


def of_fill(t: Transform) -> Iterator[Made]:
    """A constant for missing values."""
    text = t.text("fill_value")
    number = literal(text)
    value = text if number.startswith("'") else t.number("fill_value")
    yield t.on_columns("impute", with_="constant", value=value)


def of_impute(t: Transform) -> Iterator[Made]:
    """A learned value for missing ones."""
    numeric = t.text("column_type", "Numeric") == "Numeric"
    inner = t.block("numeric_parameters" if numeric else "categorical_parameters")
    t = inner if inner.given else t
    how = (
        t.word("strategy", {"MEAN": "mean", "APPROXIMATE MEDIAN": "median", "MEDIAN": "median"}, "Approximate Median")
        if numeric
        else "mode"
    )
    yield t.on_columns("impute", *(["the exact median"] if how == "median" else []), with_=how)


def of_indicator(t: Transform) -> Iterator[Made]:
    """A column that says what is missing."""
    into = t.text("output_column", f"{t.column}_indicator")
    yield column_step("flag", [t.column], into, ["1 and 0, not true and false"])


def of_drop_missing(t: Transform) -> Iterator[Made]:
    """Rows without a value go."""
    if t.text("dimension", "Drop Rows") != "Drop Rows":
        raise NotConverted("it drops columns by their values, so that which there are depends on the data: write `select`")
    inner = t.block("drop_rows_parameters")
    columns = (inner if inner.given else t).columns
    where = " AND ".join(f"{identifier(c)} IS NOT NULL" for c in columns)
    yield Made("filter", {"where": where}, frozenset(columns), frozenset())


OUTLIERS: dict[str, tuple[str, tuple[str, ...]]] = {
    "Standard deviation numeric outliers": ("z_score", ()),
    "Robust standard deviation numeric outliers": (
        "robust_z",
        ("by the median absolute deviation; there by the deviation of the inner half, which cuts about 13 % of a normal column",),
    ),
    "Quantile numeric outliers": ("quantile", ()),
    "Min-max numeric outliers": ("range", ()),
}
"""Label → the way of the step `outliers`, and what differs."""


def of_outliers(t: Transform) -> Iterator[Made]:
    """Improbable numbers."""
    way, notes = OUTLIERS[t.label]
    action = t.word("fix_method", {"CLIP": None, "REMOVE": "drop", "INVALIDATE": "null"}, "Clip")
    bounds: dict[str, Any] = {}
    if way == "z_score":
        bounds = {"times": t.number("standard_deviations", 4)}
    elif way == "robust_z":
        t.has("lower_quantile"), t.has("upper_quantile")
        bounds = {"times": t.number("standard_deviations", 4)}
    elif way == "quantile":
        bounds = {"low": t.number("lower_quantile", 0.01), "high": t.number("upper_quantile", 0.99)}
    else:
        bounds = {"low": t.number("lower_threshold"), "high": t.number("upper_threshold")}
    if action == "drop":
        yield column_step("outliers", t.columns, notes=notes, with_=way, action=action, **bounds)
    else:
        yield t.on_columns("outliers", *notes, with_=way, action=action, **bounds)


def of_rare(t: Transform) -> Iterator[Made]:
    """Rare categories as one."""
    absolute, share, most = t.number("absolute_threshold", 10), t.number("fraction_threshold", 0.005), t.number("max_common_categories", 0)
    note = f"a category stays from {absolute + 1:g} rows on; there it must also have more than {share:g} of the rows"
    given = {"min_frequency": int(absolute) + 1, "max_categories": int(most) or None, "value": t.text("replacement_string", "Other")}
    yield t.on_columns("group_rare", note, missing="group", **given)


SCALERS = {"Standard scaler": "standard", "Robust scaler": "robust", "Min-max scaler": "minmax", "Max absolute scaler": "maxabs"}


def of_scale(t: Transform) -> Iterator[Made]:
    """Numbers on a common range."""
    label = t.text("scaler")
    if label not in SCALERS:
        raise NotConverted(f"the scaler {label[:40]!r} has no counterpart")
    t = t.block(f"{snake(label)}_parameters")
    way, more = SCALERS[label], dict[str, Any]()
    if way in ("standard", "robust"):
        center, scale = t.flag("center"), t.flag("scale", True)
        if not (center or scale):
            raise NotConverted("it neither centres nor scales numbers")
        more = {"ddof": 1} if way == "standard" else {}
        more |= {**({} if center else {"center": False}), **({} if scale else {"scale": False})}
        if way == "robust" and (ends := (t.number("lower_quantile", 0.25), t.number("upper_quantile", 0.75))) != (0.25, 0.75):
            more["quantiles"] = list(ends)
    elif way == "minmax":
        more = {"low": float(t.number("min", 0)), "high": float(t.number("max", 1))}
        more = {} if more == {"low": 0.0, "high": 1.0} else more
    yield t.on_columns("scale", with_=way, **more)


def of_one_hot(t: Transform) -> Iterator[Made]:
    """A column for each category."""
    policy = t.text("invalid_handling_strategy", "Skip")
    if t.flag("input_already_ordinal_encoded") or t.flag("is_already_ordinal_encoded"):
        raise NotConverted("its column is ordinal already")
    notes = [VECTOR] if t.text("output_style", "Vector") == "Vector" else []
    more: dict[str, Any] = {"Keep": {"missing": "slot"}, "Error": {"unseen": "error", "missing": "error"}}.get(policy, {})
    notes += ["rows with other values stay, as zeros"] if policy == "Skip" else []
    if t.flag("drop_last", True):
        more, notes = {**more, "drop": "first"}, [*notes, "without the first category's column; there without the last one's"]
    yield t.on_columns("encode", *notes, **more)


def of_ordinal(t: Transform) -> Iterator[Made]:
    """The place of a category among them."""
    policy = t.text("invalid_handling_strategy", "Replace with NaN")
    words = {"Keep": "slot", "Error": "error", "Replace with NaN": "null"}
    notes = [] if policy in words else ["rows with other values stay, as null"]
    word = words.get(policy, "null")
    yield t.on_columns("encode", *notes, with_="ordinal", unseen=word, missing=word)


def of_similarity(t: Transform) -> Iterator[Made]:
    """How similar a string is to others."""
    t.has("output_style")
    most = int(t.number("target_dimension", 30))
    yield t.on_columns("encode", "similarities to the most frequent categories; there hashes", with_="similarity", max_categories=most)


def of_statistics(t: Transform) -> Iterator[Made]:
    """Counts and shares of the characters of a text."""
    yield Made(
        "featurize", {"columns": t.column, "into": "{column}"}, frozenset([t.column]), frozenset(), ("more shares, under other names",)
    )


def of_vector(t: Transform) -> Iterator[Made]:
    """Numbers as one list."""
    columns, into = t.columns, t.text("output_column")
    given = {"columns": columns, "into": into, "as": "list", "keep": True}
    yield Made("nest", given, frozenset(columns), frozenset([into]), ("a list",))


def of_sort(t: Transform) -> Iterator[Made]:
    """Rows in an order."""
    columns = t.columns
    falling = t.text("order", "Ascending").lower().startswith("desc") or not t.flag("ascending", True)
    parameters = {"by": columns, **({"descending": columns} if falling else {})}
    yield Made("sort", parameters, frozenset(columns), frozenset(), ("nulls come last",))


def of_shuffle(t: Transform) -> Iterator[Made]:
    """Rows by chance."""
    seed = {"seed": int(t.number("seed"))} if t.has("seed") else {}
    yield Made("shuffle", seed, None, frozenset(), ("another order",))


def of_duplicates(t: Transform) -> Iterator[Made]:
    """Rows that are there before go."""
    key = {"on": t.columns} if t.has("input_column") or t.has("input_columns") else {}
    yield Made("dedupe", key, None, frozenset(), ("the first row in the order of the role time, or of the columns, stays",))


def of_filter(t: Transform) -> Iterator[Made]:
    """Rows by conditions."""
    filters = t.json("filters") if t.has("filters") else [t.given]
    t.has("column"), t.has("condition"), t.has("operator"), t.has("value")
    parts: list[str] = []
    columns: list[str] = []
    for f in filters if isinstance(filters, list) else []:
        sign = str(f.get("condition", "")) if isinstance(f, Mapping) else ""
        if sign not in ("=", "!=", ">=", "<=", ">", "<"):
            raise NotConverted(f"its condition {sign[:40]!r} has no counterpart")
        columns.append(Parameters(f).name("column"))
        parts.append(f"{identifier(columns[-1])} {sign.replace('!=', '<>')} {literal(f.get('value', ''))}")
    if not parts:
        raise NotConverted("it has no condition")
    yield Made("filter", {"where": " AND ".join(parts)}, frozenset(columns), frozenset())


def of_balance(t: Transform) -> Iterator[Made]:
    """Classes of equal size."""
    way = {"Random oversample": "over", "Random undersample": "under", "SMOTE": "smote"}[t.label]
    label, ratio = t.text("target_column"), t.number("ratio", 1)
    given: dict[str, Any] = {"with": way, "label": label, **({"ratio": ratio} if ratio != 1 else {})}
    if way == "smote":
        given |= {"neighbours": int(t.number("num_neighbors", 5))}
        t.has("normalize")
    t.has("seed")
    yield Made("balance", given, None, frozenset(), ("chance chooses other rows",))


def of_split(t: Transform) -> Iterator[Made]:
    """The parts of the data."""
    splits = t.json("splits")
    if not isinstance(splits, list) or not all(isinstance(s, Mapping) for s in splits):
        raise NotConverted("it does not name its parts")
    shares = {str(s.get("name", "")).lower(): Parameters(s).number("percentage") for s in splits}
    total = sum(shares.values())
    shares = {name: share / 100 if total > 1.5 else share for name, share in shares.items()}
    by = {"Randomized split": "hash", "Stratified split": "stratified", "Split by key": "group", "Ordered split": "ordered"}[t.label]
    named = [name for name in ("key_columns", "input_columns", "input_column", "stratify_column") if t.has(name)]
    keys = t.names(*named) if named and by != "hash" else []
    if by != "hash" and not keys:
        raise NotConverted("it has no column to split by")
    if "train" not in shares:
        raise NotConverted("none of its parts is called train, from which a flow learns")
    t.has("error"), t.has("handle_duplicates")
    seed = {"seed": int(t.number("seed"))} if t.has("seed") else {}
    given = {**shares, **({"by": by, "columns": keys[0] if len(keys) == 1 else keys} if keys else {}), **seed}
    yield Made("split", given, None, frozenset(), ("other rows in each part, of nearly the same shares",))


def of_sampling(t: Transform) -> Iterator[Made]:
    """Some of the rows."""
    method = t.text("sampling_method", "").lower()
    strata = "stratif" in method
    inner = t.block("stratified_parameters" if strata else "random_parameters")
    block = inner if inner.given else t
    if "limit" in method or not (block.has("sample_size") or block.has("sample_ratio")):
        raise NotConverted("it takes the first rows of a file, which have no order: write `sample` with `order`")
    given: dict[str, Any] = (
        {"fraction": block.number("sample_ratio")} if block.has("sample_ratio") else {"n": int(block.number("sample_size"))}
    )
    given |= {"stratify": block.name("stratify_column", "input_column")} if strata else {}
    given |= {"seed": int(block.number("seed"))} if block.has("seed") else {}
    yield Made("sample", given, None, frozenset(), ("other rows",))


def of_custom(t: Transform) -> Iterator[Made]:
    """A formula of the user's."""
    text = t.text("formula")
    try:
        reads = columns_of(text)
    except ExpressionError as error:
        raise NotConverted(error.mistakes[0].message) from None
    yield formula(t.text("output_column"), text, reads)


def of_sql(t: Transform) -> Iterator[Made]:
    """A query of the user's over the table that is called df there."""
    name = next((n for n in ("sql", "code", "query") if t.has(n)), "sql")
    query = t.text(name).strip().rstrip(";")
    if not query.lower().startswith("select"):
        raise NotConverted("it is not one SELECT")
    note = "refused when it runs if a function in it does not mean the same on every engine"
    yield Made("sql", {"query": f"WITH df AS (SELECT * FROM input) {query}"}, None, None, (note,))


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


def of_words(t: Transform) -> Iterator[Made]:
    """Counts of words."""
    inner = t.block("tokenizer_custom_parameters" if t.text("tokenizer", "Standard") == "Custom" else "tokenizer_standard_parameters")
    if inner.text("pattern", "\\s+") != "\\s+" or not inner.flag("gaps", True):
        raise NotConverted("its words are found by a pattern of its own: replace it by blanks, and write `vectorize`")
    notes = ["words are runs of two or more letters, digits and _; there whatever stands between blanks", VECTOR]
    case: dict[str, Any] = {} if inner.flag("lowercase_before_tokenization", True) else {"lowercase": False}
    t.has("output_format"), t.has("apply_idf_no_parameters")
    into, idf = t.text("output_column", f"{t.column}_features"), t.text("apply_idf", "No") == "Yes"
    if t.text("vectorizer", "Count vectorizer").lower() == "hashing":
        if idf:
            raise NotConverted("it weighs hashes by how rare they are: write `vectorize` with `tfidf`, whose columns are words")
        size = int(t.block("vectorizer_hashing_parameters").number("number_of_features", 262_144))
        notes.append("other hashes, half of them counted as -1")
        yield column_step("vectorize", [t.column], into, notes, with_="hashing", n_features=size, norm="none", **case)
        return
    counts = t.block("vectorizer_count_vectorizer_parameters")
    if counts.flag("binarize_count") or counts.number("minimum_term_frequency", 1) != 1:
        raise NotConverted("it leaves out how often a word occurs in a text, which `vectorize` counts")
    least, most = counts.number("minimum_document_frequency", 1), counts.number("maximum_document_frequency", 1)
    given: dict[str, Any] = {"max_features": int(counts.number("maximum_vocabulary_size", 10_000)), "max_df": None if most == 1 else most}
    if idf:
        rare = t.block("apply_idf_yes_parameters").number("minimum_document_frequency", 1)
        given |= {"with_": "tfidf", "norm": "none"}
        least, notes = max(least, rare), [*notes, "weights are 1 larger"]
    yield column_step("vectorize", [t.column], into, notes, min_df=None if least == 1 else least, **given, **case)


def of_components(t: Transform) -> Iterator[Made]:
    """Fewer columns of numbers."""
    columns, keep = t.names("input_columns", "input_column"), t.flag("keep_input_columns")
    share = t.number("variance_threshold", 95) / 100
    number: float = int(t.number("number_of_components")) if t.has("number_of_components") else share
    notes = ["the largest number of an axis is positive", *([VECTOR] if t.text("output_format", "Columns") == "Vector" else [])]
    reduced = columns
    if t.flag("scale", True):
        reduced = [f"{c}_scaled" for c in columns] if keep else columns
        center = None if t.flag("center", True) else False
        yield column_step("scale", columns, "{column}_scaled" if keep else "", with_="standard", ddof=1, center=center)
    prefix = t.text("output_column", "") or None
    kept = True if keep and reduced == columns else None
    way = "pca" if t.flag("center", True) else "svd"
    yield column_step("reduce", reduced, notes=notes, with_=way, n_components=number, prefix=prefix, keep=kept)


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
"""Unit of a frequency → that of `resample`."""
DOWN = {**{way.upper(): way for way in ("mean", "median", "sum", "min", "max", "first", "last", "std", "var")}, "MOST COMMON": "mode"}
UP = {
    **dict.fromkeys(("FFILL", "PAD", "FORWARD FILL"), "forward"),
    **dict.fromkeys(("BFILL", "BACKFILL", "BACKWARD FILL"), "backward"),
    **dict.fromkeys(("LINEAR", "TIME"), "linear"),
    "NEAREST": "nearest",
}
"""Ways to aggregate, and to fill, of a resampled series → those of `resample`."""


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


OPERATORS: dict[tuple[str, str], Callable[[Transform], Iterable[Made]]] = {
    ("infer_and_cast_type", ""): of_inferred,
    ("cast_single_data_type", ""): of_cast,
    ("custom_formula", ""): of_custom,
    ("custom_sql", ""): of_sql,
    **{("custom_code", label): of_sql for label in ("SQL", "SQL (PySpark SQL)")},
    ("filter_data", ""): of_filter,
    ("sampling", ""): of_sampling,
    ("manage_columns", "Drop column"): of_drop,
    ("manage_columns", "Rename column"): of_rename,
    ("manage_columns", "Duplicate column"): of_rename,
    ("manage_columns", "Concatenate columns"): of_concatenate,
    ("manage_vectors", "Assemble"): of_vector,
    ("manage_rows", "Sort"): of_sort,
    ("manage_rows", "Shuffle"): of_shuffle,
    ("manage_rows", "Drop duplicates"): of_duplicates,
    ("manage_rows", "Filter"): of_filter,
    ("handle_missing", "Fill missing"): of_fill,
    ("handle_missing", "Impute"): of_impute,
    ("handle_missing", "Add indicator for missing"): of_indicator,
    ("handle_missing", "Drop missing"): of_drop_missing,
    **{("handle_outliers", label): of_outliers for label in OUTLIERS},
    **{("handle_outliers", label): of_rare for label in ("Replace rare", "Replace rare values")},
    ("process_numeric", "Scale values"): of_scale,
    ("encode_categorical", "One-hot encode"): of_one_hot,
    ("encode_categorical", "Ordinal encode"): of_ordinal,
    ("encode_categorical", "Similarity encode"): of_similarity,
    ("featurize_text", "Character statistics"): of_statistics,
    ("featurize_text", "Vectorize"): of_words,
    ("featurize_date_time", "Extract columns"): of_date_time,
    **{("time_series", label): of_date_time for label in ("Featurize date/time", "Featurize datetime")},
    ("time_series", "Validate timestamps"): of_valid_times,
    ("time_series", "Resample"): of_resample,
    ("time_series", "Lag features"): of_lags,
    ("time_series", "Rolling window features"): of_rolling,
    ("dimensionality_reduction", "PCA"): of_components,
    **{(operator, label): of_formula for operator in ("format_string", "search_and_edit") for label in FORMULAS},
    **dict.fromkeys((("format_string", "Remove symbols"), ("search_and_edit", "Remove symbols")), of_symbols),
    **{("balance_data", label): of_balance for label in ("Random oversample", "Random undersample", "SMOTE")},
    **{("split", label): of_split for label in ("Randomized split", "Stratified split", "Split by key", "Ordered split")},
}
"""Operator and label → the steps that it is."""


def snake(label: str) -> str:
    """A label as the name of its parameters: `Min-max scaler` → `min_max_scaler`."""
    return re.sub(r"[^a-z0-9]+", "_", label.lower()).strip("_")
