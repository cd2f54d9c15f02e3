"""Rejects steps that read later rows in a flow that splits by time."""

from __future__ import annotations

from collections.abc import Iterable

from tilth.errors import Mistake
from tilth.steps.step import Step

BY_TIME = ("time", "ordered")


def ahead_of_time(step: Step, others: Iterable[Step], later: str, instead: str) -> tuple[Mistake, ...]:
    """The mistake of a step that reads later rows (`later` says how) in a flow that splits by time."""
    split = next((s for s in others if s.name == "split" and getattr(s, "by", "") in BY_TIME), None)
    if split is None or not later:
        return ()
    message = (
        f"{step.name}: {later} reads later rows, and the split is by {getattr(split, 'by', '')}: training rows would know of test rows"
    )
    return (Mistake(message, accepted=instead, hint="if it is meant, as for a label: `causal: false`", code="reads-later-rows"),)
