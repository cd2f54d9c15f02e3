"""`jdbc:…` places, which Spark could read, but Tilth refuses."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from tilth.errors import Gap
from tilth.store.places import Store

if TYPE_CHECKING:
    import pyarrow as pa


class Jdbc(Store):
    """Refused, because a password would be in Spark's options, which every executor gets. Messages omit the URL, which may contain one."""

    has_rows = True
    takes_secret = True

    def rows(self, place: str) -> Callable[[], Iterable[pa.RecordBatch]]:
        kind = os.fspath(place)[len("jdbc:") :].partition(":")[0]
        own = {"postgresql": "postgresql://host/db?table=…", "redshift": "redshift://host/db?table=…", "sqlite": "sqlite:///FILE?table=…"}
        hint = (
            f"read it as {own[kind]}" if kind in own else "read it by Spark yourself, with partitionColumn: tilth.read(spark.read.jdbc(…))"
        )
        raise Gap(f"places of the form jdbc:{kind}: are not read: Spark would hand the password to every executor", hint=hint)
