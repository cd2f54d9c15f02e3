"""`command:WORDS`: the output of a program, such as `command:pass show warehouse`."""

from __future__ import annotations

import shlex
import subprocess

from tilth.errors import MachineError, RequestError
from tilth.secrets.references import HOUR, Provider

SECONDS = 60


class Command(Provider):
    """The output of a program, without the line feed at its end. It is started without a shell; its error output is not shown."""

    has_fields = False
    keeps = HOUR

    def text(self, name: str, label: str) -> str:
        try:
            words = shlex.split(name)
        except ValueError as error:
            raise RequestError(f"command:{name} cannot be read: {error}", accepted="words as in a shell", code="bad-reference") from None
        try:
            done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, timeout=SECONDS, check=False)  # noqa: S603 -- the user's
        except subprocess.TimeoutExpired:
            raise MachineError(
                f"command:{name} did not end within {SECONDS} seconds", hint="does it wait for input?", code="command"
            ) from None
        except OSError as error:
            raise RequestError(f"command:{name} cannot be started: {error.strerror}", hint="is it installed?", code="command") from None
        if done.returncode:
            message = f"command:{name} ended with status {done.returncode}"
            raise MachineError(message, hint="run it directly to see its messages: they are not shown here", code="command")
        try:
            return done.stdout.decode("utf-8").removesuffix("\n").removesuffix("\r")
        except UnicodeDecodeError:
            raise RequestError(f"the output of command:{name} is not UTF-8", hint="print it as base64", code="command") from None
