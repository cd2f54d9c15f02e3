"""Runs the tests of rulesets: whether each rule gives the expected result for the rows of a case."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar

import pyarrow as pa

from tilth.data import Dataset, Memory
from tilth.engine.facts import versions
from tilth.engine.session import Session
from tilth.errors import Place, RulesError, all_of
from tilth.formats import to_arrow
from tilth.report import Facts, Finding, Outcome, Report, warning
from tilth.report.blocks import Advice, Section, code, counted, plain, table
from tilth.report.finding import Payload
from tilth.report.sections import ReportSection
from tilth.rules import Rule, Ruleset, parse
from tilth.rules.cases import Case, Expectation, cases_of
from tilth.rules.context import first_run
from tilth.rules.evaluation import evaluate
from tilth.rules.findings import RuleVerdict
from tilth.rules.prepared import PreparedRule
from tilth.rules.row_output import FAILED_RULES, row_results
from tilth.rules.section import outcome_cell
from tilth.store.local import text_of

ROW = "\x1frow"  # temporary column with the number of a row


@dataclass(frozen=True, kw_only=True)
class CaseVerdict(Payload):
    """Whether a rule (the name of the finding) gives the expected result for a case (its part): an outcome, or failing rows `row 2, row 3`.

    `file`, `line` and `column` are the place of the expectation.
    """

    KIND: ClassVar[str] = "case"
    JUDGES: ClassVar[bool] = True
    NOUN: ClassVar[str] = "expectation"
    expected: str = ""
    found: str = ""
    file: str | None = None
    line: int | None = None
    column: int | None = None

    @property
    def rule_place(self) -> Place | None:
        """Where the expectation stands."""
        return Place(self.file, self.line, self.column)


def run_tests(rules: Iterable[str | Path], session: Session, **options: Any) -> Report:
    """The report of the test cases of rulesets: a verdict for each expectation, and a warning for rules without expectations.

    `options` are those options of `evaluate` that affect how rules are judged.

    Errors: `RequestError` with every mistake of all rulesets and of their files of cases, before a case is run.
    """
    started, clock = datetime.now(UTC), time.perf_counter()
    paths = [Path(path) for path in rules]
    rulesets = all_of(*(lambda path=path: parse(text_of(path, "ruleset", RulesError), file=str(path)) for path in paths))
    cases = all_of(*(lambda p=p, r=r: cases_of(p, r, session) for p, r in zip(paths, rulesets, strict=True)))
    findings: list[Finding] = []
    for path, ruleset, of in zip(paths, rulesets, cases, strict=True):
        before = f"{path.stem}: " if paths[1:] else ""
        findings += [f for case in of for f in _judged(case, f"{before}{case.name}", ruleset, session, options)]
        findings += _untested(path, ruleset, of)
    seconds = time.perf_counter() - clock
    source = ", ".join(map(str, paths))
    facts = Facts(source, session.name, started=started.isoformat(timespec="seconds"), seconds=seconds, versions=versions())
    return Report("test", tuple(findings), facts)


def _untested(path: Path, ruleset: Ruleset, cases: Sequence[Case]) -> Iterator[Finding]:
    tested = {str(e.rule) for case in cases for e in case.expectations}
    if rules := [str(rule) for rule in ruleset.rules if str(rule) not in tested]:
        shown = "; ".join(rules[:5]) + (f" and {len(rules) - 5} more" if rules[5:] else "")
        yield warning("UNTESTED", f"{path}: no case expects anything of {counted(len(rules), 'rule')}: {shown}", rules=len(rules))


def _judged(case: Case, name: str, ruleset: Ruleset, session: Session, options: Mapping[str, Any]) -> Iterator[Finding[CaseVerdict]]:
    asked = replace(ruleset, rules=tuple(e.rule for e in case.expectations), analyzers=())
    done = evaluate(case.data, asked, session, sources=case.tables, now=case.at, history=first_run, **options)
    by_rows = [e.rule for e in case.expectations if not isinstance(e.expected, str)]
    failing = _failing_rows(case.data, replace(asked, rules=tuple(by_rows)), done.prepared, session) if by_rows else {}
    for expectation, finding in zip(case.expectations, done.findings, strict=True):
        yield _verdict(expectation, finding, failing.get(finding.name), name)


def _verdict(expectation: Expectation, finding: Finding[RuleVerdict], rows: tuple[int, ...] | None, case: str) -> Finding[CaseVerdict]:
    wanted, place = expectation.expected, expectation.place
    found = str(finding.outcome).lower()
    if isinstance(wanted, str):
        met, expected = found == wanted, wanted
        found = ": ".join([found, *(plain(line) for line in finding.payload.reasons(finding.message)[:1])])
    else:
        met, expected = rows == wanted and finding.outcome is not Outcome.ERROR, _rows(wanted)
        found = found if finding.outcome is Outcome.ERROR else "it judges no single rows" if rows is None else _rows(rows)
    message = "" if met else f"expected: {expected}; found: {found}"
    payload = CaseVerdict(expected=expected, found=found, file=place.file, line=place.line, column=place.column)
    outcome = Outcome.PASSED if met else Outcome.FAILED
    return Finding(finding.name, finding.subject, outcome=outcome, message=message, part=case, payload=payload)


def _rows(rows: tuple[int, ...]) -> str:
    """The rows that fail in words.

    >>> _rows((2, 3)), _rows(())
    ('row 2, row 3 fail', 'no row fails')
    """
    return f"{', '.join(f'row {n}' for n in rows)} {'fail' if rows[1:] else 'fails'}" if rows else "no row fails"


def _failing_rows(
    data: Dataset, asked: Ruleset, prepared: Mapping[Rule, PreparedRule], session: Session
) -> dict[str, tuple[int, ...] | None]:
    """The numbers of the rows that fail each rule; None for one that judges no single rows."""
    given: Any = to_arrow(data, session)
    numbered = given.append_column(ROW, pa.array(range(1, given.num_rows + 1), pa.int64()))
    results = row_results(Dataset(Memory(numbered, (*data.names, ROW))), asked, prepared)
    found: dict[str, list[int]] = {rule: [] for rule, verdict in results.verdicts if verdict is not None}
    for row in to_arrow(results.failed(), session).to_pylist():
        for rule in row[FAILED_RULES]:
            found[rule].append(row[ROW])
    return {str(rule): tuple(sorted(found[str(rule)])) if str(rule) in found else None for rule in asked.rules}


def section(findings: Sequence[Finding[CaseVerdict]]) -> Section:
    """The expectations, those that are not met first."""
    wrong = [f for f in findings if f.outcome is not Outcome.PASSED]
    rows = [
        (outcome_cell(f.outcome), f.part, code(f.name, 300), f.payload.expected, f.payload.found)
        for f in (*wrong, *(f for f in findings if f.outcome is Outcome.PASSED))
    ]
    heads = ("verdict", "case", "rule", "expected", "found")
    cases = len(dict.fromkeys(f.part for f in findings))
    lead = f"{counted(len(findings), 'expectation')} in {counted(cases, 'case')}, {len(wrong)} not met."
    advice = (Advice(f"Look at the case {code(wrong[0].part)}: {code(wrong[0].name)}, {wrong[0].message}.", 80),) if wrong else ()
    shown = (table("Expectations", heads, rows),)
    return Section("tests", "Tests of rules", shown, lead=lead, advice=advice, summary=(table("Tests", heads, rows[: len(wrong)]),))


CASES = ReportSection(CaseVerdict, section)
