"""A ruleset of DataBrew, as `CreateRuleset` takes and `DescribeRuleset` gives it: read, checked as a whole, and written as DQDL."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from tilth.aws.configuration import configuration
from tilth.aws.rulesets.conditions import RowCondition, Wrong, number, quoted_column
from tilth.aws.rulesets.given import RuleGiven, RulesetGiven
from tilth.aws.rulesets.grammar import Check, Joined, Left
from tilth.aws.rulesets.measure import Measure, Of
from tilth.aws.rulesets.mistakes import mistakes, named
from tilth.aws.rulesets.statistics import OF_COLUMNS, OF_TABLE
from tilth.data import Column, Kind, Schema
from tilth.engine.user_sql.writing import fits_rule, rule_sql, rule_string
from tilth.errors import Mistake, RulesError, unknown
from tilth.report import Report
from tilth.rules import Ruleset, parse
from tilth.validation import validated

SIGNS = {"GREATER_THAN_OR_EQUAL": ">=", "GREATER_THAN": ">", "LESS_THAN_OR_EQUAL": "<=", "LESS_THAN": "<"}
SIMPLE = (Kind.INTEGER, Kind.FLOAT, Kind.DECIMAL, Kind.STRING, Kind.BOOLEAN, Kind.DATE, Kind.TIMESTAMP, Kind.TIMESTAMP_TZ)
RULE, COLUMN = "rule", "column"
"""Labels of a DQDL rule: the DataBrew rule that it was converted from, and the selected column."""


@dataclass(frozen=True)
class DataBrewRuleset:
    """A ruleset that was validated as far as possible without data.

    >>> few = {"Name": "few gaps", "CheckExpression": "AGG(MISSING_VALUES_PERCENTAGE) < :p", "SubstitutionMap": {":p": "5"}}
    >>> ruleset = DataBrewRuleset.of({"Rules": [{**few, "ColumnSelectors": [{"Regex": "c.*"}]}]})
    >>> print(ruleset.ruleset(Schema((Column("city", Kind.STRING), Column("age", Kind.INTEGER)))))
    Rules = [
        ColumnValues "city" not in [NULL,EMPTY] labels=["rule"="few gaps", "column"="city"] with threshold > 0.95
    ]
    """

    given: RulesetGiven

    @classmethod
    def load(cls, path: str | Path) -> DataBrewRuleset:
        """The ruleset in a file. Errors: `RequestError` with every mistake."""
        return cls.of(configuration(path))

    @classmethod
    def of(cls, given: Any) -> DataBrewRuleset:
        """The ruleset in an object. Errors: as of `load`."""
        found = validated(RulesetGiven, given)
        names = [rule.Name for rule in found.Rules]
        twice = [Mistake(f"two rules are called {n!r}", code="repeated") for n in dict.fromkeys(names) if names.count(n) > 1]
        idle = [Mistake("every rule is disabled", code="nothing")] if all(rule.Disabled for rule in found.Rules) else []
        RulesError.reject([*twice, *idle, *(m for rule in found.Rules for m in mistakes(rule))])
        return cls(found)

    @property
    def rules(self) -> list[RuleGiven]:
        """The rules that are not disabled."""
        return [rule for rule in self.given.Rules if not rule.Disabled]

    @property
    def labels(self) -> list[dict[str, str]]:
        """The label of each rule that has its name."""
        return [{RULE: rule.Name} for rule in self.rules]

    def dqdl(self, schema: Schema) -> dict[str, tuple[str, ...]]:
        """Each rule's name → its rules in DQDL. Errors: `RulesError` with every mistake that shows for these columns only."""
        wrong, found = list[Mistake](), dict[str, tuple[str, ...]]()
        for rule in self.rules:
            texts = list[str]()
            for selected in _selected(rule, schema, wrong):
                try:
                    texts.append(_dqdl(rule, selected, schema))
                except Wrong as error:
                    wrong.append(named(rule, error.mistake))
            found[rule.Name] = tuple(texts)
        RulesError.reject(wrong)
        return {name: tuple(rule.full for rule in _parsed(texts).rules) for name, texts in found.items()}

    def ruleset(self, schema: Schema) -> Ruleset:
        """The rules for a table of these columns. Errors: as of `dqdl`."""
        return _parsed(text for texts in self.dqdl(schema).values() for text in texts)

    def to_json(self, report: Report) -> str:
        """The report as a validation report of DataBrew."""
        from tilth.aws.rulesets.validation import validation_json

        return validation_json(self.given, report)


def _parsed(texts: Iterable[str]) -> Ruleset:
    return parse(f"Rules = [ {', '.join(texts)} ]")


def _selected(rule: RuleGiven, schema: Schema, wrong: list[Mistake]) -> list[Column | None]:
    """The columns that a rule is for, None for one that names its columns itself."""
    if rule.ColumnSelectors is None:
        return [None]
    names = schema.names
    for selector in rule.ColumnSelectors:
        if not selector.selected(names):
            asked, what = selector.Name or selector.Regex or "", "there is no column {}" if selector.Name else "no column matches {}"
            wrong += [named(rule, m) for m in unknown([asked], names, what, "unknown-column")]
    chosen = {n for s in rule.ColumnSelectors for n in s.selected(names)}
    return [schema[n] for n in names if n in chosen]


def _dqdl(rule: RuleGiven, selected: Column | None, schema: Schema) -> str:
    """A rule in DQDL, with labels that name its origin. Errors: `Wrong`."""
    labels = {RULE: rule.Name} | ({COLUMN: _column(selected.name, schema).name} if selected else {})
    written = ", ".join(f"{rule_string(k)}={rule_string(v)}" for k, v in labels.items())
    text = _aggregate(rule, rule.check, selected, schema) if rule.aggregate else _of_rows(rule, selected, schema)
    return f"({text}) labels=[{written}]"


def _column(name: str, schema: Schema) -> Column:
    if name not in schema:
        (mistake,) = unknown([name], schema.names, "there is no column {}", "unknown-column")
        raise Wrong(mistake.message, mistake.accepted, mistake.hint, mistake.code)
    if not fits_rule(name):
        hint = "rename the column"
        raise Wrong(f"the name of column {name!r} cannot be written in a rule", "printable, without \\ before a quote", hint, "bad-name")
    return schema[name]


def _of_rows(rule: RuleGiven, selected: Column | None, schema: Schema) -> str:
    condition, threshold = RowCondition(rule.check, rule.SubstitutionMap, lambda name: _column(name, schema), selected), rule.Threshold
    if threshold is None:
        return condition.rule("")
    sign, value = SIGNS[threshold.Type], Decimal(repr(threshold.Value))
    if rule.counts_rows:
        return f"RowCount {sign} {value:f} where {rule_sql(condition.condition)}"
    return condition.rule(f"with threshold {sign} {value / 100:f}")


def _aggregate(rule: RuleGiven, check: Check, selected: Column | None, schema: Schema) -> str:
    """A rule on statistics; a range is two rules, because `between` of DQDL excludes its bounds."""
    if isinstance(check, Joined):
        return f" {check.word} ".join(f"({_aggregate(rule, part, selected, schema)})" for part in check.parts)
    measure = _measure(check.left, rule.SubstitutionMap, selected, schema)
    values = [value for key in check.right if (value := number(rule.SubstitutionMap[key])) is not None]
    if check.operator != "between":
        return measure.rule(check.operator, values[0])
    low, high, word = ("<", ">", "OR") if check.negated else (">=", "<=", "AND")
    return f"({measure.rule(low, values[0])}) {word} ({measure.rule(high, values[1])})"


def _measure(left: Left, texts: Mapping[str, str], selected: Column | None, schema: Schema) -> Measure:
    """The measure of a statistic in DQDL. Errors: `Wrong` for a column that does not have it."""
    if left.statistic in OF_TABLE:
        simple = [c for c in schema if c.kind in SIMPLE]
        return OF_TABLE[left.statistic](simple, len(simple) == len(schema))
    statistic = OF_COLUMNS[left.statistic]
    column = selected or _column(quoted_column(texts[left.column or ""]) or "", schema)
    if column.kind not in SIMPLE or not statistic.has(column.kind):
        raise Wrong(f"{left.statistic} is of {statistic.wanted}, and column {column.name!r} holds {column.kind}", code="wrong-kind")
    parameter = number(texts[left.parameter]) if left.parameter else statistic.default
    return statistic.measure(Of(column), parameter or Decimal(0))
