"""The test battery for rule types, those of Tilth and of other packages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pyarrow as pa

from tilth.data import Dataset, Roles
from tilth.engine.duckdb import DuckDB
from tilth.engine.session import Session, everything
from tilth.report import Finding, Outcome
from tilth.rules import RULE_TYPES, parse
from tilth.rules.evaluation import Evaluation, evaluate
from tilth.rules.language.syntax import Rule
from tilth.rules.row_output import row_results
from tilth.rules.types.rule_type import RuleType
from tilth.testing.laws import backwards, nulls, require, same
from tilth.testing.steps import dataset
from tilth.testing.tables import sample_table

BROKEN = 'Completeness "no such column" > 0'


def check_rule_type(
    rule_type: RuleType,
    rules: Iterable[str],
    engine: Session | None = None,
    sources: Mapping[str, Dataset] | None = None,
    table: pa.Table | None = None,
) -> None:
    """Check that a rule type is consistent, and that its rules keep every law. `rules` are rules that can be evaluated on the table.

    - its usage is one of its rules, and every rule is the same after it is written and read back;
    - other rules, even broken ones, and the order of the rows change nothing;
    - `where "1 = 1"` changes nothing, if it takes `where`, and no `where` selects rows that it does not count;
    - on no rows, one row and rows of nulls it has an outcome, and never stops the check;
    - if a rule judges rows, as many rows fail as the verdict counts;
    - its message and its metrics contain no value of a private column;
    - with `engine`, the results are the same as on DuckDB.

    `table` is `sample_table()` unless another is given; the history is empty. Errors: `AssertionError` with the law that does not hold.

    >>> from tilth.rules import RULE_TYPES
    >>> check_rule_type(RULE_TYPES["Completeness"], ['Completeness "word" > 0.5'])
    """
    with RULE_TYPES.lent(rule_type.name, rule_type), DuckDB().session() as duckdb:
        battery = _Battery(rule_type, sample_table() if table is None else table, dict(sources or {}), duckdb)
        battery.description()
        laws = (battery.text, battery.company, battery.order, battery.where, battery.nothing, battery.rows, battery.privacy)
        for rule in rules:
            for law in laws:
                law(rule)
            if engine is not None:
                battery.engines(rule, engine)


class _Battery:
    def __init__(self, rule_type: RuleType, table: pa.Table, sources: Mapping[str, Dataset], engine: Session) -> None:
        self.rule_type, self.table, self.sources, self.engine = rule_type, table, sources, engine
        self.kept: list[pa.Table] = []  # a table in memory is identified by its object, which must stay alive
        self.found: dict[str, Finding] = {}

    def evaluation(
        self, rules: str, table: pa.Table | None = None, engine: Session | None = None, private: Iterable[str] = ()
    ) -> Evaluation:
        table = self.table if table is None else table
        self.kept.append(table)
        data = dataset(table, Roles.of(private=tuple(private)))
        ruleset = parse(f"Rules = [ {rules} ]")
        return evaluate(data, ruleset, engine or self.engine, sources=self.sources, history=lambda name, most: ())

    def finding(self, rule: str, table: pa.Table | None = None, **options: Any) -> Finding:
        return self.evaluation(rule, table, **options).findings[0]

    def whole(self, rule: str) -> Finding:
        """The finding on the whole table, with which most laws compare."""
        if rule not in self.found:
            self.found[rule] = self.finding(rule)
        return self.found[rule]

    def alike(self, a: Finding, b: Finding, law: str, rule: str) -> None:
        results = [(str(f.outcome), dict(f.payload.metrics)) for f in (a, b)]
        require(same(results[0], results[1]), f"{rule}: {law}", *results)

    def description(self) -> None:
        row = self.rule_type
        require(not (row.boolean and row.dynamic), f"{row.name}: a rule without a condition does not refer to the history")
        require(not row.dynamic or row.prepare is None or row.metric is not None, f"{row.name}: a dynamic type names its metric")
        types = {leaf.type for leaf in parse(f"Rules = [ {row.usage} ]").leaves}
        require(types == {row.name}, f"{row.name}: its usage is a rule of it", row.usage)

    def text(self, rule: str) -> None:
        (read,) = parse(f"Rules = [ {rule} ]").rules
        (again,) = parse(f"Rules = [ {read} ]").rules
        require(read == again, f"{rule}: a rule that is printed is the same rule when it is read")
        require(self.whole(rule).outcome is not Outcome.ERROR, f"{rule}: the rule can be evaluated", self.whole(rule).message)

    def company(self, rule: str) -> None:
        beside = self.evaluation(f'RowCount > 0, {BROKEN}, RowCount > 0 where "1 / 0 > nope", {rule}').findings
        self.alike(self.whole(rule), beside[-1], "other rules change nothing", rule)
        require(beside[0].outcome is Outcome.PASSED, f"{rule}: it does not stop another rule")

    def order(self, rule: str) -> None:
        self.alike(self.whole(rule), self.finding(rule, backwards(self.table)), "the order of the rows changes nothing", rule)

    def where(self, rule: str) -> None:
        if not self.rule_type.where or "where" in rule:
            return
        head, threshold, rest = rule.partition(" with ")
        every, none = (self.finding(f'{head} where "{condition}"{threshold}{rest}') for condition in ("1 = 1", "1 = 0"))
        self.alike(self.whole(rule), every, "where true changes nothing", rule)
        require(none.payload.rows.get("failed", 0) == 0, f"{rule}: no row outside a filter fails", none.payload.rows)

    def nothing(self, rule: str) -> None:
        for table in (self.table.slice(0, 0), self.table.slice(0, 1), nulls(self.table, 3)):
            require(self.finding(rule, table).outcome is not None, f"{rule}: a table of few rows has an outcome")

    def rows(self, rule: str) -> None:
        evaluation = self.evaluation(rule)
        ruleset = parse(f"Rules = [ {rule} ]")
        (leaf,) = ruleset.rules
        judges = isinstance(leaf, Rule) and self.rule_type.judges_rows(leaf)
        if isinstance(leaf, Rule):
            require((evaluation.prepared[leaf].row is not None) == judges, f"{rule}: `row` says whether rows are judged")
        if not judges:
            return
        results = row_results(dataset(self.table), ruleset, evaluation.prepared)
        failed, passed = (len(self.engine.peek(part, everything())) for part in (results.failed(), results.passed))
        counted = evaluation.findings[0].payload.rows
        require(failed + passed == self.table.num_rows, f"{rule}: a row passes or fails", (passed, failed))
        require(not counted or counted["failed"] == failed, f"{rule}: as many rows fail as the verdict counts", (counted, failed))

    def privacy(self, rule: str) -> None:
        finding = self.finding(rule, private=self.table.column_names)
        shown = f"{finding.message} {finding.value} {dict(finding.payload.metrics)} {finding.examples}"
        telling = [
            str(v) for c in self.table.column_names for v in self.table[c].to_pylist() if len(str(v)) > 6 and not isinstance(v, bool)
        ]
        require(not [v for v in telling if v in shown], f"{rule}: no value of a private column is shown", shown)

    def engines(self, rule: str, engine: Session) -> None:
        self.alike(self.whole(rule), self.finding(rule, engine=engine), "both engines give the same", rule)
