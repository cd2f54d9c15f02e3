"""The measure `sensitive`: which columns hold sensitive data, and how surely."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from sqlglot.expressions import Expression as Tree

from tilth.data import Column, Dataset, Kind, Memory
from tilth.engine.expressions import and_, col, if_else, lit, not_null, text
from tilth.engine.needs import Sample
from tilth.engine.operations.patterns import Matches
from tilth.engine.operations.strings import BlankToNull
from tilth.engine.python_operation import user_function
from tilth.engine.session import Session
from tilth.engine.statistics import Statistic, count, count_of
from tilth.entities.columns import NAME_PATTERN, says_names
from tilth.entities.custom import entities_from
from tilth.entities.detector import Detector
from tilth.entities.listing import chosen
from tilth.entities.mentions import PERSON_NAME
from tilth.entities.phones import PLANS
from tilth.errors import ColumnError, RequestError, unknown
from tilth.measures.measure import Measure, Measured
from tilth.measures.sensitive.ages import Ages
from tilth.measures.sensitive.mentioned import mentioned
from tilth.measures.sensitive.names import named
from tilth.measures.sensitive.occurrences import Occurrences, Recogniser
from tilth.measures.sensitive.review import Decisions, decisions_in, reviewed
from tilth.measures.sensitive.verdicts import Scan, Seen, SensitiveColumn, SensitiveType, types_of, with_mentions
from tilth.report import Finding
from tilth.report.blocks import counted
from tilth.store.uri import joined

SAMPLE_LEAST, SAMPLE_MOST, CELLS = 10_000, 1_000_000, 20_000_000  # a sample's least and most rows, and most cells
CANDIDATE = "\x1fcandidate"  # the prefix of columns with the cells that a detector inspects
BIRTH = "DATE_OF_BIRTH"  # the entity that a column of days can hold
TEXTS = (Kind.STRING, Kind.INTEGER)


@dataclass(frozen=True)
class Sensitive(Measure):
    """Which columns hold sensitive data: e-mail addresses, cards, numbers of persons and so on, of the catalogue of `tilth.entities`.

    The engine selects candidate cells, and a detector inspects each distinct one; only counts are kept. A column is `sensitive` if at least
    a share of `threshold` of its values have an entity, and the entity's check accepts at least half of the candidates, and at least five
    times the share that it accepts by chance. It is `present` if some cells have an entity, and `suspected` if only the column's name
    suggests it, or its days are distributed like dates of birth. Names of persons are found by names of columns, by lists of names, or by a
    recogniser of the user, and in texts if other columns of the row have them. Findings contain no values.

    Errors: `RequestError` for unknown entities and countries and for shares outside 0 to 1, `ColumnError` for a column that is not there;
    `NotAllowed` for a recogniser without permission.
    """

    name = "sensitive"

    mode: Literal["columns", "sample", "full"] = "columns"
    """Scan all rows (`columns`, or `full`, with which `tilth scan` also writes the positions in each cell), or a `sample` of them."""
    entities: tuple[str, ...] = ()
    """What to search for, such as EMAIL. Default: all international entities, and those of the `countries`."""
    countries: tuple[str, ...] = ("all",)
    """The countries whose numbers to search for, as ISO codes, or `all`: then a number is reported only if its column's name or a word near
    it says what it is, or if the whole column consists of such numbers."""
    sensitivity: str | float = "low"
    """The minimum score of reported entities: `low` (0.6), `high` (0.1), or a number."""
    threshold: float = 0.1
    """A column is sensitive if at least this share of its values has an entity."""
    sample_portion: float = 0.1
    """`sample`: the share of rows to inspect, at least 10,000 and at most a million rows."""
    seed: int = 0
    """`sample`: another seed selects other rows."""
    custom: tuple[Any, ...] = ()
    """Your own entities, in addition: each a mapping of `name`, `pattern`, and optionally `context_words`, `column_names`, `validator`
    (luhn, verhoeff, mod_11_10, mod_11_2, iban) and `tier` (A, B, C)."""
    never: tuple[str, ...] = ()
    """Columns that are not inspected."""
    allow: tuple[str, ...] = ()
    """Texts that are not reported, such as a test card, or patterns between slashes, such as `/@example\\.org$/`."""
    recogniser: str = ""
    """Your function, `module:function`. It gets a list of texts, and returns for each a list of (start, end, label, score)."""
    examples: bool = False
    """Whether up to ten masked examples of each entity are kept."""
    review: str = ""
    """A review file of `tilth scan --review`, relative to the flow file: entities rejected in it are not reported, accepted ones are
    sensitive."""

    def __post_init__(self) -> None:
        for name in ("entities", "countries", "never", "allow"):
            given = getattr(self, name)
            object.__setattr__(self, name, (given,) if isinstance(given, str) else tuple(given))
        object.__setattr__(self, "custom", entities_from(self.custom, "custom"))
        shares = {"threshold": self.threshold, "sample_portion": self.sample_portion}
        RequestError.reject(f"{name} is {x}, not a share from 0 to 1" for name, x in shares.items() if not 0 <= x <= 1)
        if self.mode not in ("columns", "sample", "full"):
            raise RequestError(f"there is no mode {self.mode!r}", accepted="columns, sample, full", code="unknown-mode")
        self.detector()

    def in_folder(self, folder: str) -> Sensitive:
        return replace(self, review=joined(folder, self.review)) if self.review else self

    def detector(self) -> Detector:
        """The detector for the requested entities."""
        asked = self.entities or tuple(e.name for e in chosen(None, self.countries)) if self.custom or self.entities else None
        return Detector(None if asked is None else (*asked, *self.custom), self.countries, self.sensitivity)

    def measure(self, table: Dataset, originals: Dataset, session: Session, before: Any = None) -> Measured:
        ColumnError.reject(unknown(self.never, table.names, "there is no column {}", "unknown-column"))
        decisions = decisions_in(self.review) if self.review else {}
        detector, recogniser = self.detector(), user_function(self.recogniser) if self.recogniser else None
        columns = [c for c in session.schema(table).columns if c.name not in self.never]
        rows = session.answer(table, [count()])[count()] or 0
        looked = self._sampled(table, columns, rows, session) if self.mode == "sample" else table
        seen = _seen(looked, columns, detector, self._folds(columns, detector, recogniser), session)
        if not self.entities:
            unsaid = [c.name for c in columns if c.kind is Kind.STRING and seen[c.name].may_be_names]
            seen = {**seen, **{name: replace(seen[name], listed=n) for name, n in named(looked, unsaid, self.seed, session).items()}}
        n = min(rows, self._sample_rows(rows, len(columns))) if self.mode == "sample" else rows
        sampled = n < rows
        countries = tuple(code for c in self.countries if (code := c.upper()) in PLANS)
        held = self._held(columns, seen, looked, decisions, sampled, session)
        findings = [
            Finding(c, (c,), types[0].share, payload=SensitiveColumn(tuple(types), seen[c].filled, n, rows, countries))
            for c, types in held.items()
            if types
        ]
        left = tuple(c.name for c in columns if c.kind not in (*TEXTS, Kind.BOOLEAN, Kind.FLOAT, Kind.DECIMAL) and not c.kind.temporal)
        detectors = ("catalogue", *([self.recogniser] if self.recogniser else []))
        allowed = tuple(
            f"{c}: {entity} in {counted(t.allowed, 'value')}" for c in held for entity, t in seen[c].tallies.items() if t.allowed
        )
        scan = Scan(
            self.mode, rows, n, self.seed if sampled else 0, self.threshold, len(detector.rules), self.countries, len(columns) - len(left),
            (*self.never, *left), detectors, tuple(f"{c}: {entity}" for (c, entity), there in decisions.items() if not there),
            allowed,
        )  # fmt: skip
        return [Finding("scan", (), len(findings), payload=scan), *findings], None

    def _held(
        self, columns: Sequence[Column], seen: Mapping[str, Seen], looked: Dataset, decisions: Decisions, sampled: bool, session: Session
    ) -> Mapping[str, list[SensitiveType]]:
        """The entities of each column, including names of the row's person in texts, without those that a review rejects."""
        detector, held = self.detector(), dict[str, list[SensitiveType]]()
        asked = any(e.name == BIRTH for e in detector.rules)
        for column in columns:
            types = types_of(seen[column.name], detector, self.threshold, sampled)
            types = _of_times(types, seen[column.name], asked) if column.kind.temporal else types
            held[column.name] = reviewed(column.name, types, decisions)
        strings = [c.name for c in columns if c.kind is Kind.STRING and not self.entities]
        names = tuple(c for c in strings if any(t.entity == PERSON_NAME and t.verdict == "sensitive" and t.whole for t in held[c]))
        for c, cells in mentioned(looked, [c for c in strings if c not in names], names, session).items():
            if cells:
                held[c] = reviewed(c, with_mentions(held[c], cells, seen[c].filled, names, self.threshold, sampled), decisions)
        return held

    def _sample_rows(self, rows: int, columns: int) -> int:
        most = max(min(SAMPLE_MOST, CELLS // max(columns, 1)), SAMPLE_LEAST)
        return min(max(round(rows * self.sample_portion), SAMPLE_LEAST), most)

    def _sampled(self, table: Dataset, columns: Sequence[Column], rows: int, session: Session) -> Dataset:
        """The sample as a table."""
        names = tuple(c.name for c in columns)
        need = Sample(names, self._sample_rows(rows, len(names)), self.seed)
        return Dataset(Memory(session.answer(table, [need])[need], names)) if names else table

    def _folds(self, columns: Sequence[Column], detector: Detector, recogniser: Recogniser | None) -> Mapping[str, Occurrences]:
        return {
            c.name: Occurrences((f"{CANDIDATE}{i}",), detector, c.name, self.allow, recogniser, self.examples)
            for i, c in enumerate(columns)
            if c.kind in TEXTS
        }


def _seen(
    table: Dataset, columns: Sequence[Column], detector: Detector, folds: Mapping[str, Occurrences], session: Session
) -> Mapping[str, Seen]:
    """The counts of each column. Statistics and folds take a scan each."""
    pattern, kinds = detector.needed(), {c.name: c.kind for c in columns}
    candidates: dict[str, Tree] = {}
    for name, fold in folds.items():
        x = col(name) if kinds[name] is Kind.STRING else text(col(name))
        all_of_it = fold.recogniser is not None and kinds[name] is Kind.STRING
        candidates[fold.columns[0]] = x if all_of_it else if_else(Matches.of(x.copy(), lit(pattern)), x)
    filled = {c.name: count_of(BlankToNull.of(col(c.name)) if c.kind is Kind.STRING else col(c.name)) for c in columns}
    named = {c.name: _names(c) for c in columns if c.kind is Kind.STRING and says_names(c.name)}
    looked_at = {name: fold for name, fold in folds.items() if pattern or fold.recogniser}
    ages = Ages(columns)
    answers = session.answer(table.change(candidates), [*filled.values(), *named.values(), *ages.needs, *looked_at.values()])
    births = ages.likely(answers)
    return {
        c.name: Seen(
            c.name,
            answers[filled[c.name]] or 0,
            answers[looked_at[c.name]] if c.name in looked_at else {},
            answers[named[c.name]] if c.name in named else None,
            ages=c.name in births,
        )
        for c in columns
    }


def _names(column: Column) -> Statistic:
    """Counts the values that look like names of persons."""
    x = col(column.name)
    return count(and_(not_null(x), Matches.of(x.copy(), lit(NAME_PATTERN))))


def _of_times(types: Sequence[SensitiveType], seen: Seen, asked: bool) -> list[SensitiveType]:
    """The entities of a column of days: by its name, or else by the distribution of the days."""
    found = [_born(t, seen) for t in types if t.entity == BIRTH or t.special_category]
    if asked and seen.ages and all(t.entity != BIRTH for t in found):
        found.append(SensitiveType(BIRTH, "suspected", score=0.5, rule="ages"))
    return found


def _born(t: SensitiveType, seen: Seen) -> SensitiveType:
    """Dates of birth by the column's name: the whole column is sensitive."""
    if t.entity != BIRTH or not seen.filled:
        return t
    return replace(t, verdict="sensitive", cells=seen.filled, share=1.0, share_upper=1.0, score=0.9, rule="type+column", whole=True)
