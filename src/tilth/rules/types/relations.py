"""Rule types that compare the table with another one, named as a source or as the `Primary` of `DataSources`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from tilth.data import Dataset, mask
from tilth.engine.expressions import and_, col, not_null
from tilth.engine.layers import table
from tilth.errors import RulesError, listed
from tilth.metrics.columns import RowCount
from tilth.metrics.metric import Metric
from tilth.metrics.relations import AggregateThere, DifferingRows, EqualRows, Keys, KeysThere, MatchedRows, RepeatedKeys, RowsThere
from tilth.rules.context import Context, named_column
from tilth.rules.examples import FailureExamples, FailureFilter, groupable, not_among
from tilth.rules.language.diagnostics import Diagnostics
from tilth.rules.language.references import split_aggregate, split_mapping, split_names, split_reference
from tilth.rules.language.syntax import Rule
from tilth.rules.members import MEMBER, Membership
from tilth.rules.prepared import (
    PreparedRule,
    RuleResult,
    Values,
    by_condition,
    failed,
    judged,
    known,
    nothing,
    row_counts,
)
from tilth.rules.types import RULE_TYPES
from tilth.rules.types.rule_type import NUMBER, ONE, TILTH, TWO, Form, RuleType

MOST_KEYS = 5  # that a message names


def _ratio(rule: Rule, context: Context, value: float, *notes: str, rows: Mapping[str, int] | None = None) -> RuleResult:
    """The verdict on the ratio that the rule's condition is on."""
    of = RULE_TYPES[rule.type].metric
    return by_condition(context.criterion(rule.condition), of(rule, context) if of else rule.type, value, notes=notes, rows=rows or {})


def _pairs(pairs: Iterable[tuple[str, str]], context: Context, other: Dataset) -> Keys:
    """Pairs of columns, of this table and the other. Errors: `ColumnError` for one that a table lacks."""
    there = context.engine.schema(other)
    owners = ("primary data frame", "reference data frame")
    return tuple((named_column(a, context.schema, owners[0]).name, named_column(b, there, owners[1]).name) for a, b in pairs)


def _member(context: Context, other: Dataset, keys: Keys, columns: Keys = ()) -> Membership:
    """The other table's keys, with the columns that must be equal too: there null equals null."""
    own, theirs = zip(*keys, *columns, strict=True)
    nulls = (False,) * len(keys) + (True,) * len(columns)
    view = context.engine.view(other)
    return Membership(own, table(view), theirs, nulls, ((view, other),))


# ── ReferentialIntegrity: the share of rows whose key the other table has ──


def _referential_integrity(rule: Rule, context: Context) -> PreparedRule:
    columns, reference = context.names(rule)
    alias, others = split_reference(reference)
    if len(split_names(columns)) != len(others):
        raise RulesError(f"{columns!r} and {reference!r} are not the same number of columns", accepted=REFERENTIAL_INTEGRITY.usage)
    other = context.source(alias)
    keys = _pairs(zip(split_names(columns), others, strict=True), context, other)
    matched, rows = MatchedRows(other, keys), RowCount()

    def judge(values: Values) -> RuleResult:
        n, hits = values[rows], values[matched]
        if n == 0:
            return nothing("Primary data frame contains no data.")
        return _ratio(rule, context, hits / n, rows=row_counts(hits, n))

    columns_here, member = tuple(a for a, _ in keys), _member(context, other, keys)
    failing = partial(not_among, member, columns_here)
    return PreparedRule((matched, rows), judge, columns_here, col(MEMBER), failing=failing, member=member)


def _lint_pairs(rule: Rule, parameters: Sequence[str | None], report: Diagnostics) -> None:
    if len(parameters) != 2 or parameters[0] is None or parameters[1] is None:
        return
    columns, others = split_names(parameters[0]), split_reference(parameters[1])[1]
    if len(columns) != len(others):
        report.warn("W-UNJUDGED", rule.parameters[1].span, f"{len(columns)} columns cannot be paired with {len(others)}")
    elif not all(columns + others):
        report.warn("W-UNJUDGED", rule.parameters[1].span, "the name of a column is empty")


# ── DatasetMatch: the share of rows that the other table has too ──


def _dataset_match(rule: Rule, context: Context) -> PreparedRule:
    alias, key, *compared = context.names(rule)
    other = context.source(alias)
    keys = _pairs(split_mapping(key), context, other)
    rest = [(c, c) for c in context.schema.names if c not in dict(keys)]
    columns = _pairs(split_mapping(compared[0]) if compared else rest, context, other)
    _reject_unequal(columns, context, other)
    there = tuple(b for _, b in keys)
    rows, found, equal = RowCount(), MatchedRows(other, keys), EqualRows(other, keys, columns)
    repeated = (RepeatedKeys(other, keys), KeysThere(other, there, repeated=True))
    others, differing = KeysThere(other, there), {a: DifferingRows(other, keys, (a, b)) for a, b in columns}

    def judge(values: Values) -> RuleResult:
        n, hits = values[rows], values[equal]
        if n == 0:
            return nothing("Cannot evaluate: primary DataFrame is empty")
        if any(values[metric] for metric in repeated):
            raise _repeated_keys(keys, context, other, alias)
        counts = {"rows without a partner": n - values[found], f"rows of {alias} without a partner": values[others] - values[found]}
        counts |= {f"rows with another {column!r}": values[metric] for column, metric in differing.items()}
        notes = [f"{what}: {number:,}" for what, number in counts.items() if number]
        return _ratio(rule, context, hits / n, *notes, rows=row_counts(hits, n))

    of, member = tuple(a for a, _ in (*keys, *columns)), _member(context, other, keys, columns)
    metrics = (rows, found, equal, others, *repeated, *differing.values())
    return PreparedRule(metrics, judge, of, col(MEMBER), failing=partial(not_among, member, of), member=member)


def _repeated_keys(keys: Keys, context: Context, other: Dataset, alias: str) -> RulesError:
    """The error for keys that occur more than once, with some of them."""
    sides = (("here", context.data, context.schema, 0), (f"in {alias}", other, context.engine.schema(other), 1))
    parts = []
    for name, data, schema, side in sides:
        own = tuple(pair[side] for pair in keys)
        whole = FailureFilter(own, and_(*(not_null(col(c)) for c in own)), keys=True)
        rows = FailureExamples(data, schema, context.engine, MOST_KEYS).look_up({whole: None})[whole].examples
        shown = ["".join(f", {pair[side]} = {_masked(row[pair[side]], pair[0], context)}" for pair in keys)[2:] for row in rows]
        parts += [f"{name}: {'; '.join(shown)}"] if shown else []
    message = f"The selected columns are not comparable due to duplicates, {' and '.join(parts)}"
    return RulesError(message, hint="choose key columns that are unique in both tables", code="repeated-keys")


def _masked(value: Any, column: str, context: Context) -> Any:
    return mask(value) if context.private([column]) else value


def _reject_unequal(pairs: Keys, context: Context, other: Dataset) -> None:
    """Reject columns that cannot be compared: lists and structs, and two of different kinds."""
    there = context.engine.schema(other)
    for a, b in ((context.schema[a], there[b]) for a, b in pairs):
        if not groupable(a.kind) or not (a.kind is b.kind or (a.kind.numeric and b.kind.numeric)):
            message = f"column {a.name!r} ({a.type or a.kind}) cannot be compared with {b.name!r} ({b.type or b.kind})"
            raise RulesError(message, hint="name the columns to compare in the third parameter", code="E-TYPE")


# ── SchemaMatch, RowCountMatch, AggregateMatch ──


def _schema_match(rule: Rule, context: Context) -> PreparedRule:
    """The share of columns that the other table has too, with the same type; no data is read."""
    (alias,) = context.names(rule)
    here, there = context.schema, context.engine.schema(context.source(alias))
    missing, extra = ([c.name for c in a if c.name not in b] for a, b in ((here, there), (there, here)))
    if len(here) != len(there):
        counts = f"Column counts do not match: {len(here)} and {len(there)}"
        metrics = _ratio(rule, context, 0.0).metrics
        return known(judged(False, metrics, notes=(counts, *_listed({"missing": missing, "extra": extra}))))
    other = [c.name for c in here if c.name in there and (c.kind, c.type) != (there[c.name].kind, there[c.name].type)]
    ratio = (len(here) - len(missing + other)) / len(here)
    return known(_ratio(rule, context, ratio, *_listed({"missing": missing, "extra": extra, "of another type": other})))


def _listed(columns: Mapping[str, Sequence[str]]) -> list[str]:
    """A line for each kind that columns of the other table have."""
    return [f"{what}: {listed(names)}" for what, names in columns.items() if names]


def _row_count_match(rule: Rule, context: Context) -> PreparedRule:
    """Rows / rows of the other table; 1 where both are empty, 0 where only the other is."""
    (alias,) = context.names(rule)
    rows, others = RowCount(), RowsThere(context.source(alias))

    def judge(values: Values) -> RuleResult:
        return _ratio(rule, context, _quotient(values[rows], values[others]), f"{values[rows]:,} rows beside {values[others]:,}")

    return PreparedRule((rows, others), judge)


def _aggregate_match(rule: Rule, context: Context) -> PreparedRule:
    """The first aggregate / the second; 1 where both are 0, 0 where only the second is."""
    first, second = (_aggregate(text, context) for text in context.names(rule))

    def judge(values: Values) -> RuleResult:
        empty = [text for text, metric in zip(context.names(rule), (first, second), strict=True) if values[metric] is None]
        if empty:
            return failed(f"no non-NULL values in {' and '.join(empty)}")
        return _ratio(rule, context, _quotient(values[first], values[second]))

    return PreparedRule((first, second), judge)


def _aggregate(text: str, context: Context) -> Metric:
    function, alias, column = split_aggregate(text)
    other = context.source(alias) if alias else context.data
    of = named_column(column, context.engine.schema(other), alias or "the dataset")
    if not of.kind.numeric and function != "count":
        raise RulesError(f"{function} needs a numeric column, but {of.name!r} is {of.type or of.kind}", code="E-TYPE")
    return AggregateThere(other, function, of.name)


def _quotient(a: float, b: float) -> float:
    return a / b if b else 1.0 if not a else 0.0


def _about_table(word: str) -> Callable[[Rule, Context], str]:
    return lambda rule, context: f"Dataset.{context.names(rule)[0]}.{word}"


def _about_columns(rule: Rule, context: Context) -> str:
    columns = dict.fromkeys(split_aggregate(text)[2] for text in context.names(rule))
    return f"Column.{','.join(columns)}.AggregateMatch"


REFERENTIAL_INTEGRITY = RuleType(
    "ReferentialIntegrity", TWO, ("columns", "reference"), 'ReferentialIntegrity "a,b" "alias.{x,y}" = 1.0', dynamic=True,
    row=True, ratio=True, analyzer=TILTH, prepare=_referential_integrity, lint=_lint_pairs,
    metric=lambda rule, context: f"Column.{split_reference(context.names(rule)[1])[0]}.ReferentialIntegrity",
)  # fmt: skip
DATASET_MATCH = RuleType(
    "DatasetMatch", (Form(2, 3, NUMBER),), ("alias", "mapping"), 'DatasetMatch "alias" "key" "a,b->c" >= 0.98', dynamic=True,
    row=True, ratio=True, analyzer=TILTH, prepare=_dataset_match, metric=_about_table("DatasetMatch"),
)  # fmt: skip
SCHEMA_MATCH = RuleType(
    "SchemaMatch", ONE, ("alias",), 'SchemaMatch "alias" = 1.0', dynamic=True, analyzer=TILTH,
    prepare=_schema_match, metric=_about_table("SchemaMatch"),
)  # fmt: skip
ROW_COUNT_MATCH = RuleType(
    "RowCountMatch", ONE, ("alias",), 'RowCountMatch "alias" between 0.9 and 1.1', dynamic=True, analyzer=TILTH,
    prepare=_row_count_match, metric=_about_table("RowCountMatch"),
)  # fmt: skip
AGGREGATE_MATCH = RuleType(
    "AggregateMatch", TWO, ("aggregate",), 'AggregateMatch "sum(a)" "sum(alias.b)" = 1.0', dynamic=True, analyzer=TILTH,
    prepare=_aggregate_match, metric=_about_columns,
)  # fmt: skip
