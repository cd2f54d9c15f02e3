"""The SQL of an export, in the dialect of its database: the query for its rows, or for the rows of one part."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from urllib.parse import parse_qsl, urlsplit

from sqlglot import exp

from tilth.engine.user_sql.warehouse import literal, parsed_condition, parsed_query, selection, written
from tilth.exporting.plan import Plan, Sample

TAKEN = "tilth_taken"  # the column that is true for rows of the sample
HASHES = {"postgres": "hashtextextended", "redshift": "fnv_hash"}
SHARES = 1_000_000  # resolution of the fraction of a sample
POSITIVE = (1 << 63) - 1
HASH_SEED = 7427914  # for parts; a sample uses another seed, so that the parts of a sample have equal sizes


@dataclass(frozen=True)
class Subset:
    """The rows that a plan exports."""

    plan: Plan

    @property
    def is_table(self) -> bool:
        """Whether the place names a table or a view, not a query."""
        return "table" in dict(parse_qsl(urlsplit(self.plan.source).query))

    def query(self, condition: str = "") -> str:
        """The SELECT for the rows, or for those that meet a condition. Errors: `ExpressionError`."""
        source, table, conditions = self._source.copy(), self.is_table, self._conditions
        sample = self.plan.sample
        if sample and sample.of_all:
            source, table = selection(source, table, (), conditions), False
            source, conditions = (source.limit(sample.first), []) if sample.first else self._stratified(sample, source)
        conditions += [parsed_condition(condition, self.plan.dialect, {})] if condition else []
        return written(selection(source, table, self.plan.columns, conditions), self.plan.dialect)

    def hashed(self, column: str, part: int, parts: int) -> str:
        """The condition for the rows of a part by the hash of a column; it is null if the column is null."""
        key = exp.Mod(this=self._hash(column, HASH_SEED), expression=literal(parts))
        return written(exp.EQ(this=key, expression=literal(part)), self.plan.dialect)

    @cached_property
    def _source(self) -> exp.Query:
        return parsed_query(self.plan.query, self.plan.dialect, self.plan.parameters)

    @property
    def _conditions(self) -> list[exp.Expr]:
        where, sample = self.plan.where, self.plan.sample
        found = [parsed_condition(where, self.plan.dialect, self.plan.parameters)] if where else []
        return [*found, *([self._sampled(sample)] if sample and sample.by and not sample.strata else [])]

    def _stratified(self, sample: Sample, rows: exp.Select) -> tuple[exp.Select, list[exp.Expr]]:
        """A SELECT that marks the rows of the sample, and the condition on the mark: per stratum the keys with the smallest hashes."""
        key, of = (exp.column(str(name), quoted=True) for name in (sample.by, sample.strata))
        order = exp.Order(expressions=[exp.Ordered(this=self._hash(str(sample.by), sample.seed))])
        rank = exp.Window(this=exp.Anonymous(this="rank"), partition_by=[of], order=order)  # the same for all rows of a key
        size = exp.Window(this=exp.Count(this=exp.Star()), partition_by=[of.copy()])
        most = exp.Greatest(this=literal(1), expressions=[exp.Ceil(this=exp.Mul(this=size, expression=literal(sample.fraction)))])
        taken = exp.alias_(exp.LTE(this=rank, expression=most), TAKEN, quoted=True)
        keyed = exp.Not(this=exp.Is(this=key, expression=exp.null()))
        return exp.select(exp.Star(), taken).from_(rows.subquery("rows")).where(keyed), [exp.column(TAKEN, quoted=True)]

    def _sampled(self, sample: Sample) -> exp.Expr:
        key = exp.Mod(this=self._hash(str(sample.by), sample.seed), expression=literal(SHARES))
        return exp.LT(this=key, expression=literal(max(1, round((sample.fraction or 0) * SHARES))))

    def _hash(self, column: str, seed: int) -> exp.Expr:
        """A non-negative integer computed from the text of a value and a seed; null for null."""
        text = exp.cast(exp.column(column, quoted=True), "text")
        hashed = exp.Anonymous(this=HASHES[self.plan.dialect], expressions=[text, literal(seed)])
        return exp.paren(exp.BitwiseAnd(this=hashed, expression=literal(POSITIVE)))
