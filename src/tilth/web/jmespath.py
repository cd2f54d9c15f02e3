"""The part of JMESPath that configurations use to locate features and labels in a JSON document."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from tilth.errors import RequestError

Find = Callable[[Any], Any]

_TOKEN = re.compile(
    r'\s*(?:(?P<name>[A-Za-z_][A-Za-z0-9_]*)|(?P<quoted>"(?:[^"\\]|\\.)*")|(?P<index>\[-?\d+\])|(?P<slice>\[-?\d*:-?\d*\])|(?P<each>\[\*?\])|(?P<sign>[.,\[\]@]))'
)
ACCEPTED = "names, quoted names, .name, [0], [0:2], [*], [] and lists such as [age, income]"


def path(text: str) -> Find:
    """The function that finds the value at a path in a document; None if there is none.

    `a.b` is a field of a field, `[0]` an item, `[0:2]` the first two items, `[*]` applies the rest of the path to each item, `[]` does the
    same after joining items that are lists, and `[a, b]` is a list of the values at several paths. If the rest of the path finds nothing in
    an item, the result is null, so that lists keep their length; JMESPath would leave the item out.

    Errors: `RequestError` for anything else.

    >>> path("instances[*].features")({"instances": [{"features": [1, 2]}, {"features": [3, 4]}]})
    [[1, 2], [3, 4]]
    >>> path("mean[:2]")({"mean": [1, 2, 3]})
    [1, 2]
    >>> path("[*].[age, pay.net]")([{"age": 30, "pay": {"net": 5}}])
    [[30, 5]]
    """
    tokens, at = [], 0
    while at < len(text.rstrip()):
        found = _TOKEN.match(text, at)
        if found is None or found.lastgroup is None:
            raise _wrong(text, at)
        tokens.append((found.lastgroup, found[found.lastgroup], found.start(found.lastgroup)))
        at = found.end()
    find, rest = _expression(text, tokens)
    if rest or not tokens:
        raise _wrong(text, rest[0][2] if rest else 0)
    return find


Tokens = list[tuple[str, str, int]]


def _wrong(text: str, at: int) -> RequestError:
    return RequestError(f"{text!r} is not a path, from {text[at:] or 'its end'!r} on", accepted=ACCEPTED, code="bad-path")


def _expression(text: str, tokens: Tokens) -> tuple[Find, Tokens]:
    """Parse a path up to its end, or to a comma or bracket that does not belong to it."""
    if not tokens:
        raise _wrong(text, len(text))
    kind, word, at = tokens[0]
    if kind in ("name", "quoted"):
        return _then(text, tokens[1:], _field(word))
    if (kind, word) == ("sign", "@"):
        return _then(text, tokens[1:], lambda x: x)
    if kind in ("index", "slice", "each"):
        return _then(text, tokens, lambda x: x)
    if (kind, word) == ("sign", "["):
        find, rest = _several(text, tokens[1:])
        return _then(text, rest, find)
    raise _wrong(text, at)


def _field(word: str) -> Find:
    name = json.loads(word) if word.startswith('"') else word
    return lambda x: x.get(name) if isinstance(x, dict) else None


def _several(text: str, tokens: Tokens) -> tuple[Find, Tokens]:
    finds: list[Find] = []
    while True:
        find, tokens = _expression(text, tokens)
        finds.append(find)
        if not tokens or tokens[0][1] not in (",", "]"):
            raise _wrong(text, tokens[0][2] if tokens else len(text))
        end, tokens = tokens[0][1] == "]", tokens[1:]
        if end:
            return lambda x: None if x is None else [f(x) for f in finds], tokens


def _then(text: str, tokens: Tokens, find: Find) -> tuple[Find, Tokens]:
    """Parse the rest of a path after `find`."""
    if not tokens or tokens[0][1] in (",", "]"):
        return find, tokens
    kind, word, at = tokens[0]
    if kind == "index":
        return _then(text, tokens[1:], _composed(_item(int(word[1:-1])), find))
    if kind == "slice":
        rest, left = _then(text, tokens[1:], lambda x: x)
        return _composed(_each(rest, flat=False), _composed(_part(word), find)), left
    if kind == "each":
        rest, left = _then(text, tokens[1:], lambda x: x)
        return _composed(_each(rest, flat=word == "[]"), find), left
    if word == "." and len(tokens) > 1 and (tokens[1][0] in ("name", "quoted") or tokens[1][1] == "["):
        if tokens[1][1] == "[":
            several, left = _several(text, tokens[2:])
            return _then(text, left, _composed(several, find))
        return _then(text, tokens[2:], _composed(_field(tokens[1][1]), find))
    raise _wrong(text, at)


def _composed(outer: Find, inner: Find) -> Find:
    return lambda x: outer(inner(x))


def _item(i: int) -> Find:
    return lambda x: x[i] if isinstance(x, list) and -len(x) <= i < len(x) else None


def _part(word: str) -> Find:
    first, last = (int(bound) if bound else None for bound in word[1:-1].split(":"))
    return lambda x: x[first:last] if isinstance(x, list) else None


def _each(rest: Find, flat: bool) -> Find:
    def every(x: Any) -> Any:
        if not isinstance(x, list):
            return None
        items = [y for item in x for y in (item if isinstance(item, list) else [item])] if flat else x
        return [rest(item) for item in items]

    return every
