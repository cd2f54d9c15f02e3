"""Vectors of texts, by hashed runs of characters, for comparing texts where no model gives better ones."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tilth.metrics.near_duplicates import plain, runs, stretches

SIZE = 4096
LENGTHS = (3, 4, 5)  # of the runs
SAYS = f"hashed runs of {LENGTHS[0]} to {LENGTHS[-1]} characters (TF-IDF)"


def run_counts(texts: Sequence[str]) -> np.ndarray:
    """(texts, 4096): how often each text has runs of 3, 4 and 5 characters with each hash; a shorter text is one run.

    Case and the length of blanks make no difference.
    """
    shown, found = [plain(text) for text in texts], np.zeros((len(texts), SIZE))
    for start, end in stretches(shown):
        for length in LENGTHS:
            hashes, begins = runs(shown[start:end], length)
            rows = np.repeat(np.arange(start, end), np.diff(np.append(begins, len(hashes))))
            np.add.at(found, (rows, (hashes % np.uint64(SIZE)).astype(int)), 1)
    return found


def rarity(counts: np.ndarray) -> np.ndarray:
    """The inverse document frequency of each hash, ln((1 + n) / (1 + texts that have it)) + 1, as in scikit-learn."""
    found: np.ndarray = np.log((1 + len(counts)) / (1 + (counts > 0).sum(axis=0))) + 1
    return found


def weighted(counts: np.ndarray, rare: np.ndarray) -> np.ndarray:
    """Vectors of length 1: the counts, each times its rarity.

    >>> counts = run_counts(["You have won a prize", "you have  won a price", "See you later"])
    >>> vectors = weighted(counts, rarity(counts))
    >>> bool(vectors[0] @ vectors[1] > 0.5 > vectors[0] @ vectors[2])
    True
    """
    numbers = counts * rare
    found: np.ndarray = numbers / np.linalg.norm(numbers, axis=1, keepdims=True)
    return found


def text_vectors(texts: Sequence[str | None]) -> np.ndarray:
    """The vectors of texts, with rarities among these texts; NaN for null."""
    there = [i for i, text in enumerate(texts) if text is not None]
    found = np.full((len(texts), SIZE), np.nan)
    counts = run_counts([text for text in texts if text is not None])
    found[there] = weighted(counts, rarity(counts))
    return found
