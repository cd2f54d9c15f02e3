"""Training programs written for SageMaker: their input channels, and running them on this machine.

`open_channels` has `Channel`s below a folder while a program runs.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tilth.training.channel import Channel
    from tilth.training.inputs import ChannelReport, Inputs, open_channels

_HOMES = {"Channel": "channel", "ChannelReport": "inputs", "Inputs": "inputs", "open_channels": "inputs"}

__all__ = ["Channel", "ChannelReport", "Inputs", "open_channels"]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(f"tilth.training.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'tilth.training' has no attribute {name!r}")
