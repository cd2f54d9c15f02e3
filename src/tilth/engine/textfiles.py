"""Reads text files in Python: their first rows, conversion to UTF-8, and explanations why an engine cannot parse them.

Engines read whole files faster, but their messages say less and may show the line. The messages here name lines, fields and bytes, but
never show a value.
"""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import itertools
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

from tilth.data import Files
from tilth.errors import Mistake, Place, RequestError, SourceError, listed
from tilth.store.scratch import Scratch

MOST = 5  # mistakes of one file that are named
CHUNK = 1 << 20
QUOTES_IN_TEXTS = 'if values hold quotes, switch quoting off: quote: "" in a flow, --quote "" at the command line'


@dataclass(frozen=True)
class Dialect:
    """How the values of a CSV file are separated: `trim` drops blanks after delimiters, an empty `quote` switches quoting off."""

    delimiter: str = ","
    quote: str = '"'
    encoding: str = "utf-8"
    trim: bool = False

    @classmethod
    def of(cls, source: Files) -> Dialect:
        """The dialect of a source of CSV files."""
        return cls(*(source.option(name) for name in ("delimiter", "quote", "encoding", "trim")))


def rows_of(path: str, dialect: Dialect) -> Iterator[list[str]]:
    """The rows of a CSV file without empty lines. Errors: `SourceError` if it is in another encoding."""
    return (row for _, row in numbered_rows(path, dialect))


def numbered_rows(path: str, dialect: Dialect, strict: bool = False) -> Iterator[tuple[int, list[str]]]:
    """The rows of a CSV file, each with the number of the line it begins on.

    Errors: `SourceError` for a byte that is not of the encoding; if `strict`, also for characters after a closing quote, and for a quote
    that is not closed.
    """
    csv.field_size_limit(max(csv.field_size_limit(), 2**31 - 1))
    with opened(path, dialect.encoding) as lines:
        reader = csv.reader(
            lines,
            delimiter=dialect.delimiter,
            quotechar=dialect.quote or None,
            quoting=csv.QUOTE_MINIMAL if dialect.quote else csv.QUOTE_NONE,
            skipinitialspace=dialect.trim,
            strict=strict,
        )
        begin = 1
        try:
            for row in reader:
                if row:
                    yield begin, row
                begin = reader.line_num + 1
        except UnicodeDecodeError as error:
            wrong = wrong_byte(path, dialect.encoding)
            raise SourceError(wrong or f"{path} is not in {dialect.encoding}", code="wrong-encoding") from error
        except csv.Error as error:
            what = "the row that begins on this line has characters after a closing quote" if strict else f"this is not a CSV file: {error}"
            if strict and "end of data" in str(error):
                what = "a quote is opened on this line and perhaps never closed"
            raise SourceError(Mistake(what, Place(path, begin), hint=QUOTES_IN_TEXTS, code="stray-quote")) from error


def opened(path: str, encoding: str) -> IO[str]:
    """Open a text file, decompressed and decoded, without a BOM.

    Errors: `RequestError` for an unknown encoding.
    """
    return io.TextIOWrapper(unzipped(path), python_name(encoding), newline="")


def unzipped(path: str) -> IO[bytes]:
    """The bytes of a file, decompressed where its name ends in `.gz` or `.zst`."""
    if path.lower().endswith(".zst"):
        import pyarrow as pa

        return cast("IO[bytes]", pa.input_stream(path, compression="zstd"))
    return cast("IO[bytes]", gzip.open(path)) if path.lower().endswith(".gz") else Path(path).open("rb")


@contextmanager
def compressed(path: Path) -> Iterator[IO[bytes]]:
    """A new file to write to, compressed where its name ends in `.gz` or `.zst`. Equal content makes equal bytes: no name, no time."""
    with path.open("wb") as file:
        if path.name.lower().endswith(".zst"):
            import pyarrow as pa

            with pa.CompressedOutputStream(pa.PythonFile(file), "zstd") as stream:
                yield stream
            return
        if not path.name.lower().endswith(".gz"):
            yield file
            return
        with gzip.GzipFile("", "wb", fileobj=file, mtime=0) as zipped:
            yield cast("IO[bytes]", zipped)


def python_name(encoding: str) -> str:
    """Python's name of an encoding; UTF-8 with and without a BOM are one."""
    try:
        name = codecs.lookup(encoding).name
        "".encode(encoding)  # rot13 and base64 are codecs too, but not of text
    except (LookupError, TypeError, ValueError):
        raise RequestError(f"unknown encoding {encoding!r}", accepted="utf-8, utf-16, latin-1, cp1252 …", code="unknown-encoding") from None
    return "utf-8-sig" if name in ("utf-8", "utf-8-sig") else name


def line_end(path: str, encoding: str = "utf-8") -> str:
    """How the first line of a file ends: CR and LF, or LF."""
    with opened(path, encoding) as texts:
        return "\r\n" if texts.readline().endswith("\r\n") else "\n"


def as_utf8(path: str, encoding: str, scratch: Scratch) -> str:
    """The path of a file in UTF-8: the file itself if it is, else a copy in a scratch folder. Errors: UnicodeDecodeError."""
    if python_name(encoding) == "utf-8-sig":
        return path
    name = f"{len(list(Path(scratch.name).iterdir()))}-{Path(path).name.removesuffix('.gz')}"
    with opened(path, encoding) as texts, io.TextIOWrapper(scratch.create(name), "utf-8", newline="") as utf8:
        shutil.copyfileobj(texts, utf8, CHUNK)
    return str(Path(scratch.name, name))


def blamed(sources: list[Files], words: str, longest: int = sys.maxsize) -> list[Mistake]:
    """Mistakes in text files that an engine could not parse; `words` is its message. These files are removed from the list.

    `longest`: the maximum number of bytes per row that the engine reads.
    """
    found = {source: mistakes(source, longest) for source in sources}
    guilty = [source for source, wrong in found.items() if wrong] or list(found)
    for source in guilty:
        sources.remove(source)
    files = listed(path for source in guilty for path in source.paths)
    hint = QUOTES_IN_TEXTS if any(source.format == "csv" and source.option("quote") for source in guilty) else ""
    return [m for source in guilty for m in found[source]] or [Mistake(f"{files} cannot be read: {words}", hint=hint, code="unreadable")]


def mistakes(source: Files, longest: int = sys.maxsize) -> list[Mistake]:
    """The first few mistakes in each text file: bytes of another encoding, rows with too few or too many fields, stray
    quotes, rows of more than `longest` bytes. It reads up to the mistakes, so it is for files that an engine refused.
    """
    return [m for path in source.paths if Path(path).exists() for m in itertools.islice(_mistakes(path, source, longest), MOST)]


def _mistakes(path: str, source: Files, longest: int) -> Iterator[Mistake]:
    wrong = wrong_byte(path, source.option("encoding", "utf-8"))
    if wrong:
        yield wrong
    elif source.format == "csv":
        yield from list(itertools.islice(bad_rows(path, source, longest), MOST)) or mixed_line_ends(path)
    else:
        with unzipped(path) as file:
            yield from (_long_row(path, number, len(line), longest) for number, line in enumerate(file, 1) if len(line) > longest)


def bad_rows(path: str, source: Files, longest: int) -> Iterator[Mistake]:
    """The rows of a CSV file with another number of fields, too many bytes, or stray quotes."""
    fields = len(source.columns)
    try:
        for begin, row in numbered_rows(path, Dialect.of(source), strict=True):
            size = sum(len(value.encode(errors="replace")) + 1 for value in row)
            if len(row) != fields:
                what = f"the row that begins on this line has {len(row)} field{'s'[: len(row) != 1]}, expected {fields}"
                hint = "a delimiter inside a value needs quotes around the value" if len(row) > fields else ""
                yield Mistake(what, Place(path, begin), hint=hint, code="ragged-row")
            elif size > longest:
                yield _long_row(path, begin, size, longest)
    except SourceError as error:
        yield from error.mistakes


def _long_row(path: str, begin: int, size: int, longest: int) -> Mistake:
    what = f"the row that begins on this line has {size:,} bytes or more; DuckDB reads up to {longest:,} of one"
    hint = "is a quote opened there and closed much later? If it is one row, make the file Parquet, or read it by Spark"
    return Mistake(what, Place(path, begin), hint=hint, code="long-row")


def mixed_line_ends(path: str) -> Iterator[Mistake]:
    """The first line with another line end than the first one."""
    with unzipped(path) as file:
        first = file.readline().endswith(b"\r\n")
        for number, line in enumerate(file, 2):
            if line.endswith(b"\n") and line.endswith(b"\r\n") != first:
                said = "LF, and those above with CR LF" if first else "CR LF, and those above with LF"
                yield Mistake(
                    f"this line ends with {said}", Place(path, number), hint="use one line end in the whole file", code="line-ends"
                )
                return


def wrong_byte(path: str, encoding: str) -> Mistake | None:
    """The first byte of a file that its encoding does not allow."""
    decoder = codecs.getincrementaldecoder(python_name(encoding))()
    read, line = 0, 1
    with unzipped(path) as file:
        while True:
            chunk = file.read(CHUNK)
            waiting = len(decoder.getstate()[0])
            try:
                decoder.decode(chunk, final=not chunk)
            except UnicodeDecodeError as error:
                at = read - waiting + error.start
                line += error.object[: error.start].count(b"\n")
                return Mistake(
                    f"byte 0x{error.object[error.start]:02x}, the {at + 1:,}th of the file, is not {encoding}",
                    Place(path, line),
                    hint=f"it may be in {likely_encodings(path)}: say encoding: NAME, on the command line --encoding NAME",
                    code="wrong-encoding",
                )
            if not chunk:
                return None
            read += len(chunk)
            line += chunk.count(b"\n")


def likely_encodings(path: str) -> str:
    """The likely encodings of a file that is not UTF-8, the most likely first."""
    with unzipped(path) as file:
        head = file.read(CHUNK)
    if head[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE) or head.count(0) > len(head) // 4:
        return "utf-16"
    windows_only = any(0x80 <= byte <= 0x9F for byte in head)
    return "cp1252" if windows_only else "cp1252 or latin-1"
