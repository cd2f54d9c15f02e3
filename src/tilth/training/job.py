"""Runs a training job on this machine: makes its folders, runs its program, and packs what it made."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from tilth.errors import Gap, MachineError, RequestError, joined
from tilth.store.local import reject_own_input
from tilth.store.places import atomic, reject_foreign
from tilth.store.protection import in_force
from tilth.store.scratch import Scratch
from tilth.store.uri import Place, is_local
from tilth.training.artefacts import packed
from tilth.training.channel import Channel
from tilth.training.decrypting import decrypted, job_folder
from tilth.training.ending import GRACE, end, failure, stop, watched
from tilth.training.environment import BASE, inherited, of_script, of_service, own_hyperparameters
from tilth.training.inputs import ChannelReport, Inputs, open_channels
from tilth.training.opt_ml import HOSTS, OPT_ML, Way, entering, linked, refusal
from tilth.training.program import REQUIREMENTS, Image, Program, Script
from tilth.training.tree import CHANNELS, CHECKPOINTS, CODE, FAILURE, MODEL, OUTPUT_DATA, Tree, resources

Status = Literal["Completed", "Failed", "Stopped"]
NAME = re.compile("[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?")
MODEL_FILE, OUTPUT_FILE, JOB_FILE = "model.tar.gz", "output.tar.gz", "job.json"


@dataclass(frozen=True)
class Job:
    """The request of a job: a program, its channels and hyperparameters, and how to run it.

    `hyperparameters` are strings. `time_limit` and `grace`, the time from SIGTERM to SIGKILL, are in seconds. `checkpoints` is a folder
    that the program sees at `/opt/ml/checkpoints` and that is kept. `opt_ml` says how the program sees `/opt/ml`: by a mount namespace; by
    a symbolic link, which all programs of the machine see meanwhile; or not at all: environment variables then name the folder. By
    default: a namespace if the machine allows one, else variables. `install`: whether to install `requirements.txt`, for this job only.
    `spill`: where to make the job's folders.

    Errors: `RequestError` for an invalid name, and if `checkpoints` is not a folder.
    """

    program: Program
    channels: tuple[Channel, ...] = ()
    hyperparameters: Mapping[str, str] = field(default_factory=dict, hash=False)
    name: str = ""
    python: str = sys.executable
    time_limit: float | None = None
    checkpoints: Path | None = None
    opt_ml: Way | None = None
    install: bool = False
    spill: str | None = None
    grace: float = GRACE

    def __post_init__(self) -> None:
        if self.name and not NAME.fullmatch(self.name):
            accepted = "1 to 63 letters, digits and hyphens"
            raise RequestError(f"{self.name!r} is not the name of a job", accepted=accepted, code="bad-name")
        if self.checkpoints is not None and self.checkpoints.exists() and not self.checkpoints.is_dir():
            raise RequestError(f"{self.checkpoints} is a file", accepted="a folder for checkpoints", code="is-file")


@dataclass(frozen=True)
class Ended:
    """How a job ended: `Completed`, `Failed`, or `Stopped` by its time limit or a signal (its number), and why.

    `code` is the exit code of the program, negative for a signal; `channels` report what the channels gave; `files` are the written files
    with their sizes in bytes; `left_out` are the files that could not be packed.
    """

    status: Status
    reason: str
    code: int
    seconds: float
    signal: int | None = None
    channels: tuple[ChannelReport, ...] = ()
    files: tuple[tuple[str, int], ...] = ()
    left_out: tuple[str, ...] = ()


def run(job: Job, out: Place, say: Callable[[str], object] = str) -> Ended:
    """Run a job, and unless it failed, write its model to `model.tar.gz` in the folder `out`, which is replaced as a whole.

    `output.tar.gz` holds the content of `/opt/ml/output/data`, and `job.json` describes the job. If the job is stopped, what it has written
    so far is packed. If `out` cannot be written, the job's folder is kept, and a message says where. `say` receives messages.

    Errors: `RequestError` if the job cannot be run as requested; `MachineError` if this machine cannot run it. A failure of the program is
    not an exception; the result says so.

    >>> folder = Path(tempfile.mkdtemp())
    >>> _ = (folder / "train.py").write_text("import os; open(os.environ['SM_MODEL_DIR'] + '/model', 'w').write('7')")
    >>> run(Job(Script(folder / "train.py"), opt_ml="folder"), folder / "out").status
    'Completed'
    """
    if os.name == "nt":
        raise Gap("training programs are run on Linux and macOS", hint="run it in WSL", code="no-opt-ml")
    reject_foreign(out)
    reject_own_input(out, _read_by(job))
    scratch = Scratch(job_folder(in_force(), job.spill, job.checkpoints))
    try:
        setting = _Setting.of(job, Path(scratch.name), say)
        ended = setting.run()
        return ended if ended.status == "Failed" else setting.deliver(out, ended)
    finally:
        scratch.close()


def _read_by(job: Job) -> list[Place]:
    program = job.program
    given = [program.path, program.source] if isinstance(program, Script) else [program.path] if isinstance(program, Image) else []
    return [*(path for path in given if path is not None), *(channel.source for channel in job.channels)]


def _plain(program: str) -> str:
    """The name of a program, made a valid beginning of a job's name."""
    return re.sub("[^A-Za-z0-9]+", "-", Path(program).stem).strip("-")[:40].rstrip("-") or "job"


@dataclass(frozen=True)
class _Setting:
    """A job with its folders, in a scratch folder."""

    job: Job
    name: str
    tree: Tree
    way: Way
    scratch: Path
    hyperparameters: Mapping[str, str]
    resources: Mapping[str, Any]
    say: Callable[[str], object]

    @classmethod
    def of(cls, job: Job, scratch: Path, say: Callable[[str], object]) -> _Setting:
        """Make the folders, with all that the program needs. Errors: as in `run`."""
        name = job.name or f"{_plain(job.program.name)}-{datetime.now(UTC):%Y-%m-%d-%H-%M-%S}"
        here = scratch / "ml"
        here.mkdir()
        way = _way(job, here, scratch, say)
        tree = Tree(here, str(here) if way == "folder" else OPT_ML)
        given = dict(job.hyperparameters)
        if isinstance(job.program, Script):
            given = own_hyperparameters(job.program.name, name, tree) | given
        setting = cls(job, name, tree, way, scratch, given, resources(HOSTS[way]), say)
        setting._fill()
        return setting

    @property
    def channels(self) -> dict[str, dict[str, str]]:
        """The content of `inputdataconfig.json`."""
        return {channel.name: channel.configuration() for channel in self.job.channels}

    def _fill(self) -> None:
        job, config = self.job, {"hyperparameters": self.hyperparameters, "inputdataconfig": self.channels}
        config["resourceconfig"] = self.resources
        if job.checkpoints is not None:
            config["checkpointconfig"] = {"S3Uri": str(job.checkpoints), "LocalPath": self.tree.at(CHECKPOINTS)}
        self.tree.make(config)
        if job.checkpoints is not None:
            job.checkpoints.mkdir(parents=True, exist_ok=True)
            (self.tree.here / CHECKPOINTS).rmdir()
            (self.tree.here / CHECKPOINTS).symlink_to(job.checkpoints.resolve())
        job.program.put(self.tree.here / CODE)
        if (self.tree.here / CODE / REQUIREMENTS).is_file():
            if job.install:
                self._install()
            else:
                self.say(f"{REQUIREMENTS} is not installed; --install does so, for this job alone")

    def _install(self) -> None:
        words = [self.job.python, "-m", "pip", "install", "--quiet", "--target", str(self._libraries)]
        done = subprocess.run([*words, "-r", str(self.tree.here / CODE / REQUIREMENTS)], check=False, stdout=2)  # noqa: S603 -- requested
        if done.returncode:
            raise MachineError(f"{REQUIREMENTS} could not be installed: pip ended with exit code {done.returncode}", code="install")

    @property
    def _libraries(self) -> Path:
        return self.scratch / "libraries"

    def variables(self) -> dict[str, str]:
        """The environment of the program."""
        job, folder = self.job, self.job.program.folder(self.tree)
        script = isinstance(job.program, Script)
        libraries = ([self.tree.at(CODE)] if script else []) + ([str(self._libraries)] if self._libraries.is_dir() else [])
        made = inherited([*([] if script else [folder]), self._python_folder()], libraries) | of_service(self.name)
        if script:
            made |= of_script(self.tree, self.name, self.hyperparameters, self.channels, self.resources)
        if in_force():
            (self.scratch / "tmp").mkdir(exist_ok=True)
            made["TMPDIR"] = str(self.scratch / "tmp")
        return made | {BASE: self.tree.seen} if self.way == "folder" else made

    def _python_folder(self) -> Path:
        """A folder whose `python` is the job's interpreter. Programs of images need that name; some machines have only `python3`."""
        folder, made = Path(self.job.python).parent, self.scratch / "bin"
        if (folder / "python").exists():
            return folder
        made.mkdir()
        (made / "python").write_text(f'#!/bin/sh\nexec {shlex.quote(self.job.python)} "$@"\n', "utf-8")
        (made / "python").chmod(0o755)
        return made

    def run(self) -> Ended:
        """Run the program until it ends or is stopped. Errors: the error of a channel that failed."""
        with linked(self.tree.here) if self.way == "link" else nullcontext():
            if not self.job.channels:
                return self._ended(None)
            remote = [channel.name for channel in self.job.channels if channel.mode == "File" and not is_local(channel.source)]
            if remote:
                self.say(f"downloading {joined(remote)}")
            given = [decrypted(channel, self.scratch / "decrypted" / channel.name) for channel in self.job.channels]
            with open_channels(given, self.tree.here / CHANNELS) as inputs:
                return self._ended(inputs)

    def _ended(self, inputs: Inputs | None) -> Ended:
        def failed() -> bool:
            return inputs is not None and inputs.error is not None

        started, stopped, number, process = time.monotonic(), "", None, self._started()
        try:
            stopped = watched(process, self.job.time_limit, self.job.grace, failed)
        except KeyboardInterrupt as interrupt:
            number = interrupt.args[0] if interrupt.args else signal.SIGINT
            stopped = f"stopped by {signal.Signals(number).name}"
            self.say(f"{stopped}: the program has {self.job.grace:g} s to end; another signal ends it at once")
            stop(process, self.job.grace)
        finally:
            end(process)
        status: Status = "Stopped" if stopped else "Failed" if process.returncode else "Completed"
        reason = stopped or (failure(self.job.program.name, process.returncode, self.tree.here / FAILURE) if process.returncode else "")
        given = inputs.report() if inputs else ()
        return Ended(status, reason, process.returncode, time.monotonic() - started, number, given)

    def _started(self) -> subprocess.Popen[bytes]:
        job, folder = self.job, self.job.program.folder(self.tree)
        words, where, variables = job.program.words(job.python, self.hyperparameters), folder, self.variables()
        if self.way == "namespace":
            mounts = self.scratch / "mounts"
            mounts.mkdir()
            words, where = entering(self.tree.here, mounts, folder, variables) + words, "/"
        try:
            return subprocess.Popen(words, cwd=where, env=variables, stdin=subprocess.DEVNULL, start_new_session=True)  # noqa: S603
        except OSError as error:
            hint = "is it a program of this machine, or a script with `#!` on its first line?"
            raise RequestError(f"{job.program.name} cannot be started: {error.strerror}", hint=hint, code="bad-program") from error

    def deliver(self, out: Place, ended: Ended) -> Ended:
        """Pack what the program made. Errors: as in `atomic`; the folder of the job is then kept, and a message says where."""
        try:
            ended = self._packed(out, ended)
        except BaseException:  # on Ctrl-C, too, what was trained is kept
            kept = Path(tempfile.mkdtemp(prefix=f"{self.name}-", dir=self.scratch.parent))
            self.tree.here.rename(kept)
            self.say(f"{MODEL_FILE} could not be written; what {self.job.program.name} made is in {kept / MODEL}")
            raise
        if not any((self.tree.here / MODEL).iterdir()):
            self.say(f"warning: nothing is in {self.tree.at(MODEL)}, so that {MODEL_FILE} is empty")
        return ended

    def _packed(self, out: Place, ended: Ended) -> Ended:
        with atomic(out, folder=True) as new:
            left_out = packed(self.tree.here / MODEL, new / MODEL_FILE)
            if any((self.tree.here / OUTPUT_DATA).iterdir()):
                left_out += packed(self.tree.here / OUTPUT_DATA, new / OUTPUT_FILE)
            (new / JOB_FILE).write_text(json.dumps(self._record(ended), ensure_ascii=False, indent=1) + "\n", "utf-8")
            files = tuple((path.name, path.stat().st_size) for path in sorted(new.glob("*.tar.gz*")))
        return replace(ended, files=files, left_out=tuple(left_out))

    def _record(self, ended: Ended) -> dict[str, Any]:
        """The content of `job.json`."""
        given = zip(self.job.channels, ended.channels, strict=True)
        return {
            "job": self.name,
            "program": self.job.program.name,
            **{word: getattr(ended, word) for word in ("status", "reason", "code", "seconds")},
            "hyperparameters": self.hyperparameters,
            "channels": [{"place": channel.source, **asdict(report)} for channel, report in given],
            "opt_ml": self.way,
        }


def _way(job: Job, here: Path, scratch: Path, say: Callable[[str], object]) -> Way:
    """Choose how the program sees its folders, with a message. Errors: `MachineError` if it would look elsewhere, or not as requested."""
    if job.opt_ml == "link":
        say(f"{OPT_ML} is a link to {here}, for all programs of this machine, until the job ends")
        return "link"
    why_not = "by request" if job.opt_ml == "folder" else refusal(here, scratch)
    if not why_not:
        say(f"{OPT_ML} is this job's own, in a mount namespace")
        return "namespace"
    if job.opt_ml == "namespace":
        raise MachineError(f"this machine allows no mount namespace: {why_not}", hint=ALLOWED, code="no-opt-ml")
    say(f"no mount namespace for {OPT_ML} ({why_not}): the folders are below {BASE}={here}")
    line = job.program.hard_coded()
    what = f"{job.program.text()}:{line} mentions {OPT_ML}, where this job's folders are not"
    if line and isinstance(job.program, Image):
        raise MachineError(what, hint=ALLOWED, code="no-opt-ml")
    if line:
        say(f"warning: {what}\n    {ALLOWED}")
    return "folder"


ALLOWED = f"read the folders from {BASE} or SM_*; or run it where `unshare --mount` works, as for root; or with --opt-ml link, as root"
