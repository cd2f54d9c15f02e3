"""Chooses the Spark session, and makes an internal session for it.

Many settings of a session change the meaning of queries. A user's session is not modified. Instead, queries run in an internal session on
the same Spark, with the user's settings except those that change meanings. Frames are passed between the two as global views.
"""

from __future__ import annotations

import atexit
import os
import re
import sys
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING, Any
from uuid import uuid4
from weakref import WeakKeyDictionary

from tilth.engine.quiet import quiet
from tilth.errors import MachineError, RequestError, extra, first_line
from tilth.store.protection import in_force

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

DEMANDED: dict[str, tuple[str, str]] = {
    "spark.sql.ansi.enabled": ("true", "without it integers wrap around silently"),
    "spark.sql.session.timeZone": ("UTC", "timestamps are read and written in UTC"),
    "spark.sql.variable.substitute": ("false", "with it ${spark.app.name} in a string of a rule would be replaced by a setting's value"),
    "spark.sql.parser.escapedStringLiterals": ("false", "with it quotes and backslashes in strings mean something else"),
}
WIDE = {"spark.sql.constraintPropagation.enabled": "false", "spark.sql.execution.arrow.localRelationThreshold": "0"}
"""Settings of an internal session without which the time to plan a query grows with the square of its columns: Spark compares what it
knows of each column with what it knows of all others, and evaluates small tables in memory while it plans, looking for each column from
the first one on."""

AS_DUCKDB = {"spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS", "spark.sql.json.enableExactStringParsing": "false"}
"""Settings of an internal session that make Spark write and read files as DuckDB does: timestamps in Parquet have a time zone and any year,
unlike Spark's INT96; a list or object in JSON Lines is a string without blanks between its parts."""

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
"""Prefixes of the settings that change the meaning of a query or a file. An internal session has Spark's defaults for them."""

OURS = (*STANDARD, *DEMANDED, *WIDE, *AS_DUCKDB)  # settings that an internal session does not take from the user's session

JAVA_OPTIONS = "-Duser.timezone=UTC -Xss16m"

HERE_ONLY = {"spark.connect.grpc.binding.address": "127.0.0.1"}
"""A local server listens to this machine only; by default PySpark's listens to the whole network."""

ENCRYPTED = {"spark.io.encryption.enabled": "true", "spark.io.encryption.keySizeBits": "256"}
"""Settings that make Spark encrypt spilled and shuffled data, with a key that it makes itself."""

AUTHENTICATED = {"spark.authenticate": "true", "spark.network.crypto.enabled": "true"}
"""Settings that make the processes of a cluster encrypt what they send each other."""

OTHER_KIND = ("SESSION_ALREADY_EXIST", "SESSION_OR_CONTEXT_EXISTS", "CONNECT_URL_NOT_SET", "start a remote Spark session", "existing Spark")
"""Words in PySpark's error for a session of Spark Connect in a process that has a classic session, or the reverse."""

RETRIES = 4  # of the first call of a server: about five seconds; PySpark's own 15 take ten minutes
RAISED = re.compile(r"[\w.]+(?:Error|Exception): ")  # the last line of a traceback of Python
DETAILS = re.compile(r'^\s*details = "(.*)"$', re.MULTILINE)  # gRPC's reason, in its description of a call
LOGGERS = ("SQLQueryContextLogger", "DataFrameQueryContextLogger")  # PySpark's, of failed queries

_beside: WeakKeyDictionary[Any, Any] = WeakKeyDictionary()  # a user's or internal session → the internal one
_views: dict[str, Any] = {}  # global views on servers → an internal session that drops them


def is_remote(session: Any) -> bool:
    """Whether a session uses a Spark Connect server: then there is no Java virtual machine in reach."""
    return type(session).__module__.startswith("pyspark.sql.connect")


def session_for(remote: str | None) -> SparkSession:
    """The session of a Spark Connect server, else the current one, else one of the server in `SPARK_REMOTE`, else a local one.

    `remote="local[2]"` starts a server in this process, unless there is one.

    Errors: `MissingExtra` without PySpark, or without what Spark Connect needs; `RequestError` where the process already has a session
    of the other kind; `MachineError` for a server that does not answer or cannot be started.
    """
    with extra("spark", "the Spark engine"):
        import pyspark  # noqa: F401
        from py4j.protocol import Py4JError
        from pyspark.errors import PySparkException
    current = _current()
    remote = remote or (None if current else os.environ.get("SPARK_REMOTE"))
    if current is not None and (remote is None or (is_remote(current) and remote.startswith("local"))):
        return current
    if current is not None and not is_remote(current):
        raise _other_kind(remote)
    try:
        with extra("connect", "Spark Connect"):
            return _connected(remote, first=current is None) if remote else local_session()
    except (PySparkException, Py4JError, RuntimeError) as error:
        if any(words in str(error) for words in OTHER_KIND):
            raise _other_kind(remote) from error
        server = f"the Spark Connect server {remote}" if remote else "a local Spark"
        raise MachineError(f"{server} cannot be used: {reason(error)}", code="no-connect" if remote else "") from error


def _current() -> SparkSession | None:
    """The active session of this thread, else the default one of the process, else none."""
    from pyspark.errors import PySparkRuntimeError
    from pyspark.sql import SparkSession

    with suppress(PySparkRuntimeError):
        return SparkSession.active()
    return None


def _other_kind(remote: str | None) -> RequestError:
    hint = "a process has sessions of one kind only: stop the other one, or begin a new process"
    return RequestError(f"no session with {remote or 'a local Spark'} can be opened beside one of the other kind", hint=hint)


def local_session() -> SparkSession:
    """A local Spark session with Tilth's settings, on all cores."""
    from pyspark.sql import SparkSession

    builder: Any = SparkSession.builder
    session: SparkSession = builder.master("local[*]").appName("tilth").config(map=_local_settings()).getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    return session


def _local_settings() -> dict[str, str]:
    """The settings of a Spark that is started here, which needs Java."""
    from tilth.engine.spark.java import use_java

    use_java()
    os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)  # Python functions run in this environment, not in the first `python3`
    return {
        **{key: value for key, (value, _) in DEMANDED.items()},
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.driver.memory": "2g",
        "spark.driver.extraJavaOptions": JAVA_OPTIONS,
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.sql.shuffle.partitions": "4",
        "spark.sql.execution.arrow.pyspark.enabled": "true",
        **(ENCRYPTED | _in_private_folder() if in_force() else {}),
    }


def _in_private_folder() -> dict[str, str]:
    """Settings that make Spark and its Java keep temporary files in this process's folder, not in Java's default folder."""
    where = tempfile.gettempdir()
    return {"spark.local.dir": where, "spark.driver.extraJavaOptions": f'{JAVA_OPTIONS} "-Djava.io.tmpdir={where}"'}


def _connected(remote: str, first: bool) -> SparkSession:
    """A session of a Spark Connect server that answers. It ends with the process."""
    from pyspark.sql import SparkSession
    from pyspark.sql.connect.client.retries import DefaultPolicy

    plain: Any = SparkSession.builder
    builder = plain.remote(remote).config(map=_local_settings() | HERE_ONLY if remote.startswith("local") else {})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of settings that a server has since its start, and of giving up, which the error says
        session = builder.getOrCreate() if first else builder.create()  # getOrCreate would take the current one, of whatever server
        client, policies = session.client, session.client.get_retry_policies()
        try:
            client.set_retry_policies([DefaultPolicy(max_retries=RETRIES)])
            session.conf.get("spark.sql.ansi.enabled")
        except BaseException:  # cleans up; also on Ctrl-C
            session.release_session_on_close = False
            (session.stop if first else client.close)()  # `stop` also ends a local server, which may be the user's
            raise
        client.set_retry_policies(policies)
    atexit.register(_end, session)
    found: SparkSession = session
    return found


def _end(session: Any) -> None:
    """Release an internal session on its server while the process still runs: a channel that is closed later waits for ever."""
    client = session.client
    if not client.is_closed:
        client.set_retry_policies([])
        client.disable_reattachable_execute()  # which takes a pool of threads, which accept no work at the end
        with suppress(Exception):  # the server may be gone
            for view in [view for view, owner in _views.items() if owner is session]:
                _drop(view)
            client.release_session()
        client.close()


def beside(given: SparkSession) -> SparkSession:
    """The internal session for a given one; for an internal session, itself. Its settings are checked at every call.

    Errors: `RequestError` for each setting that affects results and cannot be set, with the reason.
    """
    user: Any = given
    internal: Any = _beside.get(given)
    if internal is not user:
        settings = user.conf.getAll  # a server knows a session from its first call on, and clones none that it does not know
        if internal is None:
            internal = user.cloneSession() if is_remote(given) else user.newSession()
            _beside[given] = _beside[internal] = internal
            if is_remote(internal):
                atexit.register(_end, internal)
        _settle(internal, settings)
    found: SparkSession = internal
    return found


def _settle(internal: SparkSession, settings: dict[str, str]) -> None:
    """The settings of a user's session in an internal one, except those that change meanings."""
    here, refused = internal.conf.getAll, []
    for key, value in settings.items():
        if not key.startswith(OURS) and here.get(key) != value and internal.conf.isModifiable(key):
            internal.conf.set(key, value)
    for key in here:
        if key.startswith(STANDARD) and key not in DEMANDED and internal.conf.isModifiable(key):
            internal.conf.unset(key)
    for key, value in (WIDE | AS_DUCKDB).items():
        if here.get(key) != value and internal.conf.isModifiable(key):
            internal.conf.set(key, value)
    for key, (value, why) in DEMANDED.items():
        if (here.get(key) or "").lower() != value.lower():
            try:
                internal.conf.set(key, value)
            except Exception as error:  # noqa: BLE001 -- Spark raises many kinds for a setting that is static or locked
                refused.append(f"{key} must be {value} ({why}); it cannot be set: {first_line(error)}")
    RequestError.reject(refused)


def moved(frame: DataFrame, to: SparkSession, until: ExitStack | None = None) -> DataFrame:
    """A frame of one session in another session of the same Spark. The plan is the same, resolved in its own session.

    On a server, a view is needed as long as its queries, so it is dropped when `until` is closed, or at the end of the process.
    """
    if frame.sparkSession is to:
        return frame
    name = f"tilth_{uuid4().hex}"
    frame.filter("true").createOrReplaceGlobalTempView(name)  # a new plan, because dropping a view also drops the cache of its plan
    there = to.table(f"{to.conf.get('spark.sql.globalTempDatabase', 'global_temp')}.{name}")
    if is_remote(to):
        _views[name] = beside(to)
        if until:
            until.callback(_drop, name)
    else:
        to.catalog.dropGlobalTempView(name)
    return there


def _drop(view: str) -> None:
    with suppress(Exception):  # the server may be gone
        _views.pop(view).catalog.dropGlobalTempView(view)


@contextmanager
def active_kept(session: SparkSession) -> Iterator[None]:
    """Whatever makes frames of tables in memory also makes its session the active one: restore the one from before."""
    kind: Any = type(session)
    before = None if is_remote(session) else kind.getActiveSession()
    try:
        yield
    finally:
        if before is not None:
            before.createDataFrame([], "x int")


def unlogged() -> AbstractContextManager[None]:
    """Keep PySpark from logging failed queries of this thread to standard error, because their errors are raised."""
    from pyspark.logger import PySparkLogger

    return quiet(*map(PySparkLogger.getLogger, LOGGERS))


def reason(error: BaseException) -> str:
    """What PySpark or gRPC says is wrong, in one line.

    >>> reason(Exception("An error occurred while calling o1.sql.\\n: java.lang.Error: no disk\\n\\tat Main"))
    ': java.lang.Error: no disk'
    >>> reason(Exception('<_InactiveRpcError of RPC that terminated with:\\n\\tstatus = X\\n\\tdetails = "no route"'))
    'no route'
    >>> reason(Exception("An exception was thrown from the Python worker:\\n  File x\\nKeyError: 'a'\\n\\tat java"))
    "KeyError: 'a'"
    """
    lines = str(error).strip().split("\n")
    if "from the Python worker" in lines[0] and (raised := [line for line in lines if RAISED.match(line)]):
        return raised[-1]
    details = DETAILS.search(str(error))
    if lines[0].startswith("<") and details:
        return details[1]
    return lines[1] if lines[0].startswith("An error occurred while calling") and len(lines) > 1 else lines[0]
