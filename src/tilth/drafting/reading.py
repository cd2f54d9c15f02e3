"""How a file is to be read, where nobody has said it: with or without a line of names, in which encoding, with quotes or without.

What cannot be read as usual says why, and most reasons have one remedy. It is tried, and written down together with its reason.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

from tilth.data import Dataset, Kind
from tilth.engine.session import Session
from tilth.engine.textfiles import likely_encodings
from tilth.errors import RequestError
from tilth.formats import read
from tilth.formats.csv import Csv
from tilth.formats.format import by_name, recognised
from tilth.formats.guess import guess

NOTHING = ("", "?", "n/a", "na", "nan", "null", "none")  # texts that speak neither for names nor for values


@dataclass(frozen=True)
class Manner:
    """The options of reading, and for those that were found out the reason."""

    options: Mapping[str, Any]
    reasons: Mapping[str, str] = field(default_factory=dict)

    def found(self, reason: str, **options: Any) -> Manner:
        """These options too, for a reason."""
        return replace(self, options={**self.options, **options}, reasons={**self.reasons, **dict.fromkeys(options, reason)})

    def read(self, place: str, engine: Session, **more: Any) -> Dataset:
        """The data of a place, read in this manner."""
        return read(place, engine=engine, **{**self.options, **more})


def opened(place: str, engine: Session, options: Mapping[str, Any]) -> tuple[Manner, Dataset]:
    """The data of a place, and how it was read: by the options, and by what had to be found out.

    Errors: those of reading with the options as they were given, where there is no remedy or it does not help.
    """
    manner, refusal = Manner(options), None
    while True:
        try:
            tried = _without_names(place, manner)
            return tried, tried.read(place, engine)
        except RequestError as error:
            refusal = refusal or error
            remedied = next(_remedies(error, place, manner), None)
            if remedied is None:
                raise refusal from None
            manner = remedied


def _csv(place: str, manner: Manner) -> Csv | None:
    named = manner.options.get("format")
    form = by_name(named) if named else recognised(place)
    return form if isinstance(form, Csv) else None


def _without_names(place: str, manner: Manner) -> Manner:
    form = _csv(place, manner)
    if form is None or {"header", "names"} & set(manner.options) or has_names(form.head(place, **manner.options)):
        return manner
    return manner.found("the first line looks like values, not names", header=False)


def _remedies(error: RequestError, place: str, manner: Manner) -> Iterator[Manner]:
    """How else the data may be read, by the reason why it could not be."""
    form = _csv(place, manner)
    if form is None:
        return
    codes = {m.code for m in error.mistakes}
    where = next((m.place.file for m in error.mistakes if m.place and m.place.file), place)
    if "encoding" not in manner.options and codes & {"wrong-encoding", "no-text"}:
        encoding = likely_encodings(where).split(" ")[0]
        yield manner.found("not utf-8, and a guess: look at letters with accents", encoding=encoding)
    if "quote" not in manner.options and codes & {"unreadable", "open-quote", "stray-quote", "ragged-row"}:
        yield manner.found("quotes stand inside the texts", quote="")
    if "names" not in manner.options and codes & {"twin-names", "empty-name"}:
        header = form.head(place, **manner.options)[0]
        yield manner.found("the header has a name twice, or a column without one", names=told_apart(header), header=True)


def told_apart(names: Sequence[str]) -> list[str]:
    """Names that can be told apart: a twin gets a number, a column without a name its place.

    The first column without a name is the index that pandas writes.

    >>> told_apart(["id", "a", "A", "", "a_2"])
    ['id', 'a', 'A_2', 'column_3', 'a_2_2']
    """
    found: list[str] = []
    for i, name in enumerate(names):
        base = chosen = name.strip() or (f"column_{i}" if i else "index")
        number = 2
        while chosen.casefold() in {f.casefold() for f in found}:
            chosen, number = f"{base}_{number}", number + 1
        found.append(chosen)
    return found


def has_names(rows: Sequence[Sequence[str]]) -> bool:
    """Whether the first of some rows holds the names of the columns, as far as the others tell.

    It does if it has a word above numbers or dates. It does not if it has a number above numbers, or a word that stands in its column
    again. Numbers that count up, such as years or 0, 1, 2, are names.

    >>> has_names([["age", "job"], ["31", "cook"], ["50", "cook"]]), has_names([["31", "cook"], ["50", "cook"]])
    (True, False)
    >>> has_names([["land", "2019", "2020"], ["Chad", "7", "8"], ["Fiji", "3", "9"]])
    True
    """
    if len(rows) < 2:
        return True
    numbers, again = [], False
    for i, cell in enumerate(rows[0]):
        values = [row[i] for row in rows[1:] if len(row) > i]
        told = guess(values, NOTHING)
        if cell.strip().casefold() in NOTHING or not told.seen:
            continue
        if not told.kinds:
            again |= cell in values
        elif not (kinds := guess([cell]).kinds):
            return True
        elif kinds[0] in (Kind.INTEGER, Kind.FLOAT):
            numbers.append(float(cell))
        else:
            again = True
    counting = len(numbers) > 1 and all(b - a == 1 for a, b in pairwise(numbers))
    return not again and (counting or not numbers)
