"""One file per command."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

ENGINE_OPTIONS = ("engine", "memory_limit", "threads", "spill", "spark_remote")


def split_options(options: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The options of reading, and those of the engine."""
    return {k: v for k, v in options.items() if k not in ENGINE_OPTIONS}, {k: v for k, v in options.items() if k in ENGINE_OPTIONS}
