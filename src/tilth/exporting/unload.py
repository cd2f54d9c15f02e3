"""Exporting from Redshift by UNLOAD: Redshift writes Parquet to S3 itself, in parallel; no rows pass through this process."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

from tilth.errors import Gap, RequestError, SourceError, TilthError
from tilth.exporting.data_api import DataApi, waits
from tilth.exporting.parts import column_parts
from tilth.exporting.plan import Plan
from tilth.exporting.state import File, Part, State, now
from tilth.exporting.subset import Subset
from tilth.store.protection import in_force
from tilth.store.query import string
from tilth.store.s3 import S3
from tilth.store.snapshot import Estimate
from tilth.store.uri import scheme_of

PARTS = 16  # default number of parts of a partition
EXPECTED = re.compile(r"rows=(\d+) width=(\d+)")  # in the first line of EXPLAIN


@dataclass
class Unload:
    """An export by UNLOAD: a statement for each part, `connections` at a time. Each statement sees its own snapshot."""

    plan: Plan
    state: State
    progress: Callable[[str], object]
    _api: DataApi = field(init=False)

    def __post_init__(self) -> None:
        self._api = DataApi(self.plan.source, self.plan.access)

    def run(self) -> None:
        """Unload all unfinished parts. Errors: that of the first part that fails. Finished parts are kept, running ones are cancelled."""
        waiting, running, seconds = self.state.todo, list[Part](), waits()
        try:
            while waiting or running:
                while waiting and len(running) < self.plan.connections:
                    running.append(waiting.pop(0))
                    self._begin(running[-1])
                if ended := [part for part in running if self._is_done(part)]:
                    running, seconds = [part for part in running if part not in ended], waits()
                else:
                    time.sleep(next(seconds))
        except BaseException:  # on Ctrl-C, too, running queries are cancelled
            for part in running:
                with suppress(TilthError):
                    self._api.cancel(part.query_id or "")
            raise

    def _begin(self, part: Part) -> None:
        """Start unloading a part, unless a statement of an earlier run is unloading it or has unloaded it."""
        if part.query_id and self._still_runs(part):
            return
        if part.query_id or not part.tries:
            part.tries, part.started, part.query_id = part.tries + 1, now(), None
            S3().remove(self._prefix(part))  # files of a failed statement
            self.state.save()  # before it is sent: if it is sent again, it has the same token and is not run twice
        sql = unload(Subset(self.plan).query(part.condition), self._prefix(part), self.plan)
        part.query_id = self._api.start(sql, f"{self.state.run}-{part.number}-{part.tries}")
        self.state.save()

    def _still_runs(self, part: Part) -> bool:
        with suppress(SourceError):
            self._api.is_done(part.query_id or "")
            return True
        return False

    def _is_done(self, part: Part) -> bool:
        """Whether a part is unloaded. If so, its files, which the server lists in a manifest, are recorded."""
        if not self._api.is_done(part.query_id or ""):
            return False
        s3, place = S3(), f"{self._prefix(part)}manifest"
        found = s3.find(place)
        if found is None:
            raise SourceError(f"Redshift has unloaded part {part.number}, and there is no {place}", code="no-manifest")
        entries = json.loads(s3.part(found))["entries"]
        meta = [(entry["url"].removeprefix(f"{self.state.place}/"), entry["meta"]) for entry in entries]
        files = [File(name, said["content_length"], said["record_count"]) for name, said in meta]
        so_far = self.state.done(part, files, sum(f.bytes for f in files))
        s3.remove(place)
        self.progress(so_far)
        return True

    def _prefix(self, part: Part) -> str:
        return f"{self.state.place}/part-{part.number:05d}-"


def unload(query: str, prefix: str, plan: Plan) -> str:
    """The statement that unloads a query to a prefix. The query is written between `$$`, so quotes and backslashes need no escapes.

    Errors: `RequestError` for a query with `$$` in it.

    >>> plan = Plan(source="redshift://h/db?table=t")
    >>> unload("SELECT * FROM t WHERE a = 'x'", "s3://bucket/run/part-00000-", plan)  # doctest: +NORMALIZE_WHITESPACE
    "UNLOAD ($$SELECT * FROM t WHERE a = 'x'$$) TO 's3://bucket/run/part-00000-' IAM_ROLE default
    FORMAT AS PARQUET MANIFEST VERBOSE"
    """
    if "$$" in query:
        raise RequestError("a query to unload has $$ in it", accepted="a query without", code="not-accepted")
    asked = plan.unload
    role = "default" if asked.role == "default" else string(asked.role)
    key = f" KMS_KEY_ID {string(asked.kms_key_id)} ENCRYPTED" if asked.kms_key_id else ""
    region = f" REGION {string(asked.region)}" if asked.region else ""
    return f"UNLOAD ($${query}$$) TO {string(prefix)} IAM_ROLE {role} FORMAT AS PARQUET MANIFEST VERBOSE{key}{region}"


def parts_of_redshift(plan: Plan) -> tuple[list[tuple[str, str]], list[tuple[str, Estimate]]]:
    """The columns of an export, and the condition of each part with the estimate of the server. Errors: those of the Data API."""
    api, subset = DataApi(plan.source, plan.access), Subset(plan)
    schema = api.answer(f"{subset.query()} LIMIT 0")[0]
    conditions = (
        [""] if plan.partition == "auto" else column_parts(subset, plan.partition, schema, lambda query: api.answer(query)[1], PARTS)
    )
    return [(f.name, str(f.type)) for f in schema], [(c, _expected(api, subset.query(c))) for c in conditions]


def _expected(api: DataApi, query: str) -> Estimate:
    found = EXPECTED.search(str(api.answer(f"EXPLAIN {query}")[1][0][0]))
    rows, width = (int(found[1]), int(found[2])) if found else (0, 0)
    return Estimate(rows, rows * width, ())


def reject_unloadable(plan: Plan) -> None:
    """Reject plans that UNLOAD cannot execute. Errors: `Gap`."""
    if scheme_of(plan.to or "s3://") != "s3":
        raise Gap("UNLOAD writes to S3 only", hint="give -o s3://bucket/prefix; or read a small result as a source: tilth.read")
    if plan.redact:
        raise Gap("rows that Redshift writes cannot be redacted during the export", hint="redact them in a flow that reads the table")
    if in_force():
        hint = "give --kms-key to let S3 encrypt; or read the files afterwards, and deliver them with the key"
        raise Gap("UNLOAD cannot encrypt with Tilth's key", hint=hint)
