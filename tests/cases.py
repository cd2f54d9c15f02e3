"""Cases that are data: the YAML files beside the tests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from tilth.yaml import LOADER


def cases(path: Path) -> Any:
    """What a file of cases says, by the quicker of PyYAML's loaders: every worker reads all of them."""
    return yaml.load(path.read_text("utf-8"), Loader=LOADER)
