"""Training programs written for SageMaker: their input channels, and running them on this machine.

`run` runs a `Job`: a `Script`, or the program of an `Image`. `open_channels` provides `Channel`s in a folder while your own program runs.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tilth.training.channel import Channel
    from tilth.training.inputs import ChannelReport, Inputs, open_channels
    from tilth.training.job import Ended, Job, run
    from tilth.training.program import Image, Script

_HOMES = {
    "Channel": "channel",
    "ChannelReport": "inputs",
    "Ended": "job",
    "Image": "program",
    "Inputs": "inputs",
    "Job": "job",
    "Script": "program",
    "open_channels": "inputs",
    "run": "job",
}

__all__ = ["Channel", "ChannelReport", "Ended", "Image", "Inputs", "Job", "Script", "open_channels", "run"]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(f"tilth.training.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'tilth.training' has no attribute {name!r}")
