"""The one table of formats."""

import re

import pytest

from tests.house.tree import ROOT
from tilth.errors import RequestError, SourceError
from tilth.formats.format import FORMATS, by_name, by_suffix, formats


def test_every_format_is_found_by_its_name():
    assert [form.name for form in formats()] == list(FORMATS)


def test_the_page_has_every_format_with_its_suffixes():
    table = (ROOT / "docs/formats.md").read_text("utf-8").split("| option of")[0]
    rows = re.findall(r"^\| \[?(`.*?)\|(.*?)\|.*\|.*\|$", table, re.MULTILINE)
    told = {tuple(re.findall("`(.*?)`", names)): tuple(re.findall("`(.*?)`", suffixes)) for names, suffixes in rows[1:]}
    found = {names: tuple(s for n in names for s in by_name(n).suffixes) for names in told}
    assert told == found
    assert {n for names in told for n in names} == {form.name for form in formats() if form.is_written}


def test_the_suffix_decides_the_format(tmp_path):
    assert by_suffix("a.CSV.gz").name == "csv"
    assert by_suffix("a", default="parquet").name == "parquet"
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.xyz").touch()
    with pytest.raises(SourceError, match="no format has this suffix"):
        by_suffix(str(tmp_path / "in" / "a.xyz"))
    with pytest.raises(SourceError, match="there is no file"):
        by_suffix(str(tmp_path / "in" / "b"))
    (tmp_path / "in" / "_schema.json").touch()
    with pytest.raises(SourceError, match="is a delivery") as error:
        by_suffix(str(tmp_path))
    assert error.value.mistakes[0].accepted == str(tmp_path / "in")
    (tmp_path / "in" / "_schema.json").unlink()
    (tmp_path / "in" / "a.xyz").unlink()
    (tmp_path / "a.csv").touch()
    assert by_suffix(str(tmp_path)).name == "csv"
    (tmp_path / "a.parquet").touch()
    with pytest.raises(SourceError, match="of several formats: csv, parquet"):
        by_suffix(str(tmp_path))


def test_an_unknown_name():
    with pytest.raises(RequestError, match="did you mean 'parquet'"):
        by_name("parket")
