"""The table of `docs/dqdl.md` that says of each rule type what runs: made by running the rules of `cases/conformance.tsv`.

`python -m tests.rules.conformance` writes it; tests compare it with what runs on DuckDB and on Spark.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.engines import duckdb_session
from tests.house.tree import ROOT
from tests.rules.cases import FOLDER
from tests.rules.test_evaluate import SOURCES, TABLE, dataset
from tilth.engine.session import Session
from tilth.errors import RulesError
from tilth.report import Outcome
from tilth.rules import RULE_TYPES, parse
from tilth.rules.evaluation import Evaluation, evaluate
from tilth.rules.language.syntax import Analyzer, Call, Condition, Literal, Rule, Text

PAGE = ROOT / "docs/dqdl.md"
LAST, ANY = Condition("number", "!=", (Call("last"),)), Condition("number", ">=", (Literal("0"),))
CLAUSES = ("where", "threshold", "history", "analyzer")
HISTORY = [(datetime(2026, 1, day, tzinfo=UTC), value) for day, value in ((3, 4.0), (2, 4.5), (1, 3.5))]


@dataclass
class Support:
    """What runs of one type: its metrics, the clauses that it takes, whether it judges rows; and every result."""

    usage: str = ""
    parsed: bool = True
    evaluated: bool = True
    metrics: dict[str, None] = field(default_factory=dict)
    rows: bool = False
    clauses: set[str] = field(default_factory=set)
    results: list[tuple[str, str, Mapping[str, Any]]] = field(default_factory=list)


def fixtures() -> list[str]:
    lines = FOLDER.joinpath("conformance.tsv").read_text("utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def support(engine: Session) -> dict[str, Support]:
    """What runs on an engine, by type: every rule as it is, and with each clause that the language accepts, in one check."""
    found: dict[str, Support] = {name: Support() for name in RULE_TYPES}
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "a.csv").write_bytes(b"a\n1\n")
        os.utime(Path(folder, "a.csv"), (0, 0))
        rules = [_read(text.replace("FILES", folder)) for text in fixtures()]
        variants = [(rule, clause, form) for rule in rules for clause, form in _variants(rule) if _accepted(form)]
        evaluation = _evaluation([*rules, *(form for _, _, form in variants)], engine)
    findings = {(f.kind == "analyzer", f.name): f for f in evaluation.findings}

    def runs(rule: Rule) -> bool:
        finding, of = findings[isinstance(rule, Analyzer), str(rule)], found[rule.type]
        of.results.append((finding.name.replace(folder, "FILES"), str(finding.outcome), dict(finding.payload.metrics)))
        return finding.outcome is not Outcome.ERROR

    for rule in rules:
        of = found[rule.type]
        of.usage = of.usage or str(rule).replace(folder, "path")
        of.parsed &= _read(str(rule)) == rule
        of.evaluated &= runs(rule)
        of.metrics |= dict.fromkeys(findings[isinstance(rule, Analyzer), str(rule)].payload.metrics)
        of.rows |= rule in evaluation.prepared and evaluation.prepared[rule].row is not None
    for rule, clause, form in variants:
        found[rule.type].clauses |= {clause} if runs(form) else set()
    return found


def _read(text: str) -> Rule:
    """The rule or analyzer of a text."""
    section = "Rules" if RULE_TYPES[text.split()[0]].rule else "Analyzers"
    ruleset = parse(f"{section} = [ {text} ]")
    (rule,) = (*ruleset.leaves, *ruleset.analyzers)
    return rule


def _variants(rule: Rule) -> Iterator[tuple[str, Rule]]:
    yield "where", replace(rule, where=Text("1 = 1"))
    yield "threshold", replace(rule, threshold=ANY)
    yield "history", replace(rule, condition=LAST)
    yield "history", replace(rule, threshold=LAST)
    yield "analyzer", Analyzer(rule.type, rule.parameters)


def _accepted(rule: Rule) -> bool:
    try:
        parse(_written([rule]))
    except RulesError:
        return False
    return True


def _written(rules: list[Rule]) -> str:
    parts = {"Rules": [r for r in rules if not isinstance(r, Analyzer)], "Analyzers": [r for r in rules if isinstance(r, Analyzer)]}
    return " ".join(f"{section} = [ {', '.join(map(str, of))} ]" for section, of in parts.items() if of)


def _evaluation(rules: list[Rule], engine: Session) -> Evaluation:
    given: Any = {"sources": SOURCES, "history": lambda name, most: HISTORY[:most], "examples": 0}
    return evaluate(dataset(TABLE), parse(_written(list(dict.fromkeys(rules)))), engine, **given)


def table(found: Mapping[str, Support]) -> Iterator[str]:
    """The lines of the table."""
    yield "| Type | For instance | Parsed | Evaluated | Metrics | Rows | `where` | Threshold | History | Analyzer | Both engines |"
    yield "|---|---|---|---|---|---|---|---|---|---|---|"
    for name, of in found.items():
        marks = " | ".join("yes" if mark else "" for mark in (of.rows, *(clause in of.clauses for clause in CLAUSES)))
        metrics = ", ".join(f"`{metric}`" for metric in of.metrics)
        runs = " | ".join("yes" if mark else "no" for mark in (of.parsed, of.evaluated))
        yield f"| {name} | `{of.usage}` | {runs} | {metrics} | {marks} | yes |"


def filled(page: str) -> str:
    """The page with the table between its marks."""
    block = "<!-- rule types -->\n" + "\n".join(table(support(duckdb_session()))) + "\n<!-- end -->"
    return re.sub(r"<!-- rule types -->.*?<!-- end -->", lambda _: block, page, flags=re.DOTALL)


if __name__ == "__main__":
    PAGE.write_text(filled(PAGE.read_text("utf-8")), "utf-8")
