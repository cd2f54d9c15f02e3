"""Where sensitive data is in a table: a column with the places of what is found in the cells of each row."""

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
    """The table with the column `DetectedEntities`: a map from columns of strings to lists of what is found in the row's cell.

    Each is a struct of `entityType`, `actionUsed`, `start`, `end`, in characters, the end behind the last, `score`, `tier` and `rule`. A
    null or an empty string has none; the map of a row without any is empty. `found` are the findings of the scan, which say in whose texts
    names of the row are.

    Errors: `RequestError` where there is no column of strings, or one of this name, and for a recogniser and allowed texts, which only
    counts know.
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
