"""Class balance: the distribution of the label."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from tilth.data import Dataset, Roles, mask
from tilth.engine.expressions import col
from tilth.engine.operations.aggregates import DistinctOfFew
from tilth.engine.session import Session
from tilth.engine.statistics import Statistic
from tilth.measures.measure import Measure, Measured, no_favourable_row
from tilth.measures.sampled import COMPARABLE, FEW
from tilth.metrics.keys import Frequencies
from tilth.metrics.metric import measured
from tilth.report import Finding, Payload
from tilth.report.blocks import Advice, Block, Picture, Section, code, counted, shown, table
from tilth.report.charts import number, percent, stacked
from tilth.report.sections import ReportSection

FIRST = 20_000  # first rows, in which distinct labels are counted before a scan
NONE = "(no label)"
SMALL_CLASS = 0.05  # advice is given below this share of the rows


@dataclass(frozen=True)
class ClassBalance(Payload):
    """Value of the label → rows, the most frequent first; rows without a label are last, under `null`.

    `positive` are the favourable values of the roles; `ratio` is the count of the most frequent value divided by that of the least frequent
    one.
    """

    KIND: ClassVar[str] = "balance"
    VALUE: ClassVar[str] = "share of the least frequent class"
    counts: Mapping[str, int] = field(default_factory=dict)
    rows: int | None = None
    missing: int = 0
    positive: tuple[str, ...] = ()
    ratio: float | None = None

    @property
    def row_count(self) -> int | None:
        """The rows of the table."""
        return self.rows


@dataclass(frozen=True)
class Balance(Measure):
    """The class distribution of the label."""

    name = "balance"
    baseline = True

    def measure(self, table: Dataset, originals: Dataset, session: Session, before: Any = None) -> Measured:
        return list(balance_findings(originals, session, whole=table is originals)), None


def balance_findings(data: Dataset, engine: Session, whole: bool = False) -> list[Finding]:
    """The class distribution of the label. Empty without a label, and for a label with many values.

    `value` is the share of the least frequent value among the labelled rows. Values of a private label are masked.
    Errors: `RequestError` if no row of the `whole` table has a favourable value.
    """
    label = data.roles.label
    if label is None or label not in data.names:
        return []
    if engine.schema(data)[label].kind not in COMPARABLE or _many_at_once(label, data, engine):
        return []
    found = measured(data, [Frequencies((label,))], engine)[Frequencies((label,))]
    counts = {key: n for (key,), n in found.items() if key is not None and key == key}
    if len(counts) > FEW:
        return []
    if whole and engine.answers_are_real:
        _reject_absent(data.roles, counts)
    rows, known = sum(found.values()), sum(counts.values())
    least, most = min(counts.values(), default=0), max(counts.values(), default=0)
    hide = mask if label in data.roles.private else str
    counted: dict[str, int] = {}
    for key, n in counts.items():
        counted[hide(key)] = counted.get(hide(key), 0) + n
    payload = ClassBalance(
        counts=counted | ({"null": rows - known} if rows > known else {}),
        rows=rows,
        missing=rows - known,
        positive=tuple(str(p) for p in data.roles.positive),
        ratio=most / least if least else None,
    )
    words = f"{len(counts)} values; {least:,} to {most:,} of {known:,} rows have the same one"
    return [Finding(label, (label,), least / known if known else None, message=words, payload=payload)]


def _many_at_once(label: str, data: Dataset, engine: Session) -> bool:
    """Whether the first rows already have too many distinct labels, so that they need not be counted."""
    distinct = Statistic(DistinctOfFew.of(col(label)))
    return bool(engine.sample_statistics(data, [distinct], FIRST)[distinct] > FEW)


def _reject_absent(roles: Roles, counts: Mapping[Any, int]) -> None:
    """Reject favourable values that no row has. Numbers are accepted, because they may be bounds, and so is a label with a single value."""
    known = {str(value).casefold(): str(value) for value in counts}
    strings = [p for p in roles.positive if isinstance(p, str) and p.casefold() not in known]
    if len(counts) < 2 or not strings or len(strings) < len(roles.positive):
        return
    raise no_favourable_row(str(roles.label), strings, list(known.values()), private=roles.label in roles.private)


# ── the section ──


def balance(findings: Sequence[Finding[ClassBalance]]) -> Section:
    """A chart and a table for each label."""
    labels: dict[str, dict[str, dict[str, float]]] = {}
    for f in findings:
        labels.setdefault(", ".join(f.subject) or "the label", {}).setdefault(f.part or "all rows", {}).update(classes(f.payload))
    blocks: list[Block] = []
    for label, parts in labels.items():
        title = f"Rows per value of {code(label)}"
        names = sorted(dict.fromkeys(name for counts in parts.values() for name in counts), key=NONE.__eq__)
        rows = [(code(name), *(_share(counts.get(name), sum(counts.values())) for counts in parts.values())) for name in names]
        rows.append(("all", *(number(sum(counts.values())) for counts in parts.values())))
        blocks.append(Picture(stacked(f"Rows per value of {label}", parts), f"{title}, as shares of each part."))
        blocks.append(table(title, ("value", *parts), rows, numbers=parts, brief=12))
    lead = _lead(findings[0])
    return Section("balance", "Class balance", tuple(blocks), advice=tuple(_advice(findings)), lead=lead)


def _lead(f: Finding[ClassBalance]) -> str:
    """The number of classes of the label, and the rarest one."""
    counts = {name: n for name, n in classes(f.payload).items() if name != NONE}
    if not counts:
        return "No row has a label."
    rarest = min(counts, key=lambda name: counts[name])
    where = f" of {code(f.part)}" if f.part else ""
    share, label = percent(counts[rarest] / sum(counts.values())), code(", ".join(f.subject))
    return f"{counted(len(counts), 'class', 'classes')} of {label}; the rarest, {code(rarest)}, is {share} of the rows{where}."


def _advice(found: Sequence[Finding[ClassBalance]]) -> list[Advice]:
    """Advice on a class of the training part so small that a model may ignore it."""
    part = next((p for p in ("train", "raw", "") if any(f.part == p for f in found)), "")
    counts = {name: n for f in found if f.part == part for name, n in classes(f.payload).items() if name != NONE}
    whole, name = sum(counts.values()), min(counts, key=lambda name: counts[name], default="")
    if len(counts) < 2 or not whole or counts[name] / whole >= SMALL_CLASS:
        return []
    where = f" of {code(part)}" if part else ""
    return [Advice(f"The class {code(name)} is {percent(counts[name] / whole)} of the rows{where}: a model may ignore it.", 50)]


def classes(payload: ClassBalance) -> dict[str, float]:
    """The rows for each value of the label; those without a label are last, so that the labels keep their colours."""
    known: dict[str, float] = {shown(v, 60): n for v, n in payload.counts.items() if not (payload.missing and v == "null")}
    return known | ({NONE: payload.missing} if payload.missing else {})


def _share(n: float | None, whole: float) -> str:
    return "–" if n is None else f"{number(n)} ({percent(n / whole) if whole else 'no rows'})"


BALANCE = ReportSection(ClassBalance, balance)
