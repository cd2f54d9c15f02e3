"""The log of actions with keys: a line of JSON for each, with user, time and purpose, but without values of the data."""

from __future__ import annotations

import getpass
import json
import os
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tilth.errors import MachineError

LOG = Path("protect/log.jsonl")  # in the working directory


def note(log: Path, act: str, **facts: Any) -> None:
    """Append a line before the action; it is flushed to disk. Errors: `MachineError` if it cannot be written."""
    user = f"user {os.getuid()}" if hasattr(os, "getuid") else "unknown"
    with suppress(OSError, KeyError):  # a container may have no name for its user
        user = getpass.getuser()
    line = json.dumps({"at": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}", "by": user, "act": act, **facts}, ensure_ascii=False)
    try:
        log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(handle, "a", encoding="utf-8") as file:
            file.write(line + "\n")
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        hint = "nothing was done, because the log is written first"
        raise MachineError(f"the log {log} cannot be written: {error.strerror}", hint=hint, code="no-log") from error
