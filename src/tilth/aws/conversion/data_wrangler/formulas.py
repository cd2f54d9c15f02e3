"""Transforms that are formulas: of strings, the user's, and queries."""

from __future__ import annotations

import re
from collections.abc import Iterator
from string import ascii_lowercase, ascii_uppercase

from tilth.aws.conversion.data_wrangler.transform import Operators, Transform
from tilth.aws.conversion.made import Made, NotConverted, formula, reads_of
from tilth.engine.user_sql.writing import identifier, string_literal

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


def of_concatenate(t: Transform) -> Iterator[Made]:
    """Two columns as one string."""
    columns = t.names("input_columns") if t.has("input_columns") else [t.name("first_column"), t.name("second_column")]
    between = f", {string_literal(t.text('separator'))}, " if t.has("separator") else ", "
    target = t.text("output_column")
    yield formula(target, f"concat({between.join(map(identifier, columns))})", columns, "null if one of the columns is null")


def of_custom(t: Transform) -> Iterator[Made]:
    """A formula of the user's."""
    text = t.text("formula")
    yield formula(t.text("output_column"), text, reads_of(text))


def of_sql(t: Transform) -> Iterator[Made]:
    """A query of the user's over the table that is called df there."""
    name = next((n for n in ("sql", "code", "query") if t.has(n)), "sql")
    query = t.text(name).strip().rstrip(";")
    if not query.lower().startswith("select"):
        raise NotConverted("it is not one SELECT")
    note = "refused when it runs if a function in it does not mean the same on every engine"
    yield Made("sql", {"query": f"WITH df AS (SELECT * FROM input) {query}"}, None, None, (note,))


OPERATORS: Operators = {
    ("custom_formula", ""): of_custom,
    ("custom_sql", ""): of_sql,
    **{("custom_code", label): of_sql for label in ("SQL", "SQL (PySpark SQL)")},
    ("manage_columns", "Concatenate columns"): of_concatenate,
    **{(operator, label): of_formula for operator in ("format_string", "search_and_edit") for label in FORMULAS},
    **dict.fromkeys((("format_string", "Remove symbols"), ("search_and_edit", "Remove symbols")), of_symbols),
}
