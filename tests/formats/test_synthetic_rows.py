"""What a schema of synthetic rows may say of a column."""

from __future__ import annotations

import re
from datetime import date

import pytest

from tilth.errors import RequestError
from tilth.formats.synthetic_rows import schema_of, synthetic_rows


@pytest.mark.parametrize(
    ("column", "message"),
    [
        ("{}", "the column has no definition"),
        ("{kind: string}", "the column has no definition"),
        ("{values: [a], pattern: b}", "the column has no definition, or several"),
        ("{kind: integer, from: 5, to: 1}", "`from` is 5 and `to` is 1"),
        ("{kind: integer, from: 0.5}", "0.5 is not a limit of a column of kind integer"),
        ("{kind: date, from: soon}", "'soon' is not a limit of a column of kind date"),
        ("{kind: integer, from: 1, to: 10, unique: true}", "3,000 rows are to be unique, and there are 10 values"),
        ("{pattern: '[a-z]{3,4}', unique: true}", "patterns of one length without alternatives"),
        ("{values: [a, b], unique: true}", "`unique` is for integers and patterns"),
        ("{values: []}", "`values` has no value"),
        ("{values: [a, 1]}", "`values` are not all of one kind"),
        ("{pattern: 'a$b'}", "no strings can be made for the pattern"),
        ("{pattern: '(?=a)'}", "lookahead is not available"),
        ("{kind: integer, decimals: 2}", "`decimals` are of a column of `kind: float`"),
        ("{values: [2024-13-01], kind: date}", "`values` are not all of one kind"),
        ("{kind: date, kind: float}", "'kind' is already set"),
        ("[" * 99, "this document is too large"),
        ("{kind: number}", "columns.c.kind"),
        ("{kind: boolean, nulls: 2}", "columns.c.nulls"),
    ],
)
def test_what_cannot_be_made_is_refused(column: str, message: str) -> None:
    with pytest.raises(RequestError, match=re.escape(message)):
        synthetic_rows(schema_of(f"rows: 3000\ncolumns:\n  c: {column}\n", "a"))


def test_values_are_of_the_kinds_they_are_written_in() -> None:
    columns = "{n: {values: {1: 2, 3: 1}}, s: {values: [no, '1']}, d: {values: [2024-02-29]}, t: {values: [2024-02-29 12:00:00]}}"
    (batch,) = synthetic_rows(schema_of(f"columns: {columns}", "a"))
    assert [str(batch[c].type) for c in "nsdt"] == ["int64", "string", "date32[day]", "timestamp[us]"]
    assert batch["d"][0].as_py() == date(2024, 2, 29)


def test_every_mistake_is_told_at_once() -> None:
    text = "columns:\n  a: {kind: string}\n  b: {kind: date, from: soon}\n  _origin: {kind: boolean}\n"
    with pytest.raises(RequestError) as told:
        synthetic_rows(schema_of(text, "a"))
    assert len(told.value.mistakes) == 3
