"""What is read and does not run in AWS Glue."""

from __future__ import annotations

import pytest

from tilth.errors import RequestError
from tilth.rules import lint


def said(text: str, target: str) -> list[str]:
    return [f"{mistake.place} {mistake.message}" for mistake in lint(text, target=target) if mistake.code == "W-NOT-IN-GLUE"]


def test_the_limits_of_the_service() -> None:
    rules = ",\n".join(["RowCount > 3"] * 2001)
    assert said(f"Rules = [\n{rules}\n]", "glue") == ["2002:1 Glue takes 2000 rules; these are 2001"]
    assert said("Rules = [ RowCount > 3 ]" + " " * 65_536, "glue") == ["1:65537 Glue takes 65536 characters; these are 65560"]
    assert said('Rules = [ RowCount > 3,\n IsComplete "é" ]', "glue") == ["2:14 Glue stores printable ASCII only, not 'é'"]
    assert lint("Rules = [ RowCount > 3 ]", target="glue-etl") == []


def test_without_a_target_there_are_no_limits() -> None:
    assert lint('Rules = [ IsComplete "é" ]' + " " * 65_536) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('DefaultLabels = ["a"="b"] Rules = [ RowCount > 3 ]', "1:18 the Data Catalog has no labels"),
        ('Rules = [ RowCount > 3 labels=["a"="b"] ]', "1:32 the Data Catalog has no labels"),
        ("Analyzers = [ RowCount, ColumnCount ]", "1:15 the Data Catalog has no analyzers"),
        ("Rules = [ RowCount > 1 + avg(last(3)) ]", "1:11 the Data Catalog has no history for dynamic rules"),
        ("Rules = [ FileSize > 3 ]", "1:11 in the Data Catalog a file rule needs a path"),
    ],
)
def test_what_the_catalog_lacks(text: str, expected: str) -> None:
    assert said(text, "glue-catalog") == [expected]
    assert said(text, "glue-etl") == []


def test_an_unknown_target() -> None:
    with pytest.raises(RequestError, match="did you mean 'glue-etl'"):
        lint("Rules = []", target="glue-etll")
