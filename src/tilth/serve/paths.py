"""Paths into records: the part of JSONPath that filters of SageMaker's batch transform support."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from tilth.errors import Mistake, RequestError, listed
from tilth.errors import Place as FilePlace

QUOTED, RANGE = r"'(?:[^'\\]|\\.)*'", r"-?[0-9]{1,9}|(?:-?[0-9]{1,9})?\s*:\s*(?:-?[0-9]{1,9})?"
STEP = re.compile(
    rf"\.(?P<name>[^\s.\[\]'\"*$,:()?@]+)|(?P<all>\.\*|\.?\[\s*\*\s*\])"
    rf"|\.?\[\s*(?:(?P<names>{QUOTED}(?:\s*,\s*{QUOTED})*)|(?P<positions>(?:{RANGE})(?:\s*,\s*(?:{RANGE}))*))\s*\]"
)
ACCEPTED = "$, then .name, ['name'], ['name','other'], [0], [0,-1], [1:4], [*]"


class NoValue(RequestError):
    """A record has no value at a path."""


@dataclass(frozen=True)
class Step:
    """One step of a path: names of members, or positions and ranges in a list. Without either it selects all."""

    names: tuple[str, ...] = ()
    positions: tuple[int | slice, ...] = ()

    @property
    def one(self) -> bool:
        """Whether it gives one value: the value of one name or position, or an object with several names."""
        return bool(self.names) or (len(self.positions) == 1 and isinstance(self.positions[0], int))

    def of(self, value: Any) -> list[Any]:
        """The values that this step selects from a value. Errors: `NoValue`."""
        if self.names:
            if not isinstance(value, dict):
                raise NoValue("the value is not an object, which has names", code="no-value")
            if missing := [name for name in self.names if name not in value]:
                raise NoValue(f"there is no {listed(missing)}", accepted=listed(value), code="no-value")
            return [value[self.names[0]] if len(self.names) == 1 else {name: value[name] for name in self.names}]
        if not self.positions and isinstance(value, dict):
            return list(value.values())
        if not isinstance(value, list):
            raise NoValue("the value is not a list", code="no-value")
        if far := [p for p in self.positions if isinstance(p, int) and not -len(value) <= p < len(value)]:
            accepted = f"{-len(value)} to {len(value) - 1}" if value else ""
            raise NoValue(f"there is no position {far[0]} in {len(value)} values", accepted=accepted, code="no-value")
        parts = [value[p] if isinstance(p, slice) else [value[p]] for p in self.positions or (slice(None),)]
        return [one for part in parts for one in part]


@dataclass(frozen=True)
class Path:
    """A path, which selects a part of a record.

    A name gives the value of that member, several names give an object. A position gives the value there, counted from 0, or from the
    end if it is negative. `[*]`, ranges and several positions give a list. The end of a range is excluded, unless `inclusive`. An absent
    name or position is an error; ranges are cut to the existing values.

    Errors: `RequestError` for an unsupported path; `NoValue`.

    >>> row = [10, 20, 30, 40, 50, 60]
    >>> [Path.parse(text).of(row) for text in ("$[0]", "$[0,-1]", "$[1:4]", "$[0,5:]")]
    [10, [10, 60], [20, 30, 40], [10, 60]]
    >>> Path.parse("$[1:4]", inclusive=True).of(row)
    [20, 30, 40, 50]
    >>> Path.parse("$.f['a','b']").of({"f": {"a": 1, "b": 2, "c": 3}})
    {'a': 1, 'b': 2}
    """

    text: str
    steps: tuple[Step, ...]

    @classmethod
    def parse(cls, text: str, inclusive: bool = False) -> Path:
        """Parse a path."""
        if not text.startswith("$"):
            raise _wrong(text, 0)
        steps, at = list[Step](), 1
        while at < len(text):
            found = STEP.match(text, at)
            if found is None or (steps and len(steps[-1].names) > 1):  # several names must be the last step
                raise _wrong(text, at)
            steps.append(_step(found, inclusive))
            at = found.end()
        return cls(text, tuple(steps))

    def of(self, record: Any) -> Any:
        """The value at the path in a record."""
        values = [record]
        for step in self.steps:
            values = [one for value in values for one in step.of(value)]
        return values[0] if all(step.one for step in self.steps) else values

    @property
    def bounded(self) -> bool:
        """Whether it has a range with an end, which may be exclusive or inclusive."""
        return any(isinstance(p, slice) and p.stop is not None for step in self.steps for p in step.positions)

    @property
    def mixed(self) -> bool:
        """Whether it has a range among several positions."""
        return any(len(step.positions) > 1 and any(isinstance(p, slice) for p in step.positions) for step in self.steps)

    @property
    def of_row(self) -> bool:
        """Whether it applies to a row without names: it has at most one step, without names."""
        return len(self.steps) <= 1 and not any(step.names for step in self.steps)


def _step(found: re.Match[str], inclusive: bool) -> Step:
    if found["name"]:
        return Step(names=(found["name"],))
    if found["names"]:
        return Step(names=tuple(re.sub(r"\\(.)", r"\1", quoted[1:-1]) for quoted in re.findall(QUOTED, found["names"])))
    return Step(positions=tuple(_position(part.strip(), inclusive) for part in (found["positions"] or "").split(",") if part.strip()))


def _position(text: str, inclusive: bool) -> int | slice:
    if ":" not in text:
        return int(text)
    begin, end = (int(part) if part.strip() else None for part in text.split(":"))
    if inclusive and end is not None:
        end = None if end == -1 else end + 1
    return slice(begin, end)


def _wrong(text: str, at: int) -> RequestError:
    mistake = Mistake("this path is not supported", FilePlace("<path>", 1, at + 1, text), accepted=ACCEPTED, code="bad-path")
    return RequestError(mistake)
