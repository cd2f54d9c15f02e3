"""Detects delivered shards that are sorted by the label, so that a batch of a stream would contain few labels."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa

from tilth.data import Roles
from tilth.engine.arrow import as_numpy, codes_of
from tilth.flow.flow import Flow
from tilth.flow.shard_mixing import mixing_finding
from tilth.flow.split_checks import FEW
from tilth.flow.stream import Stream, open_stream
from tilth.metrics.order import trend
from tilth.report import Finding
from tilth.report.finding import warning
from tilth.steps.rows.shuffle import Shuffle

SHARDS, ROWS = 4, 1_000  # examined: this many shards at equal distances, and this many rows of each
SORTED = 0.5  # likeness of neighbours above which a warning is given
BATCH = 256


def shard_findings(flow: Flow, part: str, folder: Path, roles: Roles) -> Iterator[Finding]:
    """Report how well a stream mixes the delivered shards of a part, and whether they are sorted by the label."""
    stream = open_stream(folder, BATCH, roles, columns=[roles.label] if roles.label else None)
    yield from mixing_finding(stream, part)
    yield from sorted_shards(flow, part, stream, roles)


def sorted_shards(flow: Flow, part: str, stream: Stream, roles: Roles) -> Iterator[Finding]:
    """Warn if rows with the same label are adjacent in the shards of a part, with the line to write.

    No warning for a single shard, or if the flow shuffles the training part.
    """
    training = [step for _, step in flow.steps("training")]
    if roles.label is None or len(stream.shards) < 2 or any(isinstance(step, Shuffle) for step in training):
        return
    found = likeness(_labels(stream, roles.label))
    if found <= SORTED:
        return
    mixed, expected = stream.mixing()
    step = "shuffle" if roles.time is None else "shuffle: {anyway: true}"
    line, where = (f"- {step}", " at the end of `training`") if training else (f"training: [{step}]", "")
    at_once = stream.shards_at_once
    shuffled = f"a batch of {BATCH} rows of a stream would be of {mixed:.1f} shards, and of {expected:.1f} if all rows were shuffled"
    if len(stream.shards) <= at_once:
        shuffled = f"a stream shuffles up to {at_once} shards together, but what reads one after the other does not"
    message = (
        f"rows with the same {roles.label} are adjacent in the {len(stream.shards)} shards, and a model that learns from batches needs "
        f"them shuffled: {shuffled}. Write `{line}`{where}"
    )
    details = {"likeness": found, "shards": len(stream.shards), "batch": BATCH, "mixed": mixed, "expected": expected}
    yield replace(warning("SORTED_SHARDS", message, (roles.label,), "delivery", remedy=line, **details), part=part)


def likeness(shards: Sequence[pa.ChunkedArray]) -> float:
    """How similar the labels of neighbouring rows in a shard are: about 0 by chance, 1 if rows are sorted by the label.

    For classes: (p − c) / (1 − c), where p is the share of equal neighbours and c that of any two rows of all shards. For a number with
    more than 20 values: the mean of ρ², where ρ is Spearman's correlation with the row number. 0 for a single label.

    >>> likeness([pa.chunked_array([["no", "no", "no"]]), pa.chunked_array([["yes", "yes"]])])
    1.0
    """
    if not shards:
        return 0.0
    labels = pa.concat_tables([pa.table({"label": s}) for s in shards], promote_options="permissive")["label"]
    codes, ends = codes_of(labels), np.cumsum([len(s) for s in shards])
    shares = np.bincount(codes) / len(codes)
    if len(shares) < 2:
        return 0.0
    if len(shares) > FEW and (pa.types.is_floating(labels.type) or pa.types.is_integer(labels.type)):
        numbers = [
            x[np.isfinite(x)] for x in (as_numpy(s.cast(pa.float64(), safe=False)) for s in shards)
        ]  # a format may have NaN for null
        return float(np.mean([1.0 if len(np.unique(x)) < 2 else trend(x) ** 2 for x in numbers if len(x) > 1] or [0.0]))
    within = np.ones(len(codes) - 1, bool)
    within[ends[:-1] - 1] = False
    chance, equal = float((shares**2).sum()), (codes[1:] == codes[:-1])[within]
    return (float(equal.mean()) - chance) / (1 - chance) if len(equal) else 0.0


def _labels(stream: Stream, label: str) -> list[pa.ChunkedArray]:
    """The labels of the first rows of some shards."""
    found = list[pa.ChunkedArray]()
    for i in np.linspace(0, len(stream.shards) - 1, min(SHARDS, len(stream.shards))).astype(int):
        pieces: list[pa.Array] = []
        for batch in stream.batches(stream.shards[i]):
            if label not in batch.schema.names:
                return []
            pieces.append(batch.column(label).slice(0, ROWS - sum(map(len, pieces))))
            if sum(map(len, pieces)) >= ROWS:
                break
        found.append(pa.chunked_array(pieces, pieces[0].type if pieces else pa.null()))
    return [labels for labels in found if len(labels)]
