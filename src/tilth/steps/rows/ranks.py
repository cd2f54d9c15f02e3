"""Finds the hash at a given rank by counting, without sorting.

This takes two scans and little memory: rows are counted by the first digits of their hash, and then, only within the few prefixes that
contain a cut, by the whole hash.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from sqlglot import exp
from sqlglot.expressions import Expression as Tree

from tilth.engine.expressions import concat, if_else, in_, lit
from tilth.engine.operations.hashing import BETWEEN
from tilth.engine.statistics import count
from tilth.steps.step import Asking

PREFIX = 3  # digits that rows are counted by at first: 4,096 prefixes for each stratum
ABOVE = "g"  # above every hash


@dataclass(frozen=True)
class Cut:
    """A place in the order of the hashes: ahead of it are the rows with a hash below `hash`, and `ties` of those that have it."""

    hash: str
    ties: int = 0


Cuts = Mapping[str, tuple[Cut, ...]]
"""Stratum → its cuts, in order."""


def cuts(
    stratum: Tree, hashed: Tree, places: Callable[[Mapping[str, int]], Mapping[str, Sequence[int]]]
) -> Asking[tuple[Mapping[str, int], Cuts]]:
    """The sizes of the strata, and where the rows of each are cut in the order of their hashes.

    `stratum` and `hashed` are strings that are never null. `places` is given the sizes and says, for each stratum, how many rows are
    ahead of each cut, in rising order. A generator, as a step's learning is.
    """
    prefix = exp.Left(this=hashed.copy(), expression=lit(PREFIX))
    coarse = count().grouped(stratum, prefix)
    by_prefix: Mapping[tuple[str, str], int] = (yield [coarse])[coarse]
    sizes = {s: sum(n for _, n in group) for s, group in _by_stratum(by_prefix)}
    wanted = {s: list(p) for s, p in places(sizes).items()}
    found = {s: [_at(group, place) for place in wanted[s]] for s, group in _by_stratum(by_prefix)}
    edges = sorted({(s, at[0]) for s, ats in found.items() for at in ats if at is not None})
    by_hash: Mapping[tuple[str, str], int] = {}
    if edges:
        around = in_(concat(stratum, lit(BETWEEN), prefix), [BETWEEN.join(edge) for edge in edges])
        # all other rows of a stratum are one group, because nearly every row has a different hash
        fine = count(around).grouped(stratum, if_else(around.copy(), hashed, lit("")))
        by_hash = (yield [fine])[fine]
    hashes = {edge: [(h, n) for (s, h), n in by_hash.items() if (s, h[:PREFIX]) == edge] for edge in edges}
    exact = {s: [at and _at(hashes[s, at[0]], at[1]) for at in ats] for s, ats in found.items()}
    return sizes, {s: tuple(Cut(ABOVE) if at is None else Cut(*at) for at in ats) for s, ats in exact.items()}


def _by_stratum(counted: Mapping[tuple[str, str], int]) -> list[tuple[str, list[tuple[str, int]]]]:
    """Stratum → (hash, rows) in the order of the hashes."""
    ordered = sorted((s, text, n) for (s, text), n in counted.items())
    return [(s, [(text, n) for _, text, n in group]) for s, group in groupby(ordered, key=lambda row: row[0])]


def _at(counted: Sequence[tuple[str, int]], place: int) -> tuple[str, int] | None:
    """The hash of the row that has `place` rows ahead of it, and how many of those share its hash; None after the last row."""
    ahead = 0
    for text, n in sorted(counted):
        if place < ahead + n:
            return text, place - ahead
        ahead += n
    return None
