"""Applies the key of a flow while the flow runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from tilth.errors import located
from tilth.flow.flow import Flow
from tilth.store.protection import protected


@contextmanager
def under_key(flow: Flow) -> Iterator[None]:
    """Apply the key of the flow while the block runs. Errors: as in `protected`, with the place in the flow file."""
    if flow.protect is None:
        yield
        return
    with ExitStack() as held:
        with located(flow.places.get("protect")):
            held.enter_context(protected(flow.protect.key, flow.protect.allow_plaintext, flow.protect.sign))
        yield
