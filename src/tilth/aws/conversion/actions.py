"""The actions of a DataBrew recipe: a row for each, or for several that are one step."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from string import Formatter
from typing import Any

from tilth.aws.conversion.conditions import condition_sql, literal
from tilth.aws.conversion.formulas import columns_of
from tilth.aws.conversion.made import Made, NotConverted, column_step, formula, joined, renamed, without
from tilth.aws.conversion.parameters import Parameters
from tilth.engine.operations.times import known_zone
from tilth.engine.user_sql.writing import identifier, string_literal
from tilth.errors import ExpressionError

IGNORED = ("functionStepType", "columnDataType", "targetColumnDataType")  # what they say follows from the step


class Action(Parameters):
    """An action with its parameters, and the condition that a row must meet for it."""

    def __init__(self, operation: str, given: Mapping[str, Any], conditions: list[Mapping[str, Any]]) -> None:
        super().__init__(given)
        self.operation = operation
        self.condition, self.condition_reads = condition_sql(conditions) if conditions else ("", frozenset[str]())
        self.unconditional = not conditions
        for name in IGNORED:
            self.has(name)

    @property
    def column(self) -> str:
        """The column that it reads."""
        return self.name("sourceColumn", "sourceColumns")

    @property
    def target(self) -> str:
        """The column that it makes: by default the one that it reads."""
        return self.text("targetColumn") if self.has("targetColumn") else self.column

    def where(self) -> str:
        """The condition, by a step that regards it."""
        self.unconditional = True
        return self.condition

    def formula(self, column: str, expression: str, reads: Iterable[str], *notes: str) -> Made:
        """A step `formula` for the rows that meet the condition; others keep their value, or have none in a new column."""
        read = list(reads)
        if condition := self.where():
            other = identifier(column) if column in read else "NULL"
            expression = f"CASE WHEN {condition} THEN {expression} ELSE {other} END"
        return formula(column, expression, [*read, *self.condition_reads], *notes)

    def on_column(self, name: str, *notes: str, **parameters: Any) -> Made:
        """A step on the column, into the target."""
        return column_step(name, [self.column], self.text("targetColumn", ""), notes, **parameters)


MOST = "letters beyond A–Z stay as they are"
NULLS = "null if one of the columns is null"
FORMULAS: dict[str, tuple[str, ...]] = {
    "LOWER_CASE": ("lower({x})", MOST),
    "LOWER": ("lower({x})", MOST),
    "UPPER_CASE": ("upper({x})", MOST),
    "UPPER": ("upper({x})", MOST),
    "CAPITAL_CASE": ("initcap({x})", MOST),
    "PROPER": ("initcap({x})", MOST),
    "SENTENCE_CASE": ("concat(upper(left({x}, 1)), lower(substring({x}, 2)))", MOST),
    "TRIM": ("trim({x})",),
    "EXTRACT_PATTERN": ("regexp_extract({x}, {pattern:str}, 0)", "the first match; empty where there is none"),
    "EXTRACT_BETWEEN_DELIMITERS": (
        "split_part(split_part({x}, {startPattern:str}, 2), {endPattern:str}, 1)",
        "empty without the first delimiter, and up to the end without the second",
    ),
    "FIND": ("instr({x}, {pattern:str})", "the first character is 1; 0 where it is not found"),
    "REPEAT_STRING": ("repeat({x}, {count:int})",),
    "REMOVE_WHITESPACE": ("regexp_replace({x}, '[ \\\\t\\\\r\\\\n]', '')",),
    "REMOVE_SYMBOLS": ("regexp_replace({x}, '[^A-Za-z0-9 ]', '')", "letters beyond A–Z count as symbols"),
    "LEN": ("length({x})",),
    "LEFT": ("left({x}, {position:int})",),
    "RIGHT": ("right({x}, {position:int})",),
    "ADD_PREFIX": ("concat({pattern:str}, {x})",),
    "ADD_SUFFIX": ("concat({x}, {pattern:str})",),
    "ADD_SINGLE_QUOTES": ("concat('\\'', {x}, '\\'')",),
    "ADD_DOUBLE_QUOTES": ("concat('\"', {x}, '\"')",),
    "REPLACE_TEXT": ("regexp_replace({x}, {pattern:str}, {value:str})", "the pattern is read as a regular expression"),
    "EXACT": ("{x} = {y}",),
    "STRING_GREATER_THAN": ("{x} > {y}", "strings are compared by code points"),
    "STRING_GREATER_THAN_EQUAL": ("{x} >= {y}", "strings are compared by code points"),
    "STRING_LESS_THAN": ("{x} < {y}", "strings are compared by code points"),
    "STRING_LESS_THAN_EQUAL": ("{x} <= {y}", "strings are compared by code points"),
    "STARTS_WITH": ("left({x}, {pattern:len}) = {pattern:str}",),
    "ENDS_WITH": ("right({x}, {pattern:len}) = {pattern:str}",),
    "ABSOLUTE": ("abs({x})",),
    "CEILING": ("ceil({x})",),
    "FLOOR": ("floor({x})",),
    "ROUND": ("round({x}, 0)",),
    "EXPONENT": ("exp({x})",),
    "LN": ("ln({x})", "null for 0 and less"),
    "LOG": ("ln({x}) / ln({base:number})", "null for 0 and less"),
    "SQUARE_ROOT": ("sqrt({x})", "null below 0"),
    "NEGATE": ("-{x}",),
    "SIGN": ("CASE WHEN {x} > 0 THEN 1 WHEN {x} < 0 THEN -1 WHEN {x} = 0 THEN 0 END",),
    "DEGREES": ("{x} * 180 / 3.141592653589793",),
    "RADIANS": ("{x} * 3.141592653589793 / 180",),
    "PI": ("3.141592653589793",),
    "IS_EVEN": ("{x} % 2 = 0",),
    "IS_ODD": ("{x} % 2 <> 0",),
    "ADD": ("{x} + {y}",),
    "SUBTRACT": ("{x} - {y}",),
    "MULTIPLY": ("{x} * {y}",),
    "DIVIDE": ("{x} / {y}", "null for a division by 0"),
    "MOD": ("{x} % {y}",),
    "POWER": ("power({x}, {y})",),
    "YEAR": ("year({x})",),
    "QUARTER": ("quarter({x})",),
    "MONTH": ("month({x})",),
    "DAY": ("day({x})",),
    "HOUR": ("hour({x})",),
    "MINUTE": ("minute({x})",),
    "SECOND": ("second({x})",),
    "MILLISECOND": ("millisecond({x})",),
    "MONTH_NAME": ("strftime({x}, '%B')",),
    "UNIX_TIME": ("unix_seconds({x})",),
    "WEEK_NUMBER": ("weekofyear({x})", "weeks are those of ISO 8601"),
    "WEEK_DAY": ("weekday_of({x})", "Monday is 1"),
    "CHAR": ("chr({x})", "null where the string has no such character"),
    "INT_TO_IP": ("concat({x} DIV 16777216, '.', {x} DIV 65536 % 256, '.', {x} DIV 256 % 256, '.', {x} % 256)",),
    "IP_TO_INT": (
        "cast(split_part({x}, '.', 1) as bigint) * 16777216 + cast(split_part({x}, '.', 2) as bigint) * 65536"
        " + cast(split_part({x}, '.', 3) as bigint) * 256 + cast(split_part({x}, '.', 4) as bigint)",
    ),
}
"""Action → the formula of its operands x and y and its parameters, and what differs."""
OVER_COLUMNS: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "COALESCE": ("coalesce(", ", ", ()),
    "MAX": ("greatest(", ", ", (NULLS,)),
    "MIN": ("least(", ", ", (NULLS,)),
    "SUM": ("row_sum(", ", ", ()),
    "AVERAGE": ("row_mean(", ", ", ()),
    "COUNT": ("row_count(", ", ", ()),
    "COUNT_DISTINCT": ("row_distinct(", ", ", ()),
    "MEDIAN": ("row_median(", ", ", ()),
    "MODE": ("row_mode(", ", ", ("of equally frequent values the smallest",)),
    "STANDARD_DEVIATION": ("row_std(", ", ", ("of a sample",)),
    "VARIANCE": ("row_var(", ", ", ("of a sample",)),
    "KTH_LARGEST": ("row_largest(", ", ", ()),
    "KTH_LARGEST_UNIQUE": ("row_largest_distinct(", ", ", ()),
}
"""Action over the columns of a row → how its formula begins, what stands between the columns, and what differs."""
KINDS = {
    **dict.fromkeys(("STRING", "TEXT"), "string"),
    **dict.fromkeys(("INT", "INTEGER", "LONG", "BIGINT", "SHORT", "BYTE"), "integer"),
    **dict.fromkeys(("DOUBLE", "FLOAT", "DECIMAL", "NUMBER"), "float"),
    "BOOLEAN": "boolean",
    "DATE": "date",
    **dict.fromkeys(("TIMESTAMP", "DATETIME"), "timestamp"),
}
CASTS = {"TO_BOOLEAN_COLUMN": "boolean", "TO_DOUBLE_COLUMN": "float", "TO_NUMBER_COLUMN": "float", "TO_STRING_COLUMN": "string"}
FILLS = {"AVERAGE": "mean", "MEDIAN": "median", "SUM": "sum", "MODE": "mode", "MOST_FREQUENT": "mode"}
INVALID = "values that are not of the column's kind are null once it is cast; missing values are filled too"
STRATEGIES = {"Z_SCORE": "z_score", "MODIFIED_Z_SCORE": "robust_z", "IQR": "iqr"}
AGGREGATIONS = {
    "SUM": "sum",
    "AVG": "mean",
    "AVERAGE": "mean",
    "MEAN": "mean",
    "MIN": "min",
    "MAX": "max",
    "MEDIAN": "median",
    "MODE": "mode",
    "STANDARD_DEVIATION": "std",
    "STDDEV": "std",
    "VARIANCE": "var",
    "COUNT": "count",
    "COUNT_DISTINCT": "distinct",
}


def of_formula(a: Action) -> Iterator[Made]:
    """A formula of one or two operands."""
    template, *notes = FORMULAS[a.operation]
    reads: list[str] = []
    operands = {"x": ("sourceColumn1", "sourceColumn", "sourceColumns", "value1", "value"), "y": ("sourceColumn2", "value2", "value")}
    found: dict[str, str] = {}
    for _, field, form, _ in Formatter().parse(template):
        if field in operands and field not in found:
            name = next((n for n in operands[field] if a.has(n)), operands[field][0])
            if name.startswith("source"):
                reads.append(a.name(name))
            found[field] = identifier(reads[-1]) if name.startswith("source") else literal(a.text(name))
        elif field and form:
            found[f"{field}:{form}"] = _written(a, field, form)
    target = a.text("targetColumn") if a.has("targetColumn") or not reads else reads[0]
    yield a.formula(target, re.sub(r"{([\w:]+)}", lambda m: found[m[1]], template), reads, *notes)


def _written(a: Action, name: str, form: str) -> str:
    """A parameter in a formula."""
    if form in ("int", "number"):
        return repr(int(a.number(name)) if form == "int" else a.number(name))
    text = a.text(name, "" if name == "value" else None)
    return str(len(text)) if form == "len" else string_literal(text)


def of_columns(a: Action) -> Iterator[Made]:
    """A formula over the columns of a row."""
    begin, between, notes = OVER_COLUMNS[a.operation]
    columns = a.names("sourceColumns", "sourceColumn")
    place = [str(int(a.number("value")))] if a.operation.startswith("KTH") else []
    if a.text("modeType", "MINIMUM").upper() not in ("MINIMUM", "NONE"):
        notes = (*notes, "compare: it takes another one")
    yield a.formula(a.text("targetColumn"), begin + between.join([*place, *map(identifier, columns)]) + ")", columns, *notes)


def of_merge(a: Action) -> Iterator[Made]:
    """Columns as one string."""
    columns = a.names("sourceColumns")
    between = f", {string_literal(a.text('delimiter'))}, " if a.has("delimiter") else ", "
    yield a.formula(a.text("targetColumn"), f"concat({between.join(map(identifier, columns))})", columns, NULLS)


def of_expression(a: Action) -> Iterator[Made]:
    """An expression of the user's."""
    if a.has("withExpressions") and a.json("withExpressions"):
        raise NotConverted("it compares values with aggregates of a column, which a formula does not compute")
    expression = a.text("valueExpression", "") or a.text("expression")
    try:
        reads = columns_of(expression)
    except ExpressionError as error:
        raise NotConverted(error.mistakes[0].message) from None
    yield a.formula(a.text("targetColumn"), expression, reads)


def of_flag(a: Action) -> Iterator[Made]:
    """A column of two words."""
    a.has("flagType")
    x = identifier(a.column)
    test = f"{x} IS NULL" if a.operation == "FLAG_COLUMN_FROM_NULL" else f"full_match({x}, {string_literal(a.text('pattern'))})"
    yes, no = string_literal(a.text("trueString", "True")), string_literal(a.text("falseString", "False"))
    yield a.formula(a.text("targetColumn"), f"if({test}, {yes}, {no})", [a.column])


def of_extract(a: Action) -> Iterator[Made]:
    """Characters of a string."""
    first, last = int(a.number("startPosition")), int(a.number("endPosition"))
    if not 1 <= first <= last:
        raise NotConverted("its positions do not begin at 1 and rise")
    expression = f"substring({identifier(a.column)}, {first}, {last - first + 1})"
    yield a.formula(a.target, expression, [a.column], f"characters {first} to {last}, the first one is 1: compare")


def of_split(a: Action) -> Iterator[Made]:
    """The parts of a string between delimiters."""
    if a.flag("includeInSplit"):
        raise NotConverted("its columns keep the delimiter")
    separator, parts = string_literal(a.text("pattern")), int(a.number("limit", 1)) + 1
    for n in range(1, parts + 1):
        note = ("what follows a further delimiter is not part of it",) if n == parts else ()
        yield a.formula(f"{a.column}_{n}", f"split_part({identifier(a.column)}, {separator}, {n})", [a.column], *note)


REMOVED = {
    "collapseConsecutiveWhitespace": ("\\s+", " "),
    "removeAllWhitespace": ("\\s+", ""),
    "removeLeadingAndTrailingWhitespace": ("^\\s+|\\s+$", ""),
    "removeAllPunctuation": ("[!-/:-@\\[-`{-~]", ""),
    "removeLeadingAndTrailingPunctuation": ("^[!-/:-@\\[-`{-~]+|[!-/:-@\\[-`{-~]+$", ""),
    "removeAllQuotes": ("['\"]", ""),
    "removeLeadingAndTrailingQuotes": ("^['\"]+|['\"]+$", ""),
    "removeLetters": ("[A-Za-z]", ""),
    "removeNumbers": ("[0-9]", ""),
    "removeSpecialCharacters": ("[^A-Za-z0-9\\s]", ""),
}
"""Parameter of REMOVE_COMBINED → the pattern that is replaced, and by what."""


def of_remove(a: Action) -> Iterator[Made]:
    """Characters that are taken away."""
    expression = identifier(a.column)
    for name, (pattern, by) in REMOVED.items():
        if a.flag(name):
            expression = f"regexp_replace({expression}, {string_literal(pattern)}, {string_literal(by)})"
    if a.flag("removeCustomCharacters"):
        characters = re.sub(r"([\\\]\[^-])", r"\\\1", a.text("customCharacters"))
        expression = f"regexp_replace({expression}, {string_literal(f'[{characters}]')}, '')"
    if a.flag("removeCustomValue"):
        expression = f"replace({expression}, {string_literal(a.text('customValue'))}, '')"
    yield a.formula(a.column, expression, [a.column], "letters are A–Z and a–z, punctuation is that of ASCII")


def of_days(a: Action) -> Iterator[Made]:
    """The days between two dates."""
    if a.text("units", "DAYS").upper() != "DAYS":
        raise NotConverted("the difference is not in days")
    first, second = a.name("sourceColumn1"), a.name("sourceColumn2")
    yield a.formula(a.text("targetColumn"), f"days_between({identifier(second)}, {identifier(first)})", [first, second])


UNITS = {f"{unit.upper()}S": unit for unit in ("second", "minute", "hour", "day", "week")}


def of_later(a: Action) -> Iterator[Made]:
    """A day or time that is later."""
    expression = f"add_time({identifier(a.column)}, {int(a.number('dateAddValue'))}, '{a.word('units', UNITS)}')"
    yield a.formula(a.target, expression, [a.column], "a day or time, not a string")


def of_zone(a: Action) -> Iterator[Made]:
    """What the clock shows in another time zone."""
    here, there = a.text("fromTimeZone", "UTC"), a.text("toTimeZone", "UTC")
    if a.has("dateTimeFormat"):
        raise NotConverted("it reads and writes times by a format: write `to_timestamp` and `strftime` in the formula")
    if wrong := next((zone for zone in (here, there) if not known_zone(zone)), None):
        raise NotConverted(f"there is no time zone {wrong[:40]!r}")
    expression = f"from_utc_timestamp(to_utc_timestamp({identifier(a.column)}, {string_literal(here)}), {string_literal(there)})"
    yield a.formula(a.target, expression, [a.column], "a time, not a string")


DATES = {
    "yyyy": "%Y",
    "yy": "%y",
    "month": "%B",
    "mmmm": "%B",
    "mmm": "%b",
    "mm": "%m",
    "m": "%-m",
    "dd": "%d",
    "d": "%-d",
    "HH": "%H",
    "MM": "%M",
    "SS": "%S",
}
"""Part of a format of days → that of `strftime`."""


def of_date_as_text(a: Action) -> Iterator[Made]:
    """A day or time as a string."""
    given = a.text("targetDateFormat") if a.has("targetDateFormat") else a.text("dateTimeFormat")
    if unknown := [part for part in re.findall("[A-Za-z%]+", given) if part not in DATES]:
        raise NotConverted(f"its format has {unknown[0][:40]!r}, which has no counterpart")
    written = string_literal(re.sub("[A-Za-z]+", lambda part: DATES[part[0]], given))
    yield a.formula(a.target, f"strftime({identifier(a.column)}, {written})", [a.column], "strings must be parsed first")


def of_delete(a: Action) -> Iterator[Made]:
    """Columns that go."""
    yield without(a.names("sourceColumns", "sourceColumn"))


def of_move(a: Action) -> Iterator[Made]:
    """Columns in another place."""
    columns, where = a.names("sourceColumn", "sourceColumns"), a.operation.removeprefix("MOVE_")
    if where in ("BEFORE", "AFTER"):
        beside = a.name("targetColumn")
        yield Made("move", {"columns": columns, where.lower(): beside}, frozenset([beside]), frozenset(columns))
        return
    to: Any = int(a.number("targetIndex")) if where == "TO_INDEX" else where.removeprefix("TO_").lower()
    yield Made("move", {"columns": columns, "to": to}, None, frozenset(columns))


def of_duplicate(a: Action) -> Iterator[Made]:
    """A copy of a column, or another name for it."""
    target = a.text("targetColumn", f"{a.column} copy" if a.operation == "DUPLICATE" else None)
    yield from renamed(a.column, target) if a.operation == "RENAME" else [formula(target, identifier(a.column), [a.column])]


def of_cast(a: Action) -> Iterator[Made]:
    """Another kind of values."""
    kind = CASTS.get(a.operation) or a.word("columnDataType", KINDS)
    dates = kind in ("date", "timestamp") and a.has("dateTimeFormat")
    if dates:
        raise NotConverted("it reads days by a format: write `- parse: {columns: …, as: date, format: …}`")
    yield a.on_column("cast", "what cannot be read becomes null", to=kind)


def of_sort(a: Action) -> Iterator[Made]:
    """Rows in an order."""
    keys = a.json("expressions") or []
    if not isinstance(keys, list) or not keys or not all(isinstance(k, dict) and k.get("sourceColumn") for k in keys):
        raise NotConverted("it does not say by which columns")
    by = [str(k["sourceColumn"]) for k in keys]
    nulls = {"NULLS_TOP": "first", "NULLS_BOTTOM": "last"}
    wanted = {nulls.get(str(k.get("nullsOrdering")), "last") for k in keys}
    if len(wanted) > 1:
        raise NotConverted("nulls come first in one column and last in another")
    descending = [str(k["sourceColumn"]) for k in keys if str(k.get("ordering", "")).upper().startswith("DESC")]
    parameters = {"by": by, **({"descending": descending} if descending else {}), **({"nulls": "first"} if wanted == {"first"} else {})}
    yield Made("sort", parameters, frozenset(by), frozenset())


def of_filter(a: Action) -> Iterator[Made]:
    """Rows that go."""
    a.has("sourceColumn")
    where = a.where()
    if not where:
        raise NotConverted("it does not say which values")
    yield Made("filter", {"where": f"NOT ({where})", "unknown": "keep"}, a.condition_reads, frozenset())


def of_missing(a: Action) -> Iterator[Made]:
    """Rows without a value go."""
    yield Made("filter", {"where": f"{identifier(a.column)} IS NOT NULL"}, frozenset([a.column]), frozenset())


def of_duplicates(a: Action) -> Iterator[Made]:
    """Rows that are there before go."""
    key = a.names("sourceColumn", "sourceColumns") if a.has("sourceColumn") or a.has("sourceColumns") else []
    notes = ("the first in the order of the role time, or of the columns, stays",) if key else ()
    parameters = {"on": key[0] if len(key) == 1 else key} if key else {}
    yield Made("dedupe", parameters, None, frozenset(), notes)


def of_flagged_duplicates(a: Action) -> Iterator[Made]:
    """A column that says which rows are there before."""
    key = {"on": a.column} if a.operation == "FLAG_DUPLICATES_IN_COLUMN" else {}
    a.has("trueString"), a.has("falseString")
    target = a.text("targetColumn")
    notes = ("1 and 0, not words", "the first in the order of the role time, or of the columns, is 0")
    yield Made("dedupe", {**key, "flag": target}, None, frozenset([target]), notes)


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
    """A column that says what is an outlier."""
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


def of_groups(a: Action) -> Iterator[Made]:
    """A row for each group."""
    by, wanted = a.names("sourceColumns", "sourceColumn", "groupByColumns"), a.json("groupByAggFunctionOptions")
    a.has("useNewDataFrame")
    if not isinstance(wanted, list) or not wanted or not all(isinstance(w, dict) and w.get("sourceColumnName") for w in wanted):
        raise NotConverted("it does not say what is aggregated")
    made: dict[str, list[str]] = {}
    names: list[tuple[str, str]] = []
    for w in wanted:
        column, function = str(w["sourceColumnName"]), str(w.get("functionName", "")).upper()
        if function not in AGGREGATIONS:
            raise NotConverted(f"the aggregation {function[:40]!r} has no counterpart")
        made.setdefault(column, []).append(AGGREGATIONS[function])
        names.append((f"{column}_{AGGREGATIONS[function]}", str(w.get("targetColumnName") or f"{column}_{AGGREGATIONS[function]}")))
    yield Made("aggregate", {"by": by, "with": made}, None, None)
    yield from (step for old, new in names for step in renamed(old, new))


def of_unpivot(a: Action) -> Iterator[Made]:
    """Columns as rows."""
    columns = a.names("sourceColumns", "sourceColumn")
    given = {"columns": columns, "variable": a.text("unpivotColumn"), "value": a.text("valueColumn")}
    yield Made("unpivot", given, None, None)


def of_pivot(a: Action) -> Iterator[Made]:
    """Values of a column as columns."""
    column, values = a.name("sourceColumn", "pivotColumn"), a.name("valueColumn")
    given = {"column": column, "by": ["*", f"!{column}", f"!{values}"], "values": values}
    note = f"a row for each key of the other columns; new columns begin with {values}_"
    yield Made("pivot", {**given, "with": a.word("aggregateFunction", AGGREGATIONS)}, None, None, (note,))


def of_nest(a: Action) -> Iterator[Made]:
    """Columns as one."""
    columns, into, gone = a.names("sourceColumns"), a.text("targetColumn"), a.flag("removeSourceColumns")
    as_list = a.operation == "NEST_TO_ARRAY"
    given = {"columns": columns, "into": into, **({"as": "list"} if as_list else {}), **({} if gone else {"keep": True})}
    notes = {"NEST_TO_ARRAY": ("cast columns of several kinds to one first",), "NEST_TO_MAP": ("a struct, not a map",)}
    yield Made("nest", given, frozenset(columns), frozenset([into, *(columns if gone else [])]), notes.get(a.operation, ()))


def of_unnest(a: Action) -> Iterator[Made]:
    """The fields of a struct as columns."""
    if a.number("unnestLevel", 1) != 1:
        raise NotConverted("it unnests several levels: write an `unnest` for each, which takes the columns of the one before")
    columns, gone = a.names("sourceColumn", "sourceColumns"), a.flag("removeSourceColumn")
    into = a.text("targetColumn", "" if gone else "{column}")
    note = f"new columns are called {into or '{column}'}_ and a field"
    yield replace(column_step("unnest", columns, into, [note, "those that occur in training"]), writes=None)
    if into and gone:
        yield without(columns)


def of_pairs(a: Action) -> Iterator[Made]:
    """The pairs of a map as rows."""
    into, gone = a.text("targetColumn", a.column), a.flag("removeSourceColumn")
    given = {} if gone and into == a.column else {"into": into}
    new, note = [f"{into}_key", f"{into}_value"], "an empty map is a row, too"
    yield Made("explode", {"column": a.column, **given}, frozenset([a.column]), frozenset([*new, *([] if given else [a.column])]), (note,))
    if gone and given:
        yield without([a.column])


def of_elements(a: Action) -> Iterator[Made]:
    """The elements of a list as rows."""
    into = {"into": a.target} if a.target != a.column else {}
    yield Made("explode", {"column": a.column, **into}, frozenset([a.column]), frozenset([a.target]), ("an empty list is a row, too",))


WINDOWS = {
    "PREV": "lag",
    "NEXT": "lead",
    "ROW_NUMBER": "row_number",
    "ROLLING_AVERAGE": "mean",
    "ROLLING_SUM": "sum",
    "ROLLING_MIN": "min",
    "ROLLING_MAX": "max",
    "ROLLING_STANDARD_DEVIATION": "std",
    "ROLLING_VARIANCE": "var",
    "ROLLING_COUNT_A": "count",
    "ROLLING_MODE": "mode",
    "ROLLING_KTH_LARGEST": "largest",
    "ROLLING_KTH_LARGEST_UNIQUE": "largest_distinct",
    "SESSION": "session",
    **dict.fromkeys(("FILL", "FILL_WITH_LAST_VALID", "REPLACE_WITH_LAST_VALID"), "ffill"),
}
"""Function of the rows around a row → `with` of the step `window`."""
NO_ORDER = "a recipe does not say the order of rows: write `window` with `order`"


def of_window(a: Action) -> Iterator[Made]:
    """A column made of the rows around a row, if there is an order."""
    way = WINDOWS[a.operation]
    if not (a.has("orderByColumns") or a.has("orderByColumn") or way == "session"):
        raise NotConverted(NO_ORDER)
    order = [a.column] if way == "session" else a.names("orderByColumns", "orderByColumn")
    target = a.target if way == "ffill" else a.text("targetColumn")
    by = a.names("groupByColumns") if a.has("groupByColumns") else []
    column = {} if way in ("row_number", "session") else {"columns": a.column}
    into = "{column}" if target in column.values() else target
    given: dict[str, Any] = {**column, "with": way, **_rows_around(a, way), "order": order, "into": into}
    reads = frozenset([*order, *by, *column.values()])
    yield Made("window", {**given, **({"by": by} if by else {})}, reads, frozenset([target]), ("rows equal in it are ordered by others",))


SESSIONS = {unit.upper(): unit for unit in ("milliseconds", "seconds", "minutes", "hours", "days", "weeks")}


def _rows_around(a: Action, way: str) -> dict[str, Any]:
    """Which rows a window reads."""
    if way in ("lag", "lead"):
        return {"n": int(a.number("numRows", 1))}
    if way in ("row_number", "ffill"):
        return {}
    if way == "session":
        return {"window": f"{int(a.number('value'))} {a.word('units', SESSIONS)}"}
    if way.startswith("largest"):
        return {"n": int(a.number("value")), **_rows_around(a, "")}
    before, after = int(a.number("numRowsBefore", 0)), int(a.number("numRowsAfter", 0))
    if after not in (0, before):
        raise NotConverted(f"its window has {before} rows before a row and {after} after it: `window` has as many, or none after it")
    if a.text("modeType", "MINIMUM").upper() not in ("MINIMUM", "NONE"):
        raise NotConverted("it does not take the smallest of equally frequent values")
    return {"window": before + after + 1, "min_periods": 1, **({"center": True} if after else {})}


JOINS = {"INNER_JOIN": "inner", "LEFT_JOIN": "left", "LEFT_EXCLUDING_JOIN": "anti"}
OTHER_DATA = "it reads other data, and does not say where: name it under `data: {tables: …}`, and write `join` or `concat`"


def of_join(a: Action) -> Iterator[Made]:
    """Columns of another table."""
    if not a.has("secondInputLocation"):
        raise NotConverted(OTHER_DATA)
    how = a.word("joinType", JOINS)
    keys, there = a.json("joinKeys"), a.names("rightColumns") if a.has("rightColumns") else None
    if not isinstance(keys, list) or not keys or not all(isinstance(k, dict) for k in keys):
        raise NotConverted("its keys are not pairs of columns")
    on = {Parameters(k).name("key"): Parameters(k).name("value") for k in keys}
    chosen = None if there is None else [c for c in there if c not in on.values()]
    if chosen == [] and how != "anti":
        raise NotConverted("it takes no column of the other table: write `join` with `how: semi`")
    yield joined(a.text("secondaryDatasetName", "other"), a.text("secondInputLocation"), on, how, chosen, chosen)


def of_union(a: Action) -> Iterator[Made]:
    """Rows of other tables below."""
    inputs, names, target = a.json("secondaryInputs"), a.names("secondaryDatasetNames"), a.names("targetColumnNames")
    columns = a.json("datasetsColumns")
    places: list[Any] = [i.get("S3InputDefinition") if isinstance(i, dict) else None for i in inputs] if isinstance(inputs, list) else []
    if not places or len(places) != len(names) or not all(isinstance(p, dict) and p.get("Bucket") and p.get("Key") for p in places):
        raise NotConverted(OTHER_DATA)
    if not isinstance(columns, list) or any(not isinstance(c, list) or len(c) != len(target) for c in columns):
        raise NotConverted("it does not say which columns belong together")
    if any(name not in (None, made) for those in columns for name, made in zip(those, target, strict=True)):
        raise NotConverted("it puts columns of different names together: rename them, and write `concat`")
    for name, place in zip(names, places, strict=True):
        table = re.sub(r"\W", "_", name)
        yield Made("concat", {"table": table}, None, None, (), {table: f"s3://{place['Bucket']}/{place['Key']}"})


def of_mask(a: Action) -> Iterator[Made]:
    """Characters that are hidden, but for some at both ends."""
    columns, start, stop = a.names("sourceColumns", "sourceColumn"), int(a.number("start", 0)), int(a.number("stop", 0))
    if start < 0 or stop > 0:
        raise NotConverted("it counts places from the other end: write `redact` with `keep_left` and `keep_right`")
    kept = {"keep_left": start or None, "keep_right": -stop or None}
    yield column_step("redact", columns, "", (FEW_HIDDEN,), with_="mask", **kept, character=a.text("maskSymbol", "*"))


def of_hidden(a: Action) -> Iterator[Made]:
    """Pseudonyms and tokens, under a key of the environment: without it the flow does not run, so nothing is left readable by mistake."""
    columns, way = a.names("sourceColumns", "sourceColumn"), "hash" if a.operation == "CRYPTOGRAPHIC_HASH" else "token"
    for name in ("secretId", "secretVersion", "createSecretIfMissing"):
        a.has(name)
    if a.has("entityTypeFilter"):
        raise NotConverted(f"it hides parts of texts: write `redact` with `find`, `with: {way}` and a key of yours")
    other = "pseudonyms" if way == "hash" else "tokens"
    notes = [f"other {other}: their key is not in the recipe; that of the environment variable {OWN_KEY} is used"]
    notes += ["equal values have equal tokens"] if a.operation == "ENCRYPT" else []
    yield column_step("redact", columns, "", notes, with_=way, key=f"env:{OWN_KEY}")


OWN_KEY = "TILTH_KEY"
FEW_HIDDEN = "where fewer than four characters would be hidden, all are"
ACTIONS: dict[str, Callable[[Action], Iterable[Made]]] = {
    **dict.fromkeys(FORMULAS, of_formula),
    **dict.fromkeys(OVER_COLUMNS, of_columns),
    **dict.fromkeys(("MERGE", "MERGE_COLUMNS_AND_VALUES"), of_merge),
    **dict.fromkeys(("CASE_OPERATION", "BOOLEAN_OPERATION"), of_expression),
    **dict.fromkeys(("FLAG_COLUMN_FROM_NULL", "FLAG_COLUMN_FROM_PATTERN"), of_flag),
    **dict.fromkeys(("EXTRACT_BETWEEN_POSITIONS", "SUBSTRING"), of_extract),
    "SPLIT_COLUMN_SINGLE_DELIMITER": of_split,
    "REMOVE_COMBINED": of_remove,
    "DATE_DIFF": of_days,
    "DATE_ADD": of_later,
    "CONVERT_TIMEZONE": of_zone,
    **{f"MOVE_{where}": of_move for where in ("BEFORE", "AFTER", "TO_INDEX", "TO_START", "TO_END")},
    **dict.fromkeys(("DATE_FORMAT", "FORMAT_DATE"), of_date_as_text),
    "DELETE": of_delete,
    **dict.fromkeys(("DUPLICATE", "RENAME"), of_duplicate),
    **dict.fromkeys(("CHANGE_DATA_TYPE", *CASTS), of_cast),
    "SORT": of_sort,
    "REMOVE_VALUES": of_filter,
    "REMOVE_MISSING": of_missing,
    **dict.fromkeys(("DELETE_DUPLICATE_ROWS", "REMOVE_DUPLICATES"), of_duplicates),
    **dict.fromkeys(("FLAG_DUPLICATE_ROWS", "FLAG_DUPLICATES_IN_COLUMN"), of_flagged_duplicates),
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
    "GROUP_BY": of_groups,
    "UNPIVOT": of_unpivot,
    "PIVOT": of_pivot,
    **dict.fromkeys(("NEST_TO_STRUCT", "NEST_TO_MAP", "NEST_TO_ARRAY"), of_nest),
    **dict.fromkeys(("UNNEST_STRUCT", "UNNEST_STRUCT_N"), of_unnest),
    "UNNEST_ARRAY": of_elements,
    "UNNEST_MAP": of_pairs,
    **dict.fromkeys(WINDOWS, of_window),
    "JOIN": of_join,
    "UNION": of_union,
    "MASK_RANGE": of_mask,
    **dict.fromkeys(("CRYPTOGRAPHIC_HASH", "DETERMINISTIC_ENCRYPT", "ENCRYPT"), of_hidden),
}
"""Action → the steps that it is."""
REASONS: dict[str, str] = {
    **dict.fromkeys(("NOW", "TODAY", "RANDOM", "RANDOM_BETWEEN"), "it gives another result each time"),
    **dict.fromkeys(("GET_ACTION_RESULT", "GET_STEP_DATAFRAME"), "it belongs to an interactive project"),
    **dict.fromkeys(("DECRYPT", "DETERMINISTIC_DECRYPT"), "its key is not in the recipe, and no step decrypts values"),
    **dict.fromkeys(("MASK_CUSTOM", "MASK_DELIMITER"), "write `formula` with `regexp_replace`, or `redact` with `mask` and `matching`"),
    "MASK_DATE": "its result is a text: write `redact` with `mask_date`, which gives a date",
    "SHUFFLE_ROWS": "write `redact` with `shuffle`, by a column that identifies rows",
    **dict.fromkeys(
        ("REPLACE_WITH_RANDOM_BETWEEN", "REPLACE_WITH_RANDOM_DATE_BETWEEN"),
        "write `redact` with `random`, by a column that identifies rows, so that each run gives the same",
    ),
    **dict.fromkeys(("NUMBER_FORMAT", "FORMAT_PHONE_NUMBER"), "numbers written for people are not features"),
    "JSON_TO_STRUCTS": "none is needed: `unnest` reads objects of JSON in strings",
    "URL_PARAMS": "its parameters are a map: write `formula` with `regexp_extract(url, '[?&]name=([^&#]*)', 1)` for each",
    "TOKENIZATION": "its words stay one string: write `vectorize`, which counts them",
}
"""Why an action that there is has no counterpart, where it can be said better than that there is none."""
