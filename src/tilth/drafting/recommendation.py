"""Recommends rules for data. Each holds for the data that it was derived from, and has a comment with its evidence."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from pathlib import Path
from typing import Any

from tilth.data import Dataset, Kind
from tilth.drafting.disguises import null_tokens
from tilth.drafting.guesses import guessed_roles
from tilth.drafting.inspection import columns_of
from tilth.drafting.pitfalls import doubts
from tilth.drafting.rules import Proposal, proposals
from tilth.drafting.sample import Sample, sample_of
from tilth.drafting.summary import ColumnSummary
from tilth.engine.chosen import AnyEngine, session_of
from tilth.engine.session import Session
from tilth.engine.statistics import count
from tilth.errors import ColumnError, unknown
from tilth.formats import read
from tilth.report import Outcome
from tilth.rules import Ruleset, parse
from tilth.rules.evaluation import evaluate
from tilth.rules.types.datatypes import BOOLEANS, reads_as
from tilth.store.places import write_text
from tilth.yaml import comment_text

TYPES = ("Integer", "Long", "Double", "Boolean")
LONGEST_DAY = 10  # characters; a longer string has a time, too
TYPED = re.compile(rf"[-+.]?[0-9].*|{'|'.join(BOOLEANS)}", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True, repr=False)
class Recommendation:
    """A recommended ruleset: `str` is its text, with the evidence behind each rule.

    `origin` describes the data; `nulls` are strings in it that may mean missing; `doubts`: column → oddities of its values.
    """

    proposals: tuple[Proposal, ...]
    origin: str
    nulls: tuple[str, ...] = ()
    doubts: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def __str__(self) -> str:
        lines = [f"# Recommended for {self.origin}: every rule holds there. Keep those that must hold for all data."]
        if self.nulls:
            lines.append(f"# Missing values may be written as {', '.join(self.nulls)}: read as null, they give other rules.")
        lines.append("Rules = [")
        for about, group in groupby(self.proposals, lambda p: p.column):
            lines += [""] if about else []
            lines += [f"    # {comment_text(f'{about} {doubt}')}" for doubt in self.doubts.get(about, ())]
            lines += [f"    {p.rule}{'' if p is self.proposals[-1] else ','}  # {p.evidence}" for p in group]
        return "\n".join([*lines, "]"]) + "\n"

    __repr__ = __str__

    @property
    def ruleset(self) -> Ruleset:
        """The ruleset, to check data with."""
        return parse(str(self))

    def save(self, path: str | Path) -> Path:
        """Write the ruleset to a file."""
        return write_text(path, str(self))


def recommend(data: Any, *, private: Iterable[str] = (), engine: AnyEngine = None, **options: Any) -> Recommendation:
    """Recommend rules for data: completeness, keys, types, listed values, ranges and lengths, each with a comment on what was found.

    `data` is a dataset, or anything that `read` accepts, with its `options`. Every rule is evaluated on the data, as `check` would, and
    only rules that pass are proposed. Values of `private` columns, of columns with that role, and of columns that look private are not
    shown. The key is the dataset's role `id`, or else it is guessed. `str(recommendation)` is the text of the ruleset,
    `recommendation.save("rules.dqdl")` writes it, `recommendation.ruleset` is its value.

    Errors: those of reading; `ColumnError` for a private column that does not exist.

    >>> import pyarrow as pa
    >>> print(recommend(pa.table({"age": [30, 71, None, 44], "sex": ["f", "m", "m", "f"]})))
    # Recommended for a table of 4 rows and 2 columns: every rule holds there. Keep those that must hold for all data.
    Rules = [
        RowCount between 2 and 6,  # 4 rows
        ColumnCount = 2,  # all columns
    <BLANKLINE>
        Completeness "age" >= 0.3,  # 3 values in 4 rows
        ColumnValues "age" between 25 and 76 where "age is not null",  # 30 to 71
    <BLANKLINE>
        IsComplete "sex",  # 4 values
        ColumnValues "sex" in ["f","m"]  # 2 values, the rarest in 2 rows
    ]
    <BLANKLINE>
    """
    with session_of(engine, data, "recommend") as session:
        table = data if isinstance(data, Dataset) else read(data, engine=session, **options)
        hidden = {*private, *table.roles.private}
        columns = session.schema(table).columns
        ColumnError.reject(unknown(hidden, [c.name for c in columns], "there is no column {}", "unknown-column"))
        sample = sample_of(table, columns, session)
        seen = [replace(s, private="you said so") if s.name in hidden else s for s in columns_of(table, sample, session)]
        seen = _typed(seen, sample, table, session)
        ids = table.roles.id or guessed_roles(seen, table.roles.label).id
        place = str(data) if isinstance(data, str | Path) else "a table"
        origin = comment_text(f"{place} of {seen[0].rows:,} rows and {len(seen):,} columns")
        passing = _passing(tuple(proposals(seen, ids)), table, session)
        return Recommendation(passing, origin, null_tokens(columns, sample), {s.name: tuple(doubts(s)) for s in seen})


def _typed(seen: Sequence[ColumnSummary], sample: Sample, data: Dataset, engine: Session) -> list[ColumnSummary]:
    """The columns, with the type that all strings of one read as. One scan, if any may."""
    likely = [s for s in seen if s.kind is Kind.STRING and s.present and not s.blank and all(map(TYPED.fullmatch, sample.strings(s.name)))]
    types = {s.name: (*TYPES, "Date" if s.longest <= LONGEST_DAY else "Timestamp") for s in likely}
    asked = {(s.name, word): count(reads_as(s.column, word, None)) for s in likely for word in types[s.name]}
    answer = engine.answer(data, asked.values()) if asked else {}
    first = {s.name: next((w for w in types[s.name] if answer[asked[s.name, w]] == s.present), "") for s in likely}
    return [replace(s, reads_as=first.get(s.name, "")) for s in seen]


def _passing(proposed: tuple[Proposal, ...], data: Dataset, engine: Session) -> tuple[Proposal, ...]:
    """The proposals whose rules pass on the data."""
    ruleset = parse(f"Rules = [ {', '.join(p.rule for p in proposed)} ]")
    found = evaluate(data, ruleset, engine, examples=0).findings
    return tuple(p for p, finding in zip(proposed, found, strict=True) if finding.outcome is Outcome.PASSED)
