"""Glue's data quality transform under its own names, so that the data quality node of a job's script runs in a unit test.

A test puts this module in place of `awsgluedq.transforms`, `awsglue.transforms` and `awsglue.dynamicframe`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tilth.aws.glue import aggregated_metrics, rule_outcomes
from tilth.aws.glue_options import check_options, counts_rows, publishing
from tilth.checking import ROWS, RowFiles, checked, named_tables, ruleset_from
from tilth.engine.chosen import session_of
from tilth.engine.facts import begin
from tilth.errors import RequestError, unknown
from tilth.formats import table_of, to_frame
from tilth.metrics.columns import RowCount
from tilth.metrics.metric import measured
from tilth.report import Report
from tilth.rules.context import first_run
from tilth.rules.row_output import ADDED, reject_taken
from tilth.store.uri import is_local, joined

__all__ = [
    "DynamicFrame",
    "DynamicFrameCollection",
    "EvaluateDataQuality",
    "SelectFromCollection",
]  # scripts import all of Glue's transforms

INPUT, OUTCOMES, ROW_OUTCOMES, AGGREGATED = "originalData", "ruleOutcomes", "rowLevelOutcomes", "aggregatedMetrics"
KINDS = {"pyspark": "spark", "pandas": "pandas"}  # the package of a frame → the kind of frame that is returned; others get Arrow


@dataclass(frozen=True)
class DynamicFrame:
    """A frame of Spark, Arrow or pandas with the calls that scripts make of Glue's DynamicFrame around a data quality node.

    >>> import pyarrow as pa
    >>> DynamicFrame.fromDF(pa.table({"Outcome": ["Passed", "Failed"]})).filter(lambda row: row["Outcome"] == "Failed").count()
    1
    """

    frame: Any
    glue_ctx: Any = None
    name: str = ""

    @classmethod
    def fromDF(cls, dataframe: Any, glue_ctx: Any = None, name: str = "") -> DynamicFrame:
        """The frame with Glue's calls."""
        return cls(dataframe, glue_ctx, name)

    def toDF(self) -> Any:
        """The frame as it was given."""
        return self.frame

    def filter(self, f: Any, transformation_ctx: str = "") -> DynamicFrame:
        """The rows for which a function of a row is true. All rows pass through this process."""
        if package(self.frame) == "pyspark":
            rows = [row for row in self.frame.collect() if f(row)]
            return DynamicFrame(self.frame.sparkSession.createDataFrame(rows, self.frame.schema), self.glue_ctx, self.name)
        rows = self.frame.to_dict("records") if package(self.frame) == "pandas" else self.frame.to_pylist()
        places = [place for place, row in enumerate(rows) if f(row)]
        return DynamicFrame(self.frame.take(places) if places else self.frame[:0], self.glue_ctx, self.name)

    def count(self) -> int:
        """The number of rows."""
        return int(self.frame.count()) if package(self.frame) == "pyspark" else len(self.frame)

    def __getattr__(self, name: str) -> Any:
        """Other members of the frame: `printSchema`, `show` …"""
        return getattr(object.__getattribute__(self, "frame"), name)


class FrameError(RequestError, KeyError):
    """The error for a frame that the evaluation does not have; a `KeyError`, so that `in` and `get` work."""


@dataclass(frozen=True)
class DynamicFrameCollection(Mapping[str, Any]):
    """The frames of an evaluation by Glue's keys, and its report, which `save` writes and `raise_for_failures` judges."""

    frames: Mapping[str, Any] = field(repr=False)
    report: Report

    def __getitem__(self, key: str) -> Any:
        FrameError.reject(unknown([key], self.frames, "the evaluation has no frame {}", "unknown-frame"))
        return self.frames[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self.frames)

    def __len__(self) -> int:
        return len(self.frames)

    def select(self, key: str, transformation_ctx: str = "") -> Any:
        """The frame of a key. Errors: `RequestError` for an unknown key."""
        return self[key]


class SelectFromCollection:
    """Glue's transform that takes a frame out of a collection."""

    @classmethod
    def apply(cls, dfc: DynamicFrameCollection, key: str, transformation_ctx: str = "") -> Any:
        """The frame of a key. Errors: `RequestError` for an unknown key."""
        return dfc.select(key, transformation_ctx)


class EvaluateDataQuality:
    """Glue's data quality transform. It takes a frame and a ruleset, and returns frames of results.

    A frame is one of Spark, Arrow or pandas, or a DynamicFrame that holds one; results are of the same kind, and Arrow for anything else
    that `tilth.read` takes. `additional_data_sources` are the further tables that rules name. The context in `publishing_options` appears
    in the report, and `CONTEXT.jsonl` is written to its `resultsS3Prefix` if that is on this machine; nothing is sent to AWS.
    `additional_options`: see `check_options`, and `publishAggregatedMetrics.status`. A failed rule is a result, not an error.
    Rules on the history are evaluated as in the first run of a job.

    Errors: `RulesError` for a wrong ruleset, `RequestError` for a frame with one of the columns that `rowLevelOutcomes` adds.
    Source: AWS Glue, EvaluateDataQuality.

    >>> import pyarrow as pa
    >>> orders = pa.table({"id": [1, 2], "qty": [5, None]})
    >>> EvaluateDataQuality.apply(frame=orders, ruleset='Rules = [ IsComplete "qty" ]')["Outcome"].to_pylist()
    ['Failed']
    >>> found = EvaluateDataQuality().process_rows(frame=orders, ruleset='Rules = [ IsComplete "qty" ]')
    >>> found["rowLevelOutcomes"]["DataQualityEvaluationResult"].to_pylist()
    ['Passed', 'Failed']
    """

    DATA_QUALITY_RULE_OUTCOMES_KEY = OUTCOMES

    @classmethod
    def apply(
        cls,
        frame: Any,
        ruleset: str,
        publishing_options: Mapping[str, Any] | None = None,
        additional_options: Mapping[str, str] | None = None,
        additional_data_sources: Mapping[str, Any] | None = None,
        transformation_ctx: str = "",
    ) -> Any:
        """The frame `ruleOutcomes`: a row for each rule."""
        return _evaluated(frame, ruleset, publishing_options, additional_options, additional_data_sources, by_row=False)[OUTCOMES]

    def process_rows(
        self,
        frame: Any,
        ruleset: str,
        publishing_options: Mapping[str, Any] | None = None,
        additional_options: Mapping[str, str] | None = None,
        additional_data_sources: Mapping[str, Any] | None = None,
        transformation_ctx: str = "",
    ) -> DynamicFrameCollection:
        """The frames `originalData`, `ruleOutcomes` and `rowLevelOutcomes`, and on request `aggregatedMetrics`."""
        return _evaluated(frame, ruleset, publishing_options, additional_options, additional_data_sources, by_row=True)


def _evaluated(
    given: Any,
    ruleset: str,
    publishing_options: Mapping[str, Any] | None,
    additional_options: Mapping[str, str] | None,
    sources: Mapping[str, Any] | None,
    by_row: bool,
) -> DynamicFrameCollection:
    context, prefix = publishing(publishing_options or {})
    options = check_options(additional_options or {})
    files = RowFiles(outside=options.pop("outside_where", "passed"), labels=options.pop("rule_labels", False))
    frame, rules = held(given), ruleset_from(ruleset)
    with session_of(None, frame, "check") as session:
        facts = begin(session)
        data = table_of(frame, session)
        reject_taken(data, ADDED if by_row else ())
        tables = {name: held(source) for name, source in named_tables(sources).items()}
        done = checked(data, rules, session, sources=tables, earlier=first_run, row_files=files, **options)
        assert done.rows is not None  # noqa: S101 -- a check has rows
        rows = done.rows()
        more = dict(done.facts)
        with session.working_for(ROWS):
            if counts := counts_rows(additional_options or {}):
                total, passed = (measured(table, [RowCount()], session)[RowCount()] for table in (data, rows.passed))
                more |= {"rows": total, "rows_passed": passed, "rows_failed": total - passed}
            report = Report("check", done.findings, facts(data, context=context, **more))
            found = {OUTCOMES: rule_outcomes(report), **({AGGREGATED: aggregated_metrics(report)} if counts else {})}
            made = {key: _like(frame, table) for key, table in found.items()}
            if by_row:
                made[ROW_OUTCOMES] = to_frame(rows.all_rows(), KINDS.get(package(frame), "arrow"), session)
    if prefix and is_local(prefix):
        report.save(joined(prefix, f"{context}.jsonl"), "glue_lines")
    if isinstance(given, DynamicFrame):
        made = {key: DynamicFrame(found, given.glue_ctx, key) for key, found in made.items()}
    return DynamicFrameCollection({INPUT: given, **made}, report)


def package(frame: Any) -> str:
    """The package of a frame's class."""
    return type(frame).__module__.partition(".")[0]


def held(frame: Any) -> Any:
    """The frame that a DynamicFrame holds."""
    return frame.toDF() if isinstance(frame, DynamicFrame) else frame


def _like(frame: Any, table: Any) -> Any:
    """An Arrow table as a frame of the same kind as another."""
    if package(frame) == "pyspark":
        from tilth.engine.spark import Spark

        return Spark(frame.sparkSession).frame(table)
    return table.to_pandas(maps_as_pydicts="strict") if package(frame) == "pandas" else table
