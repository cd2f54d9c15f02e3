"""The SQL of an export, in the dialect of its database: what is taken, and the part of it for which a condition holds."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from urllib.parse import parse_qsl, urlsplit

from sqlglot import exp

from tilth.engine.user_sql.warehouse import literal, parsed_condition, parsed_query, selection, written
from tilth.exporting.plan import Plan, Sample

HASHES = {"postgres": "hashtextextended", "redshift": "fnv_hash"}
SHARES = 1_000_000  # in how many the keys are divided for a sample
POSITIVE = (1 << 63) - 1
HASH_SEED = 7427914  # of parts; a sample has another, so that the parts of one are equal in size


@dataclass(frozen=True)
class Subset:
    """The rows that a plan takes."""

    plan: Plan

    @property
    def is_table(self) -> bool:
        """Whether the place names a table, or a view, and not a query."""
        return "table" in dict(parse_qsl(urlsplit(self.plan.source).query))

    def query(self, condition: str = "") -> str:
        """The SELECT of the rows, or of those for which a condition holds. Errors: `ExpressionError`."""
        conditions = [*self._conditions, *([parsed_condition(condition, self.plan.dialect, {})] if condition else [])]
        return written(selection(self._source.copy(), self.is_table, self.plan.columns, conditions), self.plan.dialect)

    def hashed(self, column: str, part: int, parts: int) -> str:
        """The condition for the rows of a part by the hash of a column; it is null where the column is."""
        key = exp.Mod(this=self._hash(column, HASH_SEED), expression=literal(parts))
        return written(exp.EQ(this=key, expression=literal(part)), self.plan.dialect)

    @cached_property
    def _source(self) -> exp.Query:
        return parsed_query(self.plan.query, self.plan.dialect, self.plan.parameters)

    @property
    def _conditions(self) -> list[exp.Expr]:
        where, sample = self.plan.where, self.plan.sample
        found = [parsed_condition(where, self.plan.dialect, self.plan.parameters)] if where else []
        return [*found, *([self._sampled(sample)] if sample else [])]

    def _sampled(self, sample: Sample) -> exp.Expr:
        key = exp.Mod(this=self._hash(sample.by, sample.seed), expression=literal(SHARES))
        return exp.LT(this=key, expression=literal(max(1, round(sample.fraction * SHARES))))

    def _hash(self, column: str, seed: int) -> exp.Expr:
        """An integer of zero or more, which depends on the text of a value and a seed; null of null."""
        text = exp.cast(exp.column(column, quoted=True), "text")
        hashed = exp.Anonymous(this=HASHES[self.plan.dialect], expressions=[text, literal(seed)])
        return exp.paren(exp.BitwiseAnd(this=hashed, expression=literal(POSITIVE)))
