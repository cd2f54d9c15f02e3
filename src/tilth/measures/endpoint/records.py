"""The rows of a table as records of a request: lines of CSV or of JSON Lines, or parts of a JSON document."""

from __future__ import annotations

import csv
import io
import json
import math
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from functools import partial
from typing import Any

import pyarrow as pa

from tilth.errors import Mistake, RequestError

CSV, LINES, JSON = "text/csv", "application/jsonlines", "application/json"
TOKEN = re.compile(r'"\$\{(?P<name>[^}]*)\}"|\$(?P<word>features_kvp|feature_names|features)\b')
INSTANCES, OBJECT = '{"instances": $records}', "$features_kvp"


@dataclass(frozen=True)
class Records:
    """Turns rows into records, and records into the body of a request.

    `content_template` is the template of a line of JSON Lines, with `$features`, or of a JSON document, with `$records` for a list or
    `$record` for one record per request. `record_template` is the template of a record in JSON: `$features` is the list of values,
    `$feature_names` the list of names, `$features_kvp` an object of both, `"${age}"` the value of a column. Values keep their type; null,
    NaN and infinities become null, in CSV empty.

    >>> records = Records(JSON, '{"instances": $records}', '{"A": "${A}"}')
    >>> records.body(records.of(pa.table({"A": [0, 3], "B": [1, 4]})))
    b'{"instances": [{"A": 0},{"A": 3}]}'
    """

    content_type: str = JSON
    content_template: str = INSTANCES
    record_template: str = OBJECT

    @property
    def single(self) -> bool:
        """Whether each request has one record."""
        return self.content_type == JSON and "$records" not in self.content_template

    def of(self, rows: pa.Table) -> list[str]:
        """A record for each row. Errors: `RequestError` if a template names a column that the rows lack."""
        values = zip(*(map(_plain, column.to_pylist()) for column in rows.columns), strict=True)
        if self.content_type == CSV:
            return list(map(_line, values))
        template = self.content_template if self.content_type == LINES else self.record_template
        return list(map(_filled(template, rows.column_names), values))

    def body(self, records: Sequence[str]) -> bytes:
        """The body of a request for these records."""
        if self.content_type != JSON:
            return "".join(f"{record}\n" for record in records).encode()
        token, content = ("$record", records[0]) if self.single else ("$records", f"[{','.join(records)}]")
        return self.content_template.replace(token, content, 1).encode()


def _plain(value: Any) -> Any:
    """Convert a value to a type of JSON."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    return float(value) if isinstance(value, Decimal) else value


def _nth(place: int, values: Sequence[Any]) -> str:
    return _json(values[place])


def _line(values: Sequence[Any]) -> str:
    made = io.StringIO()
    csv.writer(made, lineterminator="").writerow([str(v).lower() if isinstance(v, bool) else v for v in values])
    return made.getvalue()


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _filled(template: str, names: Sequence[str]) -> Callable[[Sequence[Any]], str]:
    """The function that fills the template with a row's values."""
    parts = list(_parts(template, list(names)))
    return lambda values: "".join(part if isinstance(part, str) else part(values) for part in parts)


def _parts(template: str, names: list[str]) -> Iterator[str | Callable[[Sequence[Any]], str]]:
    unknown = [found["name"] for found in TOKEN.finditer(template) if found["name"] is not None and found["name"] not in names]
    mistakes = (Mistake(f'the template has "${{{n}}}", and the model takes no such column', code="unknown-column") for n in unknown)
    RequestError.reject(mistakes)
    at = 0
    for found in TOKEN.finditer(template):
        yield template[at : found.start()]
        at = found.end()
        match found["word"]:
            case "features":
                yield lambda values: _json(list(values))
            case "features_kvp":
                yield lambda values: _json(dict(zip(names, values, strict=True)))
            case "feature_names":
                yield _json(names)
            case _:
                yield partial(_nth, names.index(found["name"]))
    yield template[at:]
