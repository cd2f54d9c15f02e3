"""tilth serve."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import asdict
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import click

from tilth import __version__
from tilth.errors import Gap, MissingExtra, RequestError
from tilth.options import ALLOW_PYTHON, KEY, TRANSFORMS, TRUSTED, say, shared
from tilth.serve.environment import Environment
from tilth.store.local import reject_absent
from tilth.store.protection import in_force

if TYPE_CHECKING:
    from socket import socket

    from tilth.serve.app import Limits
    from tilth.serve.serving import Serving
    from tilth.serve.sparkml import Schema
    from tilth.serve.workers import Ready

TOKEN = "TILTH_SERVE_TOKEN"  # noqa: S105 -- the name of an environment variable


@click.command()
@click.argument("things", nargs=-1, metavar="NAME.tilth… [MODEL | URL]… | FOLDER | MODEL.tar.gz")
@TRANSFORMS
@click.option("--host", default="127.0.0.1", show_default=True, metavar="HOST", help="The address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), metavar="N", help="The port: SAGEMAKER_BIND_TO_PORT or 8080 by default.")
@click.option("--token-file", metavar="FILE", help=f"A file with the token that clients must send. Default: the variable {TOKEN}.")
@click.option("--tls-cert", default="", metavar="FILE", help="The certificate for HTTPS, in PEM.")
@click.option("--tls-key", default="", metavar="FILE", help="The key of the certificate, in PEM.")
@click.option("--capture", metavar="PLACE", help="Where to record requests and answers, without values of private columns.")
@click.option(
    "--capture-percent",
    type=click.FloatRange(0, 100),
    default=100.0,
    show_default=True,
    metavar="N",
    help="The percentage of requests to capture.",
)
@click.option("--explain", metavar="FILE", help="Explain answers as configured in this JSON file, a SageMaker ClarifyExplainerConfig.")
@click.option("--export", metavar="FOLDER", help="Write the folder for SageMaker's scikit-learn container instead of serving.")
@click.option("--golden", metavar="FILE", help="Golden rows of all stages, to test the pipeline at the start.")
@click.option(
    "--record-golden", metavar="FILE", help="Write golden rows of all stages instead of serving; best where the model was trained."
)
@click.option(
    "--workers", type=click.IntRange(1, 256), metavar="N", help="The number of worker processes; one that ends or hangs is replaced."
)
@click.option("--timeout", type=click.FloatRange(0, min_open=True), metavar="SECONDS", help="The time limit for an answer. Default: 60.")
@click.option(
    "--strict",
    is_flag=True,
    help="Reject what SageMaker would reject: more than 5 MiB for a URL; with a SparkML schema, answer exactly as its container does.",
)
@click.option("--trust-network", is_flag=True, help="Listen without token and TLS; only behind a proxy that authenticates clients.")
@ALLOW_PYTHON
@TRUSTED
@shared(*KEY)
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
    explain: str | None,
    export: str | None,
    golden: str | None,
    record_golden: str | None,
    workers: int | None,
    timeout: float | None,
    strict: bool,
    trust_network: bool,
    trusted: tuple[str, ...],
) -> int:
    """Serve over HTTP: prepare rows with a fitted flow, predict, and transform the prediction.

    POST rows to /invocations as CSV, JSON, JSON Lines, NPY, Parquet or RecordIO-protobuf. MODEL is a scikit-learn model saved with skops
    (.skops), or a model of ONNX (.onnx), LightGBM (.lgb), XGBoost (.ubj) or, with --allow-python, TorchScript (.pt); URL is a stage in
    another process with the same interface. At SIGTERM or Ctrl-C, the server answers all accepted requests and then ends. FOLDER is one
    that --export wrote, or a .tar.gz of it; without arguments it is /opt/ml/model, as in a SageMaker container.
    """
    things, output, golden = _unfolded(things, output, golden)
    if export is not None:
        _export(export, things, output, golden, trusted)
        return 0
    if record_golden is not None:
        _record(record_golden, things, output, trusted)
        return 0
    if find_spec("uvicorn") is None:
        raise MissingExtra.named("serve", "a server")
    from tilth.engine.python_operation import python_allowed
    from tilth.serve.server import bound, reject_open
    from tilth.serve.serving import Serving

    token = _token(token_file)
    reject_open(host, token, bool(tls_cert and tls_key), trust_network)
    known = Environment()
    limits = _limits(known, token, host, timeout)
    schema, accept = _formats(known, explain, capture)
    allowed, captured, protection = python_allowed(), (capture, capture_percent), in_force()
    protect = (protection.key.reference, protection.plaintext, protection.sign) if protection else None
    serving = Serving(
        things, output, accept, trusted, golden, allowed, limits, *captured, tls_cert, tls_key, schema, strict, explain, protect
    )
    count = workers or int(known.number("SAGEMAKER_MODEL_SERVER_WORKERS", default=0, most=256, least=1))
    listening = bound(host, port if port is not None else int(known.number("SAGEMAKER_BIND_TO_PORT", default=8080, most=65535)))
    _serve(serving, listening, host, count, known)
    return 0


def _export(place: str, things: tuple[str, ...], output: tuple[str, ...], golden: str | None, trusted: tuple[str, ...]) -> None:
    """Write the folder for a container. Errors: `Gap` while a key is in force."""
    from tilth.serve.hooks import GOLDEN, exported

    if in_force():
        hint = "leave --key out; encrypt S3 and SageMaker's volumes with AWS KMS keys"
        raise Gap("the folder of --export is for a container without Tilth's key", hint=hint)
    folder = exported(place, things, output, golden, trusted)
    say(f"written to {folder}" + ("" if (folder / GOLDEN).exists() else "; without golden rows: its answers cannot be verified"))


def _record(file: str, things: tuple[str, ...], output: tuple[str, ...], trusted: tuple[str, ...]) -> None:
    """Write golden rows of all stages."""
    from tilth.serve.pipeline import Pipeline
    from tilth.serve.proving import record

    answered = record(Pipeline.of(*things, output=output, trusted=trusted), file)
    say(f"{answered} golden rows are answered; written to {file}")


def _formats(known: Environment, explain: str | None, capture: str | None) -> tuple[Schema | None, str]:
    """The schema of SparkML Serving, if the environment has one, and the media type of answers to requests that name none."""
    from tilth.serve.sparkml import VARIABLE, Schema

    described = known.word(VARIABLE, "")
    schema = Schema.of(described) if described else None
    if explain and (capture or schema):
        raise click.UsageError(f"--explain uses its own answer format, which {'--capture' if capture else VARIABLE} does not have")
    return schema, known.word("SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT", "text/csv" if schema else "application/json")


def _serve(serving: Serving, listening: socket, host: str, workers: int, known: Environment) -> None:
    """Answer requests until a signal, in this process, or in `workers` others if it is not 0."""
    from tilth.serve.server import server_of
    from tilth.serve.workers import Ready, Workers

    def begun(ready: Ready) -> None:
        _tell(ready, serving, f"{host}:{listening.getsockname()[1]}", {"workers": workers, **known.facts})

    server_of(None, serving.certificate, serving.key)  # report TLS errors before anything is loaded
    with suppress(KeyboardInterrupt):  # the signal, raised again after all requests are answered
        if workers:
            Workers(serving, listening, workers, known.number("SAGEMAKER_STARTUP_TIMEOUT", default=600, least=1)).run(begun)
        else:
            pipeline, shown = serving.loaded()
            begun(Ready.of(pipeline, shown, serving.accept))
            serving.run(pipeline, listening)


def _limits(known: Environment, token: str, host: str, timeout: float | None) -> Limits:
    """The limits on requests, from the options and SageMaker's variables."""
    from tilth.serve.app import Limits
    from tilth.serve.server import LOCAL, is_local

    return Limits(
        token=token,
        level=known.number("SAGEMAKER_CONTAINER_LOG_LEVEL", default=20),
        hosts=LOCAL | {host.lower()} if is_local(host) else frozenset(),
        largest=int(known.number("SAGEMAKER_MAX_PAYLOAD_IN_MB", default=6, most=1024) * 2**20),
        answering=timeout
        or known.number("SAGEMAKER_MODEL_SERVER_TIMEOUT", "SAGEMAKER_MODEL_SERVER_TIMEOUT_SECONDS", default=60, least=0.001),
    )


def _tell(ready: Ready, serving: Serving, address: str, facts: dict[str, Any]) -> None:
    """Print and log what is served, which stages are verified by golden rows, and the settings."""
    from tilth.serve.watching import log

    limits = serving.limits
    say(f"{ready.pipeline} at {'https' if serving.certificate else 'http'}://{address}", str(ready.proof))
    if ready.hop:
        say(f"between containers of a pipeline SageMaker accepts 5 MiB: at most about {ready.hop:,} rows of these features a request")
    facts = {
        "hop_rows": ready.hop,
        "timeout": limits.answering,
        "largest": limits.largest,
        "accept": serving.accept,
        "sparkml": serving.schema is not None,
        "strict": serving.strict,
        "log_level": limits.level,
        "allow_python": serving.python,
        "token": bool(limits.token),
        "tls": bool(serving.certificate),
        "capture": serving.capture or "",
        **facts,
    }
    log("started", pipeline=ready.pipeline, digest=ready.digest, version=__version__, **asdict(ready.proof), **facts)


def _unfolded(things: tuple[str, ...], output: tuple[str, ...], golden: str | None) -> tuple[tuple[str, ...], tuple[str, ...], str | None]:
    """The stages, transforms and golden rows of a folder or archive that --export wrote; otherwise the arguments unchanged.

    Errors: `RequestError` for a folder together with other stages; `SourceError` or `ArtefactError` if it cannot be read.
    """
    from tilth.serve.hooks import stages_in

    base = Path(os.environ.get("SAGEMAKER_BASE_DIR") or "/opt/ml") / "model"
    if not things and not base.is_dir():
        raise click.UsageError(f"Missing argument 'NAME.tilth…', and there is no folder {base}.")
    folded = [thing for thing in things if thing.endswith((".tar.gz", ".tgz")) or Path(thing).is_dir()]
    if things and not folded:
        return things, output, golden
    if len(things) > 1 or output:
        hint = (
            "unpack it, and name the model in it: tar -xzf ARCHIVE, then NAME.tilth MODEL"
            if folded and not Path(folded[0]).is_dir()
            else ""
        )
        message = f"{folded[0] if folded else base} is served alone, because it contains all stages and transforms"
        raise RequestError(message, hint=hint, code="bad-stage")
    place = Path(folded[0]) if folded else base
    reject_absent(str(place))
    if not place.is_dir():
        if in_force():
            raise Gap(f"{place} would be unpacked unencrypted to a disk", hint="serve the folder itself, or its stages")
        from tilth.training.artefacts import unpacked

        archive, place = place, Path(click.get_current_context().with_resource(TemporaryDirectory(prefix="tilth-")))
        unpacked(archive, place)
    stages, transforms, own = stages_in(place)
    return stages, transforms, golden or own


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
