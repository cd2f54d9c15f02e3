"""Chooses the engine of a verb: the shelf of engines, and the session that the verb uses."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from functools import cache
from typing import Any, TypeAlias

from tilth.data import Dataset, Native
from tilth.engine.session import Engine, Session
from tilth.errors import RequestError
from tilth.shelf import Shelf
from tilth.store.protection import in_force

AnyEngine: TypeAlias = Engine | Session | str | None
ENGINES: Shelf[type[Engine]] = Shelf("engine", "engines", {"duckdb": "tilth.engine.duckdb:DuckDB", "spark": "tilth.engine.spark:Spark"})


@cache
def _shared(name: str, confined: bool) -> Engine:
    """The engine that verbs share, so that several verbs read a text file once. Under a key it is another one."""
    return ENGINES[name]()


def engine_for(engine: Engine | str | None, data: Any = None) -> Engine:
    """The requested engine: an object, a name, or the engine that holds the data; else DuckDB in this process.

    Errors: `RequestError` for a name that is not on the shelf of engines.
    """
    if isinstance(engine, Engine):
        return engine
    source = data.source if isinstance(data, Dataset) else data
    lives_in = source.engine if isinstance(source, Native) else "spark" if type(source).__module__.startswith("pyspark.") else "duckdb"
    if (engine or lives_in) == "spark":
        from tilth.engine.spark import Spark

        return Spark(getattr(source.handle if isinstance(source, Native) else source, "sparkSession", None))
    ENGINES.find(engine or lives_in)
    return _shared(engine or lives_in, in_force() is not None)


@contextmanager
def session_of(engine: AnyEngine, data: Any, title: str) -> Iterator[Session]:
    """A new session of the requested engine, for one verb. If `engine` is a session, it is used and stays open.

    Under a key, the engine spills nothing unencrypted. If the data was made by a flow, its errors get the place of the step in the flow
    file.
    """
    try:
        with nullcontext(engine) if isinstance(engine, Session) else engine_for(engine, data).session(title) as session:
            if in_force():
                session.confine()
            yield session
    except RequestError as error:
        if not isinstance(data, Dataset) or data.located is None:
            raise
        raise data.located(error) from error
