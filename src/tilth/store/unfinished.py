"""Folders that are filled file by file, possibly over several runs. Readers see them when they are complete.

Until then the files are where no reader looks: on this machine in a hidden folder next to the place, in S3 under the name of a run that is
not in a listing.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tilth.errors import RequestError
from tilth.store.atomic import HIDDEN, LISTING, errors_of, reject_foreign, to_disk
from tilth.store.places import store_of
from tilth.store.s3 import RUN, Bucket, new_run
from tilth.store.s3 import errors_of as errors_of_s3
from tilth.store.scratch import locked
from tilth.store.uri import Place, is_local, local_path, scheme_of

LOCK = ".lock"


class Unfinished:
    """A folder on this machine that is being filled. `place` is where readers will see it."""

    def __init__(self, place: str) -> None:
        self._final = Path(local_path(place)).absolute()
        self._hidden = self._final.with_name(f".{self._final.name}.unfinished")

    @property
    def seen(self) -> str | None:
        """The place of the files that readers see; None if there are none."""
        return str(self._final) if (self._final / LISTING).exists() else None

    @property
    def begun(self) -> str | None:
        """The place of unpublished files of earlier runs; None if there are none."""
        return str(self._hidden) if self._hidden.exists() else None

    def final(self, begun: str) -> str:
        """The place where readers will see the files of `begun`."""
        return str(self._final)

    @contextmanager
    def filling(self) -> Iterator[str]:
        """A place to write files to, with the files of earlier runs. Meanwhile no other process on this machine may write there.

        Errors: `RequestError` for a place with other content, or that another process fills; `MachineError` if it is not writable.
        """
        reject_foreign(self._final, folder=True)
        with errors_of(self._final):
            self._hidden.mkdir(parents=True, exist_ok=True)
            handle = os.open(self._hidden / LOCK, os.O_CREAT | os.O_RDWR, 0o600)
        try:
            if os.name != "nt" and not locked(handle):
                raise RequestError(f"another process is writing to {self._final}", hint="wait until it ends", code="in-use")
            for left in self._hidden.glob(f"{HIDDEN}*"):  # remains of a file that a killed process was writing
                shutil.rmtree(left)
            yield str(self._hidden)
        finally:
            os.close(handle)
            if self._hidden.exists() and [p.name for p in self._hidden.iterdir()] == [LOCK]:  # nothing was begun
                shutil.rmtree(self._hidden)

    def publish(self, begun: str) -> None:
        """Make the files visible to readers, in place of earlier ones. Errors: as for `filling`."""
        names = sorted(p.name for p in self._hidden.iterdir() if p.name not in (LOCK, LISTING))
        (self._hidden / LISTING).write_text(json.dumps({"files": names}), "utf-8")
        to_disk(self._hidden)
        with errors_of(self._final):
            old = self._hidden.with_name(f"{self._hidden.name}-old")
            shutil.rmtree(old, ignore_errors=True)
            (self._hidden / LOCK).unlink()
            if self._final.exists():
                self._final.rename(old)
            self._hidden.rename(self._final)
            to_disk(self._final.parent)
            shutil.rmtree(old, ignore_errors=True)

    def discard(self) -> None:
        """Remove the unpublished files."""
        for path in self._hidden.iterdir():
            if path.is_dir():
                shutil.rmtree(path)
            elif path.name != LOCK:
                path.unlink()


class UnfinishedInS3(Unfinished):
    """A prefix in S3 that is being filled. Processes that fill the same prefix are not detected."""

    def __init__(self, place: str) -> None:
        self._place = place.rstrip("/")

    @property
    def seen(self) -> str | None:
        with errors_of_s3(self._place):
            bucket = Bucket.of(self._place)
            run = bucket.run(bucket.key)
        return f"{self._place}/{run}" if run else None

    @property
    def begun(self) -> str | None:
        seen = self.seen
        with errors_of_s3(self._place):
            bucket = Bucket.of(self._place)
            runs = sorted(f"{self._place}/{name}" for name in bucket.below(bucket.key) if RUN.fullmatch(name))
        newer = [run for run in runs if seen is None or run > seen]
        return newer[-1] if newer else None

    def final(self, begun: str) -> str:
        return begun

    @contextmanager
    def filling(self) -> Iterator[str]:
        store_of(self._place).reject_foreign(self._place, folder=True)
        yield self.begun or f"{self._place}/{new_run()}"

    def publish(self, begun: str) -> None:
        with errors_of_s3(self._place):
            bucket, run = Bucket.of(self._place), begun.rpartition("/")[2]
            names = (o["path"].partition(f"{run}/")[2] for o in bucket.objects(f"{bucket.key}/{run}".lstrip("/")))
            bucket.publish(run, sorted(names))

    def discard(self) -> None:
        if begun := self.begun:
            with errors_of_s3(self._place):
                bucket = Bucket.of(begun)
                bucket.store.delete([o["path"] for o in bucket.objects(bucket.key)])


def unfinished(place: Place) -> Unfinished:
    """The unfinished folder of a place. Errors: `RequestError` for a place that cannot be a folder."""
    written = os.fspath(place)
    if is_local(written):
        return Unfinished(written)
    if scheme_of(written) == "s3":
        return UnfinishedInS3(written)
    raise RequestError(f"{written} is not a folder", accepted="a folder of this machine, or s3://bucket/prefix", code="bad-place")
