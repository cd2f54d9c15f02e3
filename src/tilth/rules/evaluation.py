"""Verdicts: every rule of a ruleset on one table, in the fewest scans."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import chain
from typing import Any

from tilth.data import Dataset
from tilth.engine.session import Session
from tilth.engine.user_sql.bounds import SECONDS
from tilth.errors import REFUSED, MachineError, Mistake, Place, RequestError, TilthError, unknown
from tilth.metrics.columns import RowCount
from tilth.metrics.metric import Metric, measured
from tilth.report import Finding, Outcome
from tilth.rules.conditions import Setting
from tilth.rules.context import PRIMARY, Context, History, statistic
from tilth.rules.examples import Examples, FailureExamples, failing
from tilth.rules.findings import TREND, AnalyzerNumbers, Leaf, RuleVerdict
from tilth.rules.language.functions import EvaluationError, dynamic
from tilth.rules.language.syntax import Analyzer, Composite, Rule, Ruleset
from tilth.rules.observations import observations
from tilth.rules.prepared import PreparedRule, RuleResult, judged
from tilth.rules.row_mode import obstacle, prepare_by_rows
from tilth.rules.types import RULE_TYPES
from tilth.rules.types.rule_type import COLUMN

EXAMPLES = 5  # failing values or rows shown per rule
WORDS = {"composites": ("column", "row"), "empty": ("glue", "pass", "fail"), "date_granularity": ("operand", "day")}


@dataclass(frozen=True)
class Evaluation:
    """The result of an evaluation.

    A finding for every rule and analyzer; the metrics to record, by name; the prepared rules; and
    how many rows the table has, where a rule counted them.
    """

    findings: tuple[Finding, ...]
    statistics: Mapping[str, float]
    prepared: Mapping[Rule, PreparedRule]
    rows: int | None = None


def evaluate(
    data: Dataset,
    ruleset: Ruleset,
    engine: Session,
    *,
    sources: Mapping[str, Dataset] | None = None,
    history: History | None = None,
    now: datetime | None = None,
    examples: int = EXAMPLES,
    composites: str = "column",
    empty: str = "glue",
    date_granularity: str = "operand",
    strict_types: bool = False,
    sql_seconds: float = SECONDS,
    observe: bool = True,
) -> Evaluation:
    """Evaluate every rule and analyzer of a ruleset, in its order.

    All metrics of all rules are measured together: one scan for row aggregates, and one for each distinct set of key columns and filter. A
    CustomSql runs its own query. `sources` are further tables that rules may name, `history` gives earlier values of metrics, and `now` is
    the result of `now()`, by default the current time.

    A rule that fails or cannot be evaluated never stops another; a failure of the machine stops all (`MachineError`). For each failed rule,
    up to `examples` failing rows, or the most frequent failing values or keys with their row counts, are looked up; private values are
    masked. One query counts the values of up to twenty rules; each set of key columns needs its own. At most twenty queries run.

    `composites`: `column` combines the outcomes of a composite's parts; with `row` it passes if no row fails it. `empty`, `strict_types`
    and `date_granularity` (`operand` or `day`) are those of `Setting`. `observe`: with a history, numbers outside of their expected range
    are findings, too. A CustomSql that runs longer than `sql_seconds`, or out of memory, ends as Error.

    Errors: `RequestError` for an invalid option.
    """
    given = {"composites": composites, "empty": empty, "date_granularity": date_granularity}
    RequestError.reject(m for name, word in given.items() for m in unknown([word], WORDS[name], f"{name} cannot be {{}}", "bad-value"))
    variables = {v.name: v for v in ruleset.variables}
    setting = Setting(
        now or datetime.now(UTC), variables=variables, empty=empty, by_day=date_granularity == "day", strict_types=strict_types
    )
    own = {ruleset.primary.name: data} if ruleset.primary else {}
    tables = {PRIMARY: data, **own, **(sources or {})}
    context = Context(data, engine, engine.schema(data), setting, tables, history, sql_seconds)
    run = _Evaluator(context)
    run.prepare([*ruleset.leaves, *ruleset.analyzers])
    if composites == "row":
        run.prepare_by_rows([rule for rule in ruleset.rules if isinstance(rule, Composite)])
    run.measure()
    shown = run.examples(ruleset.rules, examples)
    findings: list[Finding] = [run.finding(rule, ruleset, shown.get(rule, Examples())) for rule in ruleset.rules]
    findings += map(run.analyzer_finding, ruleset.analyzers)
    if observe and history is not None:
        findings += observations({r: x for r, x in run.results.items() if isinstance(r, Rule)}, history, setting.now)
    judging = {r: p for r, p in run.prepared.items() if isinstance(r, Rule) and not isinstance(r, Analyzer)}
    judged = {r: p for r, p in judging.items() if run.results[r].outcome is not Outcome.ERROR}
    return Evaluation(tuple(findings), run.statistics(), judged, run.values.get(RowCount()))


class _Evaluator:
    def __init__(self, context: Context) -> None:
        self.context = context
        self.prepared: dict[Rule | Composite, PreparedRule] = {}  # composites only in row mode
        self.results: dict[Rule | Composite, RuleResult] = {}
        self.values: dict[Metric, Any] = {}
        self.evaluated: dict[Rule, Rule] = {}  # with the history functions evaluated
        self.notes: dict[Rule | Composite, tuple[str, ...]] = {}

    def prepare(self, leaves: Iterable[Rule]) -> None:
        """Find what each rule needs; a rule that cannot be prepared ends as Error."""
        for rule in dict.fromkeys(leaves):
            with self._own_error(rule):
                self.prepared[rule] = self._prepared(rule)

    def _prepared(self, rule: Rule) -> PreparedRule:
        row = RULE_TYPES[rule.type]
        if isinstance(rule, Analyzer) and row.record:
            return row.record(rule, self.context)
        assert row.prepare is not None  # noqa: S101 -- only an analyzer lacks it, and that is not accepted among rules
        if dynamic(rule) and row.metric:
            self.evaluated[rule], self.notes[rule] = self.context.with_history(rule, row.metric(rule, self.context))
        ready = row.prepare(self.evaluated.get(rule, rule), self.context)
        if row.kinds == COLUMN and (misspelt := self.context.misspelt(rule)):
            self.notes[rule] = (*self.notes.get(rule, ()), *misspelt)
        return ready

    def prepare_by_rows(self, composites: Iterable[Composite]) -> None:
        """Find what each composite needs in row mode; one that cannot be evaluated by rows stays in column mode, with a note."""
        for composite in composites:
            if note := obstacle(composite, self.prepared):
                self.notes[composite] = (note,)
            else:
                self.prepared[composite] = prepare_by_rows(composite, self.prepared, self.context)

    def measure(self) -> None:
        """Measure all metrics at once, then those that depend on them; then judge."""
        self._measure(self.prepared, lambda ready: ready.metrics)
        self._measure([r for r, ready in self.prepared.items() if ready.more], lambda ready: ready.more(self.values) if ready.more else ())
        for rule, ready in self.prepared.items():
            if rule not in self.results:
                with self._own_error(rule):
                    self.results[rule] = self._over_nothing(ready.judge(self.values))

    def _over_nothing(self, result: RuleResult) -> RuleResult:
        """A result; one over no rows as the setting has it."""
        outcome = {"pass": Outcome.PASSED, "fail": Outcome.FAILED}.get(self.context.setting.empty, result.outcome)
        return replace(result, outcome=outcome) if result.empty else result

    def _measure(self, wanted: Iterable[Rule | Composite], asks: Callable[[PreparedRule], Iterable[Metric]]) -> None:
        """Answer the needs of several rules. If the engine rejects them, each half is tried, until only the rejected rule ends as Error."""
        rules = [rule for rule in wanted if rule not in self.results]
        try:
            metrics = (m for rule in rules for m in asks(self.prepared[rule]))
            self.values |= measured(self.context.data, metrics, self.context.engine)
        except Exception as error:  # of one of the rules, which must not end the others
            if _machine(error):
                raise
            if len(rules) > 1:
                middle = len(rules) // 2
                self._measure(rules[:middle], asks)
                self._measure(rules[middle:], asks)
                return
            with self._own_error(rules[0]):
                raise

    @contextmanager
    def _own_error(self, rule: Rule | Composite) -> Iterator[None]:
        """Turn an exception into the rule's result Error, except a failure of the machine."""
        try:
            yield
        except Exception as error:  # also of a rule type from another package
            if _machine(error):
                raise
            self.results[rule] = RuleResult(Outcome.ERROR, notes=(_reason(rule, error),))

    # ── findings ──

    def finding(self, rule: Rule | Composite, ruleset: Ruleset, shown: Examples) -> Finding[RuleVerdict]:
        """The finding of a rule."""
        result, name, evaluated = self.result(rule), str(rule), self._with_history(rule)
        place, notes = ruleset.place_of(rule) or Place(), (note for of in (rule, *rule.leaves) for note in self.notes.get(of, ()))
        payload = RuleVerdict(
            evaluated=name if evaluated is rule else str(evaluated),
            metrics=dict(result.metrics),
            labels=ruleset.labels_of(rule),
            rows=dict(result.rows),
            broken=result.broken,
            notes=result.notes,
            warnings=(*result.warnings, *dict.fromkeys(chain(notes, ruleset.misreadings_of(rule)))),
            leaves=tuple(_leaf(leaf, self.results[leaf]) for leaf in rule.leaves) if isinstance(rule, Composite) else (),
            example_rows=shown.rows,
            earlier=self._earlier(rule, result),
            file=place.file,
            line=place.line,
            column=place.column,
        )
        return Finding(
            name,
            tuple(dict.fromkeys(c for leaf in rule.leaves if leaf in self.prepared for c in self.prepared[leaf].columns)),
            next(iter(result.metrics.values()), None),
            result.outcome,
            result.message,
            where=rule.where.pattern if isinstance(rule, Rule) and rule.where else "",
            payload=payload,
            examples=shown.examples,
        )

    def _earlier(self, rule: Rule | Composite, result: RuleResult) -> tuple[float, ...]:
        """The values of the rule's first metric in the last checks of the history."""
        if self.context.history is None or isinstance(rule, Composite) or not result.metrics:
            return ()
        return tuple(value for _, value in self.context.history(statistic(rule, next(iter(result.metrics))), TREND))

    def _with_history(self, rule: Rule | Composite) -> Rule | Composite:
        if isinstance(rule, Rule):
            return self.evaluated.get(rule, rule)
        return replace(rule, operands=tuple(self._with_history(operand) for operand in rule.operands))

    def result(self, rule: Rule | Composite) -> RuleResult:
        """A rule's result; a composite's from its operands, an Error counting as not passed, or in row mode from its rows."""
        if isinstance(rule, Rule):
            return self.results[rule]
        own = self.results.get(rule)
        if own and own.outcome is Outcome.ERROR:
            return own
        parts = [self.result(operand) for operand in rule.operands]
        passed = [p.outcome is Outcome.PASSED for p in parts]
        met = own.outcome is Outcome.PASSED if own else all(passed) if rule.operator == "AND" else any(passed)
        metrics: dict[str, Any] = {}
        for part in parts:
            metrics |= {name: v for name, v in part.metrics.items() if name not in metrics}
        notes = tuple(p.message for p, ok in zip(parts, passed, strict=True) if not ok and p.message)
        rows = own.rows if own else {}
        return judged(met, metrics, notes=notes, rows=rows)

    def analyzer_finding(self, analyzer: Analyzer) -> Finding[AnalyzerNumbers]:
        """The finding of an analyzer."""
        result = self.results[analyzer]
        metrics = dict(result.metrics)
        value = next((v for v in metrics.values() if not isinstance(v, Mapping)), None)
        columns = self.prepared[analyzer].columns if analyzer in self.prepared else ()
        outcome = Outcome.ERROR if result.outcome is Outcome.ERROR else None
        return Finding(str(analyzer), columns, value, outcome, result.message, payload=AnalyzerNumbers(metrics))

    def statistics(self) -> dict[str, float]:
        """Every metric that has a number, by the name under which it is recorded."""
        leaves = {rule: result for rule, result in self.results.items() if isinstance(rule, Rule)}
        numbers = ((rule, {**result.metrics, **result.kept}) for rule, result in leaves.items())
        found = ((statistic(rule, name), value) for rule, of in numbers for name, value in of.items())
        return {name: float(value) for name, value in found if isinstance(value, int | float)}

    def examples(self, rules: Iterable[Rule | Composite], most: int) -> dict[Rule | Composite, Examples]:
        """Examples of failing values or rows for the first failed rules that can show some."""
        failed = {r: p.failing for r, p in self.prepared.items() if self.results[r].outcome is Outcome.FAILED}
        results = ((rule, self.result(rule)) for rule in dict.fromkeys(rules))
        filters = {
            r: (f, x.rows.get("failed")) for r, x in results if x.outcome is Outcome.FAILED and (f := failing(r, failed)) is not None
        }
        lookup = FailureExamples(self.context.data, self.context.schema, self.context.engine, most)
        with self.context.engine.working_for("examples of what fails"):
            examples = lookup.look_up(dict(filters.values())) if most else {}
        return {rule: examples.get(what, Examples()) for rule, (what, _) in filters.items()}


def _leaf(leaf: Rule, result: RuleResult) -> Leaf:
    return Leaf(str(leaf), str(result.outcome), rows=result.rows, broken=result.broken, notes=result.notes)


def _machine(error: Exception) -> bool:
    """Whether the machine failed, rather than one rule or query."""
    return isinstance(error, MemoryError) or (isinstance(error, MachineError) and error.mistakes[0].code != REFUSED)


def _accepted(mistake: Mistake) -> str:
    return f"accepted: {mistake.accepted}" if mistake.accepted else ""


def _reason(rule: Rule | Composite, error: Exception) -> str:
    match error:
        case EvaluationError():
            return error.reason
        case TilthError():
            return "; ".join(f"{m.message} ({more})" if (more := m.hint or _accepted(m)) else m.message for m in error.mistakes)
    return f"{rule.type if isinstance(rule, Rule) else rule} cannot be evaluated: {type(error).__name__}: {error}"
