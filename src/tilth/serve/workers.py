"""Several server processes on one socket. The process of the command starts, monitors and ends them."""

from __future__ import annotations

import os
import signal
import sys
import threading
import warnings
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from socket import socket
from time import monotonic
from typing import Any

from tilth.errors import MachineError, TilthError
from tilth.options import say
from tilth.serve.pipeline import Pipeline
from tilth.serve.proving import Proof, hop_rows
from tilth.serve.server import GRACE
from tilth.serve.serving import Serving
from tilth.serve.watching import FIELDS, WIDTH, Metrics, log
from tilth.store.protection import protected

PATIENCE = 5.0  # seconds after a time limit until a process is killed
LOOK = 0.5  # seconds between two checks of the processes
LONGEST_WAIT = 30.0  # the longest delay in seconds before a process that ends at once is started again
SETTLED = 10.0  # a process that ends within this number of seconds has ended at once


@dataclass(frozen=True)
class Ready:
    """The message that a process sends when it has loaded everything."""

    pipeline: str
    digest: str
    proof: Proof
    hop: int
    """The number of rows that fit in one request to a next container; 0 if that does not matter."""

    @classmethod
    def of(cls, pipeline: Pipeline, proof: Proof, accept: str) -> Ready:
        """The message about a pipeline."""
        return cls(str(pipeline), pipeline.digest, proof, hop_rows(pipeline, accept))


@dataclass
class Worker:
    """A process, or the slot of a process that will be started."""

    number: int
    process: Any = None
    told: Any = None
    begun: float = 0.0
    ready: bool = False
    again: float = 0.0  # when to start it
    failures: int = 0


class Workers:
    """`count` equal server processes on one socket.

    A process that ends is replaced, with a delay if it ended at once. A process is killed if it gives no sign of life for longer than a
    request may take. If a request exceeds its time limit and is still being computed, its process answers the accepted requests and ends.
    """

    def __init__(self, serving: Serving, listening: socket, count: int, startup: float) -> None:
        self.serving, self.listening, self.startup = serving, listening, startup
        self._context = get_context("spawn")  # a fork would copy locks held by threads of libraries
        self._table = self._context.RawArray("d", count * WIDTH)
        self.workers = [Worker(number) for number in range(count)]

    def run(self, begun: Callable[[Ready], None]) -> None:
        """Serve until a signal. `begun` is called with the message of the first process when it is ready.

        Errors: those of the first process.
        """
        try:
            self._start(self.workers[0])
            begun(self._first(self.workers[0]))
            for worker in self.workers[1:]:
                self._start(worker)
            while True:
                wait([w.process.sentinel for w in self.workers if w.process is not None], timeout=LOOK)
                for worker in self.workers:
                    self._look(worker)
        except KeyboardInterrupt:  # the signal; every process got it too, or gets one in `_end`
            pass
        finally:
            self._end()

    def _start(self, worker: Worker) -> None:
        here, there = self._context.Pipe()
        given = (self.serving, self.listening, there, self._table, worker.number)
        worker.process, worker.told = self._context.Process(target=_work, args=given, name=f"tilth-serve-{worker.number}"), here
        worker.begun, worker.ready = monotonic(), False
        worker.process.start()
        there.close()

    def _first(self, worker: Worker) -> Ready:
        """The message of the first process. Errors: the error that it raised; `MachineError` if it ended or took too long."""
        if not worker.told.poll(self.startup):
            raise MachineError(
                f"the server was not ready within {self.startup:g} seconds", hint="SAGEMAKER_STARTUP_TIMEOUT", code="too-slow"
            )
        try:
            said = worker.told.recv()
        except EOFError:
            worker.process.join()
            raise MachineError(f"a process of the server ended with {worker.process.exitcode}", code="worker-ended") from None
        if isinstance(said, TilthError):
            raise said
        return self._readied(worker, said)

    def _readied(self, worker: Worker, said: Ready) -> Ready:
        worker.ready = True
        log("worker-ready", worker=worker.number, pid=worker.process.pid)
        return said

    def _look(self, worker: Worker) -> None:
        """Start, replace or kill a process if necessary."""
        now = monotonic()
        if worker.process is None:
            if now >= worker.again:
                self._start(worker)
            return
        if not worker.ready and worker.told.poll():
            with suppress(EOFError):
                said = worker.told.recv()
                if isinstance(said, Ready):
                    self._readied(worker, said)
                else:
                    say(str(said))
        if not worker.process.is_alive():
            self._replace(worker, now)
        elif now > (self._until(worker) if worker.ready else worker.begun + self.startup):
            log("worker-stuck", worker=worker.number, pid=worker.process.pid)
            worker.process.kill()
            worker.process.join(PATIENCE)

    def _until(self, worker: Worker) -> float:
        found: float = self._table[worker.number * WIDTH + FIELDS.index("until")]
        return found

    def _replace(self, worker: Worker, now: float) -> None:
        log("worker-ended", worker=worker.number, pid=worker.process.pid, code=worker.process.exitcode)
        worker.failures = worker.failures + 1 if now - worker.begun < SETTLED else 0
        worker.again = now + min(LONGEST_WAIT, 2.0**worker.failures - 1)
        worker.told.close()
        worker.process.close()
        worker.process = None

    def _end(self) -> None:
        """End all processes. Each answers its accepted requests first; processes that do not end in time are killed."""
        running = [w.process for w in self.workers if w.process is not None]
        for process in running:
            process.terminate()
        self.listening.close()  # otherwise new clients would wait for an answer
        by = monotonic() + GRACE + PATIENCE
        for process in running:
            process.join(max(0.0, by - monotonic()))
            if process.is_alive():
                log("worker-stuck", pid=process.pid)
                process.kill()
                process.join()


def _work(serving: Serving, listening: socket, told: Connection, table: Any, number: int) -> None:
    """The code of a process: load, report that, and answer requests."""
    for stop in (signal.SIGTERM, signal.SIGINT):
        signal.signal(stop, signal.default_int_handler)
    warnings.showwarning = lambda message, *_: say(f"warning: {message}")
    ready = False
    with suppress(KeyboardInterrupt), ExitStack() as held:
        try:
            if serving.protect:
                held.enter_context(protected(*serving.protect))
            pipeline, proof = serving.loaded()
            metrics = Metrics(pipeline.titles, pipeline.digest, table, number)
            signs = _Signs(metrics, serving.limits.answering + PATIENCE)
            told.send(Ready.of(pipeline, proof, serving.accept))
            ready = True
            threading.Thread(target=_follow, args=(told,), daemon=True).start()
            serving.run(pipeline, listening, metrics, signs)
        except TilthError as error:
            if ready:
                say(str(error))
            else:
                told.send(error)
            sys.exit(error.exit_code)


class _Signs:
    """Gives signs of life of a process, and ends the process if a request exceeds its time limit."""

    def __init__(self, metrics: Metrics, longest: float) -> None:
        self.metrics, self.longest, self.ending = metrics, longest, False
        metrics.until = monotonic() + longest

    async def __call__(self) -> None:
        """Publish by when the next sign of life is due."""
        if self.ending:
            return
        self.ending = self.metrics.overdue > 0
        self.metrics.until = monotonic() + (GRACE + PATIENCE if self.ending else self.longest)
        if self.ending:
            os.kill(os.getpid(), signal.SIGTERM)


def _follow(told: Connection) -> None:
    """End this process when its parent process ends. The parent sends no messages."""
    with suppress(EOFError, OSError):
        told.recv()
    os.kill(os.getpid(), signal.SIGTERM)
