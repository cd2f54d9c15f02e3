"""Tables that Spark reads by JDBC. They are read once, in parallel if the place says so, and Spark keeps the rows.

The password is an option of the reader. Spark hands it to the tasks, and shows it neither in plans, its pages and event logs, nor in
messages. A server of Spark Connect writes each request to its event log, so nothing is read by JDBC there.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any
from weakref import finalize

from tilth.data import Native
from tilth.engine.spark.sessions import is_remote
from tilth.errors import Gap, MachineError, RequestError, SourceError, TilthError, first_line
from tilth.secrets import Access, AuthenticationFailed, Credentials, hidden
from tilth.store.jdbc import JdbcTable

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from tilth.engine.spark.engine import SparkRun

RAISED = re.compile(r"^(?:Caused by|): (?:[\w$]+\.)+(\w+): (.*)", re.MULTILINE)
"""An exception in a stack trace of Java, and its message."""
REFUSED = re.compile(r"authenticat|password|access denied|log[io]n (failed|denied)|ORA-01017", re.IGNORECASE)
NO_DRIVER = "start Spark with it: PYSPARK_SUBMIT_ARGS='--packages GROUP:NAME:VERSION pyspark-shell'"
left: deque[DataFrame] = deque()  # frames that nothing uses any more


class Held:
    """Keeps the rows of a frame in Spark as long as this object lives."""

    def __init__(self, frame: DataFrame) -> None:
        finalize(self, left.append, frame).atexit = False  # Spark is not called here: it may be in the middle of a call


def drop_left() -> None:
    """Drop the rows that nothing uses any more."""
    while left:
        with suppress(Exception):  # Spark may have ended
            left.popleft().unpersist()


def read(run: SparkRun, table: JdbcTable, access: Access | None, *, hold: bool) -> Native:
    """The rows of a table, in the session that was given. Without `hold`, only its columns are read.

    Errors: `AuthenticationFailed`; `MachineError` for a server that cannot be reached; `RequestError` without a driver or for a column that
    cannot be divided; `SourceError` for everything else that the database refuses; `Gap` with Spark Connect.
    """
    drop_left()
    if is_remote(run.given):
        hint = "use a session of Spark itself, such as a local one"
        raise Gap("Spark Connect reads nothing by JDBC: the server would write the password to its event log", hint=hint)

    def opened(credentials: Credentials | None = None) -> DataFrame:
        login = {"user": credentials.user, "password": credentials.password.reveal()} if credentials else {}
        options = {**dict(table.options), **{name: value for name, value in login.items() if value}}
        with _translated(table, access):
            return run.given.read.format("jdbc").options(**options).load()

    frame = access.credentials(opened) if access else opened()
    held = Held(frame.persist()) if hold else None
    if hold:
        with _translated(table, access), run.timed("read by JDBC", table.place):
            frame.count()
    return Native(run.name, frame, tuple(frame.columns), id(frame), place=table.place, held=held)


@contextmanager
def _translated(table: JdbcTable, access: Access | None) -> Iterator[None]:
    """Turn exceptions of JDBC into Tilth's, without secrets and values. Others pass."""
    from py4j.protocol import Py4JJavaError
    from pyspark.errors import PySparkException

    try:
        yield
    except (PySparkException, Py4JJavaError) as error:
        found = _translation(table, access, error)
        if found is None:
            raise
        raise found from None


def _translation(table: JdbcTable, access: Access | None, error: Any) -> TilthError | None:
    from py4j.protocol import Py4JJavaError
    from pyspark.errors import AnalysisException, IllegalArgumentException

    java = error if isinstance(error, Py4JJavaError) else error.__context__  # PySpark's own exceptions do not say what caused them
    raised = RAISED.findall(str(java))
    kind, message = raised[-1] if raised else ("", "")
    said, state = hidden(first_line(message)).removeprefix("ERROR: ").removeprefix("FATAL: "), _sqlstate(java)
    if kind == "ClassNotFoundException" or "No suitable driver" in message:
        what = f"Spark has no JDBC driver for jdbc:{table.kind}: ({said})"
        accepted = "a driver on its class path; …&driver=CLASS names another one"
        return RequestError(what, accepted=accepted, hint=NO_DRIVER, code="no-driver")
    if state is None:
        if isinstance(error, AnalysisException | IllegalArgumentException) and "partitionColumn" in dict(table.options):
            accepted = "a column of numbers, dates or timestamps, and bounds of its kind, the lower one first"
            return RequestError(f"{table.place} cannot be read in parallel: {first_line(error)}", accepted=accepted, code="bad-value")
        return None
    if state.startswith("28") or REFUSED.search(message):
        hint = f"check {access.reference}" if access else "name a secret: --secret REFERENCE"
        return AuthenticationFailed(f"{table.place} cannot be opened: {said}", hint=hint, code="refused")
    if state.startswith("22"):  # the message contains the value
        return SourceError(f"{table.place} cannot be read: a value does not fit, or a number is divided by zero", code="bad-value")
    if state.startswith(("08", "57", "3D", "XJ")) or "FAILED_JDBC.CONNECTION" in str(error):
        return MachineError(f"{table.place} cannot be reached: {said}", hint="is the server running?", code="database")
    return SourceError(f"{table.place} cannot be used: {said}", code="not-readable")


def _sqlstate(error: Any) -> str | None:
    """The SQLSTATE of the last exception of SQL that caused an error; None if there is none."""
    from py4j.protocol import Py4JError

    found, cause = None, getattr(error, "java_exception", None)
    while cause is not None:
        with suppress(Py4JError):  # it has no such method
            found = cause.getSQLState() or ""
        cause = cause.getCause()
    return found
