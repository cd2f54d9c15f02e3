"""The requests and answers of SageMaker's SparkML serving container, so that a pipeline can replace it.

The container reads a schema from an environment variable, or from the member `schema` of a request, which takes precedence:

    {"input": [{"name": "age", "type": "double"}, {"name": "city", "type": "string"}],
     "output": {"name": "features", "type": "double", "struct": "vector"}}
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from tilth.errors import Mistake, RequestError, listed
from tilth.serve.bodies import encoded
from tilth.serve.bodies.rows import CSV, JSON, LINE_TYPES, LINES, BadRow, Columns, Row
from tilth.serve.bodies.text import cells, record_of
from tilth.serve.media import RANGES, MediaType, chosen, media_type

VARIABLE = "SAGEMAKER_SPARKML_SCHEMA"
TYPES = ("boolean", "byte", "short", "int", "long", "float", "double", "string")
STRUCTS = ("basic", "vector", "array")
BITS = {"byte": 8, "short": 16, "int": 32, "long": 64}
STRICT_TYPES = (CSV, JSON, LINES)  # of requests to the container
STRICT_ACCEPT = (CSV, LINES, f"{LINES};data=text")
MARK = b'"schema"'  # in every body with a schema


@dataclass(frozen=True)
class Column:
    """A column of the schema: a value of a type, or a vector or array of such values."""

    name: str
    type: str
    struct: str = "basic"

    @classmethod
    def of(cls, given: Any) -> Column:
        """Parse a column of the schema. Errors: `RequestError`."""
        match given:
            case {"name": str(name), "type": str(kind)} if name and kind in TYPES and given.get("struct", "basic") in STRUCTS:
                return cls(name, kind, given.get("struct", "basic"))
        accepted = f'{{"name": …, "type": …, "struct": …}} with a type of {listed(TYPES)} and a struct of {listed(STRUCTS)}'
        raise RequestError("a column of the SparkML schema cannot be read", accepted=accepted, code="bad-schema")

    def read(self, value: Any, number: int) -> Any:
        """A value as the container reads it: null is an error, and a boolean is false unless it is `true`. Errors: `BadRow`."""
        try:
            if self.struct != "basic":
                if isinstance(value, list) and None not in value:
                    return value
            elif value is not None:
                return self._parsed(_word(value))
        except ValueError:
            pass
        kind = self.type if self.struct == "basic" else f"a list of {self.type}"
        raise BadRow(number, self.name, Mistake(f"the value is not {kind}", accepted="a value; no nulls", code="unreadable"))

    def _parsed(self, text: str) -> Any:
        match self.type:
            case "string":
                return text
            case "boolean":
                return text.lower() == "true"
            case "float" | "double":
                return float(text)
        made = int(text)
        if made.bit_length() >= BITS[self.type] and made != -(2 ** (BITS[self.type] - 1)):
            raise ValueError
        return made


@dataclass(frozen=True)
class Schema:
    """The columns of a request in their order, and the one column of the answer."""

    inputs: tuple[Column, ...]
    output: Column

    @classmethod
    def of(cls, given: Any) -> Schema:
        """The schema from JSON text, or from parsed JSON. Errors: `RequestError`."""
        if isinstance(given, str):
            try:
                given = json.loads(given)
            except ValueError:
                given = None
        match given:
            case {"input": [_, *_] as inputs, "output": dict(output)}:
                found = cls(tuple(map(Column.of, inputs)), Column.of(output))
                if len(set(found.columns.names)) == len(inputs):
                    return found
        accepted = '{"input": [{"name": …, "type": …}, …], "output": {"name": …, "type": …}}, each name once'
        raise RequestError("the SparkML schema cannot be read", accepted=accepted, code="bad-schema")

    @property
    def columns(self) -> Columns:
        """The columns of a request."""
        return Columns(tuple(column.name for column in self.inputs))

    def row(self, values: Any, number: int, strict: bool = False) -> Row:
        """A row from values in the order of the schema; values of string columns become strings.

        If `strict`, values are read as the container reads them, and further values are left out. Errors: `BadRow`.
        """
        if not isinstance(values, list):
            raise BadRow(number, "", Mistake("`data` is not a list of values", accepted='{"data": [value, …]}', code="no-row"))
        if strict:
            named = self.columns.named(values[: len(self.inputs)], number)
            return {column.name: column.read(named[column.name], number) for column in self.inputs}
        named = self.columns.named(values, number)
        texts = [c.name for c in self.inputs if c.type == "string" and c.struct == "basic"]
        return named | {name: json.dumps(v) for name in texts if (v := named[name]) is not None and not isinstance(v, str | list | dict)}

    def rows(self, data: Any) -> Iterator[Any]:
        """The rows of a member `data`: one row, or a list of rows."""
        lists = isinstance(data, list) and data and all(isinstance(one, list) for one in data)
        one = lists and len(data) == len(self.inputs) and all(column.struct != "basic" for column in self.inputs)
        yield from data if lists and not one else [data]

    def reject_lacking(self, needed: Sequence[str]) -> None:
        """Reject the schema if it lacks a needed column. Errors: `RequestError`."""
        if missing := [name for name in needed if name not in self.columns.names]:
            message = f"the SparkML schema has no column {listed(missing)}, which the pipeline reads"
            raise RequestError(message, accepted=listed(needed), code="bad-schema")

    def answered(self, rows: Sequence[Row], media: str, text: bool) -> bytes:
        """Rows in the container's format: single values, or vectors as CSV, as `{"features": […]}`, or with `text` as `{"source": "…"}`.

        Errors: `RequestError` if the output is a single value, but the pipeline gives several columns and none has that name.
        """
        names = self._made(tuple(rows[0]))
        if media == JSON:
            return encoded(rows, names, JSON)
        if media == CSV:
            flat = self._flat(rows, names)
            return encoded(flat, tuple(flat[0]), CSV)
        values = [list(row.values()) for row in self._flat(rows, names)]
        if self.output.struct == "basic":
            made: list[Any] = [row[0] for row in values]
        elif text:
            made = [{"source": " ".join(map(_word, row))} for row in values]
        else:
            made = [{"features": row} for row in values]
        return b"".join(map(_line, made))

    def answered_strictly(self, rows: Sequence[Row], media: str, text: bool, several: bool) -> bytes:
        """Rows as the container writes them: without line ends, and `several` rows as `[[ROW], [ROW]]`. Errors: as `answered`."""
        made = []
        for row in self._flat(rows, self._made(tuple(rows[0]))):
            values = list(row.values())
            if self.output.struct == "basic" or media == CSV:
                made.append(",".join(map(_word, values)))
            else:
                made.append(_line({"source": " ".join(map(_word, values))} if text else {"features": values}).decode().rstrip("\n"))
        return (f"[{', '.join(f'[{one}]' for one in made)}]" if several else made[0]).encode()

    def _flat(self, rows: Sequence[Row], names: Sequence[str]) -> list[dict[str, Any]]:
        """Rows with a column for each element of a list. If the output is a float or double, integers become floats."""
        flat = ({f"{name}_{i}": v for name in names for i, v in enumerate(_listed(row[name]))} for row in rows)
        if self.output.type not in ("float", "double"):
            return list(flat)
        return [{name: float(v) if type(v) is int else v for name, v in row.items()} for row in flat]

    def _made(self, gives: tuple[str, ...]) -> tuple[str, ...]:
        """The columns of the output: the column with its name; for a vector, the numbered columns, otherwise all."""
        name = self.output.name
        if name in gives or self.output.struct != "basic":
            numbered = tuple(c for c in gives if re.fullmatch(rf"{re.escape(name)}_\d+", c))
            return (name,) if name in gives else numbered or gives
        if len(gives) == 1:
            return gives
        raise RequestError(f"the SparkML schema's output {name!r} is not given", accepted=listed(gives), code="bad-schema")


@dataclass(frozen=True)
class Asked:
    """A request with a schema, and its rows."""

    schema: Schema
    rows: Sequence[Row]


def asked(body: bytes, kind: MediaType, configured: Schema | None, strict: bool = False) -> Asked | None:
    """Parse a JSON request that has its rows in a member `data`; None for other requests.

    If `strict`, also the first line of a CSV body, and only a row in `application/json`. Errors: `RequestError`, `BadRow`.
    """
    if kind.name == JSON:
        found = [body]
    elif kind.name in LINE_TYPES:
        found = [line for line in body.split(b"\n") if line.strip()]
    elif strict and configured and kind.name == CSV:
        return Asked(configured, [configured.row(values, 1, strict) for values in cells(body, kind)[:1] or [[]]])
    else:
        return None
    schema, rows = configured, list[Row]()
    for number, line in enumerate(found, 1):
        given = record_of(line, kind)
        if number == 1 and isinstance(given, dict) and "schema" in given:
            schema = Schema.of(given["schema"])
        if schema is None or not isinstance(given, dict) or "data" not in given:
            if number == 1 and not (strict and schema):
                return None
            raise BadRow(number, "", Mistake("there is no member `data`", accepted='{"data": [value, …]}', code="no-row"))
        several = [given["data"]] if strict and kind.name == JSON else schema.rows(given["data"])
        rows += [schema.row(values, len(rows) + 1, strict) for values in several]
    return None if schema is None else Asked(schema, rows)


def answer_type(accept: str, default: str, strict: bool = False) -> tuple[str, bool] | None:
    """The media type of an answer with a schema, and whether vectors are written as text; None if no type is acceptable.

    If `strict`, `accept` must be one of the container's three types, character by character.

    >>> answer_type("application/jsonlines;data=text", "text/csv"), answer_type("*/*", "text/csv"), answer_type("image/png", "text/csv")
    (('application/jsonlines', True), ('text/csv', False), None)
    """
    wanted = default if accept.strip() in ("", "*/*") else accept
    if strict and wanted not in STRICT_ACCEPT:
        return None
    media = chosen(wanted, (CSV, LINES, JSON), CSV)
    ranges = [m for part in RANGES.findall(wanted) if (m := media_type(part)) is not None]
    texts = any(m.name == media == LINES and m.parameters.get("data") == "text" for m in ranges)
    return None if media is None else (media, texts)


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]


def _word(value: Any) -> str:
    """A value without quotes, null as NaN."""
    return "NaN" if value is None else value if isinstance(value, str) else json.dumps(value)


def _line(value: Any) -> bytes:
    """A JSON value as a line, encoded like other answers."""
    return encoded([{"x": value}], ["x"], LINES)[len(b'{"x":') : -len(b"}\n")] + b"\n"
