"""tilth serve."""

from __future__ import annotations

import os
from contextlib import suppress

import click

from tilth.errors import RequestError


@click.command()
@click.argument("things", nargs=-1, required=True, metavar="NAME.tilth… [MODEL]")
@click.option("--output", default="", metavar="NAMES", help="Transforms of what the model gave, such as softmax; with commas between.")
@click.option("--host", default="127.0.0.1", show_default=True, metavar="HOST", help="The address to listen at.")
@click.option("--port", type=click.IntRange(0, 65535), metavar="N", help="The port: SAGEMAKER_BIND_TO_PORT or 8080 by default.")
@click.option("--trusted", multiple=True, metavar="TYPE", help="A type that a .skops file may hold besides those that skops trusts.")
def command(things: tuple[str, ...], output: str, host: str, port: int | None, trusted: tuple[str, ...]) -> int:
    """Answer requests: prepare rows by a fitted flow, predict, transform the prediction.

    POST rows to /invocations as CSV, JSON or JSON Lines. MODEL is a scikit-learn model saved by skops (.skops) or an ONNX model
    (.onnx). Ends at SIGTERM or Ctrl-C, when all accepted requests are answered.
    """
    from tilth.errors import MissingExtra

    try:
        from tilth.serve.app import Limits, Server
    except ModuleNotFoundError as error:
        raise MissingExtra.named("serve", "a server") from error
    from tilth.serve.pipeline import Pipeline
    from tilth.serve.server import run

    accept = os.environ.get("SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT") or "application/json"
    names = [name.strip() for name in output.split(",") if name.strip()]
    pipeline = Pipeline.of(*things, output=names, accept=accept, trusted=trusted)
    server = Server(pipeline, Limits.of_environment())
    bound = port if port is not None else _port(os.environ.get("SAGEMAKER_BIND_TO_PORT", "8080"))
    click.echo(f"{pipeline} at http://{host}:{bound}", err=True)
    with suppress(KeyboardInterrupt):  # the signal that ended it, once everything is answered
        run(server.app, host, bound)
    return 0


def _port(text: str) -> int:
    if not text.isdigit() or int(text) > 65535:
        raise RequestError(f"SAGEMAKER_BIND_TO_PORT is {text!r}", accepted="a port", code="bad-port")
    return int(text)
