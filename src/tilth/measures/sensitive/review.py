"""The review of a scan: a CSV file in which a person says, for each entity of each column, whether it is there."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

from tilth.errors import Mistake, RequestError
from tilth.measures.sensitive.verdicts import SensitiveColumn, SensitiveType
from tilth.report import Finding
from tilth.store.local import text_of
from tilth.store.places import atomic
from tilth.store.protection import in_force

FIELDS = ("column", "entity", "verdict", "values", "share", "score", "rule", "examples", "decision")
DECISIONS = {"yes": True, "no": False, "": None}

Decisions: TypeAlias = Mapping[tuple[str, str], bool]
"""Column and entity → whether it is there, as a person has decided."""


def decisions_in(path: str) -> dict[tuple[str, str], bool]:
    """The decisions in a review file. Errors: `RequestError` for a missing file, another file, and every line with an unknown decision."""
    lines = csv.DictReader(io.StringIO(text_of(path, "review file")))
    if missing := {"column", "entity", "decision"} - set(lines.fieldnames or ()):
        accepted = ", ".join(FIELDS)
        raise RequestError(f"{path} is not a review file: it has no {', '.join(sorted(missing))}", accepted=accepted, code="review")
    found, mistakes = dict[tuple[str, str], bool](), list[Mistake]()
    for line in lines:
        said = (line["decision"] or "").strip().lower()
        if said not in DECISIONS:
            what = f"line {lines.line_num} of {path}: the decision is {line['decision']!r}"
            mistakes.append(Mistake(what, accepted="yes, no, or nothing", code="review"))
        elif (decided := DECISIONS[said]) is not None:
            found[line["column"], line["entity"]] = decided
    RequestError.reject(mistakes)
    return found


def reviewed(column: str, types: Sequence[SensitiveType], decisions: Decisions) -> list[SensitiveType]:
    """The entities of a column without the rejected ones; accepted ones become sensitive."""
    kept = [t for t in types if decisions.get((column, t.entity), True)]
    return [_accepted(t) if decisions.get((column, t.entity)) and t.verdict != "sensitive" else t for t in kept]


def _accepted(t: SensitiveType) -> SensitiveType:
    """An accepted entity. One that was only suspected now covers the whole column."""
    return replace(t, verdict="sensitive", rule=f"{t.rule}+review", whole=t.whole or t.verdict == "suspected")


def write_review(path: str, found: Sequence[Finding[SensitiveColumn]], decisions: Decisions) -> None:
    """Write the findings with the decisions so far, including those on entities no longer found. Errors: as for `reject_encrypted`."""
    reject_encrypted()
    made = io.StringIO()
    lines = csv.DictWriter(made, FIELDS, restval="", lineterminator="\n")
    lines.writeheader()
    lines.writerows(_lines(found, decisions))
    with atomic(Path(path), kind="report") as new:
        new.write_text(made.getvalue(), "utf-8")


def reject_encrypted() -> None:
    """Reject a review file if encryption is on, because it is edited by hand and cannot be encrypted. Errors: `RequestError`."""
    held = in_force()
    if held and "report" not in held.plaintext:
        what = "a review file is edited by hand, so it is not encrypted; it has counts, and masked examples"
        raise RequestError(what, hint="allow it with `--allow-plaintext report`, or leave `--review` out", code="plaintext")


def _lines(found: Sequence[Finding[SensitiveColumn]], decisions: Decisions) -> Iterator[dict[str, object]]:
    left = dict(decisions)
    for f in found:
        for t in f.payload.types:
            decided = left.pop((f.name, t.entity), None)
            yield {
                "column": f.name, "entity": t.entity, "verdict": t.verdict, "values": t.cells, "share": round(t.share, 4), "score": t.score,
                "rule": t.rule, "examples": "; ".join(t.examples), "decision": {True: "yes", False: "no", None: ""}[decided],
            }  # fmt: skip
    for (column, entity), decided in left.items():
        yield {"column": column, "entity": entity, "decision": "yes" if decided else "no"}
