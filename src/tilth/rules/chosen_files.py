"""The files that a file rule is about, and their checksums."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from tilth.regex import Regex
from tilth.rules.language.syntax import Rule, Text, Texts
from tilth.store.places import Object, files_at, store_of

CHUNK = 8 << 20  # bytes that are held at a time


def chosen(rule: Rule, places: Iterable[str]) -> list[Object]:
    """The files of some places, by name, that the rule's filters keep: `recentFiles`, then `uriRegex`, or as `filterOrder` says."""
    files = [file for place in places for file in files_at(place)]
    order = rule.tag("filterOrder")
    first = [one.name for one in order.value.members] if order and isinstance(order.value, Texts) else []
    for name in dict.fromkeys([*first, "recentFiles", "uriRegex"]):
        files = FILTERS[name](rule, files)
    return sorted(files, key=lambda file: file.place)


def _recent(rule: Rule, files: list[Object]) -> list[Object]:
    tag = rule.tag("recentFiles")
    return files if tag is None else sorted(files, key=lambda file: (-file.modified, file.place))[: int(tag.word)]


def _matching(rule: Rule, files: list[Object]) -> list[Object]:
    tag = rule.tag("uriRegex")
    if tag is None or not isinstance(tag.value, Text):
        return files
    pattern = Regex.parse(tag.value.pattern).full().compile_python()
    return [file for file in files if pattern.search(file.place)]


FILTERS = {"recentFiles": _recent, "uriRegex": _matching}


def checksum(rule: Rule, file: Object) -> str:
    """The checksum of a file's content in lower-case hexadecimal digits, by `hashAlgorithm`: SHA-256 unless the rule says another."""
    tag, store = rule.tag("hashAlgorithm"), store_of(file.place)
    found = hashlib.new("sha256" if tag is None else tag.word.replace("-", "").lower(), usedforsecurity=False)
    for start in range(0, file.bytes, CHUNK):
        found.update(store.part(file, start, min(start + CHUNK, file.bytes)))
    return found.hexdigest()
