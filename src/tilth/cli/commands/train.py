"""tilth train."""

from __future__ import annotations

import shlex
import shutil
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tilth.options import INPUT, KEY, OUTPUT, say, shared
from tilth.report.blocks import counted

if TYPE_CHECKING:
    from tilth.training import Channel
    from tilth.training.job import Ended
    from tilth.training.opt_ml import Way


@click.command()
@click.argument("program", type=INPUT, metavar="SCRIPT | IMAGE-FOLDER")
@click.option("-o", "--out", type=OUTPUT, required=True, metavar="OUT", help="The folder for model.tar.gz. An existing folder is replaced.")
@click.option(
    "--channel",
    "channels",
    multiple=True,
    metavar="NAME=PLACE[,OPTION=VALUE]…",
    help="Data, such as train=out/train,mode=Pipe; may be repeated. Options: mode, content_type, shuffle, wrapper, compression, data, "
    "attributes, distribution, balance, ensure_newline.",
)
@click.option("--hyperparameter", "given", multiple=True, metavar="NAME=VALUE", help="A hyperparameter; may be repeated.")
@click.option("--hyperparameters", "file", type=INPUT, metavar="FILE", help="A JSON or YAML file of hyperparameters.")
@click.option(
    "--source", type=INPUT, metavar="FOLDER", help="The folder or .tar.gz with all code of the script. Default: the script alone."
)
@click.option("--entrypoint", default="", metavar="WORDS", help="The ENTRYPOINT of the image, run with the argument `train`.")
@click.option("--python", type=INPUT, metavar="PROGRAM", help="The Python that runs the script. Default: this one.")
@click.option("--install", is_flag=True, help="Install the script's requirements.txt, for this job only.")
@click.option("--time-limit", metavar="TIME", help="Stop the program after this time, such as 90s, 30m or 2h.")
@click.option("--checkpoints", type=INPUT, metavar="FOLDER", help="A folder for /opt/ml/checkpoints; it is kept.")
@click.option("--name", default="", metavar="NAME", help="The name of the job. Default: the name of the program and the time.")
@click.option(
    "--opt-ml",
    type=click.Choice(["namespace", "link", "folder"]),
    help="How the program finds its folders: at /opt/ml in its own mount namespace, through a link at /opt/ml, or only through "
    "SAGEMAKER_BASE_DIR. Default: the first if the machine allows it, otherwise the last.",
)
@click.option(
    "--spill", type=INPUT, metavar="FOLDER", help="Where to put the folders of the job while it runs. Default: among temporary files."
)
@shared(*KEY)
def command(
    program: str,
    out: str,
    channels: tuple[str, ...],
    given: tuple[str, ...],
    file: str | None,
    source: str | None,
    entrypoint: str,
    python: str | None,
    install: bool,
    time_limit: str | None,
    checkpoints: str | None,
    name: str,
    opt_ml: Way | None,
    spill: str | None,
) -> int:
    """Run a program written for SageMaker training, unchanged, on this machine.

    SCRIPT is a Python or shell script; it gets hyperparameters as arguments, and the variables SM_*. IMAGE-FOLDER is the build folder of a
    container image, with the executable `train`; Docker is not used. Both find their channels, hyperparameters and folders at /opt/ml, or
    under SAGEMAKER_BASE_DIR if the machine allows no mount namespace.

    With --key, the output in OUT is encrypted. The folders of the job are in memory (/dev/shm), and encrypted input is decrypted there.

    Writes to OUT model.tar.gz (from /opt/ml/model), output.tar.gz (from /opt/ml/output/data) and job.json. Exit code 1 if the program
    failed, with the reason from /opt/ml/output/failure, or if it reached its time limit.
    """
    from tilth.cli.app import BY_SIGNAL
    from tilth.errors import RequestError, all_of
    from tilth.training.hyperparameters import strings
    from tilth.training.job import Job, run
    from tilth.training.program import program_of
    from tilth.training.written import channels_of, hyperparameters_of, seconds_of

    found = shutil.which(python) if python else sys.executable
    if found is None:
        raise RequestError(f"there is no program {python!r}", accepted="the Python that runs the script", code="no-file")
    what, data, hyperparameters, limit = all_of(
        lambda: program_of(Path(program), Path(source) if source else None, tuple(shlex.split(entrypoint))),
        lambda: channels_of(channels),
        lambda: strings(hyperparameters_of(given, Path(file) if file else None)),
        lambda: seconds_of(time_limit) if time_limit else None,
    )
    job = Job(
        what,
        data,
        hyperparameters,
        name=name,
        python=str(Path(found).absolute()),
        time_limit=limit,
        checkpoints=Path(checkpoints) if checkpoints else None,
        opt_ml=opt_ml,
        install=install,
        spill=spill,
    )
    ended = run(job, out, say)
    say(*_words(ended, out), *(_beside(data) if ended.status == "Failed" else ()))
    if ended.signal is not None:
        return BY_SIGNAL + ended.signal
    return 0 if ended.status == "Completed" else 1


def _beside(channels: Sequence[Channel]) -> Iterator[str]:
    """Remarks on files of a channel that are not data: a program may have failed because it reads every file."""
    for channel in channels:
        folder = Path(channel.source)
        if channel.mode != "Pipe" and folder.is_dir():
            names = sorted(file.name for file in folder.iterdir())
            if (beside := [n for n in names if n.startswith("_")]) and len(beside) < len(names):
                first = next(n for n in names if not n.startswith("_"))
                hint = f"for a program that reads every file: --channel {channel.name}={folder / first}"
                yield f"channel {channel.name} also holds {', '.join(beside)}, which are not data; {hint}"


def _words(ended: Ended, out: str) -> Iterator[str]:
    yield f"{ended.status.lower()} after {ended.seconds:,.1f} s" + (f": {ended.reason}" if ended.reason else "")
    for c in ended.channels:
        epochs = (
            f" in {counted(c.epochs, 'epoch')}" + (f", {c.early_closes:,} closed early" if c.early_closes else "")
            if c.mode == "Pipe"
            else ""
        )
        yield f"channel {c.channel}: {c.mode}, {c.how}: {c.objects:,} of {c.of:,} objects, {c.bytes:,} bytes{epochs}"
    if ended.status == "Failed":
        yield f"nothing was written to {out}"
        return
    yield from (f"not packed: {name}" for name in ended.left_out)
    yield f"written to {out}: " + ", ".join(f"{name} ({size:,} bytes)" for name, size in ended.files)
