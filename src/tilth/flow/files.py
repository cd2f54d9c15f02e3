"""Flows in files: flow files (YAML) and fitted flows (`NAME.tilth`). Readers are imported on first use."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tilth.flow.flow import Flow


def load(path: str | Path) -> Flow:
    """The flow in a file: a flow file (YAML), or a fitted flow (`NAME.tilth`). `FlowError` with every mistake at once."""
    if Path(path).suffix == ".tilth":
        from tilth.flow.artefact import opened

        return opened(path)
    from tilth.flow.loading import load_flow

    return load_flow(path)


def parse(text: str, name: str = "flow") -> Flow:
    """The flow in a YAML string."""
    from tilth.flow.loading import parse_flow

    return parse_flow(text, file="<flow>", name=name)


def save(flow: Flow, path: str | Path) -> Path:
    """Save a fitted flow as `NAME.tilth`: a zip of text and models, byte-equal for the same flow; encrypted if the flow names a key."""
    from tilth.flow.artefact import written
    from tilth.flow.protecting import under_key

    with under_key(flow):
        return written(flow, path)
