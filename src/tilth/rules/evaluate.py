"""Verdicts: every rule of a ruleset on one table, in the fewest scans."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from tilth.data import Dataset
from tilth.engine.engine import Engine
from tilth.errors import TilthError
from tilth.metrics.metric import Metric, measured
from tilth.report import Finding, FindingKind, Outcome
from tilth.rules.analyzers import analyzed
from tilth.rules.conditions import Setting
from tilth.rules.examples import Looks, failing
from tilth.rules.language.functions import Unjudged
from tilth.rules.language.syntax import Analyzer, Composite, Rule, Ruleset
from tilth.rules.types import custom_sql
from tilth.rules.types.measuring import Asked, Context, Verdict, asked

EXAMPLES = 5  # shown of what fails a rule
MOST_EXAMPLES = 20  # rules of which that is looked up


def evaluate(
    data: Dataset,
    ruleset: Ruleset,
    engine: Engine,
    *,
    sources: Mapping[str, Dataset] | None = None,
    now: datetime | None = None,
    examples: int = EXAMPLES,
) -> list[Finding]:
    """A finding for every rule and analyzer of a ruleset, in its order.

    All metrics of all rules are measured together: one scan for row aggregates and one for each distinct set of key columns
    and filter; CustomSql runs a query of its own. `sources` are the further tables that CustomSql may name; `now` is the
    instant that `now()` means, the present one otherwise. One rule that fails or cannot be judged never stops another.
    Of what fails a rule the `examples` most frequent values or keys are looked up with their rows, or as many rows, private values masked:
    a pass for each failed rule that has such a thing, up to twenty.
    """
    variables = {v.name: v for v in ruleset.variables}
    context = Context(engine.schema(data), Setting(now or datetime.now(UTC), variables=variables))
    judge = _Judge(data, context, engine, sources or {})
    judge.prepare(ruleset.leaves)
    judge.prepare(ruleset.analyzers)
    judge.measure()
    found = [judge.finding(rule, ruleset) for rule in ruleset.rules]
    judge.examples(found, examples)
    return [f.finding() for f in found] + [judge.analyzer(a) for a in ruleset.analyzers]


@dataclass
class _Draft:
    """A finding in the making."""

    rule: Rule | Composite
    verdict: Verdict
    columns: tuple[str, ...]
    details: dict[str, Any]
    examples: tuple[Mapping[str, Any], ...] = field(default=())

    def finding(self) -> Finding:
        metrics = list(self.verdict.metrics.values())
        return Finding(
            FindingKind.RULE,
            str(self.rule),
            self.columns,
            metrics[0] if metrics else None,
            self.verdict.outcome,
            self.verdict.message,
            where=self.rule.where.pattern if isinstance(self.rule, Rule) and self.rule.where else "",
            details={k: v for k, v in self.details.items() if v},
            examples=self.examples,
        )


class _Judge:
    def __init__(self, data: Dataset, context: Context, engine: Engine, sources: Mapping[str, Dataset]) -> None:
        self.data, self.context, self.engine, self.sources = data, context, engine, sources
        self.asked: dict[Rule | Analyzer, Asked] = {}
        self.verdicts: dict[Rule | Analyzer, Verdict] = {}
        self.values: dict[Metric, Any] = {}

    def prepare(self, leaves: Iterable[Rule | Analyzer]) -> None:
        """What each rule needs; a rule that cannot be made ready ends as Error."""
        for rule in dict.fromkeys(leaves):
            try:
                if rule.type == "CustomSql":
                    self.verdicts[rule] = self.custom(rule)
                else:
                    self.asked[rule] = asked(rule, self.context) if isinstance(rule, Rule) else analyzed(rule, self.context)
            except (TilthError, Unjudged) as error:
                self.verdicts[rule] = Verdict(Outcome.ERROR, message=_reason(error))

    def custom(self, rule: Rule | Analyzer) -> Verdict:
        if isinstance(rule, Rule):
            return custom_sql.judge(rule, self.data, self.context, self.engine, self.sources)
        value = custom_sql.scalar(custom_sql.admitted(rule, self.data, self.engine, self.sources), self.engine)
        return Verdict(Outcome.PASSED, {"Dataset.*.CustomSQL": value})

    def measure(self) -> None:
        """All metrics at once; if the engine refuses, rule by rule, so that only the culprit ends as Error."""
        try:
            self.values = measured(self.data, (m for a in self.asked.values() for m in a.metrics), self.engine)
        except TilthError:
            self._one_by_one()
        for rule, ready in self.asked.items():
            if rule not in self.verdicts:
                self.verdicts[rule] = ready.verdict(self.values)

    def _one_by_one(self) -> None:
        for rule, ready in self.asked.items():
            try:
                self.values |= measured(self.data, ready.metrics, self.engine)
            except TilthError as error:
                self.verdicts[rule] = Verdict(Outcome.ERROR, message=_reason(error))

    # ── findings ──

    def finding(self, rule: Rule | Composite, ruleset: Ruleset) -> _Draft:
        verdict = self.verdict(rule)
        columns = tuple(dict.fromkeys(c for leaf in rule.leaves if leaf in self.asked for c in self.asked[leaf].columns))
        details: dict[str, Any] = {
            "rule": str(rule),
            "evaluated": str(rule),
            "metrics": dict(verdict.metrics),
            "labels": ruleset.labels_of(rule),
            "rows": dict(verdict.rows),
            "warnings": list(verdict.warnings),
        }
        if isinstance(rule, Composite):
            details["leaves"] = [self._leaf(leaf) for leaf in rule.leaves]
        return _Draft(rule, verdict, columns, details)

    def _leaf(self, leaf: Rule) -> dict[str, Any]:
        verdict = self.verdicts[leaf]
        return {"rule": str(leaf), "outcome": str(verdict.outcome), "message": verdict.message}

    def verdict(self, rule: Rule | Composite) -> Verdict:
        """A rule's verdict; a composite's from its operands: an Error counts as not passed."""
        if isinstance(rule, Rule):
            return self.verdicts[rule]
        parts = [self.verdict(operand) for operand in rule.operands]
        passed = [p.outcome is Outcome.PASSED for p in parts]
        met = all(passed) if rule.operator == "AND" else any(passed)
        metrics: dict[str, Any] = {}
        for part in parts:
            metrics |= {name: v for name, v in part.metrics.items() if name not in metrics}
        reasons = [p.message for p, ok in zip(parts, passed, strict=True) if not ok and p.message]
        return Verdict(Outcome.PASSED if met else Outcome.FAILED, metrics, "" if met else "\n".join(reasons))

    def analyzer(self, analyzer: Analyzer) -> Finding:
        verdict = self.verdicts[analyzer]
        metrics = dict(verdict.metrics)
        value = next(iter(metrics.values()), None)
        columns = self.asked[analyzer].columns if analyzer in self.asked else ()
        outcome = Outcome.ERROR if verdict.outcome is Outcome.ERROR else None
        details = {"rule": str(analyzer), "metrics": metrics}
        return Finding(FindingKind.ANALYZER, str(analyzer), columns, value, outcome, verdict.message, details=details)

    def examples(self, found: list[_Draft], most: int) -> None:
        """What fails, shown of the first rules that failed and have something to show."""
        leaves = {r: a.failing for r, a in self.asked.items() if isinstance(r, Rule) and self.verdicts[r].outcome is Outcome.FAILED}
        wanted = [(d, what) for d in found if d.verdict.outcome is Outcome.FAILED and (what := failing(d.rule, leaves)) is not None]
        looks = Looks(self.data, self.context.schema, self.engine, most)
        with self.engine.working_for("examples of what fails"):
            for draft, what in wanted[: MOST_EXAMPLES if most else 0]:
                shown = looks.of(what, draft.verdict.rows.get("failed"))
                draft.examples = shown.examples
                draft.details["example_rows"] = list(shown.rows)


def _reason(error: TilthError | Unjudged) -> str:
    if isinstance(error, Unjudged):
        return error.reason
    return "\n".join(f"{m.message}" + (f" ({m.hint})" if m.hint else "") for m in error.mistakes)
