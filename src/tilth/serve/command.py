"""tilth serve."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import asdict
from importlib.util import find_spec
from pathlib import Path

import click

from tilth import __version__
from tilth.errors import MissingExtra, RequestError
from tilth.options import ALLOW_PYTHON, TRANSFORMS, TRUSTED, say

TOKEN = "TILTH_SERVE_TOKEN"  # noqa: S105 -- the name of an environment variable


@click.command()
@click.argument("things", nargs=-1, required=True, metavar="NAME.tilth… [MODEL | URL]…")
@TRANSFORMS
@click.option("--host", default="127.0.0.1", show_default=True, metavar="HOST", help="The address to listen at.")
@click.option("--port", type=click.IntRange(0, 65535), metavar="N", help="The port: SAGEMAKER_BIND_TO_PORT or 8080 by default.")
@click.option("--token-file", metavar="FILE", help=f"A file with the token that clients have to send; else the variable {TOKEN}.")
@click.option("--tls-cert", default="", metavar="FILE", help="The certificate for HTTPS, in PEM.")
@click.option("--tls-key", default="", metavar="FILE", help="The key of the certificate, in PEM.")
@click.option("--capture", metavar="PLACE", help="Where to write requests and answers, without values of private columns.")
@click.option("--capture-percent", type=float, default=100.0, show_default=True, metavar="N", help="How many of 100 requests are captured.")
@click.option("--export", metavar="FOLDER", help="Do not serve: write the folder for SageMaker's scikit-learn container.")
@click.option("--golden", metavar="FILE", help="Golden rows of all stages, which are proven at the start.")
@click.option("--record-golden", metavar="FILE", help="Do not serve: write golden rows of all stages, best where the model was trained.")
@click.option("--trust-network", is_flag=True, help="Listen without token and TLS: what is in front checks who asks.")
@ALLOW_PYTHON
@TRUSTED
def command(
    things: tuple[str, ...],
    output: tuple[str, ...],
    host: str,
    port: int | None,
    token_file: str | None,
    tls_cert: str,
    tls_key: str,
    capture: str | None,
    capture_percent: float,
    export: str | None,
    golden: str | None,
    record_golden: str | None,
    trust_network: bool,
    trusted: tuple[str, ...],
) -> int:
    """Answer requests: prepare rows by a fitted flow, predict, transform the prediction.

    POST rows to /invocations as CSV, JSON, JSON Lines, NPY, Parquet or RecordIO-protobuf. MODEL is a scikit-learn model saved by
    skops (.skops) or an ONNX model (.onnx), URL a stage in another process that is asked by the same contract. Ends at SIGTERM or
    Ctrl-C, when all accepted requests are answered.
    """
    if export is not None:
        from tilth.serve.hooks import exported

        say(f"written to {exported(export, things, output, golden)}")
        return 0
    from tilth.serve.pipeline import Pipeline
    from tilth.serve.proving import proof, record

    if record_golden is not None:
        answered = record(Pipeline.of(*things, output=output, trusted=trusted), record_golden)
        say(f"{answered} golden rows are answered; written to {record_golden}")
        return 0
    if find_spec("uvicorn") is None:
        raise MissingExtra.named("serve", "a server")
    from tilth.serve.app import Limits, Server
    from tilth.serve.capture import capture_of
    from tilth.serve.server import LOCAL, bound, is_local, reject_open, run
    from tilth.serve.watching import log

    token = _token(token_file)
    reject_open(host, token, bool(tls_cert and tls_key), trust_network)
    accept = os.environ.get("SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT") or "application/json"
    pipeline = Pipeline.of(*things, output=output, accept=accept, trusted=trusted)
    shown = proof(pipeline, golden)
    limits = Limits.of_environment(token=token, hosts=LOCAL | {host.lower()} if is_local(host) else frozenset())
    listening = bound(host, port if port is not None else _port(os.environ.get("SAGEMAKER_BIND_TO_PORT", "8080")))
    say(f"{pipeline} at {'https' if tls_cert else 'http'}://{host}:{listening.getsockname()[1]}")
    say(str(shown))
    facts = {"largest": limits.largest, "accept": accept, "token": bool(token), "tls": bool(tls_cert), "capture": capture or ""}
    log("started", pipeline=str(pipeline), digest=pipeline.digest, version=__version__, **asdict(shown), **facts)
    captured = None if capture is None else capture_of(pipeline, capture, Path(things[0]).stem, capture_percent)
    try:
        with suppress(KeyboardInterrupt):  # the signal that ended it, once everything is answered
            run(Server(pipeline, limits, captured), listening, tls_cert, tls_key)
    finally:
        if captured is not None:
            captured.close()
    return 0


def _token(file: str | None) -> str:
    if file is None:
        return os.environ.get(TOKEN, "")
    try:
        found = Path(file).read_text("utf-8").strip()
    except (OSError, UnicodeError) as error:
        raise RequestError(f"the token file {file!r} cannot be read", code="bad-token") from error
    if len(found) < 16:
        raise RequestError(f"the token in {file!r} has fewer than 16 characters", hint="openssl rand -hex 32", code="bad-token")
    return found


def _port(text: str) -> int:
    if not text.isdigit() or int(text) > 65535:
        raise RequestError(f"SAGEMAKER_BIND_TO_PORT is {text!r}", accepted="a port", code="bad-port")
    return int(text)
