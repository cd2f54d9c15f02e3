"""What a training job runs: a script, as SageMaker's framework containers run one, or the program `train` of a container's folder."""

from __future__ import annotations

import os
import re
import shutil
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tilth.errors import Mistake, RequestError, listed
from tilth.training.artefacts import unpacked
from tilth.training.hyperparameters import arguments, is_own, parsed
from tilth.training.tree import CODE, Tree

TRAIN = "train"
REQUIREMENTS = "requirements.txt"
ARCHIVES = (".tar.gz", ".tgz")
HARD_CODED = re.compile(r"/opt/ml\b")


class Program(ABC):
    """What a training job runs."""

    @property
    @abstractmethod
    def name(self) -> str:
        """The name of the program in messages, and the beginning of the job's name."""

    @abstractmethod
    def put(self, code: Path) -> None:
        """Copy the code of the program to `/opt/ml/code`."""

    @abstractmethod
    def folder(self, tree: Tree) -> str:
        """The working directory, as the program sees it."""

    @abstractmethod
    def words(self, python: str, hyperparameters: Mapping[str, str]) -> list[str]:
        """The command."""

    @abstractmethod
    def text(self) -> Path | None:
        """The file to look in for hard-coded folders, if there is one."""

    def hard_coded(self) -> int | None:
        """The first line that mentions /opt/ml; None without one."""
        file = self.text()
        lines = file.read_text("utf-8", errors="replace").splitlines() if file else []
        return next((number for number, line in enumerate(lines, 1) if HARD_CODED.search(line)), None)


@dataclass(frozen=True)
class Script(Program):
    """A script (`.py` or `.sh`) in the manner of SageMaker's training toolkit.

    Hyperparameters become its arguments. It runs in `/opt/ml/code`, which holds the script only, or the content of `source`, a folder or
    `.tar.gz` with the script.

    Errors: `RequestError` if the script does not exist, or is of another type.
    """

    path: Path
    source: Path | None = None

    def __post_init__(self) -> None:
        if self.path.suffix not in (".py", ".sh"):
            accepted = "a script (.py or .sh), or a folder with the program `train`"
            raise RequestError(f"{self.path} is not a program to train", accepted=accepted, code="bad-program")
        if self.source is not None and not (self.source.is_dir() or (self._is_packed and self.source.is_file())):
            raise RequestError(f"there is no source {str(self.source)!r}", accepted="a folder or a .tar.gz", code="no-file")
        if not self._is_packed and self._found is None:
            where = f" in {self.source}" if self.source else ""
            raise RequestError(f"there is no script {str(self.path)!r}{where}", code="no-file")

    @property
    def _is_packed(self) -> bool:
        return self.source is not None and self.source.name.endswith(ARCHIVES)

    @property
    def _found(self) -> Path | None:
        """The script on this machine. Its path is relative to `source`, or to the working directory."""
        top = self.path.parent if self.source is None else self.source
        given = (self.path,) if self.source is None else (self.source / self.path, self.path)
        return next((p for p in given if p.is_file() and _plain(p).is_relative_to(_plain(top))), None)

    @property
    def entry(self) -> str:
        """The script's path in `/opt/ml/code`."""
        if self.source is None:
            return self.path.name
        return str(self.path if self._found is None else Path(os.path.relpath(self._found, self.source)))

    @property
    def name(self) -> str:
        return self.entry

    def put(self, code: Path) -> None:
        if self.source is None:
            shutil.copy2(self.path, code)
        elif self.source.is_file():
            unpacked(self.source, code)
        else:
            leave = shutil.ignore_patterns("__pycache__", ".git")
            shutil.copytree(self.source, code, dirs_exist_ok=True, ignore=leave, ignore_dangling_symlinks=True)
        if not (code / self.entry).is_file():
            found = [p.name for p in sorted(code.iterdir())]
            raise RequestError(f"{self.source} does not hold {self.entry!r}", accepted=listed(found), code="no-file")
        if self.path.suffix == ".sh":
            (code / self.entry).chmod(0o755)

    def folder(self, tree: Tree) -> str:
        return tree.at(CODE)

    def words(self, python: str, hyperparameters: Mapping[str, str]) -> list[str]:
        given = arguments({name: value for name, value in parsed(hyperparameters).items() if not is_own(name)})
        return [f"./{self.entry}", *given] if self.path.suffix == ".sh" else [python, "--", self.entry, *given]

    def text(self) -> Path | None:
        return self._found


def _plain(path: Path) -> Path:
    """An absolute path without `..`, with its links unresolved."""
    return Path(os.path.normpath(path.absolute()))


@dataclass(frozen=True)
class Image(Program):
    """The folder from which a container image is built. Its program `train` runs in place, as in `docker run IMAGE train`, without Docker.

    The program is the executable file `train` in the folder, or in the only subfolder that has one. With `entrypoint`, this command runs in
    the folder instead, with the argument `train`, as in an image with an ENTRYPOINT.

    Errors: `RequestError` if there is no such program, or several.
    """

    path: Path
    entrypoint: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.path.is_dir():
            raise RequestError(f"{self.path} is not a folder", code="no-file")
        if not self.entrypoint:
            RequestError.reject(self._mistakes())

    def _mistakes(self) -> Iterator[Mistake]:
        found = self._programs()
        if not found:
            hint = "if its Dockerfile has an ENTRYPOINT, give it with --entrypoint"
            yield Mistake(
                f"the folder {self.path} has no program `train`", accepted="an executable file `train`", hint=hint, code="no-file"
            )
        elif len(found) > 1:
            hint = "name the folder of one of them"
            yield Mistake(f"the folder {self.path} has several programs: {listed(map(str, found))}", hint=hint, code="bad-program")
        elif not os.access(found[0], os.X_OK):
            yield Mistake(f"{found[0]} is not executable", hint=f"chmod +x {found[0]}", code="bad-program")

    def _programs(self) -> list[Path]:
        here = self.path / TRAIN
        return [here] if here.is_file() else sorted(p for p in self.path.glob(f"*/{TRAIN}") if p.is_file())

    @property
    def name(self) -> str:
        return self.path.resolve().name

    def put(self, code: Path) -> None:
        pass

    def folder(self, tree: Tree) -> str:
        return str(self.path.resolve() if self.entrypoint else self._programs()[0].parent.resolve())

    def words(self, python: str, hyperparameters: Mapping[str, str]) -> list[str]:
        return [*self.entrypoint, TRAIN] if self.entrypoint else [f"./{TRAIN}"]

    def text(self) -> Path | None:
        return None if self.entrypoint else self._programs()[0]


def program_of(thing: Path, source: Path | None = None, entrypoint: tuple[str, ...] = ()) -> Program:
    """The program in a file or folder. Errors: `RequestError` if there is none, or for an option of the other kind."""
    if thing.is_dir():
        if source is not None:
            raise RequestError("--source is for scripts, and a folder is given", accepted="a script and --source", code="bad-program")
        return Image(thing, entrypoint)
    if entrypoint:
        raise RequestError("--entrypoint is for the folder of an image, and a script is given", code="bad-program")
    return Script(thing, source)
