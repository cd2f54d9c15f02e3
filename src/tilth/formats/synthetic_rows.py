"""The rows of a declared schema: each cell is drawn at random as its column declares."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from hashlib import md5
from itertools import accumulate
from math import gcd, isfinite
from typing import Annotated, Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import BaseModel, ConfigDict, Field

from tilth.data.origin import ORIGIN, PARENT, SYNTHETIC
from tilth.engine.arrow import from_numpy, mask_of
from tilth.errors import ExpressionError, FlowError, Mistake, RequestError
from tilth.regex import Regex
from tilth.regex.chars import CharSet
from tilth.regex.tree import Chars, Choice, Node, Repeat
from tilth.regex.tree import Sequence as Parts
from tilth.validation import validated
from tilth.yaml import parse

AT_ONCE = 100_000  # rows of a batch; each batch has its own random numbers, so rows do not depend on how they are read
LONGER = 8  # the most repetitions beyond the minimum for an unbounded repeat
MOST_CHARACTERS = 10_000  # of a character set in a pattern
MOST_ROWS = 2**31
UNIQUE_OF = 2**62  # the most codes from which unique values are chosen
TESTED = 1_000  # generated strings that are checked against their pattern
TYPES = {
    "boolean": pa.bool_(),
    "integer": pa.int64(),
    "float": pa.float64(),
    "string": pa.string(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us"),
}
LIMITS: Mapping[str, tuple[Any, Any]] = {
    "integer": (0, 100),
    "float": (0.0, 1.0),
    "date": (date(2020, 1, 1), date(2029, 12, 31)),
    "timestamp": (datetime(2020, 1, 1), datetime(2029, 12, 31)),
}
"""Kind → the default `from` and `to`."""


class SyntheticColumn(BaseModel):
    """The content of a column: a `kind` with its limits, `values`, or a `pattern`."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    kind: Literal["boolean", "integer", "float", "string", "date", "timestamp"] | None = None
    least: Any = Field(None, alias="from")
    most: Any = Field(None, alias="to")
    decimals: Annotated[int, Field(ge=0, le=15)] | None = None
    values: list[Any] | dict[Any, Annotated[float, Field(ge=0, strict=False)]] | None = None
    pattern: str | None = None
    unique: bool = False
    nulls: Annotated[float, Field(ge=0, le=1, strict=False)] = 0.0


class SyntheticSchema(BaseModel):
    """Columns, the number of rows, and the seed."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    rows: Annotated[int, Field(ge=0, le=MOST_ROWS)] = 1_000
    seed: int = 0
    columns: Annotated[dict[str, SyntheticColumn], Field(min_length=1)]


def schema_of(text: str, place: str, **options: Any) -> SyntheticSchema:
    """Parse a schema in YAML. `options` replace values in it. Errors: `RequestError` with every mistake."""
    return validated(SyntheticSchema, {**_document(text, place), **options})


def synthetic_rows(schema: SyntheticSchema) -> Iterator[pa.RecordBatch]:
    """The rows of a schema, in batches; one empty batch if there are none. Errors: `RequestError` with every mistake of its columns."""
    makers: dict[str, Maker] = {}
    taken = [c for c in schema.columns if c.casefold() in (ORIGIN, PARENT)]
    mistakes = [Mistake(f"columns.{c}: every row says so of itself", hint="rename the column", code="name-clash") for c in taken]
    for name, column in schema.columns.items():
        try:
            makers[name] = _maker(column, schema.rows)
        except RequestError as error:
            mistakes += [Mistake(f"columns.{name}: {m.message}", accepted=m.accepted, hint=m.hint, code=m.code) for m in error.mistakes]
    RequestError.reject(mistakes)
    return (_batch(schema, makers, start) for start in range(0, max(schema.rows, 1), AT_ONCE))


def _document(text: str, place: str) -> dict[str, Any]:
    try:
        document = parse(text, place, typed=True)
    except FlowError as error:
        raise RequestError(*(replace(m, message=f"this is not a schema: {m.message}") for m in error.mistakes)) from error
    RequestError.reject(document.mistakes)
    if not isinstance(document.value, dict) or not all(isinstance(key, str) for key in document.value):
        raise RequestError(f"{place} is not a schema", accepted="a mapping with `columns`, `rows` and `seed`", code="no-schema")
    return document.value


class _Chance:
    """Random numbers for a column in a batch. Each call gives new numbers, equal on every machine."""

    def __init__(self, seed: str) -> None:
        self.key = int.from_bytes(md5(seed.encode(), usedforsecurity=False).digest(), "little")
        self.generator = np.random.Philox(key=self.key)

    def whole(self, n: int, below: int) -> np.ndarray:
        """Integers from 0 to `below` − 1; `below` is at most 2⁶⁴."""
        raw = self.generator.random_raw(n)
        return raw if below == 2**64 else raw % np.uint64(below)

    def shares(self, n: int) -> np.ndarray:
        """Numbers in [0, 1)."""
        found: np.ndarray = (self.generator.random_raw(n) >> np.uint64(11)) / 2.0**53
        return found


Maker = Callable[[_Chance, int, int], pa.Array]
"""(random numbers, first row, number of rows) → the values of these rows."""


def _batch(schema: SyntheticSchema, makers: Mapping[str, Maker], start: int) -> pa.RecordBatch:
    n = min(AT_ONCE, schema.rows - start)
    columns = {}
    for name, make in makers.items():
        values = make(_Chance(f"{schema.seed}|{start}|{name}"), start, n)
        missing = _Chance(f"{schema.seed}|{start}|{name}|null").shares(n) < schema.columns[name].nulls
        columns[name] = pc.if_else(mask_of(missing), pa.scalar(None, values.type), values)
    columns |= {ORIGIN: pa.repeat(SYNTHETIC, n), PARENT: pa.nulls(n, pa.string())}
    return pa.RecordBatch.from_pydict(columns)


def _maker(column: SyntheticColumn, rows: int) -> Maker:
    """The function that makes the values of a column. Errors: `RequestError` for settings that do not fit together."""
    said = [name for name, value in (("values", column.values), ("pattern", column.pattern)) if value is not None]
    limits = column.least is not None or column.most is not None
    if len(said) + limits > 1 or (not said and column.kind in (None, "string")) or (limits and column.kind not in LIMITS):
        accepted = "`kind` (integer, float, date, timestamp) with `from` and `to`, `kind: boolean`, `values`, or `pattern`"
        raise RequestError("the column has no definition, or several", accepted=accepted, code="bad-value")
    if column.decimals is not None and (column.kind != "float" or said):
        raise RequestError("`decimals` are of a column of `kind: float`", code="bad-value")
    if column.unique and not (column.pattern is not None or (column.kind == "integer" and not said)):
        raise RequestError("`unique` is for integers and patterns", code="bad-value")
    if column.pattern is not None:
        return _of_pattern(column, rows)
    if column.values is not None or column.kind == "boolean":
        return _of_values(column)
    return _of_range(column, rows)


def _of_values(column: SyntheticColumn) -> Maker:
    given = [False, True] if column.values is None else column.values
    shares = given if isinstance(given, dict) else dict.fromkeys(given, 1.0)
    total = sum(shares.values())
    if not total > 0 or not isfinite(total):
        raise RequestError("`values` has no value, or none with a share above 0", code="bad-value")
    try:
        values = pa.array(list(shares), TYPES[column.kind] if column.kind else None)
    except (pa.ArrowException, TypeError, ValueError):
        raise RequestError("`values` are not all of one kind", accepted=f"those of `kind`: {', '.join(TYPES)}", code="bad-value") from None
    if values.type not in TYPES.values():
        raise RequestError(f"`values` have an unsupported kind ({values.type})", accepted=", ".join(TYPES), code="bad-value")
    ends = np.array(list(accumulate(shares.values()))) / total
    ends[-1] = 1.0
    return lambda chance, start, n: values.take(from_numpy(np.searchsorted(ends, chance.shares(n), side="right")))


def _of_range(column: SyntheticColumn, rows: int) -> Maker:
    kind = str(column.kind)
    least, most = LIMITS[kind]
    if column.unique:
        least = 1 if column.least is None else column.least
        most = least + max(rows, 1) - 1 if isinstance(least, int) else least
    least, most = (_limit(kind, given, else_) for given, else_ in ((column.least, least), (column.most, most)))
    if least > most:
        raise RequestError(f"`from` is {least} and `to` is {most}", accepted="`from` not above `to`", code="bad-value")
    if kind == "float":
        return lambda chance, start, n: from_numpy(_rounded(least + chance.shares(n) * (most - least), column.decimals))
    unit = {"date": timedelta(days=1), "timestamp": timedelta(seconds=1)}.get(kind)
    span = (most - least) // unit + 1 if unit else most - least + 1
    if column.unique:
        order = _order(span, rows)
        return lambda chance, start, n: from_numpy(order(start, n) + least)
    if unit is None:
        return lambda chance, start, n: from_numpy((chance.whole(n, span) + np.uint64(least % 2**64)).view(np.int64))
    first = np.datetime64(least, "D" if kind == "date" else "s")
    return lambda chance, start, n: pa.array(first + chance.whole(n, span).astype(np.int64)).cast(TYPES[kind])


def _rounded(values: np.ndarray, decimals: int | None) -> np.ndarray:
    return values if decimals is None else np.round(values, decimals)


def _limit(kind: str, given: Any, else_: Any) -> Any:
    """A limit of a range, by default `else_`. Errors: `RequestError` if it does not have the column's kind."""
    value = else_ if given is None else given
    if kind == "timestamp" and type(value) is date:
        return datetime(value.year, value.month, value.day)
    if kind == "timestamp" and isinstance(value, datetime) and value.tzinfo is not None:
        value = value.astimezone(UTC).replace(tzinfo=None)
    fits = {
        "integer": type(value) is int and -(2**63) <= value < 2**63,
        "float": type(value) in (int, float) and isfinite(value),
        "date": type(value) is date,
        "timestamp": isinstance(value, datetime),
    }[kind]
    if not fits:
        accepted = {"integer": "a whole number of 64 bits", "float": "a number", "date": "such as 2024-12-31"}
        raise RequestError(f"{value!r} is not a limit of a column of kind {kind}", accepted=accepted.get(kind, "2024-12-31 18:30:00"))
    return float(value) if kind == "float" else value


def _order(size: int, rows: int) -> Callable[[int, int], np.ndarray]:
    """Distinct integers below `size` for rows, in an order that looks random. Errors: `RequestError` if there are too few."""
    if size < rows:
        raise RequestError(f"{rows:,} rows are to be unique, and there are {size:,} values", hint="make fewer rows", code="too-few-values")
    size = min(size, UNIQUE_OF)
    step = max(1, min(int(size * 0.6180339887), MOST_ROWS - 1))
    while gcd(step, size) > 1:
        step += 1
    return lambda start, n: np.arange(start, start + n, dtype=np.int64) * step % size


def _of_pattern(column: SyntheticColumn, rows: int) -> Maker:
    if column.kind not in (None, "string"):
        raise RequestError("a `pattern` makes strings", code="bad-value")
    try:
        pattern = Regex.parse(str(column.pattern))
    except ExpressionError as error:
        raise RequestError(*error.mistakes) from None
    if column.unique:
        sets = _fixed(pattern.tree)
        sizes = [len(_characters(among)) for among in sets]
        counted = 1
        for size in sizes:
            counted *= size
        order = _order(counted, rows)

        def make(chance: _Chance, start: int, n: int) -> pa.Array:
            return _numbered(sets, order(start, n))
    else:

        def make(chance: _Chance, start: int, n: int) -> pa.Array:
            return _strings(pattern.tree, chance, n)

    tested = make(_Chance(str(column.pattern)), 0, min(TESTED, max(rows, 1))).to_pylist()
    searched = re.compile(rf"(?:{pattern.python})\Z")
    if not all(searched.match(text) for text in tested):
        hint = "leave out \\b, and what can stand at one place only in the middle"
        raise RequestError(f"no strings can be made for the pattern {column.pattern!r}", hint=hint, code="bad-value")
    return make


def _fixed(node: Node) -> list[CharSet]:
    """The character sets of a pattern that has exactly one at each position. Errors: `RequestError` for other patterns."""
    match node:
        case Chars(among):
            return [among]
        case Parts(parts):
            return [among for part in parts for among in _fixed(part)]
        case Repeat(body, least, most) if least == most:
            return _fixed(body) * least
        case Choice() | Repeat():
            accepted = "a set of characters at each place, such as [A-Z]{2}-[0-9]{6}"
            raise RequestError("`unique` is for patterns of one length without alternatives", accepted=accepted, code="bad-value")
    return []


def _numbered(sets: Sequence[CharSet], numbers: np.ndarray) -> pa.Array:
    """The strings with these numbers: each position is a digit in the base of its character set, the last position is the lowest digit."""
    places = []
    for among in reversed(sets):
        characters = _characters(among)
        numbers, digits = np.divmod(numbers, len(characters))
        places.append(characters.take(from_numpy(digits)))
    return pc.binary_join_element_wise(*places[::-1], "") if places else pa.repeat("", len(numbers))


def _characters(among: CharSet) -> pa.Array:
    """The characters of a set; only printable ASCII characters if it has some."""
    kept = [(max(low, 32), min(high, 126)) for low, high in among.ranges if low <= 126 and high >= 32] or among.ranges
    points = [p for low, high in kept for p in range(low, min(high, low + MOST_CHARACTERS) + 1)]
    return pa.array([chr(p) for p in points[:MOST_CHARACTERS]])


def _strings(node: Node, chance: _Chance, n: int) -> pa.Array:
    """Random strings that match a pattern."""
    match node:
        case Chars(among):
            characters = _characters(among)
            return characters.take(from_numpy(chance.whole(n, len(characters)).astype(np.int64)))
        case Parts(parts):
            return _joined([_strings(part, chance, n) for part in parts], n)
        case Choice(options):
            return pc.choose(from_numpy(chance.whole(n, len(options)).astype(np.int64)), *(_strings(o, chance, n) for o in options))
        case Repeat(body, least, most):
            longest = least + LONGER if most is None else most
            lengths = chance.whole(n, longest - least + 1).astype(np.int64) + least
            made = (_strings(body, chance, n) for _ in range(longest))
            return _joined([pc.if_else(mask_of(lengths > i), part, "") for i, part in enumerate(made)], n)
    return pa.repeat("", n)


def _joined(parts: Sequence[pa.Array], n: int) -> pa.Array:
    return pc.binary_join_element_wise(*parts, "") if parts else pa.repeat("", n)
