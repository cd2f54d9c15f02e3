"""disclosure_risk: how easily others can find a person in a table by what they may know."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, ClassVar

from tilth.data import Dataset, Kind, Schema
from tilth.engine.keys import NO_ORDER
from tilth.engine.session import Session
from tilth.errors import Mistake, RequestError, listed, unknown
from tilth.measures.measure import Measure, Measured
from tilth.report import Finding

MOST_QUASI = 12
MOST_REVEALING = 10
RISK = 0.2  # a row above it, in a class of fewer than five, is at risk
BANDS = (1, 2, 3, 5, 10, 20, 50, 100)  # lower ends of the bands of class sizes
ORDERED = (Kind.INTEGER, Kind.FLOAT, Kind.DECIMAL, Kind.DATE, Kind.TIMESTAMP, Kind.TIMESTAMP_TZ)


@dataclass(frozen=True)
class DisclosureRisk(Measure):
    """How easily others find a person by what they may know (quasi-identifiers), and what they then learn (sensitive columns).

    Rows that are equal in all quasi-identifiers form a class. k is the size of the smallest class; the risk of a row is 1 divided by the
    size of its class (the prosecutor's risk). Null counts as a value. Everything is computed from one grouped scan.

    Sources: Samarati and Sweeney 1998 (k-anonymity); Machanavajjhala et al. 2007 (l-diversity); Li, Li and Venkatasubramanian 2007
    (t-closeness).

    Errors: no quasi-identifier, more than twelve, a column of lists or structs, a column that is both quasi-identifier and sensitive; more
    than 3,000,000 groups.
    """

    name = "disclosure_risk"
    shorthand: ClassVar[str] = "quasi"

    quasi: tuple[str, ...] = ()
    """The quasi-identifiers: columns that others may know about a person, such as age, postal code and sex."""
    sensitive: tuple[str, ...] = ()
    """Columns that others should not learn, such as a diagnosis."""
    k: int = 5
    """The minimum size that a class should have."""

    def __post_init__(self) -> None:
        for name in ("quasi", "sensitive"):
            given = getattr(self, name)
            object.__setattr__(self, name, (given,) if isinstance(given, str) else tuple(dict.fromkeys(given)))
        RequestError.reject(self._mistakes())

    def _mistakes(self) -> Iterator[Mistake]:
        if not 1 <= len(self.quasi) <= MOST_QUASI:
            message = f"disclosure_risk: {len(self.quasi)} quasi-identifiers"
            yield Mistake(message, accepted=f"1 to {MOST_QUASI} columns", hint="quasi: [age, postcode, sex]", code="bad-value")
        if both := set(self.quasi) & set(self.sensitive):
            yield Mistake(f"disclosure_risk: {listed(sorted(both))} cannot be both known and sensitive", code="bad-value")
        if self.k < 2:
            yield Mistake(f"disclosure_risk: `k` is {self.k}", accepted="2 or more", code="bad-value")

    def measure(self, table: Dataset, originals: Dataset, session: Session, before: Any = None) -> Measured:
        from tilth.measures.disclosure.classes import Counted

        schema = session.schema(table)
        _reject_unfit(schema, (*self.quasi, *self.sensitive))
        counted = Counted.of(table, (*self.quasi, *self.sensitive), session)
        return [] if counted is None else [self._finding(counted, schema)], None

    def _finding(self, counted: Any, schema: Schema) -> Finding:
        from tilth.measures.disclosure.diversity import diversity
        from tilth.measures.disclosure.payload import Risk
        from tilth.measures.disclosure.remedies import remedies

        keys = [counted.columns[c].codes for c in self.quasi]
        classes, sizes = counted.classes(keys), counted.class_sizes(keys)
        smallest, rows = int(sizes.min()), counted.rows
        payload = Risk(
            wanted=self.k,
            rows=rows,
            classes=len(sizes),
            smallest=smallest,
            rows_below=int(sizes[sizes < self.k].sum()),
            at_risk=int(sizes[sizes < 1 / RISK].sum()),
            mean_risk=len(sizes) / rows,
            sizes=_bands(sizes),
            revealing=_revealing(counted, self.quasi),
            diversity=tuple(diversity(counted, classes, c, schema[c].kind in ORDERED) for c in self.sensitive),
            remedies=tuple(remedies(counted, self.quasi, self.k)),
        )
        words = f"the smallest of {len(sizes):,} classes; {payload.rows_below:,} of {rows:,} rows are in classes below {self.k}"
        return Finding("k-anonymity", self.quasi, float(smallest), message=words, payload=payload)


def _reject_unfit(schema: Schema, columns: Sequence[str]) -> None:
    RequestError.reject(unknown(columns, schema.names, "disclosure_risk: there is no column {}", "unknown-column"))
    wrong = [c for c in columns if schema[c].kind in NO_ORDER and schema[c].kind is not Kind.NULL]
    RequestError.reject(Mistake(f"disclosure_risk: column {c!r} is of lists or structs", code="wrong-kind") for c in wrong)


def _bands(sizes: Any) -> tuple[tuple[int, int, int, int], ...]:
    """(smallest size, largest size, classes, rows) of each non-empty band of class sizes."""
    found = []
    for low, high in zip(BANDS, (*(b - 1 for b in BANDS[1:]), int(max(sizes.max(), BANDS[-1]))), strict=True):
        there = sizes[(sizes >= low) & (sizes <= high)]
        if len(there):
            found.append((low, high, len(there), int(there.sum())))
    return tuple(found)


def _revealing(counted: Any, quasi: Sequence[str]) -> tuple[tuple[str, int], ...]:
    """The columns and pairs of columns that make most rows unique, with the number of unique rows."""
    alone = []
    for columns in (*((c,) for c in quasi), *combinations(quasi, 2)):
        sizes = counted.class_sizes([counted.columns[c].codes for c in columns])
        alone.append((columns, int((sizes == 1).sum())))
    ranked = sorted(alone, key=lambda pair: (-pair[1], len(pair[0]), pair[0]))[:MOST_REVEALING]
    return tuple((", ".join(columns), n) for columns, n in ranked if n)
