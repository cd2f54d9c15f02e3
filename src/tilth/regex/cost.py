"""Limits the cost of patterns on engines that backtrack: the time of Java and Python, and the stack of Java.

`(a+)+b` can match n letters in 2ⁿ ways, and if no `b` follows a backtracking engine tries them all. `readings` is an upper bound on the
ways to match one string. An unbounded repeat is accepted only if each iteration can match in one way and its end is clear: the next
character decides (`tree.decided`), all iterations have one length, or an iteration begins or ends with a separator. In other
cases the ways multiply, and a pattern with more than `MOST_READINGS` is rejected. Accepted patterns may still take polynomial time:
`.*a.*b` about n³.

Java recurses for every iteration of some repeats; on the stack of Spark's threads, 1 MiB, a few thousand iterations end the application.
"""

from __future__ import annotations

import math
from itertools import combinations, takewhile

from tilth.regex import tree
from tilth.regex.chars import NOTHING, CharSet, disjoint
from tilth.regex.tree import Chars, Choice, Edge, Node, Repeat, Sequence

MOST_READINGS = 1_000_000
MOST_OPTIONS = 50  # up to this many options are compared with each other
SHORT = 4  # counted lengths beyond the least one; further ones make the time polynomial, not exponential
CALLS = 3_000  # that fit into 1 MiB. On Java 17, before compilation, at least 1.7 times as many did, for all kinds of patterns
FEW = 200  # up to this many calls, a counted repeat is expanded

AMBIGUOUS = "it can match the same string in too many ways, and Java and Python would try them all"


def readings(node: Node) -> float:
    """An upper bound on the number of ways to match one string from its start to its end.

    >>> many = Repeat(Chars(CharSet.of("a")), 1, None)
    >>> readings(many), readings(Repeat(many, 1, None))
    (1, inf)
    """
    return _readings(_loosened(node), NOTHING)


def _loosened(node: Node) -> Node:
    """The node without edges and with greedy repeats, which has at least as many ways to match a string."""
    match node:
        case Edge():
            return Sequence(())
        case Sequence(parts):
            return tree.sequence(map(_loosened, parts))
        case Choice(options):
            return tree.choice(map(_loosened, options))
        case Repeat(body, least, most):
            return Repeat(_loosened(body), least, most)
    return node


def _readings(node: Node, after: CharSet) -> float:
    if tree.decided(node, after):
        return 1
    match node:
        case Choice(options):
            each = [_readings(option, after) for option in options]
            apart = len(options) <= MOST_OPTIONS and all(_apart(*pair) for pair in combinations(options, 2))
            return max(each) if apart else sum(each)
        case Sequence(parts):
            following = tree.followers(parts, after)[1:]
            lengths = sorted(1 if tree.decided(*part) else _lengths(part[0]) for part in zip(parts, following, strict=True))
            return math.prod(map(_readings, parts, following)) * math.prod(lengths[:-1])  # the others determine the last length
        case Repeat(body, _, most):
            inside = tree.inside(node, after)
            clear = tree.decided(body, tree.first(body)) or _is_separated(body)
            ways = _readings(body, inside) * (1 if clear or most == 1 else _lengths(body))
            if ways == 1 or most == 1:
                return ways
            return math.inf if most is None else float(min(ways, MOST_READINGS) ** min(most, 20))
        case _:
            return 1


def _lengths(node: Node) -> int:
    """The number of different lengths that a match of the node can have, counted up to `SHORT` + 1."""
    if tree.length(node) is not None:
        return 1
    if isinstance(node, Repeat) and node.most is not None and tree.length(node.body) is not None:
        return min(node.most - node.least, SHORT) + 1
    return SHORT + 1


def _apart(one: Node, other: Node) -> bool:
    """Whether no string matches both options, because their lengths differ, or one of their first characters."""
    lengths = tree.length(one), tree.length(other)
    differ = None not in lengths and lengths[0] != lengths[1]
    return differ or any(disjoint(pair) for pair in zip(_opening(one), _opening(other), strict=False))


def _opening(node: Node) -> list[CharSet]:
    """The character sets at the beginning of every match of the node."""
    parts = node.parts if isinstance(node, Sequence) else (node,)
    return [part.among for part in takewhile(lambda part: isinstance(part, Chars), parts) if isinstance(part, Chars)]


def _is_separated(body: Node) -> bool:
    """Whether an iteration begins or ends with a character that does not occur elsewhere in it."""
    parts = body.parts if isinstance(body, Sequence) else (body,)
    ends = ((parts[0], parts[1:]), (parts[-1], parts[:-1]))
    return any(isinstance(end, Chars) and not any(end.among.overlaps(c) for part in rest for c in tree.sets(part)) for end, rest in ends)


def longest_string(node: Node) -> int | None:
    """The length of the longest string that is safe for Java's matcher on 1 MiB of stack; `None`: no limit.

    >>> from tilth.regex.parser import Parser
    >>> longest_string(Parser("(?:ab|c)*").tree), longest_string(Parser("(?:[a-z]+,)+[a-z]").tree)
    (None, 599)
    """
    fixed, per_character = _calls(node, NOTHING)
    return None if not per_character and fixed <= CALLS else max(CALLS - fixed, 0) // max(per_character, 1)


def _calls(node: Node, after: CharSet) -> tuple[int, int]:
    """The number of nested calls while the node is matched: a fixed number, and a number per character of the string."""
    match node:
        case Chars():
            return 1, 0
        case Sequence(parts):
            below = list(map(_calls, parts, tree.followers(parts, after)[1:]))
            return sum(fixed for fixed, _ in below), sum(per for _, per in below)
        case Choice(options):
            below = [_calls(option, after) for option in options]
            return 2 + max(fixed for fixed, _ in below), sum(per for _, per in below)
        case Repeat(body, _, most):
            fixed, per = _calls(body, tree.inside(node, after))
            if most == 1 or isinstance(body, Chars) or _runs_in_a_loop(body) or tree.is_decided_group(node, after):
                return fixed + 1, per
            few = most is not None and most * (fixed + 2) <= FEW
            return (most * (fixed + 2), per) if few and most else (1, per + fixed + 2)
        case _:
            return 3, 0


def _runs_in_a_loop(body: Node) -> bool:
    """Whether Java repeats the body in a loop: it always takes the same number of UTF-16 units, without alternatives."""
    match body:
        case Chars(among):
            return among.ranges[-1][1] <= 0xFFFF
        case Choice():
            return False
        case _:
            return tree.length(body) is not None and all(map(_runs_in_a_loop, tree.inner(body)))
