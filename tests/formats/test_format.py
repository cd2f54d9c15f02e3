"""The one table of formats."""

import pytest

from tilth.errors import RequestError, SourceError
from tilth.formats.format import FORMATS, by_name, by_suffix, formats


def test_every_format_is_found_by_its_name():
    assert [form.name for form in formats()] == list(FORMATS)


def test_the_suffix_decides_the_format(tmp_path):
    assert by_suffix("a.CSV.gz").name == "csv"
    assert by_suffix("a", default="parquet").name == "parquet"
    with pytest.raises(SourceError, match="no format has this suffix"):
        by_suffix("a.xyz")
    (tmp_path / "a.csv").touch()
    assert by_suffix(str(tmp_path)).name == "csv"
    (tmp_path / "a.parquet").touch()
    with pytest.raises(SourceError, match="of several formats: csv, parquet"):
        by_suffix(str(tmp_path))


def test_an_unknown_name():
    with pytest.raises(RequestError, match="did you mean 'parquet'"):
        by_name("parket")
