"""Translation rules for string functions of user SQL with admitted arguments."""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce
from typing import Any

from sqlglot import exp
from sqlglot.expressions import Expression as Tree

from tilth.data import Kind
from tilth.engine import expressions as e
from tilth.engine.operations.operation import Operation
from tilth.engine.operations.patterns import ExtractAll, ExtractPattern, FullMatches, Like, Matches, ReplacePattern
from tilth.engine.operations.strings import (
    BLANKS,
    Center,
    Character,
    CodePoint,
    Contains,
    EndsWith,
    LowerAscii,
    PadLeft,
    PadRight,
    Position,
    Repeat,
    Replace,
    SplitPart,
    StartsWith,
    Substring,
    TitleCase,
    Translate,
    Trim,
    TrimCharacters,
    UpperAscii,
)
from tilth.engine.user_sql.calls import MOST_CHARACTERS, STRINGS, Call, Rule, whole, whole_numbers
from tilth.engine.user_sql.meaning import Meaning
from tilth.engine.user_sql.nodes import arguments, is_string, kind, name_of, typed
from tilth.errors import ExpressionError
from tilth.regex import Regex


def _concat(a: Meaning, node: Any) -> Tree:
    """`concat` and `||`: null if one part is. Integers, booleans and dates are written out; engines write doubles differently."""
    parts = e.owned(*(e.text(x) if kind(x) is Kind.NULL else a.cast(x, Kind.STRING) for x in arguments(node)))
    if not parts:
        return a.reject("concat() has no arguments", code="wrong-arguments")
    return typed(exp.Paren(this=reduce(lambda x, y: exp.DPipe(this=x, expression=y), parts)), Kind.STRING)


def _trim(a: Meaning, node: exp.Trim) -> Tree:
    """Blanks, tabs and line ends, or the characters that are given, from both ends or one."""
    side, characters = (node.args.get("position") or "both").lower(), node.expression
    (x,) = STRINGS(a, "trim()", [node.this])
    if characters is not None and not (is_string(characters) and characters.name):
        return a.reject("the characters to trim must be a string in quotes that is not empty")
    if side == "both" and characters is None:
        return typed(Trim.of(x), Kind.STRING)
    return typed(TrimCharacters.of(x, characters or e.lit(BLANKS), e.lit(side)), Kind.STRING)


def _substring(a: Meaning, node: Any) -> Tree:
    """`substring(x, start, length)`, `left(x, n)` and `right(x, n)`."""
    (x,) = STRINGS(a, name_of(node), [node.this])
    if isinstance(node, exp.Right):
        n = whole(a, node.expression, "the number of characters", 1)
        return typed(Substring.of(x, exp.Neg(this=n)), Kind.STRING)
    first = (
        e.lit(1) if isinstance(node, exp.Left) else whole(a, node.args.get("start"), "the place of the first character", -MOST_CHARACTERS)
    )
    length = node.expression if isinstance(node, exp.Left) else node.args.get("length")
    lengths = [] if length is None else [whole(a, length, "the number of characters", 0)]
    return typed(Substring.of(x, first, *lengths), Kind.STRING)


def _split_part(a: Meaning, node: exp.SplitPart) -> Tree:
    (x,), separator = STRINGS(a, "split_part()", [node.this]), node.args.get("delimiter")
    if separator is None or not (is_string(separator) and separator.name):
        return a.reject("the separator must be a string in quotes that is not empty")
    place = whole(a, node.args.get("part_index"), "the place of a part", -MOST_CHARACTERS)
    return typed(SplitPart.of(x, separator, place), Kind.STRING)


def _pad(a: Meaning, node: exp.Pad) -> Tree:
    (x,), fill = STRINGS(a, name_of(node), [node.this]), node.args.get("fill_pattern") or e.lit(" ")
    if not (is_string(fill) and fill.name):
        return a.reject("what a string is filled up with must be a string in quotes that is not empty")
    operation = PadLeft if node.args.get("is_left") else PadRight
    return typed(operation.of(x, whole(a, node.expression, "the number of characters", 0), fill), Kind.STRING)


def _center(a: Meaning, node: Center) -> Tree:
    given, n, fill = node.expressions
    (x,) = STRINGS(a, "center()", [given])
    if not (is_string(fill) and len(fill.name) == 1):
        return a.reject("what a string is filled up with must be one character in quotes")
    return typed(Center.of(x, whole(a, n, "the number of characters", 0), fill), Kind.STRING)


def _title(a: Meaning, node: exp.Initcap) -> Tree:
    if node.expression.name != " ":
        return a.reject("initcap() takes a string only: its words stand between blanks")
    return typed(TitleCase.of(*STRINGS(a, "initcap()", [node.this])), Kind.STRING)


def _translate(a: Meaning, node: exp.Translate) -> Tree:
    characters, by = node.args["from_"], node.args["to"]
    if not (is_string(characters) and is_string(by) and len(by.name) <= len(characters.name) == len(set(characters.name))):
        return a.reject("translate() takes two strings in quotes: characters, none of them twice, and as many others or fewer")
    return typed(Translate.of(*STRINGS(a, "translate()", [node.this]), characters, by), Kind.STRING)


def _position(a: Meaning, node: exp.StrPosition) -> Tree:
    part = node.args["substr"]
    if not (is_string(part) and part.name):
        return a.reject("the part that is looked for must be a string in quotes that is not empty")
    return typed(Position.of(*STRINGS(a, "instr()", [node.this]), part), Kind.INTEGER)


def _character(a: Meaning, node: exp.Chr) -> Tree:
    if len(node.expressions) != 1:
        return a.reject(f"chr() takes 1 argument, not {len(node.expressions)}", code="wrong-arguments")
    return typed(Character.of(*whole_numbers(a, "chr()", node.expressions)), Kind.STRING)


def _repeat(a: Meaning, node: exp.Repeat) -> Tree:
    n = whole(a, node.args.get("times"), "the number of repetitions", 0)
    return typed(Repeat.of(*STRINGS(a, "repeat()", [node.this]), n), Kind.STRING)


def _regexp_extract(a: Meaning, node: exp.RegexpExtract | exp.RegexpExtractAll) -> Tree:
    pattern, group = node.expression, node.args.get("group")
    if not (is_string(pattern) and isinstance(group, exp.Literal) and group.is_int):
        return a.reject("a pattern must be a string in quotes, and its group a whole number")
    try:
        Regex.parse(pattern.name).replacing(f"${group.name}")
    except ExpressionError as error:
        a.mistakes += error.mistakes
        return typed(exp.Null(), Kind.STRING)
    return typed(ExtractPattern.of(*STRINGS(a, name_of(node), [node.this]), pattern, group), Kind.STRING)


def _regexp_extract_all(a: Meaning, node: exp.RegexpExtractAll) -> Tree:
    found = _regexp_extract(a, node)
    return typed(ExtractAll.of(*found.expressions), Kind.LIST) if isinstance(found, ExtractPattern) else found


def _replace(a: Meaning, node: exp.Replace) -> Tree:
    by = node.args.get("replacement") or typed(e.lit(""), Kind.STRING)
    return typed(Replace.of(*STRINGS(a, "replace()", [node.this, node.expression, by])), Kind.STRING)


def _regexp_replace(a: Meaning, node: exp.RegexpReplace) -> Tree:
    pattern, by = node.expression, node.args.get("replacement")
    if not (is_string(pattern) and by is not None and is_string(by)):
        return a.reject("a pattern and what replaces its matches must be strings in quotes")
    try:
        Regex.parse(pattern.name).replacing(by.name)
    except ExpressionError as error:
        a.mistakes += error.mistakes
        return typed(exp.Null(), Kind.STRING)
    return typed(ReplacePattern.of(*STRINGS(a, "regexp_replace()", [node.this]), pattern, by), Kind.STRING)


def _matched(operation: type[Operation]) -> Rule:
    def rule(a: Meaning, node: Any) -> Tree:
        x, pattern = arguments(node)
        if not is_string(pattern):
            return a.reject("a pattern must be a string in quotes")
        try:
            _ = None if operation is Like else Regex.parse(pattern.name)
        except ExpressionError as error:
            a.mistakes += error.mistakes
        return typed(operation.of(*STRINGS(a, "a pattern", [x]), pattern), Kind.BOOLEAN)

    return rule


STRING_RULES: Mapping[type[Any], Rule] = {
    exp.Lower: Call(STRINGS, Kind.STRING, LowerAscii.of),
    exp.Upper: Call(STRINGS, Kind.STRING, UpperAscii.of),
    exp.Length: Call(STRINGS, Kind.INTEGER, lambda x: e.cast(exp.Length(this=e.own(x)), Kind.INTEGER)),  # Spark's has 32 bits
    exp.Trim: _trim,
    **dict.fromkeys((exp.Substring, exp.Left, exp.Right), _substring),
    exp.SplitPart: _split_part,
    exp.Pad: _pad,
    exp.Replace: _replace,
    exp.Repeat: _repeat,
    exp.Translate: _translate,
    exp.StartsWith: Call(STRINGS, Kind.BOOLEAN, StartsWith.of),
    exp.EndsWith: Call(STRINGS, Kind.BOOLEAN, EndsWith.of),
    exp.Contains: Call(STRINGS, Kind.BOOLEAN, Contains.of),
    exp.Initcap: _title,
    exp.StrPosition: _position,
    exp.Ascii: Call(STRINGS, Kind.INTEGER, CodePoint.of),
    exp.Chr: _character,
    Center: _center,
    exp.RegexpExtract: _regexp_extract,
    exp.RegexpExtractAll: _regexp_extract_all,
    exp.RegexpReplace: _regexp_replace,
    **dict.fromkeys((exp.Concat, exp.DPipe), _concat),
    exp.Like: _matched(Like),
    exp.RegexpLike: _matched(Matches),
    **dict.fromkeys((exp.RegexpFullMatch, FullMatches), _matched(FullMatches)),
}
"""Node → its rule."""
