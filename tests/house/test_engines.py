"""Only `engine/` executes, and only `engine/` knows an engine's dialect: the rest builds trees."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.house.tree import PACKAGE, ROOT, sources

DIALECTS = {"duckdb", "spark"}
LIBRARIES = {"duckdb", "pyspark"}
OUTSIDE = [path for path in sources() if PACKAGE / "engine" not in path.parents]


def nodes(path: Path) -> Iterator[ast.AST]:
    """The nodes that run: what stands under `if TYPE_CHECKING` only names types."""
    waiting: list[ast.AST] = [ast.parse(path.read_text())]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            waiting += node.orelse
            continue
        yield node
        waiting += ast.iter_child_nodes(node)


def prints_a_dialect(node: ast.AST) -> bool:
    """`tree.sql("duckdb")`, `tree.sql(dialect="spark")`."""
    if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "sql"):
        return False
    given = [*node.args, *(word.value for word in node.keywords)]
    return any(isinstance(value, ast.Constant) and value.value in DIALECTS for value in given)


def imports_an_engine(node: ast.AST) -> bool:
    """`import duckdb`, `from pyspark.sql import …`."""
    names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
    if isinstance(node, ast.ImportFrom) and not node.level:
        names = [node.module or ""]
    return any(name.partition(".")[0] in LIBRARIES for name in names)


def places(asked, *words: str) -> list[str]:
    """Where there is such a node, in files that hold one of the words: the others need not be parsed."""
    files = [path for path in OUTSIDE if any(word in path.read_text() for word in words)]
    return [f"{path.relative_to(ROOT)}:{node.lineno}" for path in files for node in nodes(path) if asked(node)]


def test_only_the_engine_prints_sql() -> None:
    assert not places(prints_a_dialect, *(f'"{name}"' for name in DIALECTS))


def test_only_the_engine_imports_an_engine() -> None:
    assert not places(imports_an_engine, *LIBRARIES)
