"""The tables of docs/convert.md: what each check becomes, by the first case of its name."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "convert.md"


def reject_other_table(product: str, made: Iterable[tuple[str, list[str]]]) -> None:
    """The table under the heading of a product is the one of these names and rules."""
    first: dict[str, list[str]] = {}
    for name, rules in made:
        first.setdefault(name, rules)
    table = "".join(f"| `{name}` | {'<br>'.join(f'`{rule}`' for rule in rules)} |\n" for name, rules in first.items())
    section = PAGE.read_text("utf-8").partition(f"### {product}\n")[2].partition("|---|---|\n")[2]
    assert section.split("\n\n")[0].strip() == table.strip()
