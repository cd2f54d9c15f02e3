"""Nothing goes over a network unless a key, a secret or a source asks for it: the tests of what protects data pass without one."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.deep, pytest.mark.slow]

ROOT = Path(__file__).parents[2]
FOLDERS = [
    *("encryption", "entities", "exporting", "measures/disclosure", "measures/sensitive"),
    *("protection", "secrets", "steps/protect", "store"),
]
ALONE = ["unshare", "--net", *([] if os.geteuid() == 0 else ["--user", "--map-current-user", "--keep-caps"])]
"""A command in a network of its own, which has no interface but that of this machine, for the servers that tests start."""
UP = 'ip link set lo up && exec "$@"'
REACHES = "import socket; socket.create_connection(('192.0.2.1', 80), 5)"
TESTS = ["-m", "pytest", "-p", "no:cacheprovider", "-m", "not spark and not browser"]


def alone(*words: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"HYPOTHESIS_PROFILE": "quick"}
    command = [*ALONE, "sh", "-c", UP, "sh", *words]
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=environment, timeout=3600, check=False)


def test_the_tests_pass_without_a_network() -> None:
    from tests.conftest import lacking

    if not shutil.which("unshare") or not shutil.which("ip") or alone("true").returncode:
        lacking("no network can be taken away: `unshare --net` and `ip` do not work here")
    assert "Network is unreachable" in alone(sys.executable, "-c", REACHES).stderr
    done = alone(sys.executable, *TESTS, *(str(ROOT / "tests" / folder) for folder in FOLDERS))
    assert done.returncode == 0, done.stdout[-5000:]
    assert int(re.findall(r"(\d+) passed", done.stdout)[-1]) > 500
