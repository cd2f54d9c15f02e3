"""The parsed pattern: six kinds of frozen nodes, and what can be derived from them without running anything."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import reduce
from operator import or_

from tilth.regex.chars import ANYTHING, END_OF_TEXT, NOTHING, CharSet, disjoint


@dataclass(frozen=True)
class Chars:
    """One character out of a set."""

    among: CharSet


class Edge(enum.Enum):
    """A position between characters."""

    START = "the start of the string"
    END = "the end of the string"
    WORD = "a word boundary"


@dataclass(frozen=True)
class Sequence:
    """One part after the other; without parts the empty string."""

    parts: tuple[Node, ...]


@dataclass(frozen=True)
class Choice:
    """Alternatives; the first one that leads to a match is taken."""

    options: tuple[Node, ...]


@dataclass(frozen=True)
class Repeat:
    """The body `least` to `most` times (`None`: unbounded), as often as possible if `greedy`, otherwise as rarely as possible."""

    body: Node
    least: int
    most: int | None
    greedy: bool = True


@dataclass(frozen=True)
class Group:
    """A numbered group, counted from 1: only in a pattern that is parsed for a replacement."""

    body: Node
    number: int


Node = Chars | Edge | Sequence | Choice | Repeat | Group


def sequence(parts: Iterable[Node]) -> Node:
    """The parts one after the other; a single part is returned without a node around it.

    >>> sequence([Edge.START])
    <Edge.START: 'the start of the string'>
    """
    flat = tuple(_opened(parts, Sequence))
    return flat[0] if len(flat) == 1 else Sequence(flat)


def choice(options: Iterable[Node]) -> Node:
    """Flatten nested options and merge adjacent single characters into a set: `a|b|(?:cd|e)` becomes `[ab]|cd|e`.

    The meaning is the same; it saves backtracking engines a branch per character, and saves Java stack.
    """
    merged: list[Node] = []
    for option in _opened(options, Choice):
        if merged and isinstance(option, Chars) and isinstance(merged[-1], Chars):
            merged[-1] = Chars(merged[-1].among | option.among)
        else:
            merged.append(option)
    return merged[0] if len(merged) == 1 else Choice(tuple(merged))


def _opened(nodes: Iterable[Node], kind: type[Sequence | Choice]) -> Iterator[Node]:
    """The nodes; a node of this kind is replaced by its children."""
    for node in nodes:
        yield from inner(node) if isinstance(node, kind) else (node,)


def inner(node: Node) -> tuple[Node, ...]:
    """The nodes directly below."""
    match node:
        case Sequence(parts):
            return parts
        case Choice(options):
            return options
        case Repeat(body) | Group(body):
            return (body,)
        case _:
            return ()


def may_be_empty(node: Node) -> bool:
    """Whether the node can match the empty string (as positions between characters do)."""
    match node:
        case Chars():
            return False
        case Edge():
            return True
        case Choice(options):
            return any(may_be_empty(option) for option in options)
        case Repeat(body, least):
            return least == 0 or may_be_empty(body)
        case _:
            return all(may_be_empty(part) for part in inner(node))


def first(node: Node) -> CharSet:
    """The characters that a match of the node can begin with, or that decide whether it matches."""
    match node:
        case Chars(among):
            return among
        case Edge.END:
            return END_OF_TEXT
        case Edge():
            return ANYTHING
        case Sequence(parts):
            return followers(parts, NOTHING)[0]
        case _:
            return reduce(or_, map(first, inner(node)))


def followers(parts: tuple[Node, ...], after: CharSet) -> list[CharSet]:
    """The possible next characters before each part and after the last one, if `after` follows: one set more than parts."""
    sets = [after]
    for part in reversed(parts):
        sets.append(first(part) | sets[-1] if may_be_empty(part) else first(part))
    return sets[::-1]


def decided(node: Node, after: CharSet) -> bool:
    """Whether the next character alone always decides how the match continues, if `after` follows (the LL(1) condition).

    If so, there is only one way, and no engine backtracks. Lazy repeats count as undecided, because removing their other ways would change
    what they match.
    """
    match node:
        case Chars() | Edge():
            return True
        case Group(body):
            return decided(body, after)
        case Sequence(parts):
            return all(map(decided, parts, followers(parts, after)[1:]))
        case Choice(options):
            apart = disjoint(map(first, options)) and not may_be_empty(node)
            return apart and all(decided(option, after) for option in options)
        case Repeat(body, least, most, greedy):
            exit_is_clear = least == most or not first(body).overlaps(after)
            return greedy and exit_is_clear and decided(body, inside(node, after))


def is_decided_group(repeat: Repeat, after: CharSet) -> bool:
    """Whether a group is repeated, and the next character always decides whether and how another iteration matches."""
    return repeat.most != 1 and not isinstance(repeat.body, Chars) and decided(repeat, after)


def inside(repeat: Repeat, after: CharSet) -> CharSet:
    """The characters that may follow an iteration of a repeat: those of another iteration, or those after the repeat."""
    return after if repeat.most == 1 else first(repeat.body) | after


def length(node: Node) -> int | None:
    """The length of every match of the node, in characters; `None` if they differ."""
    match node:
        case Chars():
            return 1
        case Repeat(body, least, most):
            one = length(body)
            return one * least if one is not None and least == most else None
        case Choice(options):
            lengths = set(map(length, options))
            return lengths.pop() if len(lengths) == 1 else None
        case _:
            parts = [length(part) for part in inner(node)]
            return None if None in parts else sum(filter(None, parts))


def sets(node: Node) -> Iterator[CharSet]:
    """The sets of characters in the node."""
    if isinstance(node, Chars):
        yield node.among
    for part in inner(node):
        yield from sets(part)


def copies(node: Node) -> int:
    """How often the innermost repeated part occurs when all counts are expanded: the product of nested counts."""
    own = max(node.least, node.most or 1) if isinstance(node, Repeat) else 1
    return max(own, 1) * max((copies(part) for part in inner(node)), default=1)


def size(node: Node) -> int:
    """The cost of the pattern with all counts expanded, in units of about one instruction of RE2.

    A set costs one per range, and eight more if it reaches beyond ASCII, for the byte sequences of UTF-8.
    """
    match node:
        case Chars(among):
            return len(among.ranges) + (8 if among.ranges[-1][1] > 0x7F else 0)
        case Repeat(body, least, most):
            return size(body) * max(least, most or 1, 1)
        case _:
            return 1 + sum(size(part) for part in inner(node))


def groups(node: Node) -> Iterator[int]:
    """The numbers of the groups that match at most once: for repeated groups, engines keep different iterations."""
    if isinstance(node, Group):
        yield node.number
    if not isinstance(node, Repeat) or node.most == 1:
        for part in inner(node):
            yield from groups(part)
