"""The verbs, and `run`, which executes them in a row. The same words in Python, in the flow file and on the command line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from types import NoneType
from typing import TYPE_CHECKING, Any, Literal

from tilth import formats
from tilth.data import Dataset, Memory, Roles
from tilth.engine.chosen import AnyEngine, session_of
from tilth.engine.facts import begin
from tilth.engine.session import Session
from tilth.errors import MachineError, RequestError
from tilth.report import Finding, Report, warning
from tilth.store.local import reject_own_input
from tilth.store.places import reject_foreign
from tilth.store.uri import joined

if TYPE_CHECKING:
    from tilth.checking import ForeignRuleset
    from tilth.flow import Flow
    from tilth.flow.arrays import Arrays
    from tilth.flow.running import Fold
    from tilth.flow.stream import Stream
    from tilth.measures.measure import Measure, Measuring
    from tilth.metrics.metric import Metric
    from tilth.rules import Ruleset


def read(source: Any, *, roles: Roles | Mapping[str, Any] | None = None, engine: AnyEngine = None, **options: Any) -> Dataset:
    """A lazy table from a file, a folder, a pattern, or a frame.

    `source` is a path (or several), an Arrow table, a pandas or Polars frame, a DuckDB relation or a Spark frame; the index of a
    pandas frame is not a column (`frame.reset_index()`). `roles` say what columns are for. `options` are those of the format: `format`,
    `nulls`, `names`, `header`, `delimiter`, `encoding`, `types` … `secret` is a reference to the password or key for a database or server,
    such as `env:PGPASSWORD` or `aws:prod/pg`. Nulls, NaN and the types of string values are decided here, once.

    Errors: `SourceError` if the source cannot be read, `ColumnError` for a role of a column that does not exist.

    >>> import pyarrow as pa
    >>> read(pa.table({"age": [38, None]})).names
    ('age',)
    """
    with session_of(engine, source, "read") as session:
        return formats.read(source, roles=roles, engine=session, **options)


def measure(
    data: Any,
    measures: str | Measure | Metric | Mapping[str, Any] | Iterable[Any] | None = None,
    *,
    against: Any = None,
    part: str = "",
    engine: AnyEngine = None,
    **options: Any,
) -> Report:
    """Measure data: a report of numbers, without verdicts.

    `data` is a dataset, or anything that `read` accepts. `measures` are measures, by name or value, or metrics: `"profile"` covers every
    column, `"bias"` uses the roles facet, label, positive, prediction and group. By default, everything that the roles allow is measured.
    `options` are parameters of the named measures. `part` names the table in the report.

    `against` is an earlier report, a fitted flow, or data; the report then also has the differences of all numbers that both have.

    Errors: `RequestError` with every mistake in the request.

    >>> import pyarrow as pa
    >>> from tilth.metrics.columns import Mean
    >>> measure(pa.table({"age": [30, 50]}), Mean("age")).findings[0].value
    40.0
    >>> [f.value for f in measure(pa.table({"age": [30, 50]}), Mean("age"), against=pa.table({"age": [20]})).of("change")]
    [20.0]
    """
    return _measured(data, measures, against, part, engine, options)[0]


def measure_all(
    data: Any, measures: Any = None, *, against: Any = None, engine: AnyEngine = None, **options: Any
) -> tuple[Report, MachineError | None]:
    """Measure as `measure` does, and continue if the machine fails during a measure. Return the report and the first such error.

    The report then lacks that measure, and has the warning `MEASURE_FAILED`. Errors: as of `measure`; `MachineError` if no measure finds
    anything.

    >>> import pyarrow as pa
    >>> report, failed = measure_all(pa.table({"age": [30, 50]}), "mean:age")
    >>> report.findings[0].value, failed
    (40.0, None)
    """
    return _measured(data, measures, against, "", engine, options, goes_on=True)


def _measured(
    data: Any, measures: Any, against: Any, part: str, engine: AnyEngine, options: Mapping[str, Any], goes_on: bool = False
) -> tuple[Report, MachineError | None]:
    from tilth.measures.changes import changes
    from tilth.measures.measure import Measure, Measuring, measures_from
    from tilth.metrics.metric import Metric

    if not isinstance(measures, NoneType | str | Measure | Metric | Mapping | list | tuple | Iterator):
        message, hint = f"a value of type {type(measures).__name__} is not a measure", "the data comes first: tilth.measure(data, measures)"
        raise RequestError(message, accepted="names of measures, measures, metrics, or a list of them", hint=hint, code="no-measure")
    with session_of(engine, data, "measure") as session:
        facts = begin(session)
        table = formats.table_of(data, session)
        measuring = Measuring(
            tuple(_with_model(m, table.names) for m in measures_from(measures, table.roles, **options)), session, goes_on=goes_on
        )
        earlier = () if against is None else _earlier(against, part, table.roles, measuring)
        findings = measuring.of(table, part)
        report = Report("measure", (*findings, *changes(findings, earlier)), facts(table, **_asked(measuring, table.roles)))
        return report, measuring.failed


def _asked(measuring: Measuring, roles: Roles) -> dict[str, Any]:
    """The measures and roles recorded in a report, so that it can be measured again."""
    from tilth.measures import MEASURES

    return {"roles": roles.given(), "measures": [m.name for m in measuring.measures if m.name in MEASURES]}


def _with_model(measure: Measure, known: Iterable[str]) -> Measure:
    """The measure for a table with these columns, with its model loaded if it names one."""
    from tilth.measures.measure import ModelMeasure

    if not isinstance(measure, ModelMeasure) or not isinstance(measure.model, str | Path):
        return measure
    otherwise = () if measure.of_columns else None
    return measure.of_model(*model_from(measure.model, measure.columns, measure.trusted, otherwise, measure.of_images, known))


def model_from(
    place: str | Path,
    columns: tuple[str, ...] = (),
    trusted: tuple[str, ...] = (),
    otherwise: tuple[str, ...] | None = (),
    of_images: bool = False,
    known: Iterable[str] = (),
    **asked: Any,
) -> tuple[Any, tuple[str, ...]]:
    """The model in a file, in a fitted flow that predicts, or behind an address; with its input columns.

    The columns are `columns`, otherwise those that it was trained on, if it records them, as a table with the `known` columns names them,
    otherwise `otherwise`; None means the column numbers. A model `of_images` has no columns, and is an ONNX file. `asked` are settings of
    `EndpointModel`.

    Errors: `RequestError` for a file without such a model, and if the columns are unknown or their number does not fit.
    """
    from tilth.web.client import is_address

    if is_address(place):
        from tilth.measures.endpoint.model import EndpointModel

        return EndpointModel(str(place), **asked), columns or otherwise or ()
    if of_images:
        from tilth.steps.image_models import OnnxImages

        return OnnxImages(str(place)), ()
    if Path(place).suffix.lower() == ".tilth":
        return flow_from(place), columns or otherwise or ()
    from tilth.steps.predict import predictor_of

    return predictor_of(place, columns, trusted, otherwise, known)


def profile(data: Any, *, label: str | None = None, against: Any = None, exact: bool = False, engine: AnyEngine = None) -> Report:
    """A first look at data: every column with its distribution, and the classes of the label.

    `data` and `against` are as for `measure`; the report also has the differences of all numbers that both have. `label` is a column, by
    default the one with that role. With `exact`, distributions, distinct values and duplicates of large tables are exact instead of
    estimated from a sample.

    Errors: `ColumnError` for a label that does not exist.

    >>> import pyarrow as pa
    >>> [f.payload.median for f in profile(pa.table({"age": [30, 50, 64]})).of("column")]
    [50.0]
    """
    from tilth.measures.profile import Profile

    with session_of(engine, data, "profile") as session:
        table = formats.table_of(data, session)
        if label is not None:
            table = replace(table, roles=replace(table.roles, label=label))
            table.roles.check(table.names)
        return replace(measure(table, Profile(exact), against=against, engine=session), title="profile")


def _earlier(against: Any, part: str, roles: Roles, measuring: Measuring) -> Iterable[Finding]:
    """The findings to compare with: those of a report, the baseline of a fitted flow, or findings of data, measured now."""
    from tilth.flow import Flow

    if isinstance(against, Flow):
        return against.need_learned().findings
    if isinstance(against, Report):
        return [f for f in against.findings if f.part == part] or against.findings
    table = formats.table_of(against, measuring.session)
    return measuring.of(table if isinstance(against, Dataset) else replace(table, roles=roles))


def check(
    data: Any,
    rules: str | Path | Ruleset | ForeignRuleset,
    *,
    engine: AnyEngine = None,
    sources: Mapping[str, Any] | None = None,
    history: str | Path | None = None,
    at: date | str | None = None,
    passed: str | Path | None = None,
    failed: str | Path | None = None,
    rows: str | Path | None = None,
    outside_where: Literal["passed", "skipped"] = "passed",
    rule_labels: bool = False,
    **options: Any,
) -> Report:
    """Check data against rules and return a report of verdicts.

    `rules` is a ruleset, a DQDL string, the path of a .dqdl file, or the path of an AWS Glue DataBrew ruleset in JSON. A failed rule is a
    result, not an exception: see `Report.passed` and `Report.raise_for_failures()`.

    `sources` are other tables that rules may refer to (ReferentialIntegrity, CustomSql …): datasets, or anything that `read` accepts.
    `history` is a file with the metrics of earlier checks, or a database at `postgresql://user@host/db`. The metrics of this check are
    added at the end, under the `Primary` of the ruleset's DataSources, or otherwise under the path of the data. `at` is the time of the
    check, by default now: the value of `now()`, the time before which metrics count as earlier, and the time under which this check is
    recorded. It is a datetime, a date or an ISO string, in UTC if it has no zone.

    `passed` and `failed` are places to write the rows that pass every rule and the rows that fail one; `DataQualityRulesFail` lists the
    failed rules of each row. `rows` is a place for all rows, with the columns that Glue adds. `outside_where` is the verdict for rows
    outside a rule's `where`; `rule_labels` lists rules with their labels. `composites="row"` evaluates composite rules row by row. A
    CustomSql may run for `sql_seconds`, by default ten minutes.

    `empty` is the outcome of rules over no rows, `pass` or `fail`; by default a rule fails for an empty table and passes if its `where`
    matches no row, as in Glue. `date_granularity="day"` compares dates by their days, even with a time such as `now()`. With
    `strict_types`, 12.0 is not an integer to ColumnDataType.

    The report's `passed_rows()` and `failed_rows()` return the same rows as lazy tables, without a file.

    With a history, numbers of analyzers and of some rules that are outside the expected range are reported as findings of the kind
    `observation`. They do not change verdicts; `observe=False` turns them off.

    `what_if=True` adds findings of the kind `what_if`, for each column and for the table: which rules would notice damage to the data.

    Errors: `RulesError` with every mistake of the ruleset, `RequestError` if `history` is not a file of this kind.

    >>> import pyarrow as pa
    >>> check(pa.table({"age": [30, None]}), 'Rules = [ IsComplete "age" ]').passed
    False
    >>> orders, customers = pa.table({"customer": [1, 2, 7]}), pa.table({"id": [1, 2, 3]})
    >>> rules = 'Rules = [ ReferentialIntegrity "customer" "customers.id" = 1.0 ]'
    >>> print(check(orders, rules, sources={"customers": customers}).findings[0].message.splitlines()[-1])
    1 of 3 rows do not meet it
    """
    from tilth.checking import RowFiles, checked, rules_from

    ruleset = rules_from(rules)
    with session_of(engine, data, "check") as session:
        facts = begin(session)
        table = formats.table_of(data, session)
        files = RowFiles(passed, failed, rows, outside_where, rule_labels)
        done = checked(table, ruleset, session, sources=sources, history=history, at=at, row_files=files, **options)
        done.record()
        return Report("check", done.findings, facts(table, roles=table.roles.given(), **done.facts)).with_rows(done.rows)


def fit(flow: Flow | str | Path, data: Any = None, *, engine: AnyEngine = None) -> Flow:
    """A fitted copy of a flow, learned from the training part only. Never changes data.

    `flow` is a flow or the path of a flow file; `data` defaults to the source named in the flow.
    """
    from tilth.flow.protecting import under_key
    from tilth.flow.reading import flow_table
    from tilth.flow.refusals import refusals_located
    from tilth.flow.running import fitted

    flow = flow_from(flow)
    with under_key(flow), session_of(engine, data, f"fit {flow.name}") as session, refusals_located(flow):
        return fitted(flow, flow_table(flow, data, session), session)


def folds(flow: Flow | str | Path, data: Any = None, *, engine: AnyEngine = None) -> Iterator[Fold]:
    """Cross-validation: for each fold, a flow fitted on its training rows only, these rows, and the rows to test on.

    `split` of the flow defines the folds: `folds: 5`. The fold's own flow prepares both tables, the steps of `training` apply to its
    training rows, and both tables are held in memory. Rows of the other parts are in no fold.

    Errors: `RequestError` if the flow has no folds, or one of them no rows.

    >>> import pyarrow as pa
    >>> flow = "{data: {roles: {id: no}}, split: {folds: 3, exact: true}, features: [{impute: {columns: age, with: mean}}]}"
    >>> table = pa.table({"no": range(6), "age": [20, 30, None, 40, 50, 60]})
    >>> from tilth.flow import Flow
    >>> [(arrays(fold.train).X.shape, arrays(fold.test).X.shape) for fold in folds(Flow.parse(flow), table)]
    [((4, 1), (2, 1)), ((4, 1), (2, 1)), ((4, 1), (2, 1))]
    """
    from tilth.flow.reading import flow_table
    from tilth.flow.refusals import refusals_located
    from tilth.flow.running import folded

    def held(part: Dataset, session: Session) -> Dataset:
        rows = formats.to_arrow(part, session)
        return Dataset(Memory(rows, part.names), part.roles)

    flow = flow_from(flow)
    with session_of(engine, data, f"folds of {flow.name}") as session, refusals_located(flow):
        for fold in folded(flow, flow_table(flow, data, session), session):
            yield replace(fold, train=held(fold.train, session), test=held(fold.test, session))


def apply(flow: Flow | str | Path, data: Any, *, engine: AnyEngine = None) -> Dataset:
    """Transform a table by the features and `output` steps of a fitted flow. Never learns.

    `data` is read with the flow's null tokens and column kinds, and its column names if the data has none. Columns unknown to the flow
    are dropped; a missing column that the flow needs is an error. Values that cannot be read as the kind of their column become null:
    `Dataset.unreadable` counts them, a Python warning says so, and it is an error if they are more than `max_invalid` of the flow (5 % by
    default) of a column's values.

    Errors: `ColumnError` with every missing column and every column with too many such values; `FlowError` if the flow is not fitted.
    """
    from tilth.flow.reading import served_table

    flow = flow_from(flow)
    flow.need_learned()
    with session_of(engine, data, f"apply {flow.name}") as session:
        return served_table(flow, data, session)


def write(
    thing: Any,
    place: str | Path | None = None,
    *,
    format: str | None = None,
    engine: AnyEngine = None,
    **options: Any,
) -> Any:
    """Write a table or a report to a place atomically, or convert a table to that of another library.

    A table is written as Parquet, CSV or JSON Lines, a report as HTML, JSON, JUnit XML or Markdown, by `format` or the
    place's suffix; the place is returned. Without a place the table is returned as `format`: arrow (the default), pandas, polars,
    duckdb or spark.

    `options` are, for files in a folder, `shards` (their number) or `rows_per_shard`, and `compression` (`"gzip"`, `"zstd"`); and those of
    the format, such as `row_group_rows` for Parquet.

    Errors: `MachineError` if the disk is full or not writable, `RequestError` for an unknown format or option.

    >>> import pyarrow as pa
    >>> write(read(pa.table({"age": [38, 40]})), format="pandas").age.mean().item()
    39.0
    """
    if isinstance(thing, Report):
        from tilth.report.files import write_report

        if place is None:
            raise RequestError("a report is written to a file", hint="give it a place, such as report.html", code="no-place")
        return write_report(thing, place, format)
    with session_of(engine, thing, "write") as session:
        data = formats.table_of(thing, session)
        if place is None:
            return formats.to_frame(data, format or "arrow", session)
        return formats.write(data, place, format=format, engine=session, **options)


def arrays(
    data: Any,
    part: str | None = None,
    *,
    roles: Roles | Mapping[str, Any] | None = None,
    format: Literal["numpy", "arrow"] = "numpy",
    source: Any = None,
    engine: AnyEngine = None,
) -> Arrays:
    """Prepared data for training: features `X`, label `y`, `ids` and `weight`, of the same rows in the same order.

    `data` can be a folder that `run` delivered, with `part` as one of its parts (`"result"`, `"train"`); the file `_schema.json` there has
    the roles. It can be a flow or a flow file: its `part` is then prepared now (with what it learned, if it is fitted) from the table that
    it names, or from `source`. It can be a dataset, such as the result of `apply`, or anything that `read` accepts, with `roles`. Features
    are all columns except those that identify, date, weigh, group or split a row, private columns, media, the label, predictions, and
    facets that are not numbers. As numpy, `X` has floats, with NaN for null.

    Errors: `ColumnError` for every feature that is neither a number nor a boolean; `RequestError` for a part that does not exist.

    >>> import pyarrow as pa
    >>> table = pa.table({"no": [7, 8], "age": [0.5, None], "paid": ["yes", "no"]})
    >>> train = arrays(table, roles={"id": "no", "label": "paid"})
    >>> train.X.tolist(), train.y.tolist(), train.ids["no"].tolist(), train.names
    ([[0.5], [nan]], ['yes', 'no'], [7, 8], ('age',))
    >>> from tilth.flow import Flow
    >>> flow = Flow.parse("{data: {roles: {id: no, label: paid}}, features: [{impute: {columns: age, with: mean}}]}")
    >>> arrays(fit(flow, table), "all", source=table).X.tolist()
    [[0.5], [0.5]]
    """
    from tilth.flow import Flow
    from tilth.flow.arrays import arrays_of

    known = roles if isinstance(roles, Roles) or roles is None else Roles.of(**roles)
    if isinstance(data, Flow) or (isinstance(data, str | Path) and Path(data).suffix.lower() in FLOW_SUFFIXES):
        return _arrays_of_flow(flow_from(data), part, known, format, source, engine)
    if part is not None:
        data = _delivered_part(data, part)
    with session_of(engine, data, "arrays") as session:
        table = data if isinstance(data, Dataset) else formats.read(data, roles=known, engine=session)
        return arrays_of(table if known is None else replace(table, roles=known), format, session)


FLOW_SUFFIXES = (".tilth", ".yaml", ".yml")


def _delivered_part(data: Any, part: str) -> Path:
    """The folder of a delivered part."""
    if not isinstance(data, str | Path):
        raise RequestError(
            "only what was delivered, and a flow, has parts", hint="give the folder of the delivery, or a flow", code="no-part"
        )
    folder = Path(data, part)
    if not folder.is_dir():
        found = sorted(p.parent.name for p in Path(data).glob("*/_schema.json"))
        raise RequestError(
            f"{data} has no part {part!r}", accepted=", ".join(found) or "none", hint="deliver it: tilth run", code="no-part"
        )
    return folder


def _arrays_of_flow(flow: Flow, part: str | None, roles: Roles | None, form: Any, source: Any, engine: AnyEngine) -> Arrays:
    from tilth.flow.arrays import arrays_of
    from tilth.flow.reading import flow_table
    from tilth.flow.refusals import refusals_located
    from tilth.flow.running import one_part

    with session_of(engine, source, f"arrays of {flow.name}") as session, refusals_located(flow):
        made = one_part(flow, flow_table(flow, source, session), part, session)
        return arrays_of(made if roles is None else replace(made, roles=roles), form, session)


def stream(
    place: str | Path,
    *,
    batch: int,
    seed: int = 0,
    epoch: int = 0,
    rank: int = 0,
    ranks: int = 1,
    worker: int = 0,
    workers: int = 1,
    shuffle: Literal["none", "shards", "buffer", "block", "full"] = "block",
    format: Literal["arrow", "numpy"] = "arrow",
    **options: Any,
) -> Stream:
    """Delivered shards as batches, in an order that depends only on the shards, `seed`, `epoch` and `shuffle`.

    `place` is a delivered part, or a folder of files in a format with types. `batch` is the number of rows in a batch for all `ranks`
    together; this stream yields the share of its `rank`, and of these batches every `workers`-th, from `worker` on. `state_dict()` returns
    its position, and `load_state_dict` continues there, also with other ranks and workers. `set_epoch` starts another epoch. `torch()`
    returns a PyTorch dataset.

    `shuffle`: `block` reads `shards_at_once` (16) shards and permutes their rows; `full` all shards; `shards` their order only; `buffer`
    draws from a `buffer` of 10,000 rows. `end` says what to do with rows that do not fill a batch: `drop`, `pad` (with the first rows of
    the epoch) or `uneven`. As numpy, a batch has X, y, ids and weight, like `tilth.arrays`. Other options: `columns`, `prefetch` (shards to
    read ahead), `verify` (compare checksums), `on_corrupt="skip"`, and those of the format.

    Errors: `SourceError` for a shard that is missing or damaged, with its name; `RequestError` for contradictory options.

    >>> import pyarrow as pa, tempfile
    >>> place = write(read(pa.table({"n": range(12)})), tempfile.mkdtemp() + "/train", format="parquet", shards=4)
    >>> [b["n"].to_pylist() for b in stream(place, batch=6, seed=42, shards_at_once=2)]
    [[4, 11, 9, 3, 10, 5], [1, 8, 6, 2, 7, 0]]
    """
    from tilth.flow.stream import open_stream

    whose: dict[str, Any] = {"rank": rank, "ranks": ranks, "worker": worker, "workers": workers}
    return open_stream(place, batch, format=format, seed=seed, epoch=epoch, shuffle=shuffle, **whose, **options)


def run(
    flow: Flow | str | Path,
    out: str | Path | None = None,
    data: Any = None,
    *,
    engine: AnyEngine = None,
    history: str | Path | None = None,
    reports: Iterable[str] | None = None,
) -> Report:
    """All six in a row: read, check, change rows, split, fit and apply the features, balance the training part, measure, deliver.

    Writes a folder for each part of the split, `NAME.tilth`, `croissant.json`, `openlineage.jsonl`, `report.html` and `report.json` to
    `out`, by default the place named in the flow. `Report.passed` says whether every rule passed. `history` is a file of metrics as in
    `check`. `reports` are the formats of the report in addition to JSON, by suffix: `["html", "pdf"]`. If the flow has a `protect`,
    everything is encrypted with its key.
    """
    from tilth.flow import running
    from tilth.flow.delivery import deliver
    from tilth.flow.protecting import under_key
    from tilth.flow.reading import flow_table, further_paths, paths_of
    from tilth.flow.refusals import refusals_located
    from tilth.report.files import report_names

    flow, names = flow_from(flow), report_names(reports)
    place = out if out is not None else joined(flow.folder, flow.deliver.to) if flow.deliver.to else None
    inputs = [*paths_of(flow, data), *further_paths(flow).values()]
    if place is not None:
        reject_own_input(place, inputs)
        reject_foreign(place)
    with under_key(flow), session_of(engine, data, f"run {flow.name}") as session, refusals_located(flow):
        facts = begin(session)
        table = flow_table(flow, data, session)
        prepared = running.run(flow, table, session, history)
        lost = [warning("UNREADABLE", f"{u}; they are null", (u.column,), kind=u.kind, values=u.values, of=u.of) for u in table.unreadable]

        def report() -> Report:
            return Report(f"run {flow.name}", (*lost, *prepared.findings), facts(table, **prepared.checked.facts))

        made = report() if place is None else deliver(prepared, report, place, session, names, inputs)
        prepared.checked.record()
        return made


def dry_run(flow: Flow, session: Session) -> None:
    """Run a flow in a session that only records its queries, and deliver nothing."""
    from tilth.flow import running
    from tilth.flow.reading import flow_table

    running.run(flow, flow_table(flow, None, session), session)


def flow_from(flow: Any) -> Flow:
    """The flow, loaded if it is a path. Errors: `RequestError` for anything else."""
    from tilth.flow import Flow

    if isinstance(flow, Flow):
        return flow
    if isinstance(flow, str | Path):
        return Flow.load(flow)
    message = f"a value of type {type(flow).__name__} is not a flow"
    hint = "the flow comes first: tilth.fit(flow, data), tilth.apply(flow, data)"
    raise RequestError(message, accepted="a Flow, or the path of a flow file", hint=hint, code="no-flow")
