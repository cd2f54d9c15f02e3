"""The cluster engine: Spark, in an existing session, through Spark Connect, or locally."""

from __future__ import annotations

import itertools
import re
import time
import warnings
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import replace
from decimal import Decimal
from functools import partial, reduce
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from tilth.data import Change, Column, Dataset, Files, Kind, Memory, Native, Rows, Schema, Source
from tilth.engine import textfiles
from tilth.engine.folding import Folding, States
from tilth.engine.layers import decode_layer, layer_select, select_from
from tilth.engine.operations.casts import CONTRADICTION
from tilth.engine.operations.operation import lower
from tilth.engine.operations.rows import refusal, without_values
from tilth.engine.python_operation import PythonFunction
from tilth.engine.session import Engine, FileFormat, Progress, Session, TypeContradiction, everything
from tilth.engine.spark import jdbc
from tilth.engine.spark.sessions import AUTHENTICATED, ENCRYPTED, active_kept, beside, is_remote, moved, reason, session_for, unlogged
from tilth.errors import MEMORY, REFUSED, Gap, MachineError, RequestError, SourceError
from tilth.store.jdbc import JdbcTable
from tilth.store.memory import workspace
from tilth.store.protection import in_force

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

    from tilth.secrets import Access

VIEWS_FROM = 50  # layers in one query: Spark's parser overflows its stack at about a hundred chained named selects

SENT, MOST_SENT = "spark.sql.maxBroadcastTableSize", "512MB"  # of the smaller side of a join of a user's query

NUMBERS = itertools.count()  # of the views that are made

KINDS: dict[str, Kind] = {
    "boolean": Kind.BOOLEAN,
    **dict.fromkeys(("tinyint", "smallint", "int", "bigint"), Kind.INTEGER),
    **dict.fromkeys(("float", "double"), Kind.FLOAT),
    "string": Kind.STRING,
    "date": Kind.DATE,
    "timestamp_ntz": Kind.TIMESTAMP,
    "timestamp": Kind.TIMESTAMP_TZ,
    "time": Kind.TIME,
    "binary": Kind.BINARY,
    "array": Kind.LIST,
    "struct": Kind.STRUCT,
    "map": Kind.MAP,
    "void": Kind.NULL,
}


def kind_of(type_text: str) -> Kind:
    """The kind of a Spark type, by its short name.

    >>> kind_of("decimal(18,3)"), kind_of("timestamp_ntz")
    (<Kind.DECIMAL: 'decimal'>, <Kind.TIMESTAMP: 'timestamp'>)
    """
    word = type_text.split("(")[0].split("<")[0]
    return Kind.DECIMAL if word == "decimal" else Kind.STRING if word in ("varchar", "char") else KINDS.get(word, Kind.OTHER)


def column(name: str, type_text: str) -> Column:
    """A column of a Spark type.

    >>> str(column("n", "bigint")), str(column("v", "array<array<float>>"))
    ('integer', 'list[][] of float')
    """
    element, levels = type_text, 0
    while element.startswith("array<"):
        element, levels = element[len("array<") : -1], levels + 1
    of = kind_of(element)
    return Column(name, Kind.LIST, type_text, of, (None,) * levels) if levels else Column(name, of, type_text)


class Spark(Engine):
    """Spark, in the user's session (`session`), a remote one (`remote`, such as `"sc://host:15002"`), or a local one.

    A given session is not changed: queries run in an internal session on the same Spark, which has its settings except those that change
    what a query means. If such a setting cannot be changed, the session is refused, with the reason.
    """

    name = "spark"

    def __init__(self, session: SparkSession | None = None, remote: str | None = None) -> None:
        self.given = session or session_for(remote)
        self.own = beside(self.given)

    def session(self, title: str = "", progress: Progress = nullcontext) -> SparkRun:
        jdbc.drop_left()
        return SparkRun(title, progress, self.own, self.given)

    def frame(self, table: pa.Table) -> DataFrame:
        """An Arrow table as a frame in the session that was given."""
        return moved(frame_of(self.own, table), self.given)


class SparkRun(Session):
    """A session of Spark: it shares the engine's session of Spark, and drops the views and frames that it made one by one."""

    name = "spark"

    def __init__(self, title: str, progress: Progress, own: SparkSession, given: SparkSession) -> None:
        super().__init__(title, progress)
        self.own, self.given = own, given
        self._bases: dict[Hashable, str] = {}
        self._schemas: dict[str, Schema] = {}  # of queries: their views stay the same
        self._texts: list[Files] = []  # that were opened: when one cannot be parsed, it is searched for the reason
        self._tag, self._runs = f"tilth-{next(NUMBERS)}", False
        jobs: Any = own if is_remote(own) else own.sparkContext
        self._tag_jobs, self._untag_jobs, self._cancel_jobs = (
            (jobs.addTag, jobs.removeTag, jobs.interruptTag)
            if is_remote(own)  # without Connect, a tag of the session does not reach the jobs that another thread cancels
            else (jobs.addJobTag, jobs.removeJobTag, jobs.cancelJobsWithTag)
        )

    def interrupt(self) -> None:
        while self._runs:  # what has not begun yet cannot be stopped
            self._cancel_jobs(self._tag)
            time.sleep(0.1)

    @contextmanager
    def limited(self, seconds: float) -> Iterator[None]:
        """It may also join no table of more than `MOST_SENT` by sending all of it to every executor: 8 GB are Spark's own limit.

        The driver holds that table in its memory, and would end where it does not fit.
        """
        before = self.own.conf.get(SENT, None)
        self.own.conf.set(SENT, MOST_SENT)
        try:
            with super().limited(seconds):
                yield
        finally:
            with suppress(MachineError), self._translated(""):
                self.own.conf.unset(SENT) if before is None else self.own.conf.set(SENT, before)

    def confine(self) -> None:
        """Refuse a Spark that would spill or send rows unencrypted; a local one sends none."""
        protection = in_force()
        if protection is None or "spill" in protection.plaintext:
            return
        local = (self.own.conf.get("spark.master", "") or "").startswith("local")
        wanted = ENCRYPTED if local else ENCRYPTED | AUTHENTICATED
        if missing := [f"{k}={v}" for k, v in wanted.items() if (self.own.conf.get(k, "") or "").lower() != v.lower()]:
            hint = "start Spark with these settings; or let it spill unencrypted: --allow-plaintext spill"
            message = f"this Spark session would write rows to its disks{'' if local else ', or send them,'} unencrypted"
            raise RequestError(message, accepted=", ".join(missing), hint=hint, code="spark-plaintext")

    @contextmanager
    def timed(self, title: str, text: str) -> Iterator[None]:
        self.refuse_if_cancelled()
        with self._translated(text):
            self._tag_jobs(self._tag)
        self._runs = True
        try:
            with super().timed(title, text):
                yield
        finally:
            self._runs = False
            with suppress(MachineError), self._translated(text):  # Spark has ended: that error is raised already
                self._untag_jobs(self._tag)

    def base(self, data: Dataset, hold: bool = True) -> tuple[str, tuple[str, ...], Sequence[Change | Rows]]:
        decode = decode_layer(data)
        name = self._view((data.source, decode), lambda: self._opened(data.source, decode))
        names = data.source.columns if not decode else decode[0].names(data.source.columns)
        layers = self.resolved(names, data.layers[len(decode) :])
        while len(layers) > VIEWS_FROM:
            first, layers = layers[:VIEWS_FROM], layers[VIEWS_FROM:]
            text = self.written(select_from(name, names, first, everything()))
            name = self._view((name, tuple(first)), partial(self.sql, text))
            names = reduce(lambda below, layer: layer.names(below), first, names)
        return name, names, layers

    def load(self, data: Dataset, proof: Change) -> None:
        def held() -> DataFrame:
            frame = self._opened(data.source, (proof,))
            with self._translated(""), self.timed("load text files", str(data.source)):
                frame.count()
            return frame

        self._view((data.source, decode_layer(data)), held)

    def _view(self, wanted: Hashable, make: Callable[[], DataFrame]) -> str:
        if wanted not in self._bases:
            self._bases[wanted] = self._new_view(make())
        return self._bases[wanted]

    def _new_view(self, frame: DataFrame) -> str:
        name = f"tilth_{next(NUMBERS)}"
        frame.createOrReplaceTempView(name)
        self._held.callback(self.own.catalog.dropTempView, name)
        return name

    def _kept(self, frame: DataFrame) -> DataFrame:
        """A frame that Spark caches until the session is closed."""
        kept = frame.persist()
        self._held.callback(kept.unpersist)
        return kept

    def _opened(self, source: Source, decode: Sequence[Change | Rows]) -> DataFrame:
        frame = self._frame(source)
        if not decode:
            return frame
        if isinstance(source, Files):
            for path in source.paths:  # what Spark keeps of a file, it knows by its path alone
                self.own.catalog.refreshByPath(self.seen(path))
        view = self._new_view(frame)
        return self._kept(self.sql(lower(layer_select(decode[0], view, source.columns), self.name)))

    def _frame(self, source: Source) -> DataFrame:
        with self._translated(""):
            match source:
                case Files() if source.copies and not self._is_local():
                    return self._sent(source)
                case Files(scans={"spark": scan}):
                    frame: DataFrame = scan(source, self)
                    return frame
                case Memory():
                    return frame_of(self.own, source.table)
                case Native(engine="spark"):
                    return moved(source.handle, self.own, self._held)
        raise Gap(f"Spark cannot read {source}")

    def _sent(self, source: Files) -> DataFrame:
        """Copies on this machine, which a cluster does not see, as a frame. Errors: `Gap` for files that are not Parquet."""
        if source.format != "parquet":
            hint = "make them Parquet, or read them with DuckDB"
            raise Gap(f"Spark on a cluster reads {source.format} from places that it sees itself, not from {source}", hint=hint)
        return frame_of(self.own, pq.read_table(list(source.paths)))

    def returned(self, frame: DataFrame) -> DataFrame:
        """An internal frame in the given session, for the user to continue with."""
        return moved(frame, self.given)

    def utf8_paths(self, source: Files) -> list[str]:
        self._texts.append(source)
        encoding = source.option("encoding")
        here = [path for path in source.paths if "://" not in path]
        wrong = [m for path in here if (m := textfiles.wrong_byte(path, encoding))]
        SourceError.reject(wrong)  # Spark would put a question mark there and say nothing
        if textfiles.python_name(encoding) == "utf-8-sig":
            return [self.seen(path) for path in source.paths]
        if here != list(source.paths) or not self._is_local():
            raise Gap(
                f"Spark on a cluster reads text files in utf-8 only, not in {encoding}", hint="convert the files, or read them with DuckDB"
            )
        scratch = workspace()
        self._held.callback(scratch.close)
        return [textfiles.as_utf8(path, encoding, scratch) for path in here]

    def seen(self, path: str) -> str:
        """A path as Spark needs it: a local Spark resolves relative paths in the directory where it was started."""
        return str(Path(path).absolute()) if "://" not in path and self._is_local() else path

    def _is_local(self) -> bool:
        return not is_remote(self.own) and str(self.own.sparkContext.master).startswith("local")

    def owns(self, handle: Any) -> bool:
        return getattr(handle, "sparkSession", None) in (self.own, self.given)

    def sql(self, text: str) -> DataFrame:
        """A frame from a query; Spark's exceptions become Tilth's.

        In parentheses: a statement that begins with WITH may insert, too, and Spark's parser reads it to its end to see that it does not.
        """
        with self._translated(text):
            return self.own.sql(f"({text})")

    @contextmanager
    def _translated(self, text: str) -> Iterator[None]:
        from py4j.protocol import Py4JError, Py4JNetworkError
        from pyspark.errors import AnalysisException, PySparkException

        try:
            with unlogged():
                yield
        except (ConnectionError, Py4JNetworkError) as error:
            hint = "it may have run out of memory: give it more, spark.driver.memory"
            raise MachineError("Spark has ended", hint=hint) from error
        except (PySparkException, Py4JError) as error:
            self.refuse_if_cancelled()
            if isinstance(error, AnalysisException):  # it shows the whole plan, and with it the words of other errors
                raise MachineError(f"Spark refused a query: {reason(error)}", hint=text[:2000], code=REFUSED) from error
            if CONTRADICTION in str(error):
                raise TypeContradiction from error
            if "MALFORMED_RECORD_IN_PARSING" in _chain(error):
                raise SourceError(*textfiles.blamed(self._texts, "a row has too few or too many fields")) from error
            raise _translation(error, text) from error

    def named(self, data: Dataset, text: str) -> str:
        return self._view((data.source, data.layers, "view"), lambda: self.sql(text))

    def checkpoint(self, data: Dataset, rows: int | None = None) -> Dataset:
        text = self.whole(data)
        with self._translated(text), self.timed("hold rows", text):
            frame = self._kept(self.sql(text))
            frame.count()
        held = Native(self.name, frame, data.names, identity=id(frame), ordered=data.ordered)
        return replace(data, source=held, layers=())

    def jdbc(self, table: JdbcTable, access: Access | None, *, hold: bool = True) -> Native:
        with self._translated(table.place):
            return jdbc.read(self, table, access, hold=hold)

    def register(self, name: str, function: PythonFunction) -> None:
        from pyspark.sql.functions import arrow_udf  # type: ignore[attr-defined]  # public, and missing from its stubs

        with self._translated(name), without_pandas_warning():
            self.own.udf.register(name, arrow_udf(function.in_engine(), function.sql_types(self.name)[1]))

    def run(self, text: str) -> list[tuple[Any, ...]]:
        columns = self.table(text).columns  # through Arrow: PySpark's own rows lose the time zone
        return list(zip(*([_plain(v) for v in column.to_pylist()] for column in columns), strict=True))

    def fold(self, text: str, folding: Folding) -> list[States]:
        with self._translated(text), without_pandas_warning():
            return folding.unpacked(self.sql(text).mapInArrow(folding.packed, "states binary").toArrow()["states"].to_pylist())

    def table(self, text: str) -> pa.Table:
        with self._translated(text):
            found: pa.Table = self.sql(text).toArrow()
        return found

    def batches(self, text: str) -> pa.RecordBatchReader:
        frame = self.sql(text)
        with self._translated(text):
            schema = frame.limit(0).toArrow().schema
        return pa.RecordBatchReader.from_batches(schema, self._streamed(text, frame, schema))

    def _streamed(self, text: str, frame: DataFrame, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
        """The rows of a frame, one partition after the other. PySpark hands rows over one by one, so each row is a batch of them."""

        def packed(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
            for batch in batches:
                sink = pa.BufferOutputStream()
                with pa.ipc.new_stream(sink, batch.schema) as stream:
                    stream.write_batch(batch)
                yield pa.record_batch({"batch": pa.array([sink.getvalue().to_pybytes()], pa.binary())})

        with self._translated(text), without_pandas_warning():
            for row in frame.mapInArrow(packed, "batch binary").toLocalIterator():
                for batch in pa.ipc.open_stream(bytes(row["batch"])):
                    yield pa.RecordBatch.from_arrays([c.cast(f.type) for c, f in zip(batch.columns, schema, strict=True)], schema=schema)

    def export(self, data: Dataset, to: Path, format: FileFormat, *, folder: bool, options: Mapping[str, Any]) -> int:
        from pyspark.sql import Observation
        from pyspark.sql.functions import count, lit

        text = self.whole(data)
        written = Observation()  # counts the rows while they are written
        frame = self.sql(text).observe(written, count(lit(1)).alias("rows"))
        with self._translated(text), self.timed("write", text):
            parts = to if folder else to.with_name(f"{to.name}.parts")
            (frame if folder else frame.coalesce(1)).write.mode("overwrite").format(format).options(**options).save(self.seen(str(parts)))
        if not parts.exists() or not any(parts.iterdir()):
            raise Gap(f"Spark wrote {parts} where this machine does not see it", hint="write to a place that both see, or take a frame")
        for extra in [*parts.glob(".*.crc"), parts / "_SUCCESS"]:
            extra.unlink(missing_ok=True)
        if not folder:
            next(parts.iterdir()).rename(to)
            parts.rmdir()
        return int(written.get["rows"])

    def schema_of(self, text: str) -> Schema:
        if text not in self._schemas:
            self._schemas[text] = _schema(self.sql(text))
        return self._schemas[text]

    def source_schema(self, source: Source) -> Schema:
        try:
            return _schema(self._frame(source))
        except MachineError as error:
            why, hint, code = error.mistakes[0].message, "", ""
            if "TIMESTAMP(NANOS" in why:
                why, code = "Spark reads no Parquet timestamps in nanoseconds", "nanoseconds"
                hint = "write them in microseconds, in pandas: to_parquet(…, coerce_timestamps='us'); or read them with DuckDB"
            raise SourceError(f"{source} cannot be read: {why}", hint=hint, code=code) from error


def _schema(frame: DataFrame) -> Schema:
    return Schema(tuple(column(f.name, f.dataType.simpleString()) for f in frame.schema.fields))


@contextmanager
def without_pandas_warning() -> Iterator[None]:
    """PySpark warns of pandas 3 wherever it runs Python, though pandas has no part in it."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "PySpark does not yet fully support pandas", FutureWarning)
        yield


def strings(names: Iterable[str]) -> Any:
    """A schema of columns of strings."""
    from pyspark.sql.types import StringType, StructField, StructType

    return StructType([StructField(name, StringType()) for name in names])


def _plain(value: Any) -> Any:
    """Decimals of scale 0 as Python integers, as DuckDB gives them."""
    return int(value) if isinstance(value, Decimal) and not value.as_tuple().exponent else value


def frame_of(session: SparkSession, table: pa.Table) -> DataFrame:
    """A frame of an Arrow table. Its timestamps without a zone stay so, which PySpark would take for ones with a time zone; its unsigned
    integers of 64 bits become decimals. Empty batches are left out, as PySpark drops all rows after one; of no rows it needs one."""
    fields = [f.with_type(pa.decimal128(20, 0)) if f.type == pa.uint64() else f for f in table.schema]
    made = table.cast(pa.schema(fields))
    with active_kept(session):
        batches = [b for b in made.to_batches() if b.num_rows] or [pa.RecordBatch.from_pylist([], made.schema)]
        frame = session.createDataFrame(pa.Table.from_batches(batches))
    naive = [f.name for f in table.schema if pa.types.is_timestamp(f.type) and f.type.tz is None]
    quoted = {name: "`" + name.replace("`", "``") + "`" for name in naive}
    return frame.withColumns({name: frame[quoted[name]].cast("timestamp_ntz") for name in naive}) if naive else frame


def _chain(error: BaseException | None) -> str:
    """The messages of an exception and of those that caused it."""
    found = ""
    while error is not None:
        found += str(error)
        error = getattr(error, "cause", None) or error.__cause__
    return found


OWN = re.compile(r"tilth\.errors\.SourceError: (.+) \[([a-z-]+)\]$")  # of a worker, about a file that it reads
MACHINE = ("OutOfMemory", "No space left", "SparkOutOfMemory", "Job aborted due to stage failure: ExecutorLost")


def _translation(error: Any, text: str) -> Exception:
    from py4j.protocol import Py4JError

    refused = refusal(str(error))
    if refused is not None:
        return refused
    message = reason(error)
    if own := OWN.match(message):
        return SourceError(own[1], code=own[2])
    known = getattr(error, "getCondition", lambda: None)() or ""
    if known.split(".")[0] in (
        "ARITHMETIC_OVERFLOW",
        "BINARY_ARITHMETIC_OVERFLOW",
        "CAST_OVERFLOW",
        "CAST_INVALID_INPUT",
        "DIVIDE_BY_ZERO",
        "NUMERIC_VALUE_OUT_OF_RANGE",
    ):
        return RequestError(f"a value does not fit: {without_values(message)}")
    chain = _chain(error)
    failed = isinstance(error, Py4JError) or any(sign in chain for sign in MACHINE)
    if "Cannot broadcast the table" in chain:
        return MachineError("a table of a join is too large for Spark to broadcast", hint=text[:2000], code=MEMORY)
    code = MEMORY if "SparkOutOfMemory" in chain else "" if failed else REFUSED
    return MachineError(f"Spark refused a query: {message}", hint=text[:2000], code=code)
