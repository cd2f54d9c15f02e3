"""over, under: rows of smaller classes are repeated, or rows of larger ones left out, as chance chooses."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sqlglot import exp
from sqlglot.expressions import Expression as Tree

from tilth.data import BELOW, Column, Dataset, Roles, Schema
from tilth.data.origin import DUPLICATE, ORIGIN, PARENT
from tilth.engine.expressions import add, alias, col, eq, gt, if_else, le, lit, lt
from tilth.engine.keys import content, key_columns
from tilth.engine.layers import table
from tilth.engine.operations.hashing import key_hash, key_string
from tilth.engine.operations.lookups import lookup
from tilth.engine.operations.rows import Copies
from tilth.steps.balance.method import Method, Sizes
from tilth.steps.balance.origin import id_column, id_text
from tilth.steps.rows.ranks import cuts
from tilth.steps.step import Asking

HASH, PLACE, COPY = "\x1fhash", "\x1fplace", "\x1fcopy"


class Repeated(Method):
    """Rows of a class, all of them as often as that goes, and once more those with the smallest hashes."""

    takes = ("ratio", "per_class", "classes", "seed", "origin")

    def learning(self, label: Column, schema: Schema, roles: Roles) -> Asking[dict[str, Any]]:
        key = key_columns(schema, roles)
        sizes, found = yield from cuts(key_string([label]), key_hash(key, self.step.seed), lambda n: self._places(label, n))
        before = dict(sorted(sizes.items()))
        after = self.wanted(before)
        classes = {
            text: {"copies": after[text] // n, "below": found[text][0].hash, "ties": found[text][0].ties} for text, n in before.items()
        }
        return {"before": before, "after": {c: after[c] for c in before}, "key": [c.name for c in key], "classes": classes}

    def wanted(self, sizes: Sizes) -> dict[str, int]:
        """Class → the rows that it is to have."""
        return self.more(sizes)

    def _places(self, label: Column, sizes: Sizes) -> dict[str, list[int]]:
        self.reject(label, sizes)
        return {text: [n % sizes[text]] for text, n in self.wanted(sizes).items()}

    def made(self, data: Dataset, schema: Schema, label: Column, state: Mapping[str, Any]) -> Dataset:
        names, classes = data.names, state["classes"]
        data = data.change({HASH: key_hash((schema[c] for c in state["key"]), self.step.seed)})

        def found(word: str) -> Tree:
            return lookup(key_string([label]), list(classes), [c[word] for c in classes.values()])

        once_more = if_else(lt(col(HASH), found("below")), lit(1), lit(0))
        repeated = exp.Select(expressions=[exp.Star(), alias(Copies.of(add(found("copies"), once_more)), COPY)]).from_(table(BELOW))
        columns = _columns(names, id_column(schema, data.roles))
        chosen: exp.Select | exp.Union = exp.Select(expressions=columns).from_(repeated.subquery("rows"))
        if any(c["ties"] for c in classes.values()):
            tied = exp.Select(expressions=[c.copy() for c in columns]).from_(_tied(schema, label, found).subquery("rows"))
            chosen = exp.union(chosen, tied.where(le(col(PLACE), found("ties"))), distinct=False)
        return data.rows(chosen, out=names)


class Over(Repeated):
    """Rows of smaller classes are repeated."""

    makes = DUPLICATE


class Under(Repeated):
    """Rows of larger classes are left out."""

    def wanted(self, sizes: Sizes) -> dict[str, int]:
        return self.fewer(sizes)


def _tied(schema: Schema, label: Column, found: Callable[[str], Tree]) -> exp.Select:
    """Number the rows whose hash equals the limit, so that only the first of them are kept."""
    order = exp.Order(expressions=[exp.Ordered(this=col(c.name), nulls_first=True) for c in content(schema)])
    place = exp.Window(this=exp.RowNumber(), partition_by=[key_string([label])], order=order)
    last = alias(found("copies"), COPY)  # behind the other copies of the row
    return exp.Select(expressions=[exp.Star(), alias(place, PLACE), last]).from_(table(BELOW)).where(eq(col(HASH), found("below")))


def _columns(names: tuple[str, ...], key: Column | None) -> list[Tree]:
    """The columns of a row with `COPY`, the number of the copy from 0."""
    repeated: dict[str, Tree] = {ORIGIN: lit(DUPLICATE), PARENT: id_text(key)}
    return [alias(if_else(gt(col(COPY), lit(0)), repeated[n], col(n)), n) if n in repeated else col(n) for n in names]
