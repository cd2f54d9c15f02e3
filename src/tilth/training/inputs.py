"""The channels of a job, below a folder, while its program runs."""

from __future__ import annotations

import signal
import subprocess
import threading
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

from tilth.errors import RequestError, all_of
from tilth.store.uri import Place
from tilth.training.channel import Channel, Contents, Mode, reject_clashes
from tilth.training.ending import GRACE, watched
from tilth.training.fast_file import FastFile
from tilth.training.files import Files
from tilth.training.pipe import Pipe


@dataclass(frozen=True)
class ChannelReport:
    """What a channel gave to a host: `objects` of the `of` objects per epoch (or lines of an augmented manifest), and `how`.

    `bytes` counts the files in mode File, the bytes fetched in mode FastFile, and the bytes written to the pipe in mode Pipe. `epochs` is
    the number of epochs that were opened; the reader closed `early_closes` of them before their end. Closing when the rest is in the pipe
    is not counted.
    """

    channel: str
    mode: Mode
    how: str
    objects: int
    of: int
    bytes: int
    epochs: int = 0
    early_closes: int = 0


@dataclass
class Inputs:
    """The channels of a job below a folder."""

    folder: Path
    channels: tuple[Channel, ...]
    _running: list[Files | Pipe] = field(default_factory=list, repr=False)
    _failed: threading.Event = field(default_factory=threading.Event, repr=False)

    @property
    def error(self) -> BaseException | None:
        """Why a channel failed. Its data is then incomplete, so the program should be stopped."""
        return next((running.error for running in self._running if running.error), None)

    def report(self) -> tuple[ChannelReport, ...]:
        """What each channel gave so far."""
        return tuple(_report(running) for running in self._running)

    def wait(self, process: subprocess.Popen[Any], grace: float = GRACE) -> int:
        """Wait for the program and return its exit status. If a channel fails, send SIGTERM, and SIGKILL after `grace` seconds.

        Errors: the error of the channel.
        """
        if watched(process, None, grace, self._failed.is_set):
            process.kill()
            process.wait()
            raise self.error or AssertionError
        return process.returncode


@contextmanager
def open_channels(channels: Iterable[Channel], folder: Place, hosts: int = 1, host: int = 0) -> Iterator[Inputs]:
    """Put channels below a folder, where a training program finds them, and remove them when the block ends.

    In mode File and FastFile they are the folders `folder/NAME`, in mode Pipe the FIFOs `folder/NAME_0`, `folder/NAME_1` …, one for each
    epoch. `host` is the number of this machine among `hosts`, from 0.

    Errors: `RequestError` and `SourceError` with everything that is wrong with all channels, before anything is put in place;
    `MachineError`; and, when the block ends, the error that ended a pipe. SIGTERM ends the block too, if the process does not handle it.

    >>> import tempfile
    >>> data, job = Path(tempfile.mkdtemp()), Path(tempfile.mkdtemp())
    >>> _ = (data / "a.csv").write_text("1,2\\n")
    >>> with open_channels([Channel("train", data), Channel("test", data, mode="Pipe")], job) as inputs:
    ...     [p.name for p in (job / "train").iterdir()], (job / "test_0").read_text()
    (['a.csv'], '1,2\\n')
    >>> inputs.report()[1].epochs, list(job.iterdir())
    (1, [])
    """
    channels = tuple(channels)
    reject_clashes(channels)
    if not 0 <= host < hosts:
        raise RequestError(f"host {host} is not one of {hosts}", accepted=f"0 to {hosts - 1}", code="bad-value")
    found: list[Contents] = all_of(*(channel.found for channel in channels))
    inputs = Inputs(Path(folder).absolute(), channels)
    inputs.folder.mkdir(parents=True, exist_ok=True)
    with _ended_by_sigterm():
        try:
            with ExitStack() as started:
                for contents in found:
                    running = _running(contents, inputs, hosts, host)
                    inputs._running.append(running)
                    started.callback(running.stop)
                    running.start()
                yield inputs
        except Exception as error:  # of whatever the caller does with the inputs
            if inputs.error and inputs.error is not error:
                raise inputs.error from error  # the program may have failed because of it
            raise
    if inputs.error:
        raise inputs.error


def _running(contents: Contents, inputs: Inputs, hosts: int, host: int) -> Files | Pipe:
    match contents.channel.mode:
        case "Pipe":
            return Pipe(contents, inputs.folder, hosts, host, inputs._failed.set)
        case "FastFile":
            return FastFile(contents, inputs.folder, hosts, host)
    return Files(contents, inputs.folder, hosts, host)


def _report(running: Files | Pipe) -> ChannelReport:
    contents = running.contents
    channel = contents.channel
    if isinstance(running, Files):
        running.update()
        return ChannelReport(channel.name, channel.mode, running.how, len(running.objects), len(contents.objects), running.bytes)
    now, items = running.sent, contents.share(0, running.hosts, running.host)
    return ChannelReport(channel.name, channel.mode, "streamed", len(items), len(contents.items), now.bytes, now.epochs, now.early_closes)


@contextmanager
def _ended_by_sigterm() -> Iterator[None]:
    """Turn SIGTERM into SystemExit, so that the block cleans up. Does nothing if the process has its own handler."""
    if threading.current_thread() is not threading.main_thread() or signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        yield
        return

    def end(number: int, frame: FrameType | None) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)  # the clean-up must not be interrupted
        raise SystemExit(128 + number)

    signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
