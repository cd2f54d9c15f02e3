"""CSV and similar: delimited text."""

from __future__ import annotations

import codecs
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from tilth.data import Dataset, Files, Kind, Source, reject_duplicate_names
from tilth.engine.duckdb import scans
from tilth.engine.expressions import col, if_else, lit
from tilth.engine.operations.rows import Refuse
from tilth.engine.operations.strings import HasZeroByte
from tilth.engine.session import Session
from tilth.engine.textfiles import Dialect, line_end, mistakes, numbered_rows, python_name, rows_of, unzipped
from tilth.errors import RequestError, SourceError, listed, warn
from tilth.formats.format import Format
from tilth.formats.guess import Guess, guess, names_below, values_in_header
from tilth.store.local import files, reject_remote, reject_zstd, suffix_of

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, DataFrameReader

DELIMITERS = (",", ";", "\t", "|")
SPARK_WRITES = {"escape": '"', "ignoreLeadingWhiteSpace": False, "ignoreTrailingWhiteSpace": False}
SPARK_TIMES = {"timestampFormat": "yyyy-MM-dd'T'HH:mm:ss.SSSSSSXXX", "timestampNTZFormat": "yyyy-MM-dd'T'HH:mm:ss.SSSSSS"}
LONGEST_ROW = 16_000_000  # bytes; DuckDB's default is 2 million. A buffer of twice this size is also faster than DuckDB's default
HEAD_BYTES = 1 << 20
LOOK = 200  # first rows and columns that decide whether a header looks like data
TITLED = 30  # first rows that are searched for column names below a title
ZERO_BYTE = "CSV: column {!r} has a string with a zero byte; write another format, such as parquet or jsonl"
HEAD_ROWS = 2000  # first rows that decide delimiter, blanks and names, and rule out kinds


class Csv(Format):
    """Delimiter-separated values. Quotes are doubled inside quotes; a quoted value may span several lines."""

    name = "csv"
    suffixes: ClassVar[tuple[str, ...]] = (".csv", ".tsv", ".tab", ".txt", ".data")
    options: ClassVar[tuple[str, ...]] = ("delimiter", "header", "blanks", "quote", "encoding")
    named: ClassVar[bool] = False
    lists: ClassVar[bool] = False
    is_piped: ClassVar[bool] = True
    written_as: ClassVar[Mapping[str, Any]] = {"delimiter": ",", "header": True, "blanks": "keep"}

    def open(
        self,
        given: Any,
        names: Sequence[str] | None,
        engine: Session,
        delimiter: str | None = None,
        header: bool | None = None,
        blanks: str | None = None,
        quote: str = '"',
        encoding: str = "utf-8",
        **_: Any,
    ) -> Files:
        """`delimiter`: one character; by default the one of , ; tab | that splits the first lines into equal numbers of values.
        `header`: whether the first line has the names; true by default, unless `names` are given and differ from it.
        `blanks`: "keep", or "trim" for blanks after delimiters; by default "trim" if every delimiter is followed by one.
        `quote`: one character, or "" for none. `encoding`: its name in Python."""
        paths = files(given, self.suffixes)
        dialect = _dialect(paths, delimiter, blanks, quote, encoding)
        first = next(rows_of(paths[0], dialect), [])
        if not first:
            raise SourceError(f"{paths[0]} holds empty lines only, without a header", code="empty-file")
        has_header = (names is None or list(names) == first) if header is None else header
        if has_header and names is None:
            _reject_title(paths[0], dialect, sure=delimiter is not None)
        if header is None and names is None:
            _warn_of_values(paths[0], dialect)
        columns = _columns(paths, dialect, first, names, has_header)
        options = {"delimiter": dialect.delimiter, "encoding": encoding, "header": has_header, "quote": quote, "trim": dialect.trim}
        return Files(Csv.name, paths, columns, tuple(sorted(options.items())), typed=False, scans={"duckdb": _duckdb, "spark": _spark})

    def head(self, given: Any, **options: Any) -> list[list[str]]:
        """The first rows of the first file, header included, read with the same options."""
        paths = files(given, self.suffixes)
        return list(itertools.islice(rows_of(paths[0], _dialect(paths, **options)), HEAD_ROWS))

    def guesses(self, source: Source, nulls: Sequence[str]) -> Mapping[str, Guess]:
        assert isinstance(source, Files)  # noqa: S101 -- what `open` gives
        dialect = Dialect.of(source)
        rows = list(itertools.islice(rows_of(source.paths[0], dialect), source.option("header"), HEAD_ROWS))
        if any(len(max(row, key=len)) > LONGEST_ROW for row in rows):
            raise SourceError(*mistakes(source, LONGEST_ROW))
        rows.append([""] * len(source.columns))  # so that each column has a cell, even if rows are few or short
        return {name: guess(cells, nulls) for name, cells in zip(source.columns, itertools.zip_longest(*rows, fillvalue=""), strict=False)}

    def export(self, data: Dataset, to: Path, engine: Session, folder: bool, **_: Any) -> int:
        tab = suffix_of(to.name) in (".tsv", ".tab")
        options = {"header": True, **({"delimiter" if engine.name == "duckdb" else "sep": "\t"} if tab else {})}
        options |= {} if engine.name == "duckdb" else {**SPARK_WRITES, **SPARK_TIMES}
        if not to.is_fifo() and to.suffix.lower() not in (".gz", ".zst"):
            rows = engine.export(data, to, "csv", folder=folder, options=options)
            for file in to.glob("*.csv") if to.is_dir() else [to]:
                _reject_zero_bytes(file, "\t" if tab else ",")
            return rows
        strings = [c.name for c in engine.schema(data) if c.kind is Kind.STRING]
        checked = {n: if_else(HasZeroByte.of(col(n)), Refuse.of(lit(ZERO_BYTE.format(n))), col(n)) for n in strings}
        return engine.export(data.change(checked), to, "csv", folder=folder, options=options)


def _reject_zero_bytes(file: Path, delimiter: str) -> None:
    """Reject a new file with a zero byte, which no reader would take for text. Searching the file costs less than testing each string."""
    with file.open("rb") as content:
        if not any(b"\0" in piece for piece in iter(lambda: content.read(HEAD_BYTES), b"")):
            return
    rows = rows_of(str(file), Dialect(delimiter, '"', "utf-8"))
    names = next(rows)
    cells = ((name, value) for row in itertools.chain([names], rows) for name, value in zip(names, row, strict=True))
    found = next((name for name, value in cells if "\0" in value), "")
    raise RequestError(ZERO_BYTE.format(found), code="refused-value")


def _duckdb(source: Files, run: Session) -> str:
    """All columns as strings."""
    quote = source.option("quote")
    options = {
        "auto_detect": False,
        "delim": source.option("delimiter"),
        "header": source.option("header"),
        "quote": quote,
        "escape": quote,
        "strict_mode": True,
        "null_padding": False,
        "allow_quoted_nulls": False,
        "max_line_size": LONGEST_ROW,
        "buffer_size": 2 * LONGEST_ROW,
    }
    scan = scans.table_function("read_csv", run.utf8_paths(source), options, source.columns)
    if len(source.columns) > 1:
        return scan
    return f"(SELECT * FROM {scan} WHERE {scans.quoted(source.columns)} IS NOT NULL)"  # an empty line is never a row


def _spark(source: Files, run: Any) -> DataFrame:
    """All columns as strings."""
    from tilth.engine.spark.engine import strings

    dialect = Dialect.of(source)
    options = {
        "sep": dialect.delimiter,
        "header": source.option("header"),
        "quote": dialect.quote or "\0",
        "escape": dialect.quote or "\0",
        "ignoreLeadingWhiteSpace": dialect.trim,
        "ignoreTrailingWhiteSpace": False,
        "multiLine": True,
        "mode": "FAILFAST",
        "maxCharsPerColumn": -1,
        "columnPruning": False,
    }
    by_end: dict[str, list[str]] = {}  # if Spark detects the line end, it also changes line ends inside quotes
    for path in run.utf8_paths(source):
        by_end.setdefault("\n" if "://" in path else line_end(path), []).append(path)
    reader: DataFrameReader = run.own.read.schema(strings(source.columns)).options(**options)
    return reduce(lambda a, b: a.unionAll(b), (reader.option("lineSep", end).csv(paths) for end, paths in by_end.items()))


def _dialect(
    paths: Sequence[str], delimiter: str | None = None, blanks: str | None = None, quote: str = '"', encoding: str = "utf-8", **_: Any
) -> Dialect:
    """The dialect of files: the given values, otherwise guesses from the head of the first file."""
    for what, text in (("delimiter", delimiter), ("quote", quote)):
        if text and len(text) != 1:
            raise RequestError(f"{what}: {text!r} is not one character", code="bad-value")
    reject_remote(paths, "CSV")
    reject_zstd(paths)
    for path in paths:
        reject_binary(path, encoding)
    dialect = Dialect(delimiter or _delimiter(paths[0], quote, encoding), quote, encoding)
    return replace(dialect, trim=blanks == "trim" if blanks else _blank_after_each(paths[0], dialect))


def reject_binary(path: str, encoding: str) -> None:
    """Reject a file that cannot be decompressed, or that has zero bytes in its head although the encoding has none."""
    with unzipped(path) as file:
        try:
            head = file.read(HEAD_BYTES)
        except (OSError, EOFError) as error:
            raise SourceError(f"{path} cannot be decompressed: {error}", hint="copy it again", code="half-gzip") from error
    if python_name(encoding) == "utf-8-sig" and 0 in head:
        utf16 = head[:2] in (codecs.BOM_UTF16_BE, codecs.BOM_UTF16_LE)
        hint = "it is UTF-16: give encoding: utf-16" if utf16 else "is it another format?"
        raise SourceError(f"{path} is not a text file: it has zero bytes", hint=hint, code="not-text")


def _delimiter(path: str, quote: str, encoding: str) -> str:
    """The delimiter that splits the first lines into equal numbers of values, and the most values; a comma if none does."""

    def width(delimiter: str) -> int:
        lengths = {len(row) for row in itertools.islice(rows_of(path, Dialect(delimiter, quote, encoding)), 20)}
        return lengths.pop() if len(lengths) == 1 else 1

    return max(DELIMITERS, key=lambda d: (width(d), -DELIMITERS.index(d)))


def _blank_after_each(path: str, dialect: Dialect) -> bool:
    """Whether in the first rows every value after the first begins with a blank."""
    rows = list(itertools.islice(rows_of(path, dialect), 20))
    values = [value for row in rows for value in row[1:]]
    return bool(values) and all(value.startswith(" ") for value in values)


def _warn_of_values(path: str, dialect: Dialect) -> None:
    """Warn if most of the header looks like values. It is still read as a header."""
    head = [row[:LOOK] for row in itertools.islice(rows_of(path, dialect), LOOK)]
    values = values_in_header(head)
    if 2 * len(values) > len(head[0]) and (len(values) > 1 or guess(values).kinds):
        hint = "if it is one, give `header: false` in a flow, header=False in Python, --no-header at the command line"
        warn(f"the first row of {path} is read as column names, but looks like a row of data; {hint}")


def _reject_title(path: str, dialect: Dialect, sure: bool) -> None:
    """Reject a file that begins with a title. Otherwise the title would be read as column names.

    Unless the delimiter is `sure`, all delimiters are tried, because a title also misleads the guess.
    """
    for delimiter in (dialect.delimiter,) if sure else (dialect.delimiter, *DELIMITERS):
        rows = list(itertools.islice(numbered_rows(path, replace(dialect, delimiter=delimiter)), TITLED))
        if at := names_below([row for _, row in rows]):
            said = f"{path} begins with a title: the names of the columns seem to be in line {rows[at][0]}"
            hint = f"remove the lines above it: tail -n +{rows[at][0]} {Path(path).name} > table.csv"
            raise SourceError(said, hint=hint, code="title-lines")
        if len({len(row) for _, row in rows}) == 1 < len(rows[0][1]):
            return


def _columns(paths: Sequence[str], dialect: Dialect, first: Sequence[str], names: Sequence[str] | None, header: bool) -> tuple[str, ...]:
    """The column names: the given ones, those of the header, or `column_0`, `column_1` …"""
    if header:
        differing = [p for p in paths[1:] if next(rows_of(p, dialect), []) != list(first)]
        if differing:
            raise SourceError(
                f"the headers of {paths[0]} and {listed(differing)} differ", hint="read them one by one", code="headers-differ"
            )
    found = [n.strip() for n in first] if header else [f"column_{i}" for i in range(len(first))]
    if names is not None and len(names) != len(found):
        raise SourceError(f"{len(names)} names are given for the {len(found)} columns of {paths[0]}", accepted=listed(found), code="names")
    chosen = tuple(names) if names is not None else tuple(found)
    reject_duplicate_names(chosen)
    return chosen
