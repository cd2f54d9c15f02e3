"""Actions that are one formula: of strings, numbers and times, over the columns of a row, and of the user's."""

from __future__ import annotations

import re
from collections.abc import Iterator
from string import Formatter

from tilth.aws.conversion.conditions import literal
from tilth.aws.conversion.databrew.action import NULLS, Action, Actions
from tilth.aws.conversion.made import Made, NotConverted, reads_of
from tilth.engine.user_sql.writing import identifier, string_literal

MOST = "letters beyond A–Z stay as they are"
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
    yield a.formula(a.text("targetColumn"), expression, reads_of(expression))


def of_flag(a: Action) -> Iterator[Made]:
    """A column of two words."""
    a.has("flagType")
    x = identifier(a.column)
    test = f"{x} IS NULL" if a.operation == "FLAG_COLUMN_FROM_NULL" else f"full_match({x}, {string_literal(a.text('pattern'))})"
    yes, no = string_literal(a.text("trueString", "True")), string_literal(a.text("falseString", "False"))
    yield a.formula(a.text("targetColumn"), f"if({test}, {yes}, {no})", [a.column])


ACTIONS: Actions = {
    **dict.fromkeys(FORMULAS, of_formula),
    **dict.fromkeys(OVER_COLUMNS, of_columns),
    **dict.fromkeys(("MERGE", "MERGE_COLUMNS_AND_VALUES"), of_merge),
    **dict.fromkeys(("CASE_OPERATION", "BOOLEAN_OPERATION"), of_expression),
    **dict.fromkeys(("FLAG_COLUMN_FROM_NULL", "FLAG_COLUMN_FROM_PATTERN"), of_flag),
}
