"""Mode Pipe: a FIFO for each epoch of a channel, into which a thread writes its objects when the program opens it.

Programs rely on this: the FIFO of the first epoch exists before they start, and the next one as soon as they open one; each epoch ends with
end of file, even an empty one; they may close a FIFO early, or never open a channel. Source: the readers of SageMaker's
sample, of ml-io and of sagemaker-tensorflow.
"""

from __future__ import annotations

import errno
import os
import select
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from threading import Thread

from tilth.errors import Gap, MachineError, TilthError
from tilth.training.channel import Contents
from tilth.training.reading import AT_ONCE, Piece, sent

LARGEST_PIPE = Path("/proc/sys/fs/pipe-max-size")
TRIES = (1, 2, 4, 8, 16, 20)  # milliseconds between checks for a reader; the last one repeats


@dataclass(frozen=True)
class Sent:
    """The use of a pipe: epochs that were opened, bytes that were written, epochs that the reader closed early."""

    epochs: int = 0
    bytes: int = 0
    early_closes: int = 0


class Pipe:
    """The FIFOs of a channel in a folder, and the thread that writes to them until `stop`.

    If the thread fails, it stores the exception in `error` and calls `failed`; the epoch that the program reads then ends early.
    """

    def __init__(self, contents: Contents, folder: Path, hosts: int = 1, host: int = 0, failed: Callable[[], object] = bool) -> None:
        self.contents, self.folder, self.hosts, self.host, self._failed = contents, folder, hosts, host, failed
        self.sent = Sent()
        self.error: BaseException | None = None
        self._stopping, self._made = False, list[Path]()
        self._thread = Thread(target=self._run, name=f"tilth-channel-{contents.channel.name}", daemon=True)

    def start(self) -> None:
        """Make the FIFO of the first epoch. Errors: `MachineError` if it cannot be made, `Gap` on a system without FIFOs."""
        self._make(0)
        self._wake_read, self._wake = os.pipe()
        self._pool = ThreadPoolExecutor(AT_ONCE, f"tilth-channel-{self.contents.channel.name}")
        self._thread.start()

    def stop(self) -> None:
        """End the thread and remove the FIFOs."""
        self._stopping = True
        if self._thread.ident is not None:
            os.write(self._wake, b"x")
            self._thread.join()
            self._pool.shutdown(cancel_futures=True)
            os.close(self._wake)
            os.close(self._wake_read)
        for path in self._made:
            path.unlink(missing_ok=True)

    def _path(self, epoch: int) -> Path:
        return self.folder / f"{self.contents.channel.name}_{epoch}"

    def _make(self, epoch: int) -> None:
        if not hasattr(os, "mkfifo"):
            raise Gap("this system has no FIFOs, which mode Pipe needs", hint="use mode File", code="no-fifo")
        path = self._path(epoch)
        try:
            os.mkfifo(path)
        except OSError as error:
            hint = "is it left from a run that was killed? Remove it, or choose another folder" if error.errno == errno.EEXIST else ""
            raise MachineError(f"the FIFO {path} cannot be made: {error.strerror}", hint=hint, code="no-fifo") from error
        self._made = [*self._made[-1:], path]

    def _run(self) -> None:
        try:
            for epoch in count():
                if not self._epoch(epoch):
                    break
        except BaseException as error:  # noqa: BLE001 -- in a thread: it is raised at the end of the job
            self.error = self._named(error)
            self._failed()

    def _named(self, error: BaseException) -> BaseException:
        where = f"channel {self.contents.channel.name!r}, epoch {max(0, self.sent.epochs - 1)}"
        if isinstance(error, TilthError):
            return type(error)(*(replace(m, message=f"{where}: {m.message}") for m in error.mistakes))
        if isinstance(error, OSError):
            return MachineError(f"{where}: {error.strerror}", code="pipe")
        return error

    def _epoch(self, epoch: int) -> bool:
        """Wait for a reader and write an epoch; false if the channel was stopped."""
        self._make(epoch + 1)
        writer = self._opened(self._path(epoch))
        if writer is None:
            return False
        self.sent = replace(self.sent, epochs=epoch + 1)
        try:
            items = self.contents.share(epoch, self.hosts, self.host)
            complete = self._write(writer, sent(self.contents.channel, items, self._pool))
        except BrokenPipeError:
            self.sent = replace(self.sent, early_closes=self.sent.early_closes + 1)
            complete = True
        finally:
            os.close(writer)
        self._path(epoch).unlink(missing_ok=True)  # a reader that has not finished keeps it open
        return complete

    def _opened(self, path: Path) -> int | None:
        """The FIFO, open for writing, as soon as it has a reader; None if the channel was stopped before."""
        for tries in count():
            try:
                writer = os.open(path, os.O_WRONLY | os.O_NONBLOCK)
            except OSError as error:
                if error.errno != errno.ENXIO:  # there is no reader yet
                    raise
                if self._woken(TRIES[min(tries, len(TRIES) - 1)]):
                    break
            else:
                _enlarge(writer)
                return writer
        return None

    def _woken(self, milliseconds: int) -> bool:
        wait = select.poll()
        wait.register(self._wake_read, select.POLLIN)
        return bool(wait.poll(milliseconds))

    def _write(self, writer: int, pieces: Generator[Piece, None, None]) -> bool:
        """Write pieces; false if the channel was stopped meanwhile. Errors: `BrokenPipeError` if the reader closed."""
        wait = select.poll()
        wait.register(writer, select.POLLOUT)
        wait.register(self._wake_read, select.POLLIN)
        with closing(pieces):
            for piece in pieces:
                left = memoryview(piece)
                while left:
                    if self._stopping:
                        return False
                    try:
                        written = os.write(writer, left)
                    except BlockingIOError:
                        wait.poll()
                        continue
                    left = left[written:]
                    self.sent = replace(self.sent, bytes=self.sent.bytes + written)
        return True


def _enlarge(writer: int) -> None:
    """Give a pipe the largest buffer that the system allows, or leave its default."""
    try:
        import fcntl

        fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, int(LARGEST_PIPE.read_text()))
    except (ImportError, AttributeError, OSError, ValueError):
        return
