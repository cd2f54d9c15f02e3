"""featurize: what can be counted of a text, and the parts of a day or time, become numbers."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlglot.expressions import Expression as Tree

from tilth.data import Column, Kind
from tilth.engine.expressions import case, col, ge, lit, lt, sub
from tilth.engine.operations.lookups import at_place
from tilth.engine.operations.times import Weekday, known_zone, local_time, part
from tilth.errors import Mistake, listed
from tilth.metrics.text.features import FEATURES
from tilth.steps.naming import short
from tilth.steps.step import ColumnStep
from tilth.steps.time.bins import UTC

OF_TEXT = tuple(FEATURES)
TEXT_DEFAULT = ("characters", "words", *(f"{name}_share" for name in ("upper", "lower", "digits", "spaces", "punctuation")))


def _weekend(day: Tree) -> Tree:
    return case((ge(Weekday.of(day), lit(6)), lit(1)), (lt(Weekday.of(day), lit(6)), lit(0)))


OF_DAY: Mapping[str, tuple[Callable[[Tree], Tree], int, int]] = {
    "year": (part("year"), 0, 0),
    "quarter": (part("quarter"), 1, 4),
    "month": (part("month"), 1, 12),
    "week": (part("weekofyear"), 1, 53),
    "day": (part("day"), 1, 31),
    "weekday": (Weekday.of, 1, 7),
    "day_of_year": (part("dayofyear"), 1, 366),
    "weekend": (_weekend, 0, 0),
}
"""Part of a day → its tree, its smallest and its largest value; both are 0 if the part is not cyclic."""
OF_TIME = {**OF_DAY, "hour": (part("hour"), 0, 23), "minute": (part("minute"), 0, 59), "second": (part("second"), 0, 59)}
DAY_DEFAULT = ("year", "month", "day", "weekday", "day_of_year")
DEFAULTS: Mapping[Kind, tuple[str, ...]] = {
    Kind.STRING: TEXT_DEFAULT,
    Kind.DATE: DAY_DEFAULT,
    **dict.fromkeys((Kind.TIMESTAMP, Kind.TIMESTAMP_TZ), (*DAY_DEFAULT, "hour")),
}


NO_CYCLE = (None, 0, 0)


@dataclass(frozen=True)
class Featurize(ColumnStep):
    """Turns a text into columns of counts and shares, and a date or time into columns of its parts: `{column}_{part}` for each.

    | of | parts |
    |---|---|
    | texts | `characters`; `words`, which blanks separate; `letters` (A–Z and a–z), `upper`, `lower`, `digits`, `spaces`, `punctuation` |
    | texts | shares of the characters: `letters_share`, `upper_share` … `punctuation_share` |
    | texts | also `length_words`, `readability`, `script` …: the [features of texts](bias.md#features-of-texts) |
    | days and times | `year`, `quarter`, `month`, `week` (ISO 8601), `day`, `weekday` (Monday is 1), `day_of_year`, `weekend` (1 or 0) |
    | times | also `hour`, `minute`, `second` |

    Letters beyond A–Z count only as characters, because engines classify them differently; punctuation means ASCII punctuation. With
    `cyclic`, a part v becomes `{column}_{part}_sin` and `_cos`, the sine and cosine of 2π(v − first) / (last − first + 1), so that December
    is as near to January as to November; a year then has 53 weeks and 366 days. Null has no parts, and an empty text no shares. Use `parse`
    first for strings that hold dates.

    Elsewhere: pandas' `Series.dt` (`week` is `isocalendar().week`, `weekday` is `day_of_week + 1`) and `Series.str.len`.

    Errors: a column that does not hold strings, dates or times, or has none of the parts; a new column whose name exists.

    >>> print(Featurize("sold", parts_=("month", "weekday"), cyclic=True))
    featurize(columns='sold', parts=['month', 'weekday'], cyclic=True)
    """

    name = "featurize"
    parts = frozenset({"features"})
    makes_columns = True

    parts_: tuple[str, ...] = ()
    """The parts; each column gets those that its kind has. Default: for texts, characters, words and shares; for dates, year, month, day,
    weekday and day of the year; for times also the hour; with `cyclic`, those of them that are cyclic."""
    cyclic: bool = False
    """Dates and times: whether to write a part as sine and cosine."""
    zone: str = UTC
    """The time zone in which a timestamp with time zone is read, such as `Europe/Berlin`."""

    def mistakes(self) -> Iterator[Mistake]:
        known = (*OF_TEXT, *OF_TIME)
        for word in self.parts_:
            if word not in known:
                yield Mistake(f"featurize: there is no part {word!r}", accepted=listed(known, 40), code="bad-value")
            elif self.cyclic and not OF_TIME.get(word, NO_CYCLE)[2]:
                cyclic = listed((name for name, (_, _, last) in OF_TIME.items() if last), 40)
                yield Mistake(f"featurize: {word!r} does not come round", accepted=f"with `cyclic`: {cyclic}", code="bad-value")
        if len(set(self.parts_)) < len(self.parts_):
            yield Mistake("featurize: a part is in `parts` twice", code="bad-value")
        if not known_zone(self.zone):
            accepted = "a name of the time zone database, such as `Europe/Berlin`"
            yield Mistake(f"featurize: `zone` is {self.zone!r}", accepted=accepted, code="bad-value")

    def change(self, column: Column, **learned: Any) -> Mapping[str, Tree | None]:
        made = {}
        for word in self._written(column):
            for ending, tree in self._features(column, word):
                made[short(f"{self.out(column.name)}_{word}", ending)] = tree
        return {column.name: None} | made

    def _written(self, column: Column) -> list[str]:
        """The parts that are written of a column."""
        known = OF_TEXT if column.kind is Kind.STRING else OF_DAY if column.kind is Kind.DATE else OF_TIME
        wanted = [word for word in self.parts_ or DEFAULTS.get(column.kind, ()) if word in known]
        return [word for word in wanted if OF_TIME.get(word, NO_CYCLE)[2]] if self.cyclic else wanted

    def _features(self, column: Column, word: str) -> Iterator[tuple[str, Tree]]:
        """The columns for one part: what their names end in, and their trees."""
        x = col(column.name)
        if column.kind is Kind.STRING:
            yield "", FEATURES[word].of(x)
            return
        make, first, last = OF_TIME[word]
        tree = make(local_time(x, self.zone) if column.kind is Kind.TIMESTAMP_TZ and self.zone != UTC else x)
        if not self.cyclic:
            yield "", tree
            return
        for name, function in (("sin", math.sin), ("cos", math.cos)):
            turn = 2 * math.pi / (last - first + 1)
            yield name, at_place(sub(tree, lit(first)), [function(turn * i) for i in range(last - first + 1)])

    def accepts(self, column: Column) -> str:
        if column.kind is Kind.STRING or column.kind.temporal:
            cyclic = " that come round" if self.cyclic else ""
            return "" if self._written(column) else f"has none of the parts{cyclic}"
        return "has no parts: only strings, days and times have"
