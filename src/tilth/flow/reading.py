"""The table that a verb works on: a dataset, something that can be read, or what a flow says."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sqlglot.expressions import Expression as Tree

from tilth import formats
from tilth.data import Dataset
from tilth.engine.session import Session
from tilth.errors import ColumnError, FlowError, listed, located
from tilth.flow.flow import Flow
from tilth.flow.refusals import AtItsStep
from tilth.flow.serving import needed_columns, used_columns
from tilth.steps.step import Step, TablesStep
from tilth.store.places import secured
from tilth.store.uri import joined


def flow_table(flow: Flow, data: Any, session: Session) -> Dataset:
    """The table of a flow; `data` replaces the source in the flow. A dataset without roles gets the roles of the flow."""
    if isinstance(data, Dataset):
        return data if data.roles.given() else _with_roles(data, flow)
    limit: Mapping[str, Any] = {"max_invalid": flow.reading.max_invalid}
    if data is not None:
        return formats.read(data, roles=flow.reading.roles, engine=session, substitute=True, **limit, **flow.reading.options)
    source = paths_of(flow)
    if not source:
        to_apply = f"to prepare data by what it learned: tilth apply {flow.name}.tilth DATA -o OUT; in Python: source=DATA"
        to_read = "add `data: {read: …}` to it; or learn from other data: tilth fit FLOW DATA -o NAME.tilth"
        what, hint = ("fitted flow", to_apply) if flow.fitted else ("flow", to_read)
        raise FlowError(f"the {what} {flow.name!r} does not say what to read", hint=hint, code="nothing-to-read")
    with located(flow.places.get("roles"), "unknown-role-column"):
        return formats.read(source, roles=flow.reading.roles, engine=session, secret=flow.reading.secret, **limit, **flow.reading.options)


def _with_roles(data: Dataset, flow: Flow) -> Dataset:
    with located(flow.places.get("roles"), "unknown-role-column"):
        flow.reading.roles.check(data.names)
    return replace(data, roles=flow.reading.roles)


def with_tables(flow: Flow, session: Session) -> Flow:
    """The flow, whose steps have the further tables that they read. `nulls` of the flow applies to these tables, too."""
    reading = [step for _, step in flow.steps() if isinstance(step, TablesStep)]
    wanted = {name for step in reading for name in step.names_tables if name not in step.tables}
    places, types = further_paths(flow), flow.reading.table_types
    tables = {
        name: formats.read(place, engine=session, nulls=flow.reading.nulls, types=types.get(name, {}))
        for name, place in places.items()
        if name in wanted
    }

    def opened(step: Step) -> Step:
        return replace(step, tables={**tables, **step.tables}) if isinstance(step, TablesStep) else step

    return replace(flow, parts={part: tuple(map(opened, steps)) for part, steps in flow.parts.items()}) if reading else flow


def served_table(flow: Flow, data: Any, session: Session, training: Tree | None = None) -> Dataset:
    """The table that a fitted flow makes of data, read as it has learned to read it: see `tilth.apply`; `training` as in `Flow.served`."""
    learned, known = flow.need_learned(), flow.reading
    needed = needed_columns(learned.schema, learned.served)
    options = {"roles": known.roles, "max_invalid": known.max_invalid, **known.options}
    table = formats.read_as(data, used_columns(learned.schema, learned.served), needed, engine=session, **options)
    if not table.names:
        message = "the table has none of the columns that the fitted flow knows"
        raise ColumnError(message, accepted=listed(learned.schema.names), code="missing-column")
    return replace(flow.served(table, training), located=AtItsStep(flow))


def further_paths(flow: Flow) -> dict[str, Any]:
    """Name → path of each further table, with the secret that opens it."""
    secrets = flow.reading.table_secrets
    return {name: secured(joined(flow.folder, path), secrets.get(name)) for name, path in flow.reading.tables.items()}


def paths_of(flow: Flow, data: Any = None) -> list[str]:
    """The paths that are read: those of the flow, or those that replace them."""
    if data is None:
        return [joined(flow.folder, p) for p in flow.reading.read]
    return [os.fspath(path) for path in (data if isinstance(data, list | tuple) else [data]) if isinstance(path, str | os.PathLike)]
