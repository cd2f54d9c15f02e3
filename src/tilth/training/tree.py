"""The folders and files that a training program finds at `/opt/ml`, wherever they are on this machine."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MODEL = "model"
CODE = "code"
CHANNELS = "input/data"
CONFIG = "input/config"
OUTPUT = "output"
OUTPUT_DATA = "output/data"
INTERMEDIATE = "output/intermediate"
FAILURE = "output/failure"
CHECKPOINTS = "checkpoints"
FOLDERS = (MODEL, CODE, CHANNELS, CONFIG, OUTPUT_DATA, INTERMEDIATE, CHECKPOINTS)


@dataclass(frozen=True)
class Tree:
    """The folders of a job: `here` on this machine, `seen` by the program."""

    here: Path
    seen: str

    def at(self, path: str) -> str:
        """Where the program finds a path of the tree."""
        return f"{self.seen}/{path}"

    def make(self, config: Mapping[str, Any]) -> None:
        """Make the folders, and a file of JSON in `input/config` for each entry of `config`.

        >>> import tempfile
        >>> tree = Tree(Path(tempfile.mkdtemp()), "/opt/ml")
        >>> tree.make({"hyperparameters": {"max_depth": "6"}})
        >>> (tree.here / "input/config/hyperparameters.json").read_text()
        '{"max_depth": "6"}'
        """
        for folder in FOLDERS:
            (self.here / folder).mkdir(parents=True, exist_ok=True)
        for name, content in config.items():
            (self.here / CONFIG / f"{name}.json").write_text(json.dumps(content, ensure_ascii=False), "utf-8")


def resources(host: str, interface: str = "lo") -> dict[str, Any]:
    """`resourceconfig.json` of a job on one host."""
    group = "homogeneousCluster"
    return {
        "current_host": host,
        "current_instance_type": "local",
        "current_group_name": group,
        "hosts": [host],
        "instance_groups": [{"instance_group_name": group, "instance_type": "local", "hosts": [host]}],
        "network_interface_name": interface,
        "topology": None,  # null for hosts without one
    }
