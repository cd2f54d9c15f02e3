"""What rules are evaluated in: the table, the tables that it is compared with, and what operands may refer to."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cache, cached_property
from zoneinfo import ZoneInfo

from sqlglot.expressions import Expression as Tree

from tilth.data import Column, Dataset, Files, Schema
from tilth.engine.session import Session
from tilth.engine.user_sql.bounds import SECONDS
from tilth.engine.user_sql.expression import parse_condition
from tilth.errors import ColumnError, Place, RequestError, RulesError, did_you_mean, listed, unknown
from tilth.metrics.columns import RowCount
from tilth.metrics.metric import measured
from tilth.rules.conditions import Criterion, Setting, resolve
from tilth.rules.language.functions import calls, evaluate, numbers, runs_wanted
from tilth.rules.language.syntax import Condition, Literal, Parameter, Rule, Text

PRIMARY = "primary"  # the table under test among the tables that rules name
BAD_WHERE = "The provided where clause is invalid"  # Glue's words
MOST_RUNS = 10_000  # earlier values of a metric that its rule may refer to
History = Callable[[str, int], Sequence[tuple[datetime, float]]]
"""From the name of a metric and a maximum number to its earlier values with their times, latest first."""


def first_run(metric: str, most: int) -> Sequence[tuple[datetime, float]]:
    """The history before the first run: no metric has earlier values, so that `last()` is 0."""
    return ()


@dataclass(frozen=True)
class Context:
    """The table under test, the engine, the further tables by their names, and what operands may refer to."""

    data: Dataset
    engine: Session
    schema: Schema
    setting: Setting
    sources: Mapping[str, Dataset] = field(default_factory=dict)
    history: History | None = None
    sql_seconds: float = SECONDS

    @property
    def files(self) -> tuple[str, ...]:
        """The places of the files that the table was read from; empty for other tables."""
        source = self.data.source
        if not isinstance(source, Files):
            return ()
        return (source.copies.place,) if source.copies and source.copies.place else source.paths

    def text(self, parameter: Parameter) -> Text:
        """The string of a parameter, its variable resolved. Errors: `RulesError`."""
        if parameter.style != "$":
            return parameter.text
        variable = self.setting.variables.get(parameter.raw)
        if variable is None or variable.listed or not isinstance(variable.values[0], Text):
            raise RulesError(f"{parameter.raw} is not a variable with one string", code="E-VARIABLE")
        return variable.values[0]

    def names(self, rule: Rule) -> tuple[str, ...]:
        """The parameters of a rule as names."""
        return tuple(self.text(p).name for p in rule.parameters)

    @cached_property
    def tables(self) -> dict[str, tuple[str, Schema]]:
        """The tables that a query may read: the engine's name for each, and its columns."""
        return {name: (self.engine.view(data), self.engine.schema(data)) for name, data in self.sources.items()}

    @cached_property
    def rows_of(self) -> Callable[[str], int]:
        """The rows of a table by the engine's name for it; of each they are counted once."""
        views = {view: self.sources[name] for name, (view, _) in self.tables.items()}
        return cache(lambda view: measured(views[view], [RowCount()], self.engine)[RowCount()])

    def column(self, name: str) -> Column:
        """The column of a name; without an exact match the only one that differs in case. Errors: `ColumnError`."""
        return named_column(name, self.schema, "the dataset")

    def columns(self, rule: Rule) -> tuple[Column, ...]:
        """The columns that a rule's parameters name."""
        return tuple(self.column(name) for name in self.names(rule))

    def private(self, names: Iterable[str]) -> bool:
        """Whether one of the columns is private, so that its values are masked."""
        return not set(names).isdisjoint(self.data.roles.private)

    def scope(self, rule: Rule) -> Tree | None:
        """The rule's `where` as a tree. Errors: `ExpressionError`."""
        if rule.where is None:
            return None
        with after_words(BAD_WHERE):
            return parse_condition(rule.where.pattern, self.schema, Place("where"), self.setting.moment)

    def misspelt(self, rule: Rule) -> tuple[str, ...]:
        """A warning for each parameter that differs from the name of a column in case alone."""
        of = {c.name.casefold(): c.name for c in self.schema}
        other = (name for name in self.names(rule) if name not in self.schema and name.casefold() in of)
        return tuple(f"W-SPELLING: the column is called {of[name.casefold()]!r}, not {name!r}" for name in other)

    def source(self, name: str) -> Dataset:
        """The further table of a name. Errors: `RulesError`."""
        if name in self.sources:
            return self.sources[name]
        given = listed(n for n in self.sources if n != PRIMARY) or "none was given"
        hint = did_you_mean(name, self.sources) or f"check(data, rules, sources={{{name!r}: …}}), or --table {name}=PATH"
        raise RulesError(f"{name} not found in additional sources", accepted=given, hint=hint, code="unknown-table")

    def criterion(self, condition: Condition | None) -> Criterion | None:
        """The condition with its operands evaluated; None for no condition."""
        return None if condition is None else resolve(condition, self.setting)

    def criterion_of(self, rule: Rule) -> Criterion:
        """The rule's condition with the tags that bear on its operands: `ignoreCase` and `timeZone`."""
        zone = rule.tag("timeZone")
        setting = self.setting if zone is None else replace(self.setting, zone=ZoneInfo(zone.word))
        return resolve(rule.needed, setting, ignore_case=rule.flag("ignoreCase"))

    def known_history(self, rule: Rule, metric: str) -> History:
        """The history that the rule refers to. Errors: `RulesError` without one."""
        if self.history is None:
            hint = "give it one: check(data, rules, history=PATH), or `tilth check DATA RULES --history FILE`"
            raise RulesError(f"{rule.type} refers to the history of {metric}, and there is none", hint=hint, code="no-history")
        return self.history

    def with_history(self, rule: Rule, metric: str) -> tuple[Rule, tuple[str, ...]]:
        """The rule with its history functions evaluated, and notes on a history that is too short.

        Errors: `RulesError` without a history, `EvaluationError` for a number that has no value.
        """
        known = [value for _, value in self.known_history(rule, metric)(statistic(rule, metric), MOST_RUNS)]
        wanted = max((runs_wanted(call) for call in calls(rule.condition, rule.threshold)), default=0)
        notes = (f"the history holds {len(known)} of {wanted} values of {metric}",) if len(known) < wanted else ()
        return replace(rule, condition=_worked_out(rule.condition, known), threshold=_worked_out(rule.threshold, known)), notes


@contextmanager
def after_words(words: str) -> Iterator[None]:
    """Begin the mistakes of a string of SQL with Glue's words for it, which alerts look for."""
    try:
        yield
    except RequestError as error:
        raise type(error)(*(replace(m, message=f"{words}: {m.message}") for m in error.mistakes)) from error


def named_column(name: str, schema: Schema, owner: str) -> Column:
    """The column of a name in a schema; without an exact match the only one that differs in case. Errors: `ColumnError`."""
    if name in schema:
        return schema[name]
    folded = [c for c in schema if c.name.casefold() == name.casefold()]
    if len(folded) == 1:
        return folded[0]
    raise ColumnError(*unknown([name], schema.names, f"Column {name} does not exist in {owner}", "unknown-column"))


def statistic(rule: Rule, metric: str) -> str:
    """The name under which a metric of a rule is recorded: the metric's own, and for a `where` or a query a digest of it.

    A digest, because the condition may contain values of the data.
    """
    row_filter = f" where {_digest(rule.where.pattern)}" if rule.where else ""
    query = f" of {_digest(rule.parameters[-1].raw)}" if metric.startswith("Dataset.*.CustomSQL") else ""
    return metric + query + row_filter


def _worked_out(condition: Condition | None, history: Sequence[float]) -> Condition | None:
    if condition is None or not calls(condition):
        return condition
    operands = [Literal(repr(evaluate(o, history))) if o in numbers(condition) else o for o in condition.operands]
    return replace(condition, operands=tuple(operands))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
