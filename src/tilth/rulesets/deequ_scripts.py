"""Checks of Deequ in a program, of Scala or Python: the constraints that are called in it, which is not run."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from typing import Any

from tilth.engine.user_sql.writing import rule_sql
from tilth.rulesets.check import Check, Converter
from tilth.rulesets.deequ import CONSTRAINTS, notes_on, rules_in
from tilth.rulesets.writing import Unsupported

WITHOUT_RULE = (
    "areComplete", "areAnyComplete", "containsCreditCardNumber", "containsEmail", "containsSocialSecurityNumber", "containsURL",
    "hasApproxQuantile", "hasHistogramValues", "hasMutualInformation", "haveAnyCompleteness", "haveCompleteness",
    "kllSketchSatisfies",
)  # fmt: skip
PIECE = re.compile(
    r"(?P<comment>#[^\n]*|//[^\n]*|/\*.*?\*/)|(?P<raw>[rR]?)(?P<quote>\"\"\"|'''|[\"'])(?P<text>(?:\\.|.)*?)(?P=quote)", re.DOTALL
)
CALL = re.compile(rf"\.\s*(?P<name>{'|'.join((*CONSTRAINTS, *WITHOUT_RULE))})\s*\(")
WHERE = re.compile(r'\s*\.\s*where\s*\(\s*"(?P<condition>(?:[^"\\]|\\.)*)"\s*\)')
BRACKET = re.compile(r'"(?:[^"\\]|\\.)*"|[()]')


def _recognises(given: Any) -> bool:
    return isinstance(given, str) and CALL.search(_plain(given)) is not None


def _checks(given: str) -> Iterator[Check]:
    text, at = _plain(given), 0
    while found := CALL.search(text, at):
        at = _closed(text, found.end())
        code = re.sub(r"\s+", " ", f".{found['name']}({text[found.end() : at - 1]})")
        where = WHERE.match(text, at)
        scope = re.sub(r"\\(.)", r"\1", where["condition"]) if where else ""
        line = text.count("\n", 0, found.start("name")) + 1
        yield Check(f"line {line}, {code}", partial(_rules, code, scope), notes=notes_on(code))


def _plain(text: str) -> str:
    """A program with its strings in double quotes, and without comments, on the same lines."""

    def piece(found: re.Match[str]) -> str:
        if found["comment"] is not None:
            return "\n" * found[0].count("\n")
        inner = found["text"]
        if found["raw"] or len(found["quote"]) == 3:
            inner = inner.replace("\\", "\\\\")
        escaped = re.sub(r'(?<!\\)((?:\\\\)*)"', r'\1\\"', inner.replace("\\'", "'"))
        return f'"{escaped}"'

    return PIECE.sub(piece, text)


def _closed(text: str, start: int) -> int:
    """The place behind the bracket that closes the one before a place."""
    depth = 1
    for found in BRACKET.finditer(text, start):
        depth += {"(": 1, ")": -1}.get(found[0], 0)
        if not depth:
            return found.end()
    return len(text)


def _rules(code: str, scope: str) -> list[str]:
    return [_scoped(rule, scope) for rule in rules_in(code)]


def _scoped(rule: str, scope: str) -> str:
    """A rule for the rows of a condition."""
    if not scope:
        return rule
    if rule.startswith("CustomSql"):
        raise Unsupported("its rule cannot be for some rows only")
    head, own, tail = rule.partition(' where "')
    if own:
        return f"{head} where {rule_sql(f'({scope})')[:-1]} and {tail}"
    head, threshold, tail = rule.partition(" with threshold")
    return f"{head} where {rule_sql(scope)}{threshold}{tail}"


CONVERTER = Converter("checks of Deequ", "constraint", _recognises, _checks)
