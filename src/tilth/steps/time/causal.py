"""Whether a step looks at rows that come later, in a flow whose parts are one after the other in time."""

from __future__ import annotations

from collections.abc import Iterable

from tilth.errors import Mistake
from tilth.steps.step import Step

BY_TIME = ("time", "ordered")


def ahead_of_time(step: Step, others: Iterable[Step], later: str, instead: str) -> tuple[Mistake, ...]:
    """The mistake of a step that reads later rows by `later`, if it does, beside a split by time."""
    split = next((s for s in others if s.name == "split" and getattr(s, "by", "") in BY_TIME), None)
    if split is None or not later:
        return ()
    message = (
        f"{step.name}: {later} reads later rows, and the split is by {getattr(split, 'by', '')}: training rows would know of test rows"
    )
    return (Mistake(message, accepted=instead, hint="if it is meant, as for a label: `causal: false`", code="reads-later-rows"),)
