"""Detects how to read a file: with or without a header, in which encoding, with or without quotes.

Most errors of reading have one remedy. It is tried, and recorded together with the reason.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from tilth.data import Dataset
from tilth.engine.session import Session
from tilth.engine.textfiles import likely_encodings
from tilth.errors import RequestError
from tilth.formats import read
from tilth.formats.csv import Csv
from tilth.formats.format import by_name, recognised
from tilth.formats.guess import values_in_header
from tilth.formats.reading import on_this_machine

NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")


@dataclass(frozen=True)
class ReadOptions:
    """Options of reading, with the reasons for those that were detected."""

    options: Mapping[str, Any]
    reasons: Mapping[str, str] = field(default_factory=dict)

    def adding(self, reason: str, **options: Any) -> ReadOptions:
        """These options, and more for a reason."""
        return replace(self, options={**self.options, **options}, reasons={**self.reasons, **dict.fromkeys(options, reason)})

    def read(self, place: Any, engine: Session, **more: Any) -> Dataset:
        """Read the data in a place, or in memory, with these options."""
        return read(place, engine=engine, **{**self.options, **more})


def read_detected(place: Any, engine: Session, options: Mapping[str, Any]) -> tuple[ReadOptions, Dataset]:
    """Read the data in a place with the given options, and with more that are detected.

    Errors: those of reading with the given options, if there is no remedy or it does not help.
    """
    reading, first_error = ReadOptions(options), None
    while True:
        try:
            tried = _detect_header(place, _detect_spaces(place, reading))
            return tried, tried.read(place, engine)
        except RequestError as error:
            first_error = first_error or error
            remedied = next(_remedies(error, place, reading), None)
            if remedied is None:
                raise first_error from None
            reading = remedied


def _csv(place: Any, reading: ReadOptions) -> Csv | None:
    named = reading.options.get("format")
    form = by_name(named) if named else recognised(place)
    return form if isinstance(form, Csv) else None


def _head(form: Csv, place: Any, reading: ReadOptions) -> list[list[str]]:
    with on_this_machine(place) as (local, _):
        return form.head(local, **reading.options)


def _detect_spaces(place: Any, reading: ReadOptions) -> ReadOptions:
    """Values between spaces: no other delimiter is found, each line has as many of them, and two or more columns are numbers."""
    form = _csv(place, reading)
    if form is None or {"delimiter", "names"} & set(reading.options):
        return reading
    lines = _head(form, place, reading)
    if len(lines) < 3 or any(len(line) != 1 for line in lines):
        return reading
    rows = [line[0].split(" ") for line in lines]
    if len({len(row) for row in rows}) > 1 or sum(all(NUMBER.fullmatch(v) for v in column) for column in zip(*rows[1:], strict=True)) < 2:
        return reading
    return reading.adding(f"{len(rows[0])} values in each line, between spaces", delimiter=" ")


def _detect_header(place: Any, reading: ReadOptions) -> ReadOptions:
    form = _csv(place, reading)
    if form is None or {"header", "names"} & set(reading.options) or not values_in_header(_head(form, place, reading)):
        return reading
    return reading.adding("the first line looks like values, not names", header=False)


def _remedies(error: RequestError, place: Any, reading: ReadOptions) -> Iterator[ReadOptions]:
    """Other options to try, by the code of the error."""
    form = _csv(place, reading)
    if form is None:
        return
    codes = {m.code for m in error.mistakes}
    where = next((m.place.file for m in error.mistakes if m.place and m.place.file), place)
    if "encoding" not in reading.options and codes & {"wrong-encoding", "not-text"}:
        encoding = likely_encodings(where).split(" ")[0]
        yield reading.adding("not utf-8, and a guess: look at letters with accents", encoding=encoding)
    if "quote" not in reading.options and codes & {"unreadable", "open-quote", "stray-quote", "ragged-row"}:
        yield reading.adding("quotes inside values", quote="")
    if "names" not in reading.options and codes & {"duplicate-names", "empty-name"}:
        header = _head(form, place, reading)[0]
        names = unique_names(header)
        index = names[0] == "index" and names[1:] == header[1:]
        why = "the first column has no name" if index else "the header has a name twice, or a column without one"
        yield reading.adding(why, names=names, header=True)


def unique_names(names: Sequence[str]) -> list[str]:
    """Unique names: a duplicate gets a number, a column without a name its position.

    A first column without a name is the index that pandas writes.

    >>> unique_names(["id", "a", "A", "", "a_2"])
    ['id', 'a', 'A_2', 'column_3', 'a_2_2']
    """
    unique: list[str] = []
    for i, name in enumerate(names):
        base = chosen = name.strip() or (f"column_{i}" if i else "index")
        number = 2
        while chosen.casefold() in {u.casefold() for u in unique}:
            chosen, number = f"{base}_{number}", number + 1
        unique.append(chosen)
    return unique
