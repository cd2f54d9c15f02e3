"""What each server process loads and runs."""

from __future__ import annotations

import os
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from socket import socket
from typing import Any

from tilth.engine.python_operation import allow_python
from tilth.serve.app import Limits, Server
from tilth.serve.capture import capture_of
from tilth.serve.pipeline import Pipeline
from tilth.serve.proving import Proof, proof
from tilth.serve.server import run
from tilth.serve.sparkml import Schema
from tilth.serve.watching import Metrics, log


@dataclass(frozen=True)
class Serving:
    """The names of the stages, and the settings. It is small, because each process gets a copy and loads the stages itself."""

    things: tuple[str, ...]
    output: tuple[str, ...] = ()
    accept: str = "application/json"
    trusted: tuple[str, ...] = ()
    golden: str | None = None
    python: bool = False
    """Whether user functions may run, also functions of modules in the current folder."""
    limits: Limits = field(default_factory=Limits)
    capture: str | None = None
    percent: float = 100.0
    certificate: str = ""
    key: str = ""
    schema: Schema | None = None
    """The SparkML schema of requests."""
    strict: bool = False
    """Whether to reject what SageMaker would reject."""
    explain: str | None = None
    """The file that says which answers are explained, and how."""
    protect: tuple[str, frozenset[str], bool] | None = None
    """The reference of the key in force; what may be unencrypted; whether sealed files are signed."""

    def loaded(self) -> tuple[Pipeline, Proof]:
        """The pipeline, and which stages golden rows verify. Errors: those of `Pipeline.of` and `proof`."""
        if self.python and (here := str(Path.cwd())) not in sys.path:
            sys.path.insert(0, here)
        with allow_python() if self.python else nullcontext():
            pipeline = Pipeline.of(
                *self.things, output=self.output, accept=self.accept, trusted=self.trusted, schema=self.schema, strict=self.strict
            )
            if self.explain is not None:
                from tilth.serve.explainer_config import ExplainerConfig
                from tilth.serve.explaining import Explainer

                pipeline.explainer = Explainer.of(pipeline, ExplainerConfig.load(self.explain))
            return pipeline, proof(pipeline, self.golden)

    def run(
        self, pipeline: Pipeline, listening: socket, metrics: Metrics | None = None, notify: Callable[[], Awaitable[None]] | None = None
    ) -> None:
        """Answer requests until a signal. `notify` is called every second. Requests that cannot be stopped end with the process."""
        metrics = metrics or Metrics(pipeline.titles, pipeline.digest)
        try:
            with self._captured(pipeline) as captured:
                run(Server(pipeline, self.limits, captured, metrics), listening, self.certificate, self.key, notify)
        finally:
            if metrics.overdue:
                log("abandoned", requests=int(metrics.overdue))
                sys.stderr.flush()
                os._exit(0)

    @contextmanager
    def _captured(self, pipeline: Pipeline) -> Iterator[Any]:
        if self.capture is None:
            yield None
            return
        captured = capture_of(pipeline, self.capture, PurePath(self.things[0]).stem, self.percent)
        try:
            yield captured
        finally:
            captured.close()
