"""Folders that may not be entered, for root too."""

from __future__ import annotations

import codecs
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

NOBODY = 65534


@contextmanager
def closed(folder: Path) -> Iterator[None]:
    """While the block runs, a folder may not be entered, but what lies above it may: for that root, who may enter all, is somebody else."""
    root = os.geteuid() == 0
    above = {p: p.stat().st_mode for p in folder.parents if root and not p.stat().st_mode & 0o005}
    for p, mode in above.items():
        p.chmod(mode | 0o055)
    before = folder.stat().st_mode
    folder.chmod(0)
    codecs.lookup("utf-8-sig")  # is loaded from Python's folder, which others may not enter either
    if root:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)
        folder.chmod(before)
        for p, mode in above.items():
            p.chmod(mode)
