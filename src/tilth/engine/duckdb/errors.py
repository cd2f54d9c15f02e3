"""DuckDB's errors as Tilth's."""

from __future__ import annotations

import errno
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import duckdb

from tilth.data import Files
from tilth.encryption.magic import AGAIN
from tilth.engine import textfiles
from tilth.engine.operations.casts import CONTRADICTION
from tilth.engine.operations.rows import refusal, without_values
from tilth.engine.session import TypeContradiction
from tilth.errors import DISK_FULL, MEMORY, REFUSED, MachineError, RequestError, SourceError

TOO_LONG = re.compile(r"(?:Maximum line size|\"maximum_object_size\") of ([0-9]+) bytes exceeded")
QUOTED = re.compile(r"'[^']*'")  # what DuckDB quotes in a message can be a value
STREAM = re.compile(
    r"reading the stream registered as .* failed: IOError", re.DOTALL
)  # only encrypted Parquet is read as a stream of files


@contextmanager
def translated(text: str, texts: list[Files]) -> Iterator[None]:
    """DuckDB's exceptions as Tilth's. `texts` are the files that were opened: if one cannot be parsed, they are searched for the reason."""
    try:
        yield
    except duckdb.InterruptException as error:
        raise MachineError("cancelled", code="cancelled") from error
    except duckdb.OutOfMemoryException as error:
        hint = "give a larger memory limit, or a spill folder on a larger disk"
        raise MachineError(f"DuckDB ran out of memory: {first_line(error)}", hint=hint, code=MEMORY) from error
    except duckdb.IOException as error:
        _refuse_if_full(error)
        if any(os.strerror(number) in str(error) for number in (errno.EFBIG, errno.EMFILE)):
            raise MachineError("DuckDB reached a limit of this process", hint="raise it: ulimit -f, ulimit -n", code="ulimit") from error
        raise MachineError(f"DuckDB could not read or write: {first_line(error)}") from error
    except (duckdb.ConversionException, duckdb.OutOfRangeException, duckdb.InvalidInputException) as error:
        if CONTRADICTION in str(error):
            raise TypeContradiction from error
        if STREAM.search(str(error)):
            message = "an encrypted Parquet file was changed after it was encrypted"
            hint = f"`tilth protect verify FOLDER --key …` names it; {AGAIN}"
            raise SourceError(message, hint=hint, code="damaged-file") from error
        if (refused := refusal(str(error))) is not None:
            raise refused from error
        too_long = TOO_LONG.search(str(error))
        if too_long or any(word in str(error) for word in ("CSV", "JSON", "unicode")):
            longest = int(too_long[1]) if too_long else sys.maxsize
            raise SourceError(*textfiles.blamed(texts, QUOTED.sub("…", first_line(error)), longest)) from error
        raise RequestError(f"a value does not fit: {without_values(first_line(error))}") from error
    except duckdb.Error as error:
        _refuse_if_full(error)  # with Python's message, because Python writes the spilled data while a key is in force
        broken = isinstance(error, duckdb.InternalException | duckdb.FatalException)
        raise MachineError(f"DuckDB refused a query: {first_line(error)}", hint=text[:2000], code="" if broken else REFUSED) from error


def _refuse_if_full(error: duckdb.Error) -> None:
    if os.strerror(errno.ENOSPC) in str(error):
        raise MachineError("DuckDB could not write: the disk is full", hint="make room, or choose another place", code=DISK_FULL) from error


def first_line(error: BaseException) -> str:
    """The first line of an exception's message: the rest is the engine's hints and the query. Of an exception in Python code, the last."""
    lines = str(error).strip().split("\n")
    return lines[-1] if lines[0].startswith("Traceback") else lines[0]
