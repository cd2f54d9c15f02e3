"""Sets of characters, held as sorted ranges of code points: what one position of a pattern matches.

Classes, negated classes, the dot and case folding are all resolved here, so that no engine's own definition of them matters.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

LAST = 0x10FFFF  # the last code point of Unicode
SURROGATES = range(0xD800, 0xE000)  # halves of UTF-16 pairs: no string in DuckDB or Spark can hold one alone

Range = tuple[int, int]


@dataclass(frozen=True)
class CharSet:
    """A set of code points: sorted, disjoint, never adjacent ranges, both ends included.

    >>> CharSet.of("a", "c", "b") == CharSet.between("a", "c")
    True
    >>> [hex(end) for end in (~CharSet.of("a")).ranges[1]]
    ['0x62', '0x10ffff']
    """

    ranges: tuple[Range, ...]

    @classmethod
    def of(cls, *characters: str) -> CharSet:
        """The set of the given characters."""
        return cls(_merged((ord(c), ord(c)) for c in characters))

    @classmethod
    def between(cls, first: str, last: str) -> CharSet:
        """All characters from `first` to `last`, both included."""
        return cls(((ord(first), ord(last)),))

    def __or__(self, other: CharSet) -> CharSet:
        return CharSet(_merged((*self.ranges, *other.ranges)))

    def __invert__(self) -> CharSet:
        ends = (-1, *(end for pair in self.ranges for end in pair), LAST + 1)
        gaps = zip(ends[::2], ends[1::2], strict=True)
        return CharSet(tuple((before + 1, after - 1) for before, after in gaps if after - before > 1))

    def __bool__(self) -> bool:
        return bool(self.ranges)

    def overlaps(self, other: CharSet) -> bool:
        """Whether some character is in both sets."""
        return not disjoint((self, other))

    @property
    def folded(self) -> CharSet:
        """With every ASCII letter in both its cases; other letters stay as they are.

        >>> CharSet.of("k", "é").folded == CharSet.of("k", "K", "é")
        True
        """
        return CharSet(_merged((*self.ranges, *_other_case(self.ranges))))

    @property
    def only(self) -> int | None:
        """The code point, if there is exactly one."""
        return self.ranges[0][0] if len(self.ranges) == 1 and self.ranges[0][0] == self.ranges[0][1] else None


def disjoint(sets: Iterable[CharSet]) -> bool:
    """Whether no character is in two of the sets.

    >>> disjoint([DIGIT, SPACE]), disjoint([DIGIT, SPACE, WORD])
    (True, False)
    """
    ranges = sorted(pair for each in sets for pair in each.ranges)
    return not any(right[0] <= left[1] for left, right in pairwise(ranges))


def _merged(ranges: Iterable[Range]) -> tuple[Range, ...]:
    merged: list[Range] = []
    for low, high in sorted(ranges):
        if merged and low <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(high, merged[-1][1]))
        else:
            merged.append((low, high))
    return tuple(merged)


def _other_case(ranges: Iterable[Range]) -> Iterator[Range]:
    for low, high in ranges:
        for case, distance in (("AZ", 32), ("az", -32)):
            start, end = max(low, ord(case[0])), min(high, ord(case[1]))
            if start <= end:
                yield start + distance, end + distance


NOTHING = CharSet(())
DIGIT = CharSet.between("0", "9")
WORD = DIGIT | CharSet.between("A", "Z") | CharSet.between("a", "z") | CharSet.of("_")
SPACE = CharSet.of(" ", "\t", "\n", "\r", "\f")  # no vertical tab: `\s` of RE2 excludes it, that of Java and Python includes it
ANY = CharSet(((0, LAST),))
NOT_NEWLINE = ~CharSet.of("\n")
END_OF_TEXT = CharSet(((LAST + 1, LAST + 1),))  # stands for the end of the text in sets of next characters
ANYTHING = ANY | END_OF_TEXT
