"""How long a text may be before Java's matcher runs out of stack.

Java tries a repeated group by calling itself once per round. On Spark's task threads, which have 1 MiB of stack, a text of some thousand
characters overflows it, and the overflow ends the whole application, not only the query. Repeats that the next character decides are
printed possessive, and repeats of what has one length, such as single characters, run in a loop: neither takes stack. For the others the
calls are counted here.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from tilth.regex import tree
from tilth.regex.chars import NOTHING, CharSet
from tilth.regex.tree import Chars, Choice, Edge, Group, Node, Repeat, Sequence

CALLS = 3_000  # that fit into 1 MiB: at least 1.7 times as many did, for patterns of every kind, on Java 17 before it compiles
FEW = 200  # calls of a counted repeat that are simply added up


def longest_text(node: Node) -> int | None:
    """The greatest number of characters that Java's matcher can read by this pattern on 1 MiB of stack; `None` where there is no limit.

    Texts up to it are safe. Longer ones may be, too: it depends on how many rounds they make.

    >>> from tilth.regex.parser import Parser
    >>> longest_text(Parser("(?:ab|c)*").tree), longest_text(Parser("(?:[a-z]+,)+[a-z]").tree)
    (None, 1199)
    """
    fixed, per_character = _calls(node, NOTHING), 0.0
    for repeat, after, rounds in _calling(node, NOTHING, 1):
        calls = _calls(repeat.body, after) + 2
        if rounds is not None and rounds * calls <= FEW:
            fixed += rounds * calls
        else:
            per_character += calls / tree.shortest(repeat.body)
    return int(max(CALLS - fixed, 0) / per_character) if per_character else None


def _calls(node: Node, after: CharSet) -> int:
    """How many calls stand on the stack at once while the node is matched, repeats that call themselves left out."""
    match node:
        case Chars():
            return 1
        case Edge():
            return 3
        case Group(body):
            return 2 + _calls(body, after)
        case Choice(options):
            return 2 + max(_calls(option, after) for option in options)
        case Sequence(parts):
            in_one = sum(_is_letter(left) and _is_letter(right) for left, right in pairwise(parts))  # Java compares a word at once
            return sum(map(_calls, parts, tree.followers(parts, after)[1:])) - in_one
        case Repeat():
            return 1 if _calls_itself(node, after) else 1 + _calls(node.body, _inside(node, after))


def _calling(node: Node, after: CharSet, rounds: int | None) -> Iterator[tuple[Repeat, CharSet, int | None]]:
    """The repeats that call themselves, with what may come after a round and the most rounds there can be in one match."""
    match node:
        case Sequence(parts):
            for part, following in zip(parts, tree.followers(parts, after)[1:], strict=True):
                yield from _calling(part, following, rounds)
        case Repeat():
            inside = _inside(node, after)
            rounds = None if rounds is None or node.most is None else rounds * node.most
            if _calls_itself(node, after):
                yield node, inside, rounds
            yield from _calling(node.body, inside, rounds)
        case _:
            for part in tree.inner(node):
                yield from _calling(part, after, rounds)


def _calls_itself(repeat: Repeat, after: CharSet) -> bool:
    runs_in_a_loop = isinstance(repeat.body, Chars) or _has_one_length(repeat.body) or tree.is_decided_group(repeat, after)
    return repeat.most != 1 and not runs_in_a_loop


def _has_one_length(node: Node) -> bool:
    """Whether the node always takes the same number of Java's characters, of which those beyond U+FFFF are two, without a choice."""
    match node:
        case Chars(among):
            return among.ranges[-1][1] <= 0xFFFF
        case Repeat(body, least, most):
            return least == most and _has_one_length(body)
        case Sequence() | Group():
            return all(map(_has_one_length, tree.inner(node)))
        case _:
            return False


def _is_letter(node: Node) -> bool:
    return isinstance(node, Chars) and node.among.only is not None


def _inside(repeat: Repeat, after: CharSet) -> CharSet:
    return after if repeat.most == 1 else tree.first(repeat.body) | after
