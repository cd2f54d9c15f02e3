"""LibSVM (SVMlight): a line for each row with its label and features. Features may be left out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import IO, Any, ClassVar, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tilth.data import Files
from tilth.engine.session import Session
from tilth.engine.textfiles import unzipped
from tilth.errors import Mistake, Place, RequestError, SourceError, located
from tilth.formats.codec import Codec
from tilth.formats.layout import KEYS, MOST_COLUMNS, VALUES, Layout, TrainingFormat, named_by_manifest, numbers, plain, sparse_rows
from tilth.store.local import files

CHUNK = 1 << 22  # bytes that are read at once
CELLS = 1 << 22  # numbers in a batch
Absent = Literal["zero", "missing"]


class LibSVM(TrainingFormat, Codec):
    """LibSVM. A feature that a line leaves out is zero or missing, see `absent`. The first feature has the number 0 (`zero_based`) or 1.

    A file contains neither the names of columns nor their number. The names are `label`, `f0`, `f1` …, or those in the manifest next to it.
    """

    name = "libsvm"
    suffixes: ClassVar[tuple[str, ...]] = (".libsvm", ".svm", ".svmlight")
    options: ClassVar[tuple[str, ...]] = ("zero_based", "absent", "n_features", "weights", "lists")
    write_options: ClassVar[tuple[str, ...]] = ("zero_based", "absent", "n_features")
    compressions: ClassVar[tuple[str, ...]] = ("none", "gzip")
    has_header: ClassVar[bool] = False

    def open(self, given: Any, names: Sequence[str] | None, engine: Session, **options: Any) -> Files:
        """`zero_based`: whether features count from 0 (the default) or from 1. `absent`: whether a feature that is left out is `zero` (the
        default) or `missing`. `n_features`: the number of features; by default it is derived from the largest one in the file, which takes
        a second pass. `weights`: a weight follows the label, `1:0.5`. `lists`: read the features as two list columns."""
        check(**{n: v for n, v in options.items() if n in ("zero_based", "absent", "n_features")})
        names, options = named_by_manifest(self, given, names, options)
        if not options.get("lists") and options.get("n_features") is None:
            paths = files(given, self.suffixes)
            options["n_features"] = max(_width(p, options.get("zero_based", True), options.get("weights", False)) for p in paths)
        return super().open(given, names, engine, **options)

    def media_type(self, layout: Layout) -> str:
        return "text/libsvm"

    def encode(  # type: ignore[override]
        self,
        batches: pa.RecordBatchReader,
        file: IO[bytes],
        *,
        layout: Layout,
        zero_based: bool = True,
        absent: Absent = "zero",
        n_features: int | None = None,
        **_: Any,
    ) -> None:
        check(zero_based, absent, n_features)
        base = 0 if zero_based else 1
        for batch in batches:
            if batch.num_rows:
                words = _of_lists(batch, n_features, base) if layout.sparse else _of_columns(batch, layout, base, absent)
                # the label is the first word, possibly empty; otherwise a row of nulls would be lost, because nulls are skipped
                lines = pc.binary_join_element_wise(_labels(batch, layout), *words, " ", null_handling="skip")
                lines = pc.ascii_trim_whitespace(lines)
                if layout.label is None:
                    lines = _never_empty(lines, base, absent)
                file.write("\n".join([*lines.to_pylist(), ""]).encode())

    def decode(
        self,
        file: IO[bytes],
        *,
        zero_based: bool = True,
        absent: Absent = "zero",
        n_features: int | None = None,
        weights: bool = False,
        lists: bool = False,
        **_: Any,
    ) -> Iterator[pa.RecordBatch]:
        if not lists and n_features is None:
            raise SourceError("the file does not say how many features a row has", hint="give n_features=…", code="no-width")
        if not lists and (n_features or 0) > MOST_COLUMNS:
            what = f"the rows have {n_features:,} features, and a table up to {MOST_COLUMNS:,} columns"
            raise SourceError(what, hint="read them as two columns of lists: lists=True", code="too-wide")
        found = False
        for rows in _parsed(file, zero_based, weights):
            found = True
            if n_features is not None and rows.width > n_features:
                line = int(rows.lines[np.searchsorted(np.cumsum(rows.counts), int(np.argmax(rows.keys)), side="right")])
                raise rows.wrong(line, f"it has the feature number {rows.width - 1 + (not zero_based):,}, and n_features is {n_features:,}")
            yield from [rows.as_lists()] if lists else rows.as_columns(n_features or 0, absent)
        if not found:
            raise SourceError("there are no rows in the file", code="no-columns")


def check(zero_based: Any = True, absent: Any = "zero", n_features: Any = None) -> None:
    """Reject options with wrong values. Errors: `RequestError`."""
    wrong = []
    if not isinstance(zero_based, bool):
        wrong.append(Mistake(f"zero_based: {zero_based!r} is neither true nor false", code="bad-value"))
    if absent not in ("zero", "missing"):
        wrong.append(Mistake(f"absent: {absent!r} is not known", accepted="zero, missing", code="bad-value"))
    if n_features is not None and (not isinstance(n_features, int) or isinstance(n_features, bool) or n_features < 1):
        wrong.append(Mistake(f"n_features: {n_features!r} is not a positive whole number", code="bad-value"))
    RequestError.reject(wrong)


# ── writing ──


def _labels(batch: pa.RecordBatch, layout: Layout) -> pa.Array:
    """The first word of each line: the label, optionally with a weight after a colon."""
    if layout.label is None:
        return pa.repeat("", batch.num_rows)
    words = [plain(batch.column(c), c, LibSVM.name).cast(pa.string()) for c in (layout.label, layout.weight) if c is not None]
    if any(word.null_count for word in words):
        raise RequestError("a label or a weight is missing", hint="filter out these rows", code="missing-values")
    return pc.binary_join_element_wise(*words, ":") if len(words) > 1 else words[0]


def _of_columns(batch: pa.RecordBatch, layout: Layout, base: int, absent: Absent) -> list[pa.Array]:
    """The features of each line."""
    words = []
    for name, number, values in zip(layout.names(), range(base, base + layout.width), _features(batch, layout), strict=True):
        if absent == "zero":
            if values.null_count:
                hint = "impute them, or give `absent: missing`: then zeros are written and missing values left out"
                raise RequestError(f"column {name!r} has missing values, and what is left out means zero", hint=hint, code="missing-values")
            values = pc.if_else(pc.equal(values, pa.scalar(0, values.type)), None, values)
        words.append(pc.binary_join_element_wise(f"{number}:", values.cast(pa.string()), ""))
    return words


def _features(batch: pa.RecordBatch, layout: Layout) -> list[pa.Array]:
    return numbers(batch, Layout(None, None, layout.features, layout.sizes), LibSVM.name)


def _of_lists(batch: pa.RecordBatch, n_features: int | None, base: int) -> list[pa.Array]:
    keys, values, counts, _ = sparse_rows(batch, np.dtype(np.float64), n_features)
    words = pc.binary_join_element_wise(
        pa.array(keys + base).cast(pa.string()), plain(pa.array(values), VALUES, LibSVM.name).cast(pa.string()), ":"
    )
    begins = pa.array(np.concatenate([[0], np.cumsum(counts)]).astype(np.int32))
    return [pc.binary_join(pa.ListArray.from_arrays(begins, words), " ")]


def _never_empty(text: pa.Array, base: int, absent: Absent) -> pa.Array:
    """Lines without a label. An empty line would not be a row, so a zero is written."""
    empty = pc.equal(text, "")
    if absent == "missing" and pc.any(empty).as_py():
        hint = "filter out these rows, or write another format"
        raise RequestError("a row has no label and only missing values: it would be an empty line", hint=hint, code="empty-line")
    return pc.if_else(empty, f"{base}:0", text)


# ── reading ──


class _Rows:
    """Parsed rows: labels, weights and query ids, if any; concatenated keys and values, and their count in each row."""

    def __init__(
        self, first: dict[str, np.ndarray], keys: np.ndarray, values: np.ndarray, counts: np.ndarray, lines: np.ndarray, name: str
    ) -> None:
        self.first, self.keys, self.values, self.counts, self.lines, self.name = first, keys, values, counts, lines, name

    @property
    def width(self) -> int:
        return int(self.keys.max()) + 1 if self.keys.size else 0

    def wrong(self, line: int, what: str) -> SourceError:
        return _wrong(self.name, line, what)

    def as_lists(self) -> pa.RecordBatch:
        begins = pa.array(np.concatenate([[0], np.cumsum(self.counts)]).astype(np.int32))
        lists = {KEYS: pa.ListArray.from_arrays(begins, self.keys), VALUES: pa.ListArray.from_arrays(begins, self.values)}
        return pa.RecordBatch.from_pydict({n: pa.array(v) for n, v in self.first.items()} | lists)

    def as_columns(self, width: int, absent: Absent) -> Iterator[pa.RecordBatch]:
        """Batches of a bounded number of cells."""
        step, ends = max(1, CELLS // max(1, width)), np.cumsum(self.counts)
        for begin in range(0, len(self.counts), step):
            rows = slice(begin, begin + step)
            counts = self.counts[rows]
            part = slice(int(ends[begin] - self.counts[begin]), int(ends[min(begin + step, len(ends)) - 1]))
            cells = np.full((width, len(counts)), np.nan if absent == "missing" else 0.0)
            cells[self.keys[part], np.repeat(np.arange(len(counts)), counts)] = self.values[part]
            columns = {n: pa.array(v[rows]) for n, v in self.first.items()} | {f"f{i}": pa.array(c) for i, c in enumerate(cells)}
            yield pa.RecordBatch.from_pydict(columns)


def _width(path: str, zero_based: bool, weights: bool) -> int:
    """How many features a file has, derived from the largest feature number."""
    with located(Place(path)), unzipped(path) as file:
        return max((rows.width for rows in _parsed(file, zero_based, weights)), default=0)


def _wrong(name: str, line: int, what: str) -> SourceError:
    hint = "LibSVM is LABEL NUMBER:VALUE NUMBER:VALUE …, with ascending numbers"
    return SourceError(Mistake(what, Place(name, line), hint=hint, code="bad-line"))


def _parsed(file: IO[bytes], zero_based: bool, weights: bool) -> Iterator[_Rows]:
    """The rows of a file, in parts. Errors: `SourceError` with the line."""
    name, line, words = str(getattr(file, "name", "<file>")), 1, ""
    for chunk in _lines(file):
        try:
            text = chunk.decode("ascii")
        except UnicodeDecodeError as error:
            raise _wrong(name, line + chunk[: error.start].count(b"\n"), "the line has a character that is not ASCII") from None
        given = text.split("\n")[: text.count("\n")]
        cleaned = pc.ascii_trim_whitespace(pc.replace_substring_regex(pa.array(given, pa.string()), "#.*", ""))
        present = np.flatnonzero(pc.not_equal(cleaned, "").to_numpy(zero_copy_only=False))
        if present.size:
            rows, numbered_ = cleaned.take(pa.array(present)), present + line
            words = words or _first_words(rows[0].as_py(), weights)
            yield _rows(rows, numbered_, words, 0 if zero_based else 1, name)
        line += len(given)


def _lines(file: IO[bytes]) -> Iterator[bytes]:
    """Chunks of whole lines. The last line gets a line end if it lacks one."""
    rest = b""
    while chunk := file.read(CHUNK):
        whole, newline, rest_ = (rest + chunk).rpartition(b"\n")
        rest = rest_
        if newline:
            yield whole + newline
    if rest:
        yield rest + b"\n"


def _first_words(row: str, weights: bool) -> str:
    """The words before the features, according to the first row: `label`, `weight` and `qid`."""
    head = row.split()[:2]
    labelled = weights or ":" not in head[0]
    found = ["label"] * labelled + ["weight"] * weights + ["qid"] * any(w.startswith("qid:") for w in head)
    return " ".join(found) or "none"


def _rows(rows: pa.Array, lines: np.ndarray, words: str, base: int, name: str) -> _Rows:
    tokens = pc.ascii_split_whitespace(rows)
    counts = np.asarray(pc.list_value_length(tokens)).astype(np.int64)
    flat = pc.replace_substring_regex(tokens.flatten(), r"^\+", "")
    begins = np.cumsum(counts) - counts
    of_row = np.repeat(np.arange(len(counts)), counts)
    first, ahead = dict[str, np.ndarray](), 0
    if "label" in words:
        labels = flat.take(pa.array(begins))
        if "weight" in words:
            labels, given = _pairs(labels, lines, name, "the label has no weight")
            first["weight"] = _floats(given, lines, name, "the weight")
        first = {"label": _floats(labels, lines, name, "the label"), **first}
        ahead += 1
    if "qid" in words:
        _, given = _pairs(_at(flat, begins + ahead, counts, ahead, lines, name), lines, name, "there is no qid")
        first["qid"] = _integers(given, lines, name, "the qid")
        ahead += 1
    place = np.arange(len(flat)) - begins[of_row]
    keep = place >= ahead
    row_lines = lines[of_row[keep]]
    keys_, values_ = _pairs(flat.filter(pa.array(keep)), row_lines, name, "a feature has no value")
    keys, values = _integers(keys_, row_lines, name, "the number of a feature") - base, _floats(values_, row_lines, name, "a value")
    if (keys < 0).any():
        hint = "it has a feature 0, so it counts from 0: zero_based=True" if base else "a number of a feature is negative"
        raise _wrong(name, int(row_lines[np.argmax(keys < 0)]), hint)
    falling = (np.diff(keys) <= 0) & (np.diff(of_row[keep]) == 0)
    if falling.any():
        raise _wrong(name, int(row_lines[np.argmax(falling)]), "the numbers of its features do not ascend")
    return _Rows(first, keys, values, np.maximum(counts - ahead, 0), lines, name)


def _at(flat: pa.Array, places: np.ndarray, counts: np.ndarray, ahead: int, lines: np.ndarray, name: str) -> pa.Array:
    """The qid word of each row."""
    if (counts <= ahead).any():
        raise _wrong(name, int(lines[np.argmax(counts <= ahead)]), "there is no qid")
    return flat.take(pa.array(places))


def _pairs(words: pa.Array, lines: np.ndarray, name: str, what: str) -> tuple[pa.Array, pa.Array]:
    """The parts of each word before and after its colon."""
    parts = pc.split_pattern(words, ":")
    wrong = np.asarray(pc.list_value_length(parts)) != 2
    if wrong.any():
        raise _wrong(name, int(lines[np.argmax(wrong)]), what)
    both = parts.flatten()
    return both.take(pa.array(np.arange(0, len(both), 2))), both.take(pa.array(np.arange(1, len(both), 2)))


def _floats(words: pa.Array, lines: np.ndarray, name: str, what: str) -> np.ndarray:
    return _cast(words, pa.float64(), lines, name, f"{what} is not a number")


def _integers(words: pa.Array, lines: np.ndarray, name: str, what: str) -> np.ndarray:
    return _cast(words, pa.int64(), lines, name, f"{what} is not a whole number")


def _cast(words: pa.Array, kind: pa.DataType, lines: np.ndarray, name: str, what: str) -> np.ndarray:
    try:
        found: np.ndarray = words.cast(kind).to_numpy(zero_copy_only=False)
        return found
    except pa.ArrowInvalid:
        for line, word in zip(lines.tolist(), words, strict=True):
            try:
                word.cast(kind)
            except pa.ArrowInvalid:
                raise _wrong(name, line, what) from None
        raise
