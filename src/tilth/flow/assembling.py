"""Makes a fitted flow from learned numbers that come from elsewhere, such as from a pipeline that another library has fitted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from tilth import formats
from tilth.data import Dataset, Kind
from tilth.engine.arrow import arrow_type
from tilth.engine.chosen import session_of
from tilth.engine.facts import versions
from tilth.flow.artefact import verify
from tilth.flow.flow import FitResult, Flow
from tilth.steps.step import Fitted, Learned


def assembled(flow: Flow, kinds: Mapping[str, Kind], learned: Sequence[Learned], facts: Mapping[str, Any]) -> Flow:
    """The flow, fitted with what is given as `learned` for each of its features. `kinds` are the kinds of the columns that it reads.

    Errors: `ValueError` for a learned value that the step does not have.

    >>> flow = Flow.parse("features: [{impute: {columns: age, with: mean}}]")
    >>> assembled(flow, {"age": Kind.FLOAT}, [{"age": {"fill": 40.0}}], {}).row({"age": None})
    {'age': 40.0}
    """
    empty = pa.table({name: pa.array([], arrow_type(kind)) for name, kind in kinds.items()})
    with session_of(None, None, "assemble") as session:
        data: Dataset = formats.read(empty, engine=session)
        read = session.schema(data)
        fitted = []
        for step, state in zip(flow.parts.get("features", ()), learned, strict=True):
            fitted.append(Fitted(step, session.schema(data), state))
            data = fitted[-1].apply(data)
    made = flow.with_learned(FitResult(read, {"features": tuple(fitted)} if fitted else {}, False, {"versions": versions(), **facts}))
    verify(made)
    return made
