"""Makes the archive of Spark's classes, with which each Spark of the tests starts in two thirds of the time: `python -m tests.archive`.

`make` does so when it makes the environment. Without Java there is none; another Java, or other versions of Spark, do without it.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.conftest import ARCHIVE, SHARED_CLASSES


def main() -> None:
    made = ARCHIVE.with_suffix(".new")
    options = f"{os.environ['SPARK_SUBMIT_OPTS'].replace(SHARED_CLASSES, '')} -XX:ArchiveClassesAtExit={made.resolve()}"
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "few.csv").write_text("n,s\n1,a\n2,b\n")
        Path(folder, "few.dqdl").write_text('Rules = [ IsComplete "n", Mean "n" > 1, IsUnique "s" ]')
        words = [sys.executable, "-m", "tilth", "check", "few.csv", "few.dqdl", "--engine", "spark"]
        environ = os.environ | {"SPARK_SUBMIT_OPTS": options}
        subprocess.run(words, cwd=folder, env=environ, capture_output=True)  # until Java has ended, too, which writes into the same pipes
    if made.exists():
        made.replace(ARCHIVE)


if __name__ == "__main__":
    main()
