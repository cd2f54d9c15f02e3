"""What each rule says of each row: columns of verdicts, and from them rows that pass, rows that fail, and the columns that Glue adds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from sqlglot import exp
from sqlglot.expressions import Expression as Tree

from tilth.data import BELOW, Dataset
from tilth.engine.expressions import case, coalesce, col, is_null, lit, not_, or_, renamed
from tilth.engine.layers import filtered, selected, table
from tilth.engine.operations.lists import ValuesWhere
from tilth.engine.operations.operation import call
from tilth.errors import RequestError, listed
from tilth.rules.language.references import named_rule
from tilth.rules.language.syntax import Composite, Rule, Ruleset
from tilth.rules.members import MEMBER, with_members
from tilth.rules.prepared import PreparedRule

PASSED_RULES, FAILED_RULES, SKIPPED_RULES = "DataQualityRulesPass", "DataQualityRulesFail", "DataQualityRulesSkip"
RESULT = "DataQualityEvaluationResult"
ADDED = (PASSED_RULES, FAILED_RULES, SKIPPED_RULES, RESULT)
SEPARATOR = "; "
VERDICT = "\x1fverdict"  # prefix of temporary columns with the verdict of a rule

Entry = tuple[str, Tree]
"""A rule's text, and whether it is in a row's list: true or false, never null."""


@dataclass(frozen=True)
class RowResults:
    """The rows of a table with the verdicts of rules: true, false, or null if a rule does not apply to the row.

    `verdicts` has a pair for each rule, in the order of the ruleset: its text, and the column of `tested` with its verdict. The column is
    None for a rule that does not judge rows, or ended as Error. A row outside a rule's `where` passes it, or with `skips` skips it.
    Thresholds, and conditions on a number of all rows, have no influence.
    """

    tested: Dataset
    columns: tuple[str, ...]
    verdicts: tuple[tuple[str, str | None], ...]
    skips: bool = False

    @property
    def without_rows(self) -> tuple[str, ...]:
        """The rules that judge no row."""
        return tuple(rule for rule, verdict in self.verdicts if verdict is None)

    @property
    def passed(self) -> Dataset:
        """The rows that fail no rule, with the columns of the table."""
        return filtered(self.tested, not_(self._fails)).keep(self.columns)

    def failed(self, flat: bool = False, *, rule: str | None = None, limit: int | None = None) -> Dataset:
        """The rows that fail a rule, with the list of rules that they fail. `flat`: lists as strings, for formats without lists.

        `rule` selects rows that fail this rule, given by its text or a prefix of it; `limit` keeps the rows found first.
        Errors: `RequestError` for an unknown rule, and for one that judges no rows.
        """
        rows = filtered(self.tested, self._fails if rule is None else self._fails_one(rule))
        if limit is not None:
            rows = rows.rows(selected([exp.Star()], table(BELOW)).limit(limit, copy=False))
        return self._with(rows, {FAILED_RULES: _listed(self._failing(), flat)})

    def all_rows(self, flat: bool = False) -> Dataset:
        """All rows, with the rules that each passes, fails and skips, and its result. `flat`: lists as strings."""
        lists = {PASSED_RULES: self._passing(), FAILED_RULES: self._failing(), SKIPPED_RULES: self._skipping()}
        result = {RESULT: case((self._fails, lit("Failed")), otherwise=lit("Passed"))}
        return self._with(self.tested, {**{name: _listed(entries, flat) for name, entries in lists.items()}, **result})

    def held(self, tested: Dataset) -> RowResults:
        """The same results, read from `tested` as an engine holds it."""
        return replace(self, tested=tested)

    def _fails_one(self, rule: str) -> Tree:
        text = named_rule(rule, [text for text, _ in self.verdicts])
        if text in self.without_rows:
            raise RequestError(f"{text} judges no rows", accepted=listed((r for r, _ in self._judging), 10), code="no-rows")
        return dict(self._failing())[text]

    def _with(self, data: Dataset, added: Mapping[str, Tree]) -> Dataset:
        reject_taken(data, added)
        return data.change(added).keep((*self.columns, *added))

    @property
    def _judging(self) -> list[tuple[str, str]]:
        return [(rule, verdict) for rule, verdict in self.verdicts if verdict is not None]

    @property
    def _fails(self) -> Tree:
        return or_(*(fails for _, fails in self._failing()))

    def _failing(self) -> list[Entry]:
        return [(rule, not_(coalesce(col(verdict), exp.true()))) for rule, verdict in self._judging]

    def _passing(self) -> list[Entry]:
        outside = lit(not self.skips)
        return [(rule, coalesce(col(verdict), outside.copy())) for rule, verdict in self._judging]

    def _skipping(self) -> list[Entry]:
        listed = ((rule, lit(True) if verdict is None else is_null(col(verdict))) for rule, verdict in self.verdicts)
        return [entry for entry, (_, verdict) in zip(listed, self.verdicts, strict=True) if self.skips or verdict is None]


def _listed(entries: Iterable[Entry], flat: bool) -> Tree:
    pairs = list(entries) or [("", exp.false())]  # a list of no type would be none of strings
    if flat:
        return call("concat_ws", lit(SEPARATOR), *(case((holds, lit(rule))) for rule, holds in pairs))
    return ValuesWhere.of(*(holds for _, holds in pairs), *(lit(rule) for rule, _ in pairs))


def reject_taken(data: Dataset, added: Iterable[str]) -> None:
    """Reject a table that has one of the columns that the output adds. Errors: `RequestError`."""
    RequestError.reject([f"the data has a column {name} already: rename it" for name in added if name in data.names])


def row_results(
    data: Dataset, ruleset: Ruleset, prepared: Mapping[Rule, PreparedRule], *, skips: bool = False, labels: bool = False
) -> RowResults:
    """The verdicts on the rows of a table by what an evaluation of the ruleset prepared.

    `skips`: a row outside a rule's `where` skips it, rather than to pass. `labels`: a rule's text is followed by its labels.
    """
    tested, leaves = with_verdicts(data, prepared)
    verdicts = [combined(rule, leaves) for rule in ruleset.rules]
    names = [None if verdict is None else f"{VERDICT} of rule {i}" for i, verdict in enumerate(verdicts)]
    tested = tested.change({name: verdict for name, verdict in zip(names, verdicts, strict=True) if name and verdict})
    texts = [_text(rule, ruleset, labels) for rule in ruleset.rules]
    tested = tested.keep((*data.names, *(name for name in names if name)))
    return RowResults(tested, data.names, tuple(zip(texts, names, strict=True)), skips)


def _text(rule: Rule | Composite, ruleset: Ruleset, labels: bool) -> str:
    held = [f'"{key}"="{value}"' for key, value in ruleset.labels_of(rule).items()] if labels else []
    return f"{rule} labels=[{','.join(held)}]" if held else str(rule)


def with_verdicts(data: Dataset, prepared: Mapping[Rule, PreparedRule]) -> tuple[Dataset, dict[Rule, Tree]]:
    """The table with a column of verdicts for each rule that judges rows, and the trees that read them."""
    judging = {rule: ready for rule, ready in prepared.items() if ready.row is not None}
    joined, members = with_members(data, {rule: ready.member for rule, ready in judging.items() if ready.member})
    made, read = dict[str, Tree](), dict[Rule, Tree]()
    for i, (rule, ready) in enumerate(judging.items()):
        tree = leaf_verdict(ready)
        made[f"{VERDICT} {i}"] = renamed(tree, MEMBER, members[rule]) if rule in members else tree
        read[rule] = col(f"{VERDICT} {i}")
    return joined.change(made), read


def leaf_verdict(ready: PreparedRule) -> Tree:
    """A rule's verdict on a row: true, false, or null for one outside its `where`."""
    assert ready.row is not None  # noqa: S101 -- only rules that judge rows are asked
    return ready.row.copy() if ready.scope is None else case((ready.scope, ready.row))


def combined(rule: Rule | Composite, leaves: Mapping[Rule, Tree]) -> Tree | None:
    """The verdict of a rule. A composite combines the verdicts of its parts; all need one, and parts that do not apply are ignored."""
    if isinstance(rule, Rule):
        return leaves[rule].copy() if rule in leaves else None
    parts = [part for operand in rule.operands if (part := combined(operand, leaves)) is not None]
    if len(parts) < len(rule.operands):
        return None
    true, false = (or_(*parts), exp.true()), (or_(*map(not_, parts)), exp.false())
    return case(*((false, true) if rule.operator == "AND" else (true, false)))
