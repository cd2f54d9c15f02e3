"""The report as a Jupyter notebook: it shows the page without being run, and has cells to measure again."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from tilth.report.html import embedded
from tilth.report.json import to_json
from tilth.report.markdown import to_markdown
from tilth.report.report import Report

RUN = "run "  # begins the title of a run
SEVERAL = re.compile(r"\d+ files \(")  # begins a source of several files


def to_notebook(report: Report) -> str:
    """The report as a notebook of format 4.5, the same text for the same report.

    It contains the whole report and needs no other files. The last cell, which has not been run, measures or checks the same data again, if
    the report records the request. Keep the notebook of a run in the folder that the run delivered.

    >>> json.loads(to_notebook(Report("check")))["nbformat"]
    4
    """
    shown = {"text/html": embedded(report, "80vh"), "text/plain": repr(report)}
    cells = [
        _cell("markdown", to_markdown(report)),
        _code(f"from tilth.report.json import from_json\n\nreport = from_json({to_json(report, indent=None)!r})", hidden=True),
        _code("report", shown),
        *_again(report),
    ]
    named = [{**cell, "id": f"cell-{k}"} for k, cell in enumerate(cells, 1)]
    kernel = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}, "language_info": {"name": "python"}}
    content = {"nbformat": 4, "nbformat_minor": 5, "metadata": kernel, "cells": named}
    return json.dumps(content, ensure_ascii=True, indent=1) + "\n"


def _cell(kind: str, source: str, **more: Any) -> dict[str, Any]:
    return {"cell_type": kind, "metadata": {}, "source": source.splitlines(keepends=True), **more}


def _code(source: str, shown: dict[str, str] | None = None, hidden: bool = False) -> dict[str, Any]:
    outputs = [{"output_type": "execute_result", "execution_count": None, "metadata": {}, "data": shown}] if shown else []
    metadata = {"jupyter": {"source_hidden": True}} if hidden else {}
    return _cell("code", source, execution_count=None, outputs=outputs) | {"metadata": metadata}


def _again(report: Report) -> Iterator[dict[str, Any]]:
    """A cell that repeats the request, if the report records it."""
    lines = list(_of_run(report) if report.title.startswith(RUN) else _of_verb(report))
    if lines:
        yield _cell("markdown", "The same again, of the data as they are now. Options of reading, such as `nulls`, have to be added.")
        yield _code("\n".join(["import tilth", "", *lines]))


def _of_run(report: Report) -> Iterator[str]:
    """Code that measures the delivered parts next to the notebook."""
    parts = dict.fromkeys(f.part for f in report.findings if f.part != "raw" and f.payload.row_count is not None)
    yield from (f"{part} = tilth.measure({part!r}, against=report, part={part!r})" for part in parts if part.isidentifier())


def _of_verb(report: Report) -> Iterator[str]:
    """Code that calls the verb again. It states the roles, which say which values are private."""
    facts, asked = report.facts, report.facts.more
    if not facts.fingerprint or SEVERAL.match(facts.source) or "roles" not in asked:  # in memory, or not one path
        return
    yield f"data = tilth.read({facts.source!r}, roles={dict(asked['roles'])!r})"
    if report.title == "check":
        rules = ",\n    ".join(f.name for f in report.verdicts)
        yield f"tilth.check(data, {f'Rules = [ {rules} ]'!r})"
    elif report.title == "profile":
        yield "tilth.profile(data, against=report)"
    else:
        yield f"tilth.measure(data, {list(asked.get('measures', ()))!r}, against=report)"
