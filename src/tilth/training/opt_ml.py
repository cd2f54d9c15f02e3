"""The folder of a job at `/opt/ml`: for its program alone, in a mount namespace; or by a link, for all of the machine."""

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
HOSTS = {"namespace": "algo-1", "link": "localhost", "folder": "localhost"}  # names that resolve there
SCRIPT = Path(__file__).with_name("opt_ml.sh")
PLAIN = re.compile("[A-Za-z_][A-Za-z0-9_]*")  # the names that shells hand on


def entering(base: Path, scratch: Path, folder: str, variables: Mapping[str, str]) -> list[str]:
    """The words before a command by which it finds the folder `base` at /opt/ml and runs in `folder`, as that is seen then.

    `scratch` is an empty folder that is there as long as the command. `variables` are those that the words are run with. A user
    who is not root is root in the namespace, with the rights that they have outside it.
    """
    user = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
    lost = [f"{name}={value}" for name, value in variables.items() if not PLAIN.fullmatch(name)]  # such as SM_HP_BATCH-SIZE
    return ["unshare", "--mount", *user, "--", "sh", str(SCRIPT), str(base), str(scratch), folder, "env", *lost]


def refusal(base: Path, scratch: Path) -> str:
    """Why this machine does not allow such a namespace; an empty string if it does, which is tried."""
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
    """While the block runs, a symbolic link leads from /opt/ml to a folder. One that leads nowhere, of a killed job, is replaced.

    Errors: `MachineError` where something else is there, or no link may be made.
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
