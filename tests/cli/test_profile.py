"""tilth profile, and the same in Python."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest

import tilth as front
from tests.cli.processes import Completed
from tilth.errors import ColumnError

Tilth = Callable[..., Completed]


@pytest.fixture
def people(tmp_path: Path) -> Path:
    path = tmp_path / "people.csv"
    path.write_text("age,sex,paid\n" + "".join(f"{18 + i % 50},{'mf'[i % 2]},{'yes' if i % 3 else 'no'}\n" for i in range(200)))
    return path


def test_a_profile_shows_each_column_and_is_written(tilth: Tilth, people: Path, tmp_path: Path) -> None:
    done = tilth("profile", str(people), "--label", "paid", "-o", str(tmp_path / "report.html"))
    assert done.code == 0
    assert "18 to 67" in done.out and "█ f 50 %, m 50 %" in done.out.replace("██", "█")
    assert "Class balance" in done.out
    assert "<svg" in (tmp_path / "report.html").read_text()


def test_a_profile_is_compared_with_other_data(tilth: Tilth, people: Path) -> None:
    done = tilth("profile", str(people), "--against", str(people), "--json")
    changes = [f for f in json.loads(done.out)["findings"] if f["kind"] == "change"]
    assert changes and {f["value"] for f in changes} == {0}


@pytest.mark.filterwarnings("default")
def test_a_file_without_a_header_is_warned_of(tilth: Tilth, tmp_path: Path) -> None:
    file = tmp_path / "adult.data"
    file.write_text("39, State-gov, 77516\n50, Private, 83311\n38, Private, 21564\n")
    assert f"warning: the first row of {file} is read as column names, but looks like a row of data" in tilth("profile", str(file)).err
    assert "warning" not in tilth("profile", str(file), "--no-header").err


def test_private_values_are_masked(tilth: Tilth, people: Path) -> None:
    assert "18 to 67" not in tilth("profile", str(people), "--private", "age").out


def test_a_profile_in_python() -> None:
    table = pa.table({"age": [30, 50, 64], "paid": ["no", "no", "yes"]})
    report = front.profile(table, label="paid", against=table)
    assert {f.kind for f in report.findings} >= {"column", "balance", "change"}
    assert report.title == "profile"
    with pytest.raises(ColumnError):
        front.profile(table, label="pay")


def test_a_profile_job_of_databrew_is_run(tilth: Tilth, people: Path, tmp_path: Path) -> None:
    path, config = people, tmp_path / "config.json"
    statistics = {"ColumnStatisticsConfigurations": [{"Statistics": {"IncludedStatistics": ["MEAN"]}}]}
    config.write_text(json.dumps({"ProfileColumns": [{"Name": "age"}], **statistics}))
    printed = tilth("profile", str(path), "--databrew", str(config))
    assert printed.code == 0
    result = json.loads(printed.out)
    assert result["columns"][0]["mean"] == pytest.approx(sum(18 + i % 50 for i in range(200)) / 200)
    assert tilth("profile", str(path), "--databrew", str(config), "-o", str(tmp_path / "p.json")).code == 0
    assert json.loads((tmp_path / "p.json").read_text()) == result
    both = tilth("profile", str(path), "--databrew", str(config), "--label", "age", "--exact")
    assert (both.code, "--databrew and --label and --exact exclude each other" in both.err) == (2, True)
    config.write_text('{"EntityDetectorConfiguration": {"EntityTypes": ["EMAIL"]}}')
    entities = tilth("profile", str(path), "--databrew", str(config))
    assert (entities.code, "columns with personal data" in entities.err) == (0, False)


@pytest.mark.slow
def test_insights_are_measured_and_compared(tilth: Tilth, people: Path) -> None:
    pytest.importorskip("sklearn")
    done = tilth("measure", str(people), "--label", "paid", "--measure", "insights", "--against", str(people), "--private", "sex", "--json")
    assert done.code == 0
    found = json.loads(done.out)["findings"]
    assert {"insights", "power", "model", "change"} <= {f["kind"] for f in found}
    assert {f["value"] for f in found if f["kind"] == "change"} == {0}
    assert "sex" not in {f["name"] for f in found if f["kind"] == "model"}
    assert tilth("measure", str(people), "--label", "nosuch", "--measure", "insights").code == 2
