"""Actions on whole tables: groups, pivots, joins and unions."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from tilth.aws.conversion.databrew.action import AGGREGATIONS, Action, Actions
from tilth.aws.conversion.made import Made, NotConverted, joined, renamed
from tilth.aws.conversion.parameters import Parameters


def of_groups(a: Action) -> Iterator[Made]:
    """A row for each group."""
    by, wanted = a.names("sourceColumns", "sourceColumn", "groupByColumns"), a.json("groupByAggFunctionOptions")
    a.has("useNewDataFrame")
    if not isinstance(wanted, list) or not wanted or not all(isinstance(w, dict) and w.get("sourceColumnName") for w in wanted):
        raise NotConverted("it does not say what is aggregated")
    made: dict[str, list[str]] = {}
    names: list[tuple[str, str]] = []
    for w in wanted:
        column, function = str(w["sourceColumnName"]), str(w.get("functionName", "")).upper()
        if function not in AGGREGATIONS:
            raise NotConverted(f"the aggregation {function[:40]!r} has no counterpart")
        made.setdefault(column, []).append(AGGREGATIONS[function])
        names.append((f"{column}_{AGGREGATIONS[function]}", str(w.get("targetColumnName") or f"{column}_{AGGREGATIONS[function]}")))
    yield Made("aggregate", {"by": by, "with": made}, None, None)
    yield from (step for old, new in names for step in renamed(old, new))


def of_unpivot(a: Action) -> Iterator[Made]:
    """Columns as rows."""
    columns = a.names("sourceColumns", "sourceColumn")
    given = {"columns": columns, "variable": a.text("unpivotColumn"), "value": a.text("valueColumn")}
    yield Made("unpivot", given, None, None)


def of_pivot(a: Action) -> Iterator[Made]:
    """Values of a column as columns."""
    column, values = a.name("sourceColumn", "pivotColumn"), a.name("valueColumn")
    given = {"column": column, "by": ["*", f"!{column}", f"!{values}"], "values": values}
    note = f"a row for each key of the other columns; new columns begin with {values}_"
    yield Made("pivot", {**given, "with": a.word("aggregateFunction", AGGREGATIONS)}, None, None, (note,))


JOINS = {"INNER_JOIN": "inner", "LEFT_JOIN": "left", "LEFT_EXCLUDING_JOIN": "anti"}
OTHER_DATA = "it reads other data, and does not say where: name it under `data: {tables: …}`, and write `join` or `concat`"


def of_join(a: Action) -> Iterator[Made]:
    """Columns of another table."""
    if not a.has("secondInputLocation"):
        raise NotConverted(OTHER_DATA)
    how = a.word("joinType", JOINS)
    keys, there = a.json("joinKeys"), a.names("rightColumns") if a.has("rightColumns") else None
    if not isinstance(keys, list) or not keys or not all(isinstance(k, dict) for k in keys):
        raise NotConverted("its keys are not pairs of columns")
    on = {Parameters(k).name("key"): Parameters(k).name("value") for k in keys}
    chosen = None if there is None else [c for c in there if c not in on.values()]
    if chosen == [] and how != "anti":
        raise NotConverted("it takes no column of the other table: write `join` with `how: semi`")
    yield joined(a.text("secondaryDatasetName", "other"), a.text("secondInputLocation"), on, how, chosen, chosen)


def of_union(a: Action) -> Iterator[Made]:
    """Rows of other tables below."""
    inputs, names, target = a.json("secondaryInputs"), a.names("secondaryDatasetNames"), a.names("targetColumnNames")
    columns = a.json("datasetsColumns")
    places: list[Any] = [i.get("S3InputDefinition") if isinstance(i, dict) else None for i in inputs] if isinstance(inputs, list) else []
    if not places or len(places) != len(names) or not all(isinstance(p, dict) and p.get("Bucket") and p.get("Key") for p in places):
        raise NotConverted(OTHER_DATA)
    if not isinstance(columns, list) or any(not isinstance(c, list) or len(c) != len(target) for c in columns):
        raise NotConverted("it does not say which columns belong together")
    if any(name not in (None, made) for those in columns for name, made in zip(those, target, strict=True)):
        raise NotConverted("it puts columns of different names together: rename them, and write `concat`")
    for name, place in zip(names, places, strict=True):
        table = re.sub(r"\W", "_", name)
        yield Made("concat", {"table": table}, None, None, (), {table: f"s3://{place['Bucket']}/{place['Key']}"})


ACTIONS: Actions = {"GROUP_BY": of_groups, "UNPIVOT": of_unpivot, "PIVOT": of_pivot, "JOIN": of_join, "UNION": of_union}
