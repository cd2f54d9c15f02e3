"""Sessions of Spark: which one is taken, and a session of Tilth's own beside it.

Many settings of a session change what a query means. A user's session is not changed: beside it is an internal session, on the same
Spark, with the user's settings but for those that change meanings. Frames go from one to the other as global views.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from uuid import uuid4
from weakref import WeakKeyDictionary

from tilth.engine.spark.connect import clone, connected, current, drop_unused, is_remote, keep_while_used
from tilth.errors import MissingExtra, RequestError

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

DEMANDED: dict[str, tuple[str, str]] = {
    "spark.sql.ansi.enabled": ("true", "without it integers wrap around silently"),
    "spark.sql.session.timeZone": ("UTC", "timestamps are read and written in UTC"),
    "spark.sql.variable.substitute": (
        "false",
        "with it a string such as ${spark.app.name} in a rule would be replaced by a setting's value",
    ),
    "spark.sql.parser.escapedStringLiterals": ("false", "with it quotes and backslashes in strings mean something else"),
}
STANDARD = (
    "spark.sql.legacy.",
    "spark.sql.ansi.",
    "spark.sql.parser.",
    "spark.sql.session.",
    "spark.sql.caseSensitive",
    "spark.sql.timestampType",
    "spark.sql.groupBy",
    "spark.sql.orderByOrdinal",
    "spark.sql.decimalOperations.",
    "spark.sql.mapKeyDedupPolicy",
    "spark.sql.files.ignore",
    "spark.sql.parquet.binaryAsString",
    "spark.sql.parquet.inferTimestampNTZ",
    "spark.sql.parquet.int96",
    "spark.sql.parquet.datetimeRebase",
    "spark.sql.sources.partitionColumnTypeInference",
    "spark.sql.storeAssignmentPolicy",
)
"""How the settings begin that change what a query or a file means: in an internal session they have Spark's own defaults."""

LOGGERS = ("SQLQueryContextLogger", "DataFrameQueryContextLogger")
"""PySpark's, of queries that fail."""

_beside: WeakKeyDictionary[Any, Any] = WeakKeyDictionary()  # a user's or internal session → the internal one


def session_for(remote: str | None) -> SparkSession:
    """The session of a Spark Connect server, else the one that is there, else one of the server in `SPARK_REMOTE`, else a local one.

    Errors: `MissingExtra` without PySpark, or without what Spark Connect needs; `RequestError` where the process already has a session
    of the other kind; `MachineError` for a server that does not answer.
    """
    try:
        import pyspark  # noqa: F401
    except ImportError as error:
        raise MissingExtra.named("spark", "the Spark engine") from error
    there = None if remote else current()
    if there is not None:
        return there
    remote = remote or os.environ.get("SPARK_REMOTE")
    return connected(remote, _local_settings) if remote else local_session()


def local_session(memory: str = "2g") -> SparkSession:
    """A local Spark session with Tilth's settings, on all cores."""
    from pyspark.sql import SparkSession

    builder = SparkSession.builder.master("local[*]").appName("tilth")
    for key, value in _local_settings(memory).items():
        builder = builder.config(key, value)
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    return session


def _local_settings(memory: str = "2g") -> dict[str, str]:
    """The settings of a Spark that is started here; Java is looked for, too."""
    from tilth.engine.spark.java import use_java

    use_java()
    os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)  # Python functions run in this environment, not in the first `python3`
    return {
        **{key: value for key, (value, _) in DEMANDED.items()},
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.driver.memory": memory,
        "spark.driver.extraJavaOptions": "-Duser.timezone=UTC -Xss16m",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.sql.shuffle.partitions": "4",
        "spark.sql.execution.arrow.pyspark.enabled": "true",
    }


def beside(given: SparkSession) -> SparkSession:
    """The internal session beside a given one; for an internal one, itself. Its settings are checked at every call.

    Errors: `RequestError` for every setting that Tilth's results depend on and that cannot be set, with the reason.
    """
    theirs: Any = given
    ours: Any = _beside.get(given)
    if ours is not None and ours is theirs:
        return theirs  # type: ignore[no-any-return]
    if ours is None:
        ours = clone(given) if is_remote(given) else theirs.newSession()
        _beside[given] = _beside[ours] = ours
    _settle(ours, given.conf.getAll)
    found: SparkSession = ours
    return found


def _settle(ours: SparkSession, settings: dict[str, str]) -> None:
    """The settings of a user's session in ours, but for those that change meanings."""
    here, refused = ours.conf.getAll, []
    kept = {key: value for key, value in settings.items() if not key.startswith(STANDARD) and key not in DEMANDED}
    for key, value in kept.items():
        if here.get(key) != value and ours.conf.isModifiable(key):
            ours.conf.set(key, value)
    for key in here:
        if key.startswith(STANDARD) and key not in DEMANDED and ours.conf.isModifiable(key):
            ours.conf.unset(key)
    for key, (value, reason) in DEMANDED.items():
        if (here.get(key) or "").lower() == value.lower():
            continue
        try:
            ours.conf.set(key, value)
        except Exception as error:  # noqa: BLE001 -- Spark raises many kinds for a setting that is static or locked
            refused.append(f"{key} must be {value} ({reason}); it cannot be set: {str(error).splitlines()[0]}")
    if refused:
        raise RequestError(*refused)


def moved(frame: DataFrame, to: SparkSession) -> DataFrame:
    """A frame of one session in another of the same Spark: the same plan, settled where it was made."""
    if frame.sparkSession is to:
        return frame
    name = f"tilth_{uuid4().hex}"
    frame.filter("true").createOrReplaceGlobalTempView(name)  # a plan of its own: with a view Spark drops what is cached of its plan
    there = to.table(f"{to.conf.get('spark.sql.globalTempDatabase', 'global_temp')}.{name}")
    if is_remote(to):
        drop_unused()
        keep_while_used(name, there, beside(to))
    else:
        to.catalog.dropGlobalTempView(name)
    return there


@contextmanager
def active_kept(session: SparkSession) -> Iterator[None]:
    """Whatever makes frames of tables in memory also makes its session the active one: afterwards it is the one from before."""
    if is_remote(session):
        yield
        return
    kind: Any = type(session)
    before = kind.getActiveSession()
    try:
        yield
    finally:
        if before is not None:
            before.createDataFrame([], "x int")


@contextmanager
def unlogged() -> Iterator[None]:
    """PySpark writes every query that fails to standard error, as JSON; not those of internal sessions, whose errors become Tilth's.

    It does so with its loggers of their own; what other threads do meanwhile is logged as ever, and no logger is set up otherwise.
    """
    from pyspark.logger import PySparkLogger

    here = threading.get_ident()

    def of_others(record: logging.LogRecord) -> bool:
        return record.thread != here

    loggers = [PySparkLogger.getLogger(name) for name in LOGGERS]
    for logger in loggers:
        logger.addFilter(of_others)
    try:
        yield
    finally:
        for logger in loggers:
            logger.removeFilter(of_others)
