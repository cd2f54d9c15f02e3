"""The six verbs, and `run`, which is the six in a row. The same words in Python, in the flow file and on the command line."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager, ExitStack, nullcontext
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from tilth import formats
from tilth.data import Dataset, Files, Native, Roles
from tilth.engine.session import Engine, Session
from tilth.errors import FlowError, Mistake, RequestError, RulesError, did_you_mean
from tilth.flow.delivery import deliver
from tilth.flow.facts import begin
from tilth.flow.flow import Flow
from tilth.flow.running import Prepared, fitted
from tilth.flow.running import run as run_flow
from tilth.flow.serving import needed_columns
from tilth.flow.split_checks import TRAIN
from tilth.metrics.columns import RowCount
from tilth.metrics.metric import Metric, measured
from tilth.report import Finding, Report
from tilth.rules import Ruleset, evaluate, parse
from tilth.store.local import refuse_own_input, text_of
from tilth.store.places import refuse_foreign
from tilth.store.uri import joined

if TYPE_CHECKING:
    from tilth.measures.bias import Bands
    from tilth.rules.evaluation import Evaluation

AnyEngine: TypeAlias = Engine | Session | str | None
ENGINES = ("duckdb", "spark")
MEASURES = ("bias", "profile")
RULES = "rules"  # for whom passes are made, where it is the rules
BASELINE = ("column", "balance", "bias")  # of the training part: what later data is compared with


def read(source: Any, *, roles: Roles | Mapping[str, Any] | None = None, engine: AnyEngine = None, **options: Any) -> Dataset:
    """A lazy table from a file, a folder, a pattern, or a frame.

    `source` is a path (or several), an Arrow table, a pandas or Polars frame, a DuckDB relation or a Spark frame; the index of a
    pandas frame is no column (`frame.reset_index()`). `roles` say what columns are for. `options` are the format's own: `format`,
    `nulls`, `names`, `header`, `delimiter`, `encoding`, `types` …
    What is null, what is NaN and which type a text has is decided here, once.

    Errors: `SourceError` for what cannot be read as asked, `ColumnError` for a role of a column that is not there.

    >>> import pyarrow as pa
    >>> read(pa.table({"age": [38, None]})).names
    ('age',)
    """
    given = roles if isinstance(roles, Roles) else Roles.of(**(roles or {}))
    with session_of(engine, source, "read") as run:
        data = formats.read(source, roles=given, engine=run, **options)
    given.check(data.names)
    return data


def measure(
    data: Any,
    metrics: str | Metric | Iterable[str | Metric] = MEASURES,
    *,
    part: str = "",
    engine: AnyEngine = None,
    **options: Any,
) -> Report:
    """Numbers, no verdicts.

    `metrics` are `"bias"` (by the roles label, positive, facet and group), `"profile"` (every column), or metrics. `part` names
    the table in the report. `data` is a dataset, or anything that `read` takes.

    >>> import pyarrow as pa
    >>> from tilth.metrics.columns import Mean
    >>> measure(pa.table({"age": [30, 50]}), Mean("age")).findings[0].value
    40.0
    """
    with _Run("measure", data, engine) as run:
        asked = [metrics] if isinstance(metrics, str | Metric) else list(metrics)
        mistakes = [
            Mistake(f"there is no measure {w!r}", accepted=", ".join(MEASURES), hint=did_you_mean(w, MEASURES), code="unknown-measure")
            for w in asked
            if isinstance(w, str) and w not in MEASURES
        ]
        if mistakes:
            raise RequestError(*mistakes)
        run.measure([w for w in asked if isinstance(w, str)], run.data, part=part, **options)
        with run.engine.working_for(_of("metrics", part)):
            values = measured(run.data, [m for m in asked if isinstance(m, Metric)], run.engine)
        run.add((Finding(m.name, m.subject, v) for m, v in values.items()), part)
    return run.report


def check(
    data: Any,
    rules: str | Path | Ruleset,
    *,
    engine: AnyEngine = None,
    sources: Mapping[str, Any] | None = None,
    history: str | Path | None = None,
    passed: str | Path | None = None,
    failed: str | Path | None = None,
    **options: Any,
) -> Report:
    """Verdicts.

    `rules` are a ruleset, DQDL text, or the path of a .dqdl file. A rule that failed is a result, not an exception:
    `Report.passed` tells, `Report.raise_for_failures()` raises.

    `sources` are further tables that rules may name (ReferentialIntegrity, CustomSql …): datasets, or anything that `read` takes.
    `history` is the file with the metrics of earlier checks, to which those of this one are added when it has finished; it holds them
    by the `Primary` of the ruleset's DataSources, or without one by the path of the data. `passed` and `failed` are places for the rows
    that fail no rule, and for those that fail one, with the rules that they fail in a column `DataQualityRulesFail`.

    Errors: `RulesError` with every mistake of the ruleset, `RequestError` for a history that is another program's file.

    >>> import pyarrow as pa
    >>> check(pa.table({"age": [30, None]}), 'Rules = [ IsComplete "age" ]').passed
    False
    >>> orders, customers = pa.table({"customer": [1, 2, 7]}), pa.table({"id": [1, 2, 3]})
    >>> rules = 'Rules = [ ReferentialIntegrity "customer" "customers.id" = 1.0 ]'
    >>> print(check(orders, rules, sources={"customers": customers}).findings[0].message.splitlines()[-1])
    1 of 3 rows do not meet it
    """
    from tilth.history.ledger import Ledger
    from tilth.rules.evaluation import evaluate

    ruleset = ruleset_from(rules)
    ledger = None if history is None else Ledger(history)
    with _Run("check", data, engine) as run, run.engine.working_for(RULES):
        tables = {name: _table(None, source, run.engine) for name, source in (sources or {}).items()}
        _refuse_places(passed, failed, (run.data, *tables.values()))
        key = ruleset.primary.name if ruleset.primary else str(run.data.source) if isinstance(run.data.source, Files) else "data"
        earlier = None if ledger is None else partial(ledger.values, key)
        found = evaluate(run.data, ruleset, run.engine, sources=tables, history=earlier, **options)
        run.add(found.findings)
        more = {} if passed is failed is None else _written_rows(run.data, ruleset, found, run.engine, passed, failed)
    if ledger is not None:
        ledger.append(key, found.statistics)
    report = run.report
    return replace(report, facts=replace(report.facts, rows=found.rows, more={**report.facts.more, **more}))


def _refuse_places(passed: Any, failed: Any, tables: Iterable[Dataset]) -> None:
    """Refuse to write rows over data that are read, and both to one place."""
    if passed is not None and passed == failed:
        raise RequestError(f"the rows that pass and those that fail cannot both be written to {passed}", code="same-place")
    for place in (passed, failed):
        if place is not None:
            refuse_own_input(place, [path for t in tables if isinstance(t.source, Files) for path in t.source.paths])


def _written_rows(data: Dataset, ruleset: Ruleset, found: Evaluation, engine: Session, passed: Any, failed: Any) -> dict[str, Any]:
    """Write the rows that pass and those that fail; how many they are, and the rules that judge no rows."""
    from tilth.rules.row_output import row_results

    with engine.working_for("rows that pass and fail"):
        rows = row_results(data, ruleset, found.prepared)
        rows = rows.held(engine.checkpoint(rows.tested))
        numbers = [measured(part, [RowCount()], engine)[RowCount()] for part in (rows.passed, rows.failed)]
        for part, place in ((rows.passed, passed), (rows.failed, failed)):
            if place is not None:
                write(part, place, engine=engine)
    return {"rows_passed": numbers[0], "rows_failed": numbers[1], "rules_without_rows": list(rows.without_rows)}


def fit(flow: Flow | str | Path, data: Any = None, *, engine: AnyEngine = None) -> Flow:
    """A new flow that has learned, on the training part of the data only. Never changes data.

    `flow` is a flow or the path of a flow file; without `data` what the flow says is read.
    """
    flow = flow_from(flow)
    with session_of(engine, data, f"fit {flow.name}") as run:
        return fitted(flow, _table(flow, data, run), run)[0]


def apply(flow: Flow | str | Path, data: Any, *, engine: AnyEngine = None) -> Dataset:
    """The table that a fitted flow's features and `output` make of a table. Never learns.

    `data` is read by the flow's own rules: its null tokens and kinds of column hold, and the names that it gives to columns where the
    data has none. Columns that the flow does not know are
    left out; one that it needs and that is not there is an error.
    """
    flow = flow_from(flow)
    learned, reading = flow.need_learned(), flow.reading
    schema, needed = learned.schema, needed_columns(learned.schema, learned.served)
    with session_of(engine, data, f"apply {flow.name}") as run:
        return flow.served(formats.read_as(data, schema, needed, engine=run, roles=reading.roles, **reading.options))


def write(
    thing: Any,
    place: str | Path | None = None,
    *,
    format: str | None = None,  # noqa: A002 -- the flow file's own word
    engine: AnyEngine = None,
) -> Any:
    """Write a table or a report to a place, whole or not at all; or hand a table over to another library.

    A table is written as Parquet, CSV or JSON Lines, a report as HTML, JSON, JUnit XML or Markdown, by `format` or the
    place's ending; the place is returned. Without a place the table itself is returned, as `format` says: arrow (as it is
    without one), pandas, polars, duckdb or spark.

    Errors: `MachineError` where the disk is full or may not be written, `RequestError` for a format that is not known.

    >>> import pyarrow as pa
    >>> write(read(pa.table({"age": [38, 40]})), format="pandas").age.mean().item()
    39.0
    """
    if isinstance(thing, Report):
        from tilth.report.files import write_report

        if place is None:
            raise RequestError("a report is written to a file", hint="give it a place, such as report.html", code="no-place")
        return write_report(thing, place, format)
    with session_of(engine, thing, "write") as run:
        data = thing if isinstance(thing, Dataset) else read(thing, engine=run)
        if place is None:
            return formats.to_frame(data, format or "arrow", run)
        return formats.write(data, place, format=format, engine=run)


def run(flow: Flow | str | Path, out: str | Path | None = None, data: Any = None, *, engine: AnyEngine = None) -> Report:
    """All six in a row: read, check, change rows, split, learn and apply the features, balance the training part, measure, deliver.

    Leaves in `out` a folder per part of the split, `NAME.tilth`, `report.html` and `report.json`; without `out` where the flow
    says, or nowhere. The report tells whether every rule passed.
    """
    flow = flow_from(flow)
    place = out if out is not None else joined(flow.folder, flow.deliver.to) if flow.deliver.to else None
    if place is not None:
        refuse_own_input(place, _paths(flow, data))
        refuse_foreign(place)
    with _Run(f"run {flow.name}", data, engine, flow) as run:
        prepared = _prepared(flow, run)
        if place is not None:
            deliver(prepared, run.report, place, run.engine)
    return run.report


def rehearse(flow: Flow, engine: Session) -> None:
    """Run a flow on an engine that notes what it is asked, and deliver nothing."""
    with _Run("plan", None, engine, flow) as run:
        _prepared(flow, run)


def _prepared(flow: Flow, run: _Run) -> Prepared:
    if flow.check:
        with run.engine.working_for(RULES):
            tables = {name: read(joined(flow.folder, path), engine=run.engine) for name, path in flow.reading.tables.items()}
            run.add(evaluate(run.data, flow.check, run.engine, sources=tables), "raw")
    run.measure(flow.measure, run.data, part="raw")
    prepared = run_flow(flow, run.data, run.engine)
    run.add(prepared.findings)
    for part, table in prepared.parts.items():
        original = prepared.originals[part]
        if flow.measure and part == TRAIN and flow.parts.get("training"):  # otherwise every measure would draw and order the rows again
            with run.engine.working_for(f"measures of {part}"):
                table, original = run.engine.checkpoint(table), run.engine.checkpoint(original)
        run.measure(flow.measure, table, original, part)
    learned = prepared.flow.need_learned()
    baseline = tuple(f.to_json() for f in run.findings if f.part == TRAIN and f.kind in BASELINE)
    return replace(prepared, flow=prepared.flow.with_learned(replace(learned, baseline=baseline)))


# ── what verbs share ──


@cache
def _default() -> Engine:
    """The embedded engine that verbs share, so that a text file is read once for several of them."""
    from tilth.engine.duckdb import DuckDB

    return DuckDB()


def session_of(engine: AnyEngine, data: Any, title: str) -> AbstractContextManager[Session]:
    """A new session of the engine meant, for one verb; a session that is given stays open."""
    return nullcontext(engine) if isinstance(engine, Session) else engine_for(engine, data).session(title)


def engine_for(engine: Engine | str | None, data: Any = None) -> Engine:
    """The engine meant: one that is given, one by its name, or the one that the data lives in; else DuckDB in this process.

    Errors: `RequestError` for a name that is no engine's.
    """
    if isinstance(engine, Engine):
        return engine
    source = data.source if isinstance(data, Dataset) else data
    lives_in = source.engine if isinstance(source, Native) else "spark" if type(source).__module__.startswith("pyspark.") else "duckdb"
    match engine or lives_in:
        case "duckdb":
            return _default()
        case "spark":
            from tilth.engine.spark import Spark

            return Spark(getattr(source.handle if isinstance(source, Native) else source, "sparkSession", None))
    raise RequestError(
        f"there is no engine {engine!r}", accepted=", ".join(ENGINES), hint=did_you_mean(str(engine), ENGINES), code="unknown-engine"
    )


def flow_from(flow: Flow | str | Path) -> Flow:
    """A flow, or the flow in a file."""
    return flow if isinstance(flow, Flow) else Flow.load(flow)


def ruleset_from(rules: str | Path | Ruleset) -> Ruleset:
    """A ruleset, or the one in a text or file."""
    if isinstance(rules, Ruleset):
        return rules
    if isinstance(rules, Path) or (str(rules).strip().endswith(".dqdl") and "\n" not in str(rules)):
        path = Path(str(rules).strip())
        return parse(text_of(path, "ruleset", RulesError), file=str(path))
    return parse(str(rules))


def _paths(flow: Flow, data: Any = None) -> list[str]:
    """The paths that are read: those of the flow, or those that stand in for them."""
    if data is None:
        return [joined(flow.folder, p) for p in flow.reading.read]
    given = data if isinstance(data, list | tuple) else [data]
    return [str(path) for path in given if isinstance(path, str | Path)]


def _table(flow: Flow | None, data: Any, engine: Session) -> Dataset:
    """Data, read as a flow says if there is one; `data` stands in for what the flow names."""
    if isinstance(data, Dataset):
        return data
    if flow is None:
        return read(data, engine=engine)
    if data is not None:
        return formats.read(data, roles=flow.reading.roles, engine=engine, standing_in=True, **flow.reading.options)
    source = _paths(flow)
    if not source:
        to_apply = f"to prepare data by what it learned: tilth apply {flow.name}.tilth DATA -o OUT"
        to_read = "add `data: {read: …}` to it; or learn from other data: tilth fit FLOW DATA -o NAME.tilth"
        what = "fitted flow" if flow.fitted else "flow"
        hint = to_apply if flow.fitted else to_read
        raise FlowError(f"the {what} {flow.name!r} does not say what to read", hint=hint, code="nothing-to-read")
    return read(source, roles=flow.reading.roles, engine=engine, **flow.reading.options)


def _of(what: str, part: str) -> str:
    return f"{what} of {part}" if part else what


class _Run:
    """A verb at work: its engine, its data, what it finds, and the facts that go into the report."""

    def __init__(self, title: str, data: Any, engine: AnyEngine, flow: Flow | None = None) -> None:
        self._open = ExitStack()
        self.engine = self._open.enter_context(session_of(engine, data, title))
        self.title, self.findings, self._given, self._flow = title, list[Finding](), data, flow
        self._bands: Bands = {}  # how numeric facets were parted in the first table that was measured: so are they in all

    def __enter__(self) -> _Run:
        self._facts = begin(self.engine)
        self.data = _table(self._flow, self._given, self.engine)
        return self

    def __exit__(self, *failed: object) -> None:
        self._open.close()

    def add(self, findings: Iterable[Finding], part: str = "") -> None:
        """Keep findings; `part` names the table that they are of."""
        self.findings += [replace(f, part=part) if part else f for f in findings]

    def measure(self, words: Iterable[str], table: Dataset, original: Dataset | None = None, part: str = "", **options: Any) -> None:
        """Keep the measures of a table. `original` has the columns with a role as they were read, where preparation has changed them."""
        words, original = tuple(words), table if original is None else original
        if "profile" in words:
            from tilth.measures.balance import balance_findings
            from tilth.measures.profile import profile_findings

            with self.engine.working_for(_of("profile", part)):
                self.add(profile_findings(table, self.engine), part)
            with self.engine.working_for(_of("class balance", part)):
                self.add(balance_findings(original, self.engine), part)
        if "bias" in words:
            from tilth.measures.bias import BiasRequest, bias_and_bands

            request = BiasRequest.of_roles(original.roles, self.engine.schema(original), **options)
            with self.engine.working_for(_of("bias", part)):
                findings, bands = bias_and_bands(original, request.cut_as(self._bands), self.engine)
            self.add(findings, part)
            self._bands = {**bands, **self._bands}

    @property
    def report(self) -> Report:
        """What was found up to now."""
        return Report(self.title, tuple(self.findings), self._facts(self.data))
