"""Adds a column with the places of sensitive data in the cells of each row."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from tilth.data import Dataset, Kind
from tilth.engine.expressions import lit
from tilth.engine.session import Session
from tilth.errors import RequestError
from tilth.measures.sensitive.measure import Sensitive
from tilth.measures.sensitive.verdicts import SensitiveColumn
from tilth.report import Finding
from tilth.steps.protect.cells import CELLS, EVERY, Found, with_findings
from tilth.steps.step import reject_clashes


def with_places(data: Dataset, scan: Sensitive, found: Sequence[Finding], session: Session) -> Dataset:
    """The table with the column `DetectedEntities`: a map from string columns to lists of the findings in the cell of the row.

    Each finding is a struct of `entityType`, `actionUsed`, `start`, `end`, `score`, `tier` and `rule`; `start` and `end` count characters,
    and `end` is the position after the last one. A null or an empty string has no findings; a row without findings has an empty map.
    `found` are the findings of the scan, which say in which texts the names of the row's person occur.

    Errors: `RequestError` if there is no string column, or a column with this name, and for a recogniser or allowed texts, which are only
    supported for counts.
    """
    if scan.recogniser or scan.allow:
        raise RequestError(
            "places in cells are those of the catalogue", hint="leave out `--ner` and `--allow`, or `--mode full`", code="cells"
        )
    schema = session.schema(data)
    texts = [c for c in schema.columns if c.kind is Kind.STRING and c.name not in scan.never]
    if not texts:
        raise RequestError(
            "there is no column of strings, in whose cells something is found", accepted="`--mode columns`", code="no-column"
        )
    reject_clashes("scan", schema, {"": {CELLS: lit(0)}})
    find = scan.detector().entities or (EVERY,)
    names = {f.name: t.by for f in found if isinstance(f.payload, SensitiveColumn) for t in f.payload.types if t.by}
    noted = partial(Found, find=find, countries=scan.countries, sensitivity=scan.sensitivity, action="detect", one=str)
    cells = [(c, c.name, noted(c.name, noted=True, details=True, names=names.get(c.name, ()))) for c in texts]
    return with_findings(data, cells, CELLS, details=True)
