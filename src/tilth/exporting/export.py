"""`export`: a subset of a database as Parquet files, with a record of what was taken."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from tilth.data import Dataset
from tilth.display import Displayed, Grid
from tilth.engine.chosen import AnyEngine, engine_for
from tilth.engine.session import Engine
from tilth.errors import Gap, RequestError, TilthError, warn
from tilth.exporting.manifest import manifest
from tilth.exporting.plan import Plan, plan_of
from tilth.exporting.pull import Look, Pull, parts_of
from tilth.exporting.state import MANIFEST, Part, State, now
from tilth.exporting.subset import Subset
from tilth.exporting.unload import Unload, parts_of_redshift, reject_unloadable
from tilth.report.blocks import counted
from tilth.store.places import atomic
from tilth.store.snapshot import Estimate, reading
from tilth.store.unfinished import Unfinished, unfinished
from tilth.yaml import yaml_value


@dataclass(frozen=True, repr=False)
class Exported(Displayed):
    """The result of an export: rows and bytes of each part, the query and the time, as in `_export.json` next to the files."""

    place: str
    state: Mapping[str, Any]

    @property
    def rows(self) -> int:
        """The number of exported rows."""
        return sum(p["rows"] for p in self.state["parts"])

    @property
    def bytes(self) -> int:
        """The bytes of all files."""
        return sum(f["bytes"] for p in self.state["parts"] for f in p["files"])

    @property
    def files(self) -> int:
        """The number of files."""
        return sum(len(p["files"]) for p in self.state["parts"])

    def read(self, engine: AnyEngine = None, **options: Any) -> Dataset:
        """The files as a dataset of an engine; see `tilth.read`."""
        from tilth import verbs

        return verbs.read(self.place, engine=engine, format="parquet", **options)

    def to_json(self) -> dict[str, Any]:
        """The record of the export as JSON."""
        return {"place": self.place, "rows": self.rows, "bytes": self.bytes, "files": self.files, **self.state}

    def _grid(self) -> Grid:
        rows = [
            (str(p["number"]), p["condition"] or "all rows", f"{p['rows']:,}", f"{sum(f['bytes'] for f in p['files']):,}", str(p["tries"]))
            for p in self.state["parts"]
        ]
        title = f"{counted(self.rows, 'row')} in {counted(self.files, 'file')} ({self.bytes:,} bytes): {self.place}"
        return Grid(title, ("part", "rows where", "rows", "bytes", "tries"), rows)


@dataclass(frozen=True, repr=False)
class Explained(Displayed):
    """What an export would read: for each part its query with estimated rows and bytes; and the redaction steps."""

    parts: tuple[tuple[str, Estimate], ...]
    redact: tuple[Mapping[str, Any], ...] = ()

    @property
    def rows(self) -> int:
        """The number of rows that the server estimates, in total."""
        return sum(e.rows for _, e in self.parts)

    @property
    def bytes(self) -> int:
        """The number of bytes that the server estimates, in total."""
        return sum(e.bytes for _, e in self.parts)

    def to_json(self) -> dict[str, Any]:
        """The content as JSON."""
        return {
            "parts": [{"query": query, "rows": e.rows, "bytes": e.bytes} for query, e in self.parts],
            "rows": self.rows,
            "bytes": self.bytes,
            "redact": [*self.redact],
        }

    def __str__(self) -> str:
        lines = [f"part {i}: about {e.rows:,} rows, {e.bytes:,} bytes\n  {query}" for i, (query, e) in enumerate(self.parts)]
        lines += [f"hidden as it is read: {yaml_value(dict(step))}" for step in self.redact]
        return "\n".join([*lines, f"{len(self.parts):,} parts, about {self.rows:,} rows, {self.bytes:,} bytes; nothing was read"])

    def _grid(self) -> Grid:
        rows = [(str(i), f"{e.rows:,}", f"{e.bytes:,}", query) for i, (query, e) in enumerate(self.parts)]
        return Grid(f"{len(rows):,} parts, about {self.rows:,} rows, {self.bytes:,} bytes", ("part", "rows", "bytes", "query"), rows)


def explain(source: str | Mapping[str, Any] | Plan, **options: Any) -> Explained:
    """What `export` would read with the same arguments, without reading it. Errors: as for `export`."""
    plan = plan_of(source, **options)
    subset = Subset(plan)
    if plan.dialect == "redshift":
        return Explained(tuple((subset.query(condition), expected) for condition, expected in parts_of_redshift(plan)[1]))
    with reading(plan.source, plan.access) as snapshot:
        parts = parts_of(plan, Look.at(subset, snapshot), snapshot)
        return Explained(tuple((query, snapshot.estimate(query)) for query in map(subset.query, parts)), plan.redact)


def export(
    source: str | Mapping[str, Any] | Plan,
    to: str | None = None,
    *,
    force: bool = False,
    count: bool = True,
    across_snapshots: bool = False,
    verify: bool = False,
    engine: Engine | str | None = None,
    progress: Callable[[str], object] = str,
    **options: Any,
) -> Exported:
    """Export a subset of a database as Parquet files into a folder or `s3://bucket/prefix`, and return the record of the export.

    `source` is a place (`postgresql://user@host/db?table=schema.table`, or `…?query=SELECT …`), a plan (`.yaml`), or its content as a
    mapping. `options` are keys of the plan: `columns`, `where`, `parameters`, `sample`, `partition`, `redact`, `connections`,
    `limit_bytes`, `secret`.

    Call it again to continue an interrupted export: it reads only the parts that are not finished. `force` starts again; `across_snapshots`
    continues although tables were written to since. All rows come from one point in time, and the server counts them as well, unless
    `count` is false; `verify` also compares each part with the database by a sum of hashes of its rows. With Spark, its executors read the
    parts, `connections` at a time.

    Errors: `RequestError` for a wrong plan, and for a folder with other files or the export of another plan; `SourceError` for data that
    cannot be read or has changed; `MachineError` if the server cannot be reached or the disk is full. Finished parts stay and are not read
    again.
    """
    plan = plan_of(source, to=to, **options)
    if not plan.to:
        raise RequestError("there is no place for the export", accepted="to: a folder, or s3://bucket/prefix", code="no-place")
    if plan.dialect == "redshift":
        reject_unloadable(plan)
    if verify:
        reject_unverifiable(plan)
    made: Any = engine_for(engine)
    spark = made.own if made.name == "spark" else None
    folder = unfinished(plan.to)
    if not force and (done := _earlier(plan, folder.seen)):
        done.reject_missing()
        warn(f"{plan.to} holds this export already, as it was at {done.begun}: nothing was read; use --force to export it again")
        return Exported(plan.to, done.to_json())
    with folder.filling() as place:
        state = _continued(plan, folder, place, force)
        try:
            if plan.dialect == "redshift":
                Unload(plan, state, progress).run()
            else:
                Pull(plan, state, progress, count, across_snapshots, verify, spark).run()
        except TilthError as error:
            raise _to_go_on(error, state) from error
        state.finished = now()
        state.save()
        with atomic(f"{place}/{MANIFEST}") as path:
            path.write_bytes(manifest(state, folder.final(place)))
        folder.publish(place)
    return Exported(plan.to, state.to_json())


def reject_unverifiable(plan: Plan) -> None:
    """Reject `verify` if the files differ on purpose (redaction) or cannot be compared. Errors: `Gap`."""
    if plan.redact:
        raise Gap("redacted values cannot be compared with the database", hint="leave `--verify` out: rows are counted")
    if plan.dialect == "redshift":
        raise Gap("files written by Redshift cannot be compared with it", hint="leave `--verify` out: its manifest has their rows")


def _earlier(plan: Plan, place: str | None) -> State | None:
    """The state that an earlier run of a plan left at a place; None if there is none. Errors: `RequestError` if another plan left it."""
    state = State.load(place) if place else None
    if state is None or not state.has_begun:
        return None
    state.reject_other(plan)
    return state


def _continued(plan: Plan, folder: Unfinished, place: str, force: bool) -> State:
    """The state of the export that is continued; a new one if there is none, or with `force`."""
    state = None if force else _earlier(plan, folder.begun)
    if state is None:
        if folder.begun:
            folder.discard()
        state = _begun(plan, place)
    state.lose_missing()
    return state


def _begun(plan: Plan, place: str) -> State:
    """The initial state of an export."""
    subset, tables, hidden = Subset(plan), dict[str, list[str]](), dict[str, Any]()
    if plan.dialect == "redshift":
        columns, found = parts_of_redshift(plan)
        conditions, size = [condition for condition, _ in found], sum(expected.bytes for _, expected in found)
    else:
        with reading(plan.source, plan.access) as snapshot:
            look = Look.at(subset, snapshot)
            conditions = parts_of(plan, look, snapshot)
            hidden = _hidden(plan, look)
        columns, tables, size = look.columns, look.tables, look.estimate.bytes
    if plan.limit_bytes and size > plan.limit_bytes:
        what, accepted = f"about {size:,} bytes would be read", f"up to {plan.limit_bytes:,}"
        raise RequestError(what, accepted=accepted, hint="export less, or give a higher --limit-bytes", code="limit-bytes")
    parts = [Part(number, condition) for number, condition in enumerate(conditions)]
    return State(place, plan.subset, plan.sha256, subset.query(), columns, tables, parts, now(), **hidden)


def _hidden(plan: Plan, look: Look) -> dict[str, Any]:
    """The entries of a state about redaction. Errors: as for `Redaction`."""
    if not plan.redact:
        return {}
    from tilth.exporting.redacting import Redaction  # imported late: loads everything that a flow needs

    found = Redaction(plan.redact, look.schema)
    return {"redact": found.given, "written": [(f.name, str(f.type)) for f in found.schema]}


def _to_go_on(error: TilthError, state: State) -> TilthError:
    done = f"{state.so_far} are done and kept: run the same again to go on"
    first, *others = error.mistakes
    return type(error)(replace(first, hint=f"{first.hint}; {done}" if first.hint else done), *others)
