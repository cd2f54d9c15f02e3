"""What is run: the script with its code, or the program of an image's folder."""

from __future__ import annotations

import tarfile
from pathlib import Path

import pytest

from tilth.errors import RequestError
from tilth.training.program import Image, Script, program_of
from tilth.training.tree import Tree

TREE = Tree(Path("/nowhere"), "/opt/ml")


@pytest.fixture
def code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of code, `src`, in the current folder."""
    (tmp_path / "src/jobs").mkdir(parents=True)
    (tmp_path / "src/jobs/train.py").write_text("import helper\n\nprint('/opt/ml/model')\n")
    (tmp_path / "src/helper.py").write_text("")
    monkeypatch.chdir(tmp_path)
    return tmp_path / "code"


@pytest.mark.parametrize("path", ["jobs/train.py", "src/jobs/train.py", "{}/src/jobs/train.py"])
def test_a_script_is_named_in_its_source_or_from_here(path: str, code: Path) -> None:
    script = Script(Path(path.format(code.parent)), Path("src"))
    code.mkdir()
    script.put(code)
    assert script.words("python", {"b": "1", "sagemaker_x": "2"}) == ["python", "--", "jobs/train.py", "-b", "1"]
    assert (code / "helper.py").is_file()
    assert (script.folder(TREE), script.hard_coded()) == ("/opt/ml/code", 3)


def test_a_script_without_source_is_alone(code: Path) -> None:
    script = Script(Path("src/jobs/train.py"))
    code.mkdir()
    script.put(code)
    assert [p.name for p in code.iterdir()] == ["train.py"]


def test_a_source_may_be_an_archive(code: Path) -> None:
    with tarfile.open("source.tar.gz", "w:gz") as archive:
        archive.add("src/jobs/train.py", "train.py")
    code.mkdir()
    Script(Path("train.py"), Path("source.tar.gz")).put(code)
    assert (code / "train.py").is_file()
    with pytest.raises(RequestError, match=r"does not hold 'other.py'"):
        Script(Path("other.py"), Path("source.tar.gz")).put(code)


def executable(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)


def test_the_program_of_an_image_may_be_one_folder_down(tmp_path: Path) -> None:
    executable(tmp_path / "container/trees/train")
    image = Image(tmp_path / "container")
    assert (image.folder(TREE), image.words("python", {"a": "1"})) == (str(tmp_path / "container/trees"), ["./train"])
    assert (image.name, image.hard_coded()) == ("container", None)
    entered = Image(tmp_path / "container", ("python", "main.py"))
    assert (entered.folder(TREE), entered.words("python", {})) == (str(tmp_path / "container"), ["python", "main.py", "train"])


def test_what_is_not_a_program_is_refused(code: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "plain").mkdir()
    (tmp_path / "plain/train").write_text("#!/bin/sh\n")
    executable(tmp_path / "two/a/train")
    executable(tmp_path / "two/b/train")
    for thing, source, entrypoint, said in (
        ("train.ipynb", None, (), "accepted: a script (.py or .sh), or a folder with the program `train`"),
        ("none.py", None, (), "there is no script 'none.py'"),
        ("none.py", "src", (), "there is no script 'none.py' in src"),
        ("../src/helper.py", "src/jobs", (), "there is no script '../src/helper.py' in src/jobs"),
        ("jobs/train.py", "none", (), "there is no source 'none'"),
        ("src/jobs/train.py", None, ("python",), "--entrypoint is for the folder of an image"),
        ("two", "src", (), "--source is for scripts"),
        ("empty", None, (), "has no program `train`"),
        ("plain", None, (), "chmod +x plain/train"),
        ("two", None, (), "has several programs: two/a/train, two/b/train"),
    ):
        with pytest.raises(RequestError) as error:
            program_of(Path(thing), Path(source) if source else None, entrypoint)
        assert said in str(error.value), thing
