"""Matching strings with regular expressions of the closed subset (`tilth.regex`), and with LIKE."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache, partial
from typing import Any, ClassVar

from sqlglot import exp
from sqlglot.expressions import Expression as Tree

from tilth.engine.expressions import case, coalesce, is_null, le, lit
from tilth.engine.operations.operation import Operation, call
from tilth.regex import Regex
from tilth.regex.replacement import Replacement


@cache
def _parsed(pattern: str, full: bool) -> Regex:
    regex = Regex.parse(pattern)
    return regex.full() if full else regex


@cache
def _compiled(pattern: str, full: bool) -> re.Pattern[str]:
    return _parsed(pattern, full).compile_python()


def _on_short(x: Tree, pattern: str, regex: Regex, made: Tree) -> Tree:
    """Apply a pattern on Spark, with an error for a string that is too long.

    Java recurses at every round of some patterns, and a full stack ends the whole application rather than the query.
    """
    if regex.spark_longest is None:
        return made
    message = f"the pattern {pattern!r} can be matched on Spark against strings of at most {regex.spark_longest} characters"
    short = le(exp.Length(this=x.copy()), lit(regex.spark_longest))
    return case((is_null(x), exp.Null()), (short, made), otherwise=call("raise_error", lit(message)))


class Matches(Operation):
    """Whether a pattern (a literal) is found anywhere in a string."""

    full = False
    total = True

    @classmethod
    def duckdb(cls, x: Tree, pattern: Tree) -> Tree:
        regex = _parsed(pattern.name, cls.full)
        if (plain := regex.glob) is not None:
            return exp.Paren(this=exp.Glob(this=x.copy(), expression=lit(plain)))
        return call("regexp_matches", x, lit(regex.duckdb))

    @classmethod
    def spark(cls, x: Tree, pattern: Tree) -> Tree:
        regex = _parsed(pattern.name, cls.full)
        return _on_short(x, pattern.name, regex, exp.Paren(this=exp.RegexpLike(this=x.copy(), expression=lit(regex.spark))))

    @classmethod
    def row(cls, x: Any, pattern: Any) -> bool:
        return _compiled(pattern, cls.full).search(x) is not None


class FullMatches(Matches):
    """Whether a pattern (a literal) matches a whole string."""

    full = True


class ReplacePattern(Operation):
    """A string with every match of a pattern replaced (`Regex.replacing`); pattern and replacement are literals."""

    total = True

    @classmethod
    def duckdb(cls, x: Tree, pattern: Tree, by: Tree) -> Tree:
        return call("regexp_replace", x, *map(lit, _parsed(pattern.name, False).replacing(by.name).duckdb), lit("g"))

    @classmethod
    def spark(cls, x: Tree, pattern: Tree, by: Tree) -> Tree:
        regex = _parsed(pattern.name, False)
        return _on_short(x, pattern.name, regex, call("regexp_replace", x, *map(lit, regex.replacing(by.name).spark)))

    @classmethod
    def prepared(cls, *constants: str) -> Callable[[str], str]:
        pattern, by = constants
        compiled, template = _parsed(pattern, False).replacing(by).python
        return partial(re.compile(compiled).sub, template)


class ExtractPattern(Operation):
    """The first match in a string of a group of a pattern (literals; group 0 is the whole match); empty without a match."""

    total = True
    called: ClassVar[str] = "regexp_extract"  # by both engines

    @classmethod
    def duckdb(cls, x: Tree, pattern: Tree, group: Tree) -> Tree:
        return call(cls.called, x, lit(_grouped(pattern.name, group.name).duckdb[0]), group)

    @classmethod
    def spark(cls, x: Tree, pattern: Tree, group: Tree) -> Tree:
        found = call(cls.called, x, lit(_grouped(pattern.name, group.name).spark[0]), group)
        return _on_short(x, pattern.name, _parsed(pattern.name, False), found)

    @classmethod
    def prepared(cls, *constants: Any) -> Callable[[str], Any]:
        pattern, group = constants
        search = re.compile(_grouped(pattern, str(group)).python[0]).search

        def extracted(x: str) -> str:
            match = search(x)
            return (match[group] or "") if match else ""

        return extracted


class ExtractAll(ExtractPattern):
    """The list of all matches in a string of a group of a pattern."""

    called = "regexp_extract_all"

    @classmethod
    def duckdb(cls, x: Tree, pattern: Tree, group: Tree) -> Tree:
        match = exp.Lambda(this=coalesce(exp.column("m"), lit("")), expressions=[exp.to_identifier("m")])
        return call("list_transform", super().duckdb(x, pattern, group), match)  # a group that is not part of a match is null to it

    @classmethod
    def prepared(cls, *constants: Any) -> Callable[[str], Any]:
        pattern, group = constants
        find = re.compile(_grouped(pattern, str(group)).python[0]).finditer
        return lambda x: [match[group] or "" for match in find(x)]


def _grouped(pattern: str, group: str) -> Replacement:
    """A pattern with numbered groups, one of which is requested."""
    return _parsed(pattern, False).replacing(f"${group}")


class Like(Operation):
    """Whether a string matches a LIKE pattern (a literal): `%` any characters, `_` one, a backslash makes the next one literal."""

    total = True

    @classmethod
    def both(cls, x: Tree, pattern: Tree) -> Tree:
        # a backslash before any other character, or at the end, stops Spark; DuckDB takes it as it comes
        written = "".join(f"\\{c}" if plain and c in "%_\\" else c for c, plain in _like_parts(pattern.name))
        return exp.Paren(this=exp.Escape(this=exp.Like(this=x.copy(), expression=lit(written)), expression=lit("\\")))

    @staticmethod
    def row(x: Any, pattern: Any) -> bool:
        return _like(pattern).fullmatch(x) is not None


def _like_parts(pattern: str) -> list[tuple[str, bool]]:
    """The characters of a LIKE pattern, each with whether it is literal."""
    return [(part[-1], len(part) == 2 or part not in "%_") for part in re.findall(r"\\.|[^\\]", pattern, re.DOTALL)]


@cache
def _like(pattern: str) -> re.Pattern[str]:
    wild = {"%": ".*", "_": "."}
    return re.compile("".join(re.escape(c) if plain else wild[c] for c, plain in _like_parts(pattern)), re.DOTALL)
