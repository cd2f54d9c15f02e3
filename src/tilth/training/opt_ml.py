"""Makes the folder of a job visible at `/opt/ml`: for its program only, in a mount namespace; or for the whole machine, by a link."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from tilth.errors import MachineError

OPT_ML = "/opt/ml"
Way = Literal["namespace", "link", "folder"]
HOSTS = {"namespace": "algo-1", "link": "localhost", "folder": "localhost"}  # a host name that resolves in each of them
SCRIPT = Path(__file__).with_name("opt_ml.sh")
PLAIN = re.compile("[A-Za-z_][A-Za-z0-9_]*")  # variable names that shells pass on


def entering(base: Path, scratch: Path, folder: str, variables: Mapping[str, str]) -> list[str]:
    """The prefix of a command that makes it see the folder `base` at /opt/ml and run in `folder`, a path in that view.

    `scratch` is an empty folder that must exist while the command runs, `variables` the command's environment. A user who is not root
    becomes root in the namespace, with no more rights than outside it.
    """
    user = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
    lost = [f"{name}={value}" for name, value in variables.items() if not PLAIN.fullmatch(name)]  # such as SM_HP_BATCH-SIZE
    return ["unshare", "--mount", *user, "--", "sh", str(SCRIPT), str(base), str(scratch), folder, "env", *lost]


def refusal(base: Path, scratch: Path) -> str:
    """Try to make such a namespace. Returns why this machine does not allow it, or an empty string."""
    lacks = [tool for tool in ("unshare", "mount", "sh") if shutil.which(tool) is None]
    if lacks:
        return f"there is no {lacks[0]} on this machine"
    tried = scratch / "tried"
    tried.mkdir()
    done = subprocess.run([*entering(base, tried, "/", {}), "true"], capture_output=True, text=True, check=False)  # noqa: S603 -- as a job is run
    shutil.rmtree(tried)
    return "" if done.returncode == 0 else (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]


@contextmanager
def linked(base: Path) -> Iterator[None]:
    """Link /opt/ml to a folder while the block runs. A dangling link, left by a killed job, is replaced.

    Errors: `MachineError` if something else is at /opt/ml, or if the link cannot be made.
    """
    link = Path(OPT_ML)
    try:
        if link.is_symlink() and not link.exists():
            link.unlink()
        link.symlink_to(base)
    except OSError as error:
        there = isinstance(error, FileExistsError)
        hint = "does another job run? If not, move it away" if there else "only who may write there, such as root, may have a link"
        raise MachineError(f"there can be no link at {OPT_ML}: {error.strerror}", hint=hint, code="no-opt-ml") from error
    try:
        yield
    finally:
        link.unlink(missing_ok=True)
