"""Turns counts into verdicts: the column holds an entity, some cells hold it, or only the column's name suggests it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Literal, TypeAlias

from tilth.entities.columns import hints
from tilth.entities.detector import Detector
from tilth.entities.entity import Entity
from tilth.entities.listing import ALL
from tilth.entities.mentions import PERSON_NAME, RULE, SCORE
from tilth.entities.samples import chance
from tilth.measures.sensitive.occurrences import Tally
from tilth.metrics.intervals import upper_bound
from tilth.report import Payload

Decision: TypeAlias = Literal["sensitive", "present", "suspected"]
DECISIONS: tuple[Decision, ...] = ("sensitive", "present", "suspected")
HALF, SURE = 0.5, 0.95  # the least and the greatest share of matches that a check must accept
TIMES_CHANCE = 5
CONSTANT, FEW = 0.01, 20  # a match in more than this share of rows, and this many, is a constant part of texts


@dataclass(frozen=True)
class SensitiveType:
    """An entity in a column.

    `cells` counts the cells with it, `matched` those that match its pattern, `validated` those that its check accepts; `chance` is the
    share of random strings with the pattern that the check accepts. `share` refers to the rows with a value; `share_upper` is its upper
    95 % bound for all rows of the data. `hint`: the column's name suggests it. `whole`: it fills most of its cells, rather than being a
    part of texts. `also`: entities that the same cells may hold instead. `constants`: cells left out because the same match is in many.
    `by`: the columns with the names that were found in the texts.
    """

    entity: str
    verdict: Decision
    cells: int = 0
    share: float = 0.0
    share_upper: float | None = None
    matched: int = 0
    validated: int = 0
    chance: float | None = None
    score: float | None = None
    rule: str = ""
    hint: bool = False
    special_category: bool = False
    whole: bool = False
    also: tuple[str, ...] = ()
    constants: int = 0
    examples: tuple[str, ...] = ()
    by: tuple[str, ...] = ()


@dataclass(frozen=True)
class SensitiveColumn(Payload):
    """The sensitive data of a column, the surest first; the finding's value is the share of rows with the first entity.

    `looked_at` is the number of inspected rows, `filled` the number of those with a value, `rows` the number of rows of the data.
    `countries` are the countries of telephone numbers without `+`, the likeliest first, if given.
    """

    KIND: ClassVar[str] = "sensitive"
    types: tuple[SensitiveType, ...] = ()
    filled: int = 0
    looked_at: int = 0
    rows: int = 0
    countries: tuple[str, ...] = ()

    @property
    def compared(self) -> Mapping[str, float | None]:
        return {t.entity: t.share for t in self.types}

    @property
    def row_count(self) -> int | None:
        return self.rows


@dataclass(frozen=True)
class Seen:
    """The counts of a column. `named`: cells that look like names of persons, if the column's name suggests names. `listed`: cells that
    lists know as names, if enough of a sample are. `ages`: its days are distributed like dates of birth."""

    name: str
    filled: int
    tallies: Mapping[str, Tally]
    named: int | None = None
    listed: int | None = None
    ages: bool = False

    @property
    def may_be_names(self) -> bool:
        """Whether it has values, its name does not suggest names, and no entity is in most of the values."""
        return bool(self.filled) and self.named is None and not any(2 * tally.cells > self.filled for tally in self.tallies.values())


def types_of(seen: Seen, detector: Detector, threshold: float, sampled: bool) -> list[SensitiveType]:
    """The entities of a column, the surest first."""
    known = {e.name: e for e in detector.rules}
    said = {h.entity: h.special for h in hints(seen.name, detector.rules)}
    found = [
        t for name, tally in seen.tallies.items() if (t := _judged(name, tally, seen, known.get(name), name in said, detector, threshold))
    ]
    for cells, rule in ((seen.named, "letters+column"), (seen.listed, "lists")):
        share = cells / seen.filled if cells and seen.filled else 0.0
        if cells and share >= HALF:
            hint = rule != "lists"
            found.append(SensitiveType(PERSON_NAME, "sensitive", cells, share, score=0.6, rule=rule, hint=hint, whole=True))
    there = {t.entity for t in found} | {name for t in found for name in _alike(t.entity, known)}
    if any(t.hint and t.verdict == "sensitive" for t in found):
        there |= {name for name, special in said.items() if not special}  # the name is already explained
    found += [
        SensitiveType(name, "suspected", score=0.5, rule="column", hint=True, special_category=special)
        for name, special in said.items()
        if name not in there
    ]
    found = [replace(t, share_upper=upper_bound(t.cells, seen.filled) if sampled and seen.filled else t.share) for t in found]
    order = {name: i for i, name in enumerate([*said, *known])}
    found.sort(key=lambda t: (DECISIONS.index(t.verdict), not t.hint, -t.cells, t.chance or 0.0, order.get(t.entity, len(order)), t.entity))
    return _merged(found, known, {name: tally.shared for name, tally in seen.tallies.items()})


def with_mentions(
    types: Sequence[SensitiveType], cells: int, filled: int, names: tuple[str, ...], threshold: float, sampled: bool
) -> list[SensitiveType]:
    """The entities of a column of texts, the surest first; `cells` of them mention the person named in the columns `names`."""
    share = cells / filled
    made = SensitiveType(
        PERSON_NAME, "sensitive" if share >= threshold else "present", cells, share, upper_bound(cells, filled) if sampled else share,
        score=SCORE, rule=RULE, by=names,
    )  # fmt: skip
    others = [t for t in types if t.entity != PERSON_NAME]
    return sorted([*others, made], key=lambda t: DECISIONS.index(t.verdict))


def _judged(
    name: str, tally: Tally, seen: Seen, entity: Entity | None, hint: bool, detector: Detector, threshold: float
) -> SensitiveType | None:
    if not tally.matched or (not tally.cells and tally.valid < HALF * tally.matched):
        return None  # most matches are chance matches; no need to measure `chance`
    rate = chance(entity) if entity and entity.check else None
    bar = 0.0 if rate is None or entity is None or entity.tier == "C" else min(max(threshold, TIMES_CHANCE * rate, HALF), SURE)
    validates = tally.valid >= bar * tally.matched
    by_column = entity is not None and (
        (entity.needs_context and entity.tier == "A") or (bool(entity.country) and ALL in detector.countries)
    )
    constants = sum(n for n in tally.constants.values() if n > max(CONSTANT * seen.filled, FEW))
    cells = tally.cells - constants
    score, rule = tally.surest
    if by_column and bar and validates and tally.valid > cells and tally.valid >= max(threshold, HALF) * seen.filled:
        cells, (score, rule) = tally.valid, max(tally.surest, (0.85, f"{entity.validator}+all" if entity else ""))
    if not cells and not constants:
        return None
    share = cells / seen.filled
    sure = share >= threshold and cells > 0 and (validates or hint)
    return SensitiveType(
        name, "sensitive" if sure else "present", cells, share, None, tally.matched, tally.valid, rate, score, rule, hint,
        whole=2 * tally.whole >= tally.cells, constants=constants, examples=tuple(tally.examples.values()),
    )  # fmt: skip


def _alike(name: str, known: Mapping[str, Entity]) -> Iterator[str]:
    """The names of the entities with the same kind of number."""
    if name in known:
        yield from (e.name for e in known.values() if e.kind == known[name].kind)


def _merged(found: Sequence[SensitiveType], known: Mapping[str, Entity], shared: Mapping[str, int]) -> list[SensitiveType]:
    """The types, with less sure ones for the same cells moved into `also` of the surer one."""
    kept: list[SensitiveType] = []
    for t in found:
        better = next((i for i, k in enumerate(kept) if _covers(k, t, known, shared.get(t.entity, 0))), None)
        if better is None:
            kept.append(t)
        else:
            kept[better] = replace(kept[better], also=(*kept[better].also, t.entity))
    return kept


def _covers(better: SensitiveType, other: SensitiveType, known: Mapping[str, Entity], shared: int) -> bool:
    """Whether most cells of the other type also hold the better one: they match at the same places, or both fill cells and their shares add
    up to more than 1. `shared` counts the cells of the other type where another entity matches at the same place. Of types of one kind that
    only the column's name suggests, the first covers the others."""
    a, b = known.get(better.entity), known.get(other.entity)
    if a is None or b is None or (other.hint and a.kind != b.kind):
        return False
    if "suspected" in (better.verdict, other.verdict):
        return better.verdict == other.verdict
    same = 2 * shared > other.cells or (better.whole and other.whole and better.share + other.share > 1)
    return same and other.cells <= better.cells


@dataclass(frozen=True)
class Scan(Payload):
    """How a table was scanned: `looked_at` of `rows` rows, by the `mode` with a `seed`. The finding's value is the number of columns with
    sensitive data. `entities` is the number of entities searched for, including those of the `countries`; `columns` is the number of
    inspected columns, `left_out` names the others. `rejected` lists columns and entities that a review rejects, `allowed` those with values
    that are left out because they are allowed.
    """

    KIND: ClassVar[str] = "scan"
    VALUE: ClassVar[str] = "columns with sensitive data"
    mode: str = ""
    rows: int = 0
    looked_at: int = 0
    seed: int = 0
    threshold: float = 0.0
    entities: int = 0
    countries: tuple[str, ...] = ()
    columns: int = 0
    left_out: tuple[str, ...] = ()
    detectors: tuple[str, ...] = ()
    rejected: tuple[str, ...] = ()
    allowed: tuple[str, ...] = ()

    @property
    def row_count(self) -> int | None:
        return self.rows
