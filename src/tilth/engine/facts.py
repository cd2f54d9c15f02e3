"""Records the facts of a run: what ran, when, for how long, and in which versions."""

from __future__ import annotations

import hashlib
import platform
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import version

from tilth.data import Dataset, Files
from tilth.engine.session import Session
from tilth.report import Facts
from tilth.store.protection import in_force


@cache
def versions() -> dict[str, str]:
    """The versions of the packages that affect the result."""
    loaded = {name: getattr(sys.modules.get(name), "__version__", "") for name in ("tilth", "duckdb", "sqlglot", "numpy")}
    return {name: said or version(name) for name, said in loaded.items()}  # reading the metadata of a package takes milliseconds


def fingerprint(data: Dataset) -> str:
    """A hash of what was read: the columns, the options of the format, and the size and time of each file. Empty for data in memory."""
    source = data.source
    if not isinstance(source, Files):
        return ""
    known = (source.format, source.columns, source.options, source.state)
    return "sha256:" + hashlib.sha256(repr(known).encode("utf-8", "surrogatepass")).hexdigest()


def begin(engine: Session) -> Callable[..., Facts]:
    """Begin to record a run. The returned function gives the facts up to its call, for the data that was read."""
    started, clock, earlier = datetime.now(UTC), time.perf_counter(), len(engine.scans)
    unscanned = {where: len(columns) for where, columns in engine.unscanned.items()}

    def facts(data: Dataset, rows: int | None = None, **more: object) -> Facts:
        since = ((f"from {where}", columns[unscanned.get(where, 0) :]) for where, columns in engine.unscanned.items())
        known = {name: ", ".join(dict.fromkeys(columns)) for name, columns in since if columns}
        table = data.source.table.facts if isinstance(data.source, Files) and data.source.table else {}
        return Facts(
            source=str(data.source),
            engine=engine.name,
            rows=rows,
            started=started.isoformat(timespec="seconds"),
            seconds=time.perf_counter() - clock,
            scans=engine.shown(data.roles.private, earlier),
            versions=versions() | {"python": platform.python_version()},
            fingerprint=fingerprint(data),
            more=table | more | _protection() | known,
        )

    return facts


def _protection() -> dict[str, str]:
    """The key under which the run encrypts its files, and what stays unencrypted."""
    protection = in_force()
    if protection is None:
        return {}
    left = {"left unencrypted on request": ", ".join(sorted(protection.plaintext))} if protection.plaintext else {}
    return {"encrypted under": protection.key.describe().id, **left}
