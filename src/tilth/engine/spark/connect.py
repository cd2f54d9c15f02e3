"""Spark Connect: a session with a server, a clone of it for Tilth's own queries, and how both end.

gRPC closes a channel by waiting for a thread of its own, and that thread is gone when the interpreter takes its objects apart: a
session that is closed only then, by its `__del__`, waits for ever. So every session that was opened here is closed while the process
still runs as always. A session of the user's is never closed: PySpark does not take apart the one that it knows as the default.
"""

from __future__ import annotations

import atexit
import os
import re
import warnings
import weakref
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tilth.errors import MachineError, MissingExtra, RequestError

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

AGAIN = 4
"""How often the first word to a server is said again: with PySpark's pauses for five seconds, where its own 15 times take ten minutes."""

PATIENCE = 5.0
"""Seconds that a server has at the end of the process to let go of a session."""

PORT = 15002
"""Where PySpark starts a local server, always."""

HERE_ONLY = {"spark.connect.grpc.binding.address": "127.0.0.1"}
"""A local server is heard by this machine only; PySpark's listens to the whole network."""

OF_THE_OTHER_KIND = ("SESSION_ALREADY_EXIST", "SESSION_OR_CONTEXT_EXISTS", "start a remote Spark session", "existing Spark")
"""Words with which PySpark refuses a session of Spark Connect beside one without it."""

DETAILS = re.compile(r'^\s*details = "(.*)"$', re.MULTILINE)  # gRPC's reason, among its own state

_views: dict[str, Any] = {}  # a global view → the internal session that drops it
_unused: deque[str] = deque()  # those of them that no plan mentions any more

MODE = "SPARK_CONNECT_MODE_ENABLED"  # PySpark's mark of a process that has sessions of Spark Connect, and of no other kind


def is_remote(session: Any) -> bool:
    """Whether a session uses a Spark Connect server: then there is no Java virtual machine in reach."""
    return type(session).__module__.startswith("pyspark.sql.connect")


def current() -> SparkSession | None:
    """The session that is active in this thread, else the process's default one, else none."""
    from pyspark.errors import PySparkRuntimeError
    from pyspark.sql import SparkSession

    try:
        return SparkSession.active()
    except PySparkRuntimeError:
        return None


def connected(remote: str, local_settings: Callable[[], Mapping[str, str]]) -> SparkSession:
    """A session with the server `remote`; `local[…]` starts one in this process, with `local_settings`, unless one is there.

    Errors: `MissingExtra` without what Spark Connect needs; `RequestError` where the process already has a session without Spark
    Connect; `MachineError` for a server that does not answer or cannot be started.
    """
    from py4j.protocol import Py4JError  # type: ignore[import-untyped]
    from pyspark.errors import PySparkException
    from pyspark.sql import SparkSession

    known = current()
    first = not is_remote(known)
    if known is not None and first:
        raise _beside_another(remote)
    if known is not None and remote.startswith("local"):
        return known
    builder = SparkSession.builder.remote(remote)
    for key, value in {**local_settings(), **HERE_ONLY}.items() if remote.startswith("local") else ():
        builder = builder.config(key, value)
    mode = os.environ.get(MODE)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of settings that a server has since its start, and of giving up, which the error says
            session = builder.getOrCreate() if first else builder.create()  # getOrCreate would take the one there is, of whatever server
            _greet(session, first)
    except ImportError as error:
        raise MissingExtra.named("connect", "Spark Connect") from error
    except (PySparkException, Py4JError, RuntimeError) as error:
        if mode is None:
            os.environ.pop(MODE, None)  # a process without a server may still have a Spark of its own
        raise _refusal(remote, error) from error
    atexit.register(_end, session)
    return session


def clone(given: SparkSession) -> SparkSession:
    """An internal session beside the user's, on the same server, with its settings. It ends with the process."""
    theirs: Any = given
    theirs.conf.getAll  # noqa: B018 -- a server knows a session from its first word on, and clones none that it does not know
    ours: SparkSession = theirs.cloneSession()
    atexit.register(_end, ours)  # later than PySpark's own handler, so earlier at the end: that one waits for a server that may be gone
    return ours


def _greet(session: Any, first: bool) -> None:
    """The first word to a server. Where it is not answered, PySpark forgets the session."""
    from pyspark.sql.connect.client.retries import DefaultPolicy

    client = session.client
    try:
        with _policies(client, [DefaultPolicy(max_retries=AGAIN)]):
            session.conf.get("spark.sql.ansi.enabled")
    except BaseException:
        session.release_session_on_close = False
        if first:
            session.stop()  # also ends a local server, which then is the one that was started here
        else:
            client.close()
        raise


@contextmanager
def _policies(client: Any, policies: list[Any]) -> Iterator[None]:
    """Other rules of when a word to a server is said again."""
    before = client.get_retry_policies()
    client.set_retry_policies(policies)
    try:
        yield
    finally:
        client.set_retry_policies(before)


def keep_while_used(view: str, frame: Any, ours: Any) -> None:
    """Drop a global view when the last plan has gone that mentions it: a server looks its name up anew for every query.

    Nothing is said to a server from within the collector of garbage, which may run in the middle of another word to it: what is over is
    dropped by `drop_unused`, and at the end of the process.
    """
    _views[view] = ours
    weakref.finalize(frame._plan, _unused.append, view).atexit = False


def drop_unused() -> None:
    """Drop the global views that nothing mentions any more."""
    while _unused:
        _drop(_unused.popleft())


def _drop(view: str) -> None:
    ours = _views.pop(view, None)
    if ours is not None and not ours.client.is_closed:
        with suppress(Exception):  # the server has gone, and the view with it
            ours.catalog.dropGlobalTempView(view)


def _end(session: Any) -> None:
    """Release an internal session on its server, and close the connection. A server that has stopped is ignored."""
    client = session.client
    if client.is_closed:
        return
    with suppress(Exception), _policies(client, []):
        if hasattr(client, "_rpc_deadlines"):  # since PySpark 4.3; its own are ten minutes
            client._rpc_deadlines = replace(client._rpc_deadlines, config=PATIENCE, release_session=PATIENCE)
        session.conf.get("spark.sql.ansi.enabled")  # is it still there?
        client._use_reattachable_execute = False  # that takes a pool of threads, which take no work any more
        for view in [view for view, ours in _views.items() if ours is session]:
            _drop(view)
        client.release_session()
    with suppress(Exception):
        client.close()


def _beside_another(remote: str) -> RequestError:
    hint = "a process has sessions of one kind only: stop the other one, or begin a new process"
    return RequestError(f"no session with {remote} can be opened beside one without Spark Connect", hint=hint)


def _refusal(remote: str, error: Exception) -> Exception:
    """PySpark's error for a session that cannot be opened, as an error of Tilth's."""
    message = str(error)
    if any(words in message for words in OF_THE_OTHER_KIND):
        return _beside_another(remote)
    if "BindException" in message:
        return MachineError(
            f"a Spark Connect server cannot be started: its port, {PORT}, is taken by another process",
            hint="wait until that one has ended, or connect to a server that runs: sc://host:15002",
            code="no-connect",
        )
    return MachineError(f"the Spark Connect server {remote} cannot be used: {reason(error)}", code="no-connect")


def reason(error: BaseException) -> str:
    """What PySpark or gRPC says is wrong, in one line.

    >>> reason(Exception("An error occurred while calling o1.sql.\\n: java.lang.Error: no disk\\n\\tat Main"))
    ': java.lang.Error: no disk'
    >>> reason(Exception('<_InactiveRpcError of RPC that terminated with:\\n\\tstatus = X\\n\\tdetails = "no route"'))
    'no route'
    """
    lines = str(error).strip().split("\n")
    details = DETAILS.search(str(error))
    if lines[0].startswith("<") and details:
        return details[1]
    return lines[1] if lines[0].startswith("An error occurred while calling") and len(lines) > 1 else lines[0]
