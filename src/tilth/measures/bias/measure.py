"""The measure `bias`: every bias metric of every facet, by the roles of the columns."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from tilth.data import Dataset, Roles
from tilth.engine.session import Session
from tilth.errors import Mistake
from tilth.measures.bias.findings import bias_and_groups
from tilth.measures.bias.request import EVERY, NO_FACET, BiasOptions, BiasRequest
from tilth.measures.measure import Measure, Measured


@dataclass(frozen=True)
class Bias(BiasOptions, Measure):
    """The bias of label and prediction against each facet, with intervals."""

    name = "bias"
    baseline = True
    default = True

    def refused(self, roles: Roles) -> tuple[Mistake, ...]:
        return () if roles.facet else (NO_FACET,)

    def measure(self, table: Dataset, originals: Dataset, session: Session, before: Any = None) -> Measured:
        given = {f.name: getattr(self, f.name) for f in fields(self) if getattr(self, f.name) != f.default}
        schema = session.schema(originals)
        if before is not None:  # a prepared part may lack some of them
            given["strata"] = tuple(c for c in self.strata if c == EVERY or c in schema)
        request = BiasRequest.of_roles(originals.roles, schema, **given)
        return bias_and_groups(originals, request.cut_as(before or {}), session)
