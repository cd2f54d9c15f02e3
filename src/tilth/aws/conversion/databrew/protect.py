"""Actions that hide values."""

from __future__ import annotations

from collections.abc import Iterator

from tilth.aws.conversion.databrew.action import Action, Actions
from tilth.aws.conversion.made import Made, NotConverted, column_step

OWN_KEY = "TILTH_KEY"
FEW_HIDDEN = "where fewer than four characters would be hidden, all are"


def of_mask(a: Action) -> Iterator[Made]:
    """Mask characters, except some at both ends."""
    columns, start, stop = a.names("sourceColumns", "sourceColumn"), int(a.number("start", 0)), int(a.number("stop", 0))
    if start < 0 or stop > 0:
        raise NotConverted("it counts places from the other end: write `redact` with `keep_left` and `keep_right`")
    kept = {"keep_left": start or None, "keep_right": -stop or None}
    yield column_step("redact", columns, "", (FEW_HIDDEN,), with_="mask", **kept, character=a.text("maskSymbol", "*"))


def of_hidden(a: Action) -> Iterator[Made]:
    """Pseudonyms and tokens, under a key of the environment: without it the flow does not run, so nothing is left readable by mistake."""
    columns, way = a.names("sourceColumns", "sourceColumn"), "hash" if a.operation == "CRYPTOGRAPHIC_HASH" else "token"
    for name in ("secretId", "secretVersion", "createSecretIfMissing"):
        a.has(name)
    if a.has("entityTypeFilter"):
        raise NotConverted(f"it hides parts of texts: write `redact` with `find`, `with: {way}` and a key of yours")
    other = "pseudonyms" if way == "hash" else "tokens"
    notes = [f"other {other}: their key is not in the recipe; that of the environment variable {OWN_KEY} is used"]
    notes += ["equal values have equal tokens"] if a.operation == "ENCRYPT" else []
    yield column_step("redact", columns, "", notes, with_=way, key=f"env:{OWN_KEY}")


ACTIONS: Actions = {"MASK_RANGE": of_mask, **dict.fromkeys(("CRYPTOGRAPHIC_HASH", "DETERMINISTIC_ENCRYPT", "ENCRYPT"), of_hidden)}
