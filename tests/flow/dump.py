"""Values as YAML, for tests that make up flow files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml

from tilth.yaml import plain


def dump(value: Mapping[str, Any]) -> str:
    """A document as YAML, keys in their order."""
    return yaml.dump(dict(value), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120)


class _Dumper(yaml.SafeDumper):
    """Quotes every string that would be read as something else."""


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    style = "|" if "\n" in value else '"' if plain(value) != value else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


_Dumper.add_representer(str, _text)
