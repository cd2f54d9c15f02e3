"""The page for those who come from Clarify has every key of its schema, and no other."""

import re
from collections.abc import Iterator
from typing import Any, get_args

from pydantic import BaseModel

from tests.house.tree import ROOT
from tilth.aws.clarify.config import AnalysisConfig


def models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from models(inner)


def paths(model: type[BaseModel], within: str = "") -> Iterator[str]:
    for name, field in model.model_fields.items():
        yield within + name
        for part in models(field.annotation):
            yield from paths(part, f"{within}{name}.")


def test_every_key_of_clarifys_schema_has_its_row():
    page = (ROOT / "docs/clarify.md").read_text("utf-8")
    section = page.split("## The keys of analysis_config.json")[1].split("\n## ")[0]
    told = [key for line in section.splitlines() if line.startswith("| `") for key in re.findall(r"`([^`]+)`", line.split("|")[1])]
    assert len(told) == len({*told})
    assert {*told} == {path for path in paths(AnalysisConfig) if not path.startswith("tilth")}
