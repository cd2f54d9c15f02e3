"""Whether a repeat can send a backtracking matcher astray: Java and Python try every way to match, RE2 tries them all at once.

`(a+)+b` has 2ⁿ ways to read n letters, and where no `b` follows, a backtracking matcher tries them all before it says no. Such a repeat is
refused. What is allowed:

- repeats whose next character always decides (`tree.decided`): one way, nothing to try again;
- repeats in which no text has two ways round (a product of the pattern's automaton with itself finds out; it takes inner counts above
  `UNROLLED` for repeats without end, and places between characters for given): `(?:cat|car)+`;
- counted repeats whose ways, all together, are at most `MOST_WAYS`: `(?: ?[A-Z0-9]{1,4}){3,8}`.

A pattern of many repeats in a row, `a?a?a?…aaa` or `.*a.*b.*c…`, has as many ways as they have together. It is refused where, with every
repeat cut to `SHORT` rounds more than its least, there could be more than `MOST_WAYS_IN_ALL`: at the eleventh `.*` in a row, or so.

What stays allowed may still cost a power of the text's length, one for each repeat without end in a row that could take the same text, and
one for a search that may begin anywhere: `.*a.*b` on n characters up to about n³ steps in Java and Python. The search for two ways round
follows Weber and Seidl, "On the degree of ambiguity of finite automata", Theoretical Computer Science 88 (1991): a repeat is exponentially
ambiguous where one state can be reached again in two ways that read the same text.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache, reduce
from itertools import accumulate, product

from tilth.regex.chars import CharSet
from tilth.regex.tree import Chars, Choice, Edge, Node, Repeat, changed, decided, first, inner, is_bounded

MOST_WAYS = 100_000  # tried in well under a second
MOST_WAYS_IN_ALL = 10_000_000
SHORT = 4
MOST_PLACES = 2_000  # of a repeat with its counts written out
MOST_STEPS = 1_000_000  # of two readers at once; taken in about a second
UNROLLED = 16  # an inner count up to this is written out, a greater one taken for a repeat without end
ALL = 1_000_000  # unrolls every count

IN_ALL = "this pattern can read the same text in very many ways, and Java and Python would try them all"
INTRICATE = "is too intricate to tell how long Java and Python would take to match it"
TWO_WAYS = "can read the same text in two ways, and Java and Python would try both at every round: the time doubles with each"


def too_many_ways(repeat: Repeat) -> str:
    """Why the repeat could take a backtracking matcher too long, or nothing.

    >>> many = Repeat(Chars(CharSet.of("a")), 1, None)
    >>> too_many_ways(many), too_many_ways(Repeat(many, 1, None)) == TWO_WAYS
    ('', True)
    """
    if repeat.most == 1 or isinstance(repeat.body, Chars) or decided(repeat.body, first(repeat.body)):
        return ""
    if is_bounded(repeat) and _count_places(repeat, ALL) <= MOST_PLACES and _ways(repeat) <= MOST_WAYS:
        return ""
    endless = replace(repeat, least=1, most=None)
    if _count_places(endless, UNROLLED) > MOST_PLACES:
        return INTRICATE
    return {True: TWO_WAYS, False: "", None: INTRICATE}[_goes_round_in_two_ways(endless)]


def too_many_ways_in_all(node: Node) -> str:
    """Why the whole pattern could take a backtracking matcher too long, or nothing.

    >>> from tilth.regex.tree import sequence
    >>> maybe = Repeat(Chars(CharSet.of("a")), 0, 1)
    >>> too_many_ways_in_all(sequence([maybe] * 20)), too_many_ways_in_all(sequence([maybe] * 30)) == IN_ALL
    ('', True)
    """
    short = _shortened(node)
    return IN_ALL if _count_places(short, ALL) <= MOST_PLACES and _ways(short) > MOST_WAYS_IN_ALL else ""


def _shortened(node: Node) -> Node:
    if isinstance(node, Repeat):
        least = min(node.least, SHORT)
        more = SHORT if node.most is None else min(node.most - node.least, SHORT)
        return Repeat(_shortened(node.body), least, least + more)
    return changed(node, _shortened)


@dataclass(frozen=True)
class _Fragment:
    """A part of an automaton: its first and last places, each in how many ways, and in how many ways it matches nothing at all."""

    begin: Counter[int]
    end: Counter[int]
    empty: int


NOTHING_MORE = _Fragment(Counter(), Counter(), 1)


class _Automaton:
    """The places of a tree where a character is taken, and in how many ways each follows each (a Glushkov automaton that counts).

    Counts up to `unrolled` are written out. Places are numbered from left to right. Places between characters are taken to hold: leaving
    them out only adds ways.
    """

    def __init__(self, node: Node, unrolled: int) -> None:
        self.unrolled = unrolled
        self.among: list[CharSet] = []
        self.follow: list[Counter[int]] = []
        self.whole = self._build(node)

    def _build(self, node: Node) -> _Fragment:
        match node:
            case Chars(among):
                self.among.append(among)
                self.follow.append(Counter())
                here = len(self.among) - 1
                return _Fragment(Counter([here]), Counter([here]), 0)
            case Edge():
                return NOTHING_MORE
            case Choice(options):
                return reduce(_either, map(self._build, options))
            case Repeat():
                return self._repeat(node)
            case _:
                return reduce(self._join, map(self._build, inner(node)), NOTHING_MORE)

    def _repeat(self, repeat: Repeat) -> _Fragment:
        if _is_endless(repeat, self.unrolled):
            body = self._build(repeat.body)
            self._join(body, body)
            return body if repeat.least else _optional(body)
        assert repeat.most is not None  # noqa: S101 - for the type checker
        rounds = [self._build(repeat.body) for _ in range(repeat.most)]
        rest = NOTHING_MORE
        for at in reversed(range(repeat.most)):
            rest = self._join(rounds[at], rest)
            rest = rest if at < repeat.least else _optional(rest)
        return rest

    def _join(self, left: _Fragment, right: _Fragment) -> _Fragment:
        for place, ways in left.end.items():
            self.follow[place].update(_times(right.begin, ways))
        return _Fragment(left.begin + _times(right.begin, left.empty), right.end + _times(left.end, right.empty), left.empty * right.empty)


def _times(places: Counter[int], ways: int) -> Counter[int]:
    return Counter({place: count * ways for place, count in places.items()})


def _either(left: _Fragment, right: _Fragment) -> _Fragment:
    return _Fragment(left.begin + right.begin, left.end + right.end, left.empty + right.empty)


def _optional(fragment: _Fragment) -> _Fragment:
    return replace(fragment, empty=fragment.empty + 1)


def _is_endless(repeat: Repeat, unrolled: int) -> bool:
    return repeat.most is None or repeat.most > unrolled


def _count_places(node: Node, unrolled: int) -> int:
    match node:
        case Chars():
            return 1
        case Repeat(body, _, most):
            return _count_places(body, unrolled) * (1 if most is None or most > unrolled else most)
        case _:
            return sum(_count_places(part, unrolled) for part in inner(node))


def _ways(node: Node) -> int:
    """An upper bound of the ways to read any one text, where no repeat is without end; it is reached if ways that part can still agree."""
    automaton = _Automaton(node, ALL)
    ways = [1] * len(automaton.among)

    def onwards(places: Counter[int]) -> int:
        return _heaviest((automaton.among[place], count * ways[place]) for place, count in places.items())

    for place in reversed(range(len(ways))):
        ways[place] = max(1, onwards(automaton.follow[place]))
    return onwards(automaton.whole.begin)


def _heaviest(weighted: Iterable[tuple[CharSet, int]]) -> int:
    """The greatest sum of weights of sets that share a character."""
    change = Counter[int]()
    for among, weight in weighted:
        for low, high in among.ranges:
            change[low] += weight
            change[high + 1] -= weight
    return max(accumulate(change[at] for at in sorted(change)), default=0)


def _goes_round_in_two_ways(endless: Repeat) -> bool | None:
    """Whether some text leads round the repeat in two ways; `None` where that would take too long to find out.

    Two readers start at one place and read the same text. All places of a repeat without end can reach each other, so it is enough that the
    readers part and meet again.
    """
    automaton = _Automaton(endless, UNROLLED)
    if any(ways > 1 for places in automaton.follow for ways in places.values()):
        return True

    together = [(place, place) for place in range(len(automaton.among))]
    ahead, seen, left = list(together), set(together), MOST_STEPS
    while ahead:
        one, other = ahead.pop()
        left -= len(automaton.follow[one]) * len(automaton.follow[other])
        if left < 0:
            return None
        for pair in product(automaton.follow[one], automaton.follow[other]):
            if _overlap(*(automaton.among[place] for place in pair)):
                if one != other and pair[0] == pair[1]:
                    return True
                if pair not in seen:
                    seen.add(pair)
                    ahead.append(pair)
    return False


@lru_cache(maxsize=10_000)
def _overlap(one: CharSet, other: CharSet) -> bool:
    return one.overlaps(other)
