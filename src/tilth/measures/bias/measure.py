"""The measure `bias`: every bias metric of every facet, by the roles of the columns."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from tilth.data import Dataset, Roles
from tilth.engine.session import Session
from tilth.errors import Mistake
from tilth.measures.bias.findings import bias_and_groups
from tilth.measures.bias.request import BiasRequest, MissingPolicy
from tilth.measures.measure import Measure, Measured


@dataclass(frozen=True)
class Bias(Measure):
    """The bias of label and prediction against each facet, with intervals."""

    name = "bias"
    baseline = True
    default = True

    metrics: tuple[str, ...] = ()
    """Names of bias metrics, such as DPL; by default all that the roles permit."""
    bootstrap: int = 1000
    """Draws behind each interval; 0 gives closed forms where there are any."""
    confidence: float = 0.95
    """Confidence of the intervals."""
    seed: int = 0
    """Seed of the draws."""
    missing: MissingPolicy = "exclude"
    """How rows with missing values are counted."""
    intersections: tuple[tuple[str, ...], ...] = ()
    """Combinations of columns, each measured as one facet."""
    threshold: float | None = None
    """The score above which a prediction is favourable."""
    verdicts: bool = False
    """Whether each value is compared with the band accepted by convention."""
    min_group_size: int = 30
    """Rows that a group must have for a verdict."""
    show_private: bool = False
    """Whether values of private columns are shown."""

    def refused(self, roles: Roles) -> tuple[Mistake, ...]:
        if roles.facet:
            return ()
        hint = "add `facet: [sex, age]` to the roles, or leave `bias` out"
        return (Mistake("bias is measured against facets, and no column has that role", hint=hint, code="no-facet"),)

    def measure(self, table: Dataset, originals: Dataset, session: Session, before: Any = None) -> Measured:
        given = {f.name: getattr(self, f.name) for f in fields(self) if getattr(self, f.name) != f.default}
        request = BiasRequest.of_roles(originals.roles, session.schema(originals), **given)
        return bias_and_groups(originals, request.cut_as(before or {}), session)
