"""The number of delivered shards that the rows of a batch come from: the finding of a run, and its section."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from tilth.report import Finding, Payload
from tilth.report.blocks import Section, counted, table, value_with_interval
from tilth.report.sections import ReportSection

if TYPE_CHECKING:
    from tilth.flow.stream import Stream

HEADS = ("part", "shards", "rows", "shards in a batch", "if all rows were shuffled")


@dataclass(frozen=True)
class Mixing(Payload):
    """The delivered `shards` and `rows`. The value of the finding is the mean number of shards in a `batch` of a stream.

    `expected` is that number for a shuffle of all rows.
    """

    KIND: ClassVar[str] = "shards"
    shards: int = 0
    rows: int = 0
    batch: int = 0
    expected: float = 0.0


def mixing_finding(stream: Stream, part: str) -> Iterator[Finding[Mixing]]:
    """The finding of `Stream.mixing` for the shards of a part; none for a single shard, or less than one batch."""
    if len(stream.shards) > 1 and stream.rows >= stream.batch:
        mixed, expected = stream.mixing()
        payload = Mixing(len(stream.shards), stream.rows, stream.batch, expected)
        yield Finding("shards in a batch", (), mixed, part=part, payload=payload)


def _section(findings: Sequence[Finding[Mixing]]) -> Section:
    rows = [(f.part, *map(value_with_interval, (f.payload.shards, f.payload.rows, f.value, f.payload.expected))) for f in findings]
    batch = counted(findings[0].payload.batch, "row")
    caption = f"From how many shards the rows of a batch of {batch} come, as `tilth.stream` shuffles them"
    return Section("shards", "Shards", (table(caption, HEADS, rows, numbers=HEADS[1:]),))


SHARDS = ReportSection(Mixing, _section)
