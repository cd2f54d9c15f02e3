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
from tilth.errors import ExpressionError
from tilth.flow.writing import identifier, string_literal

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
CENTRED = "centred, which the file says it is not: values are shifted by a constant"


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
        """Those that were not read, and have a value; not the blocks of what was not chosen."""
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
    way, notes, more = SCALERS[label], [], dict[str, Any]()
    if way in ("standard", "robust"):
        if not t.flag("scale", True):
            raise NotConverted("it centres numbers without scaling them")
        notes = [] if t.flag("center") else [CENTRED]
        if way == "robust" and (t.number("lower_quantile", 0.25), t.number("upper_quantile", 0.75)) != (0.25, 0.75):
            raise NotConverted("its quantiles are not the quartiles")
        more = {"ddof": 1} if way == "standard" else {}
    elif way == "minmax":
        more = {"low": float(t.number("min", 0)), "high": float(t.number("max", 1))}
        more = {} if more == {"low": 0.0, "high": 1.0} else more
    yield t.on_columns("scale", *notes, with_=way, **more)


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
    method = t.text("sampling_method", "")
    block = t.block("random_parameters") if method == "sample_by_count" or "random" in method else t
    if not block.has("sample_size"):
        raise NotConverted("it takes the first rows of a file, which have no order: write `sample` with `order`")
    given = {"n": int(block.number("sample_size")), **({"seed": int(block.number("seed"))} if block.has("seed") else {})}
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
    **{(operator, label): of_formula for operator in ("format_string", "search_and_edit") for label in FORMULAS},
    **{("balance_data", label): of_balance for label in ("Random oversample", "Random undersample", "SMOTE")},
    **{("split", label): of_split for label in ("Randomized split", "Stratified split", "Split by key", "Ordered split")},
}
"""Operator and label → the steps that it is."""


def snake(label: str) -> str:
    """A label as the name of its parameters: `Min-max scaler` → `min_max_scaler`."""
    return re.sub(r"[^a-z0-9]+", "_", label.lower()).strip("_")
