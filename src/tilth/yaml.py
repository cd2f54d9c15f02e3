"""YAML for flows: read as plain values with the place of each, and written on one line.

YAML 1.2's core schema: `yes` and `no` are strings, not booleans, because the values of labels are often these words.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

import yaml

from tilth.errors import FlowError, Mistake, Place, first_line

Path = tuple[str | int, ...]
MOST_NODES = 100_000  # nested aliases could make a document grow without bound; no flow needs this many nodes
DEEPEST = 60
LONGEST_INTEGER = 300  # digits; a longer one is a string, because Python does not parse it
LONGEST_LINE = 500  # characters; a longer one is not shown

# both loaders give the same positions; the one in C is ten times faster
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
LINE_END = re.compile("\r\n|[\r\n\x85\u2028\u2029]")  # as YAML defines it
YAML_1_1: Any = yaml.resolver.Resolver()  # what other readers take a plain word for
STRING = "tag:yaml.org,2002:str"
CORE_TAGS = re.compile(r"tag:yaml\.org,2002:(str|int|float|bool|null|map|seq|timestamp|merge|value)")

NULL = re.compile(r"~|null|Null|NULL|")
BOOLEAN = re.compile(r"true|True|TRUE|false|False|FALSE")
INTEGER = re.compile(r"[-+]?[0-9]+")
DAY = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")
FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
SPECIAL = {".inf": "inf", "+.inf": "inf", "-.inf": "-inf", ".nan": "nan"}


@dataclass
class Document:
    """A YAML document: its value, and for each path in it the places of its key and of its value."""

    value: Any
    file: str
    lines: list[str]
    places: dict[Path, tuple[Place, Place]] = field(default_factory=dict)
    mistakes: list[Mistake] = field(default_factory=list)

    def place(self, path: Path, of_key: bool = False) -> Place:
        """The place of a path, or of its nearest parent in the document."""
        for end in range(len(path), 0, -1):
            if path[:end] in self.places:
                return self.places[path[:end]][0 if of_key and end == len(path) else 1]
        return Place(self.file, 1, 1, self.lines[0] if self.lines else "")

    def located(self, found: Iterable[tuple[Path, Mistake]]) -> list[Mistake]:
        """Mistakes with their paths, each at its place: a missing or unknown key at the key, everything else at the value."""
        return [m.at(self.place(path, of_key=m.code in ("missing-key", "unknown-key"))) for path, m in found]

    def within(self, path: Path, inner: Place) -> Place:
        """The place in the document of a place inside a string: exact for a block (`|`) or a single line, else the value's own.

        >>> document = parse("check: |\\n  Rules = [\\n")
        >>> print(document.within(("check",), Place(None, 1, 9)))
        <flow>:2:11
        """
        place = self.place(path)
        if not (place.line and place.column and inner.line and inner.column):
            return place
        first = self.lines[place.line - 1][place.column - 1 : place.column]
        if first == "|":
            line = place.line + inner.line
            indent = next((len(text) - len(text.lstrip(" ")) for text in self.lines[place.line :] if text.strip()), 0)
            return Place(self.file, line, inner.column + indent, self.lines[line - 1] if line <= len(self.lines) else None, inner.length)
        if first != ">" and inner.line == 1 and place.length > 1:
            return replace(place, column=place.column + inner.column - 1 + (first in "\"'"), length=inner.length)
        return place


def parse(text: str, file: str = "<flow>", typed: bool = False) -> Document:
    """Parse a YAML string. `typed`: dates, times and keys are read with their types; otherwise they are strings.

    Duplicate keys are recorded as mistakes of the document. Errors: `FlowError` for invalid YAML, with its place.

    >>> document = parse("data: {read: a.csv}")
    >>> document.value, document.place(("data", "read")).column
    ({'data': {'read': 'a.csv'}}, 14)
    >>> parse("{from: 2024-12-31, 1: no}", typed=True).value
    {'from': datetime.date(2024, 12, 31), 1: 'no'}
    """
    lines = LINE_END.split(text)
    try:
        _reject_deep(text, file, lines)
        node = yaml.compose(text, Loader=LOADER)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = _place(mark, file, lines) if mark else Place(file)
        tab = mark is not None and mark.line < len(lines) and lines[mark.line][: mark.column + 1].isspace() and "\t" in lines[mark.line]
        what, hint = ("a tab", "indent lines by spaces") if tab else (error.problem or error.context, "")
        raise FlowError(f"invalid YAML: {what}", place=place, hint=hint, code="not-yaml") from error
    except (yaml.YAMLError, UnicodeEncodeError) as error:
        raise FlowError(f"invalid YAML: {first_line(error)}", place=Place(file), code="not-yaml") from error
    document = Document(None, file, lines)
    if node is not None:
        document.value = _Builder(document, typed).build(node, ())
    return document


def _reject_deep(text: str, file: str, lines: list[str]) -> None:
    """Reject too deep nesting before the document is built: building recurses, and the C loader would crash the process."""
    depth = 0
    for event in yaml.parse(text, Loader=LOADER):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEPEST:
            raise _too_large(_place(event.start_mark, file, lines))


def _too_large(place: Place) -> FlowError:
    limits = f"at most {MOST_NODES} values, nested at most {DEEPEST} deep"
    return FlowError("this document is too large", place=place, accepted=limits, code="too-large")


def _place(mark: Any, file: str, lines: list[str], length: int = 1) -> Place:
    line = lines[mark.line] if mark.line < len(lines) else ""
    return Place(file, mark.line + 1, mark.column + 1, line if len(line) <= LONGEST_LINE else None, length)


class _Builder:
    def __init__(self, document: Document, typed: bool) -> None:
        self.document = document
        self.typed = typed
        self.nodes = 0

    def build(self, node: yaml.Node, path: Path) -> Any:
        self.nodes += 1
        if self.nodes > MOST_NODES or len(path) > DEEPEST:
            raise _too_large(self.at(node))
        if not CORE_TAGS.fullmatch(node.tag):
            self.document.mistakes.append(Mistake(f"the tag {node.tag!r} is not supported", self.at(node), hint="leave it out", code="tag"))
        if isinstance(node, yaml.MappingNode):
            return self.mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self.child(child, (*path, i), self.at(child)) for i, child in enumerate(node.value)]
        return self.scalar(node)

    def at(self, node: yaml.Node) -> Place:
        length = node.end_mark.column - node.start_mark.column if node.end_mark.line == node.start_mark.line else 1
        return _place(node.start_mark, self.document.file, self.document.lines, length)

    def child(self, node: yaml.Node, path: Path, key: Place) -> Any:
        self.document.places[path] = key, self.at(node)
        return self.build(node, path)

    def mapping(self, node: yaml.MappingNode, path: Path) -> dict[Any, Any]:
        mapping: dict[Any, Any] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                self.document.mistakes.append(Mistake("a key must be a word", self.at(key_node), code="bad-key"))
                continue
            key = self.scalar(key_node) if self.typed else key_node.value
            if key in mapping:
                first = self.document.places[(*path, key)][0].line
                self.document.mistakes.append(Mistake(f"{key!r} is already set on line {first}", self.at(key_node), code="set-twice"))
                continue
            mapping[key] = self.child(value_node, (*path, key), self.at(key_node))
        return mapping

    def scalar(self, node: yaml.Node) -> Any:
        text: str = node.value
        if getattr(node, "style", None):  # the plain style is "" in the C loader, and None in the other one
            return text
        return (_day_or_time(text) if self.typed else None) or plain(text)


def plain(text: str) -> Any:
    """The value of an unquoted word.

    >>> plain("no"), plain("true"), plain("0.8"), plain("007"), plain("")
    ('no', True, 0.8, '007', None)
    """
    if NULL.fullmatch(text):
        return None
    if BOOLEAN.fullmatch(text):
        return text.lower() == "true"
    if INTEGER.fullmatch(text):
        digits = text.lstrip("+-")
        return text if (len(digits) > 1 and digits[0] == "0") or len(digits) > LONGEST_INTEGER else int(text)
    if FLOAT.fullmatch(text):
        return float(text)
    if text.lower() in SPECIAL:
        return float(SPECIAL[text.lower()])
    return text


def _day_or_time(text: str) -> date | datetime | None:
    """A date, or a date and a time, in ISO 8601; None for anything else, and for dates that do not exist."""
    try:
        return DAY.match(text) and (date if len(text) == len("2024-12-31") else datetime).fromisoformat(text)
    except ValueError:
        return None


def yaml_string(text: str) -> str:
    """A string as YAML: plain if readers of YAML 1.1 and 1.2 read it back as the same string, otherwise quoted.

    YAML 1.1, which many programs read, has more booleans (`no`, `On`), and numbers such as 007 and 1_000.

    >>> yaml_string("age"), yaml_string("No"), yaml_string("007"), yaml_string("12"), yaml_string("a b")
    ('age', '"No"', '"007"', '"12"', '"a b"')
    """
    bare = re.fullmatch(r"[\w./][\w./-]*", text) is not None and plain(text) == text and text.isprintable()
    return text if bare and YAML_1_1.resolve(yaml.ScalarNode, text, (True, False)) == STRING else quoted(text)


def quoted(text: str) -> str:
    """A string in YAML's double quotes; unprintable characters are escaped."""
    written = json.dumps(text, ensure_ascii=False)
    return "".join(c if c.isprintable() else f"\\u{ord(c):04x}" if ord(c) < 0x10000 else f"\\U{ord(c):08x}" for c in written)


def yaml_value(value: Any) -> str:
    """A value as YAML."""
    if isinstance(value, list | tuple):
        return f"[{', '.join(yaml_value(v) for v in value)}]"
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{_yaml_key(k)}: {yaml_value(v)}' for k, v in value.items())}}}"
    return yaml_string(value) if isinstance(value, str) else json.dumps(value)


def _yaml_key(key: str) -> str:
    return key if key == "on" else yaml_string(key)  # in `dedupe: {on: id}` people never quote it


def comment_text(text: str) -> str:
    """A string as part of a comment: on one line, printable characters only."""
    return "".join(c for c in " ".join(text.split()) if c.isprintable())
