"""What if the data were damaged: for each column and each kind of damage, the rules that pass on the data and fail on damaged data."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

from sqlglot.expressions import Expression as Tree

from tilth.data import Dataset
from tilth.engine.session import Session
from tilth.metrics.columns import RowCount, StandardDeviation
from tilth.metrics.metric import Where, measured
from tilth.report import Finding, Outcome
from tilth.report.blocks import Advice, Block, Cell, Fold, Section, Words, code, counted, table
from tilth.report.finding import Payload
from tilth.report.sections import ReportSection
from tilth.rules.damage import DAMAGES, changed, damaged, half, others_of, sampled, twice, with_buckets
from tilth.rules.evaluation import Evaluation, evaluate
from tilth.rules.language.syntax import Composite, Rule, Ruleset

PURPOSE = "damage that rules would notice"
MOST_ROWS = 20_000  # larger tables are sampled
MOST_NAMED = 3
TABLE = {"half": "Half of the rows lost", "twice": "Every row two times"}
STAR = re.compile(r"(?<!\()\*")  # `select *`, not `count(*)`
Damages = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class Noticed(Payload):
    """Damage to a column (the subject of the finding), or to the whole table: name of the damage → rules that detect it.

    Damage that changes no value is left out. In the finding of the whole table, `sampled` is the number of rows in which columns were
    damaged, if not all, and `unasked` are rules that pass on all rows, but not on the sampled ones.
    """

    KIND: ClassVar[str] = "what_if"
    VALUE: ClassVar[str] = "kinds of damage that a rule notices"
    damages: Damages = field(default_factory=dict)
    sampled: int | None = None
    unasked: tuple[str, ...] = ()


def what_if(data: Dataset, ruleset: Ruleset, done: Evaluation, session: Session, **options: Any) -> list[Finding[Noticed]]:
    """Report which damage rules would detect: a finding for each column, least protected first, and one for the table.

    `done` is the evaluation of the ruleset with `options`. The ruleset is evaluated again for each kind of damage: once if every rule reads
    only one column, several times otherwise, because columns that a rule reads together are damaged separately. Columns of a table with
    more than `MOST_ROWS` rows are damaged in a sample of about that size; rows are dropped and repeated in the whole table.
    """
    with session.working_for(PURPOSE):
        return _WhatIf(data, ruleset, done, session, options).findings()


class _WhatIf:
    def __init__(self, data: Dataset, ruleset: Ruleset, done: Evaluation, session: Session, options: Mapping[str, Any]) -> None:
        self.ruleset, self.session, self.options = ruleset, session, options
        self.schema = session.schema(data)
        passed = {f.name for f in done.findings if f.outcome is Outcome.PASSED and f.kind == "rule"}
        self.passing = [rule for rule in ruleset.rules if str(rule) in passed]
        rows = measured(data, [RowCount()], session)[RowCount()] if done.rows is None else done.rows
        self.whole = with_buckets(data, self.schema)
        few = rows > MOST_ROWS
        self.held = session.checkpoint(with_buckets(sampled(data, self.schema, MOST_ROWS / rows), self.schema) if few else self.whole)
        self.sampled = measured(self.held, [RowCount()], session)[RowCount()] if few else None
        if not few:
            self.whole = self.held

    def findings(self) -> list[Finding[Noticed]]:
        undamaged = self._failing(damaged(self.held, {}), self.passing)
        asked = [rule for rule in self.passing if str(rule) not in undamaged]
        of_table = {"half": self._failing(half(self.whole), self.passing), "twice": self._failing(twice(self.whole), self.passing)}
        found = self._columns(asked)
        noticed = [_finding((c.name,), Noticed(found[c.name])) for c in self.schema]
        whole = Noticed(of_table, self.sampled, tuple(undamaged))
        return [*sorted(noticed, key=lambda f: f.value / len(f.payload.damages) if f.payload.damages else 0.0), _finding((), whole)]

    def _columns(self, rules: Sequence[Rule | Composite]) -> Mapping[str, Damages]:
        """For each column the rules that notice each damage to it. Columns that no rule reads together are damaged at once."""
        reads = {rule: self._reads(rule) for rule in rules}
        found: dict[str, dict[str, tuple[str, ...]]] = {c.name: {} for c in self.schema}
        for name, trees in self._changes().items():
            for columns in _apart(trees, reads.values()):
                asked = [rule for rule, own in reads.items() if own & columns]
                failing = self._failing(damaged(self.held, {column: trees[column] for column in columns}), asked)
                for column in columns:
                    found[column][name] = tuple(str(rule) for rule in asked if column in reads[rule] and str(rule) in failing)
        return found

    def _changes(self) -> dict[str, dict[str, Tree]]:
        """For each damage the columns that it applies to, with their damaged values: those that at least one row changes in."""
        others = others_of(self.schema)
        numeric = {c.name: StandardDeviation(c.name) for c in self.schema if c.kind.numeric}
        deviations = measured(self.held, numeric.values(), self.session)
        made: dict[tuple[str, str], Tree] = {}
        for column in self.schema:
            deviation = deviations[numeric[column.name]] if column.name in numeric else None
            for damage in DAMAGES:
                if (tree := damage.make(column, others.get(column.name), deviation)) is not None:
                    made[damage.name, column.name] = tree
        count = {key: Where(RowCount(), changed(key[1], tree)) for key, tree in made.items()}
        rows = measured(self.held, count.values(), self.session)
        names = [damage.name for damage in DAMAGES]
        return {n: {column: tree for (name, column), tree in made.items() if name == n and rows[count[name, column]]} for n in names}

    def _failing(self, data: Dataset, rules: Sequence[Rule | Composite]) -> tuple[str, ...]:
        """The rules that do not pass on a table."""
        if not rules:
            return ()
        asked = replace(self.ruleset, rules=tuple(rules), analyzers=())
        done = evaluate(data, asked, self.session, **{**self.options, "examples": 0, "observe": False})
        return tuple(f.name for f in done.findings if f.outcome is not Outcome.PASSED)

    def _reads(self, rule: Rule | Composite) -> set[str]:
        """The columns that a rule may read: all that it mentions, or all there are."""
        columns: set[str] = set()
        for leaf in rule.leaves:
            variables = [str(v) for v in self.ruleset.variables if f"${v.name}" in str(leaf)]
            text = " ".join([str(leaf), *(p.text.name for p in leaf.parameters), *variables])
            if leaf.type == "DatasetMatch" or (leaf.type == "DuplicateRowCount" and not leaf.parameters):
                return set(self.schema.names)
            if leaf.type == "CustomSql" and STAR.search(text):
                return set(self.schema.names)
            columns |= {n for n in self.schema.names if re.search(rf"(?<!\w){re.escape(n)}(?!\w)", text, re.IGNORECASE)}
        return columns


def _apart(columns: Iterable[str], together: Collection[Set[str]]) -> list[set[str]]:
    """The columns in as few sets as a first fit finds, such that none has two of those that stand together somewhere."""
    sets: list[set[str]] = []
    for column in columns:
        near = set[str]().union(*(names for names in together if column in names))
        fitting = next((held for held in sets if not held & near), None)
        if fitting is None:
            sets.append({column})
        else:
            fitting.add(column)
    return sets


def _finding(subject: tuple[str, ...], payload: Noticed) -> Finding[Noticed]:
    noticed = sum(map(bool, payload.damages.values()))
    return Finding("what if", subject, noticed, message=f"{noticed} of {counted(len(payload.damages), 'kind')} noticed", payload=payload)


# ── the section ──


def section(findings: Sequence[Finding[Noticed]]) -> Section:
    """Columns and kinds of damage, and how many rules notice each; the columns that no rule protects first."""
    columns = [f for f in findings if f.subject]
    unprotected = [code(f.columns) for f in columns if not f.value and f.payload.damages]
    names = [damage.name for damage in DAMAGES]
    rows = [(code(f.columns), *(_cell(f.payload.damages.get(name)) for name in names)) for f in columns]
    noticing = [(code(f.columns), name, _rules(rules)) for f in columns for name, rules in f.payload.damages.items() if rules]
    which = table("Which rules notice damage", ("column", "damage", "rules"), noticing)
    blocks: tuple[Block, ...] = (
        *([table("Rules that notice damage", ("column", *names), rows, names)] if rows else ()),
        *(Words(line) for f in findings if not f.subject for line in _of_table(f.payload)),
        Words("; ".join(f"{code(damage.name)}: {damage.words}" for damage in DAMAGES) + "."),
        *([Fold("Which rules", (which,))] if noticing else ()),
    )
    lead = f"No rule notices damage to {', '.join(unprotected)}." if unprotected else "For each column there is damage that a rule notices."
    advice = (Advice(f"Give {', '.join(unprotected[:5])} a rule: none notices damage there.", 30),) if unprotected else ()
    return Section("what-if", "What rules would notice", blocks, lead=lead, advice=advice)


def _cell(rules: tuple[str, ...] | None) -> Cell:
    """The number of rules that detect a damage; empty if there was none."""
    if rules is None:
        return Cell()
    return Cell(str(len(rules)), tone="good") if rules else Cell("none", tone="bad")


def _rules(rules: Sequence[str]) -> str:
    more = f" and {len(rules) - MOST_NAMED} more" if len(rules) > MOST_NAMED else ""
    return ", ".join(map(code, rules[:MOST_NAMED])) + more if rules else "no rule"


def _of_table(payload: Noticed) -> Iterator[str]:
    yield from (f"{TABLE[name]}: {_rules(rules)} would notice it." for name, rules in payload.damages.items())
    if payload.sampled is not None:
        yield f"Columns were damaged in a sample of {counted(payload.sampled, 'row')}, chosen by their hash."
    if payload.unasked:
        yield f"Not asked, because they do not pass on {'the sample' if payload.sampled else 'rows alone'}: {_rules(payload.unasked)}."


WHAT_IF = ReportSection(Noticed, section)
