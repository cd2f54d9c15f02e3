"""The test battery for measures, those of Tilth and of other packages."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace

from tilth.data import Dataset
from tilth.engine.expressions import lit
from tilth.engine.layers import filtered
from tilth.engine.session import Session, everything
from tilth.measures.measure import Measure, Measuring
from tilth.report import Finding
from tilth.report.json import finding_from_json
from tilth.testing.laws import backwards, in_memory, require, same


def check_measure(measure: Measure, data: Dataset, sessions: tuple[Session, ...]) -> None:
    """Check the laws of a measure.

    It is documented, and can measure a table without rows. Its findings are the same on every session, for the same rows in another order,
    through a filter that keeps all rows, and for the same table as a later part.

    `data` is a table to measure; `sessions` are those of the engines. Findings are compared by their JSON, except for the engines' names of
    types and the last digits of numbers, and must round-trip through it. Errors: `AssertionError`.

    >>> import pyarrow as pa, tilth
    >>> from tilth.engine.duckdb import DuckDB
    >>> from tilth.measures.profile import Profile
    >>> check_measure(Profile(), tilth.read(pa.table({"x": [1, 2]})), (DuckDB().session(),))
    """
    require(is_dataclass(measure), f"{measure}: a measure is a dataclass")
    require(measure == replace(measure), f"{measure}: a measure is a value")
    require(type(measure).__doc__, f"{measure}: a measure has a docstring")
    require({f.name for f in fields(measure)} <= measure.documented().keys(), f"{measure}: each parameter says what it means")
    engine, first = sessions[0], _found(measure, data, sessions[0])
    for session in sessions[1:]:
        require(same(_found(measure, data, session), first), f"{measure}: both engines find the same")
    rows = engine.batches(engine.query(data, everything())).read_all()
    other_order = in_memory(backwards(rows), data.roles)
    require(same(_found(measure, other_order, engine), first), f"{measure}: the order of rows changes nothing")
    every_row = _found(measure, filtered(data, lit(True)), engine)
    require(same(every_row, first), f"{measure}: a filter that keeps every row changes nothing")
    _found(measure, filtered(data, lit(False)), engine)
    parts = Measuring((measure,), engine)
    for part in ("one", "two"):
        findings = parts.of(data, part)
        require({f.part for f in findings} <= {part}, f"{measure}: findings name their part")
        same_findings = [_plain(replace(f, part="")) for f in findings] == first
        require(same_findings, f"{measure}: the same table has the same findings as a later part")
    for f in findings:
        require(finding_from_json(f.to_json()).to_json() == f.to_json(), f"{f.name}: a finding round-trips through JSON")


def _found(measure: Measure, data: Dataset, session: Session) -> list[dict[str, object]]:
    return [_plain(f) for f in Measuring((measure,), session).of(data)]


def _plain(finding: Finding) -> dict[str, object]:
    made = finding.to_json()
    made["details"].pop("type", None)
    return made
