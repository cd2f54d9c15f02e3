"""The result of a conversion: a ruleset, and a list of what was not converted."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tilth.errors import RequestError, RulesError, unknown
from tilth.rules import Ruleset, parse
from tilth.rulesets import dbt, deequ, deequ_scripts, great_expectations, soda_checks, soda_contracts
from tilth.rulesets.check import Check, Converter
from tilth.rulesets.writing import Unsupported
from tilth.store.places import write_text
from tilth.yaml import comment_text

CONVERTERS: tuple[Converter, ...] = (
    great_expectations.CONVERTER,
    soda_contracts.CONVERTER,
    soda_checks.CONVERTER,
    dbt.CONVERTER,
    deequ.CONVERTER,
    deequ_scripts.CONVERTER,
)
MOST = 10_000  # checks
UNREADABLE = "W-UNJUDGED"  # the code of a warning of SQL or a pattern that cannot be read


@dataclass(frozen=True)
class Item:
    """A check: its place in the file, its rules, or the reason why there are none, and how they differ."""

    source: str
    rules: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    reason: str = ""


@dataclass(frozen=True, repr=False)
class ConvertedChecks:
    """Converted checks: `ruleset` is the rules, `str()` their DQDL. `left_out` says what was not converted, `notes` what differs."""

    name: str
    kind: str
    noun: str
    items: tuple[Item, ...]

    @property
    def ruleset(self) -> Ruleset:
        """The rules. Errors: `RulesError` if nothing was converted."""
        return parse(str(self))

    @property
    def left_out(self) -> tuple[str, ...]:
        """The unconverted checks, each with its reason."""
        return tuple(f"{item.source}: {item.reason}" for item in self.items if item.reason)

    @property
    def notes(self) -> tuple[str, ...]:
        """How the rules differ from the checks."""
        return tuple(f"{item.source}: {'; '.join(item.notes)}" for item in self.items if item.notes)

    def __str__(self) -> str:
        return "\n".join(_lines(self)) + "\n"

    __repr__ = __str__

    def save(self, path: str | Path) -> Path:
        """Write the rules to a file. Errors: `RequestError` for a place that is not called NAME.dqdl."""
        if Path(path).suffix != ".dqdl":
            raise RequestError(f"rules cannot be written to {str(path)!r}", accepted="a place called NAME.dqdl", code="bad-suffix")
        return write_text(path, str(self))


def converted_checks(name: str, given: Any, table: str | None = None) -> ConvertedChecks | None:
    """Convert the checks in the content of a JSON or YAML file, or in the text of a program; None if it contains no checks.

    `table` selects a table, if the file has checks of several. Errors: `RequestError` for too many checks, an unknown table, or several
    tables without a selection.
    """
    converter = next((c for c in CONVERTERS if c.recognises(given)), None)
    if converter is None:
        return None
    checks = list(converter.checks(given))
    tables = list(dict.fromkeys(check.table for check in checks))
    if table is not None:
        RequestError.reject(unknown([table], tables, f"{name!r} has no checks of a table {{}}", "unknown-table"))
        checks = [check for check in checks if check.table == table]
    elif len(tables) > 1:
        hint = f"choose one: --table {tables[0]}, or convert(file, table={tables[0]!r})"
        message = f"{name!r} has checks of {len(tables)} tables, and a ruleset is for one: {', '.join(tables)}"
        raise RequestError(message, hint=hint, code="several-tables")
    if len(checks) > MOST:
        raise RequestError(f"{name!r} has {len(checks):,} checks", accepted=f"at most {MOST:,}", code="too-large")
    return ConvertedChecks(name, converter.kind, converter.noun, tuple(_item(check, converter.variable) for check in checks))


def _item(check: Check, variable: str) -> Item:
    """The rules of a check, if each is one that can be read."""
    try:
        rules = tuple(check.rules())
        if found := re.search(variable, "\n".join(rules)):
            raise Unsupported(f"the value of {found[0].replace(chr(92), '')} is not in the file")
        warnings = parse(f"Rules = [ {', '.join(rules)} ]").warnings
    except Unsupported as why:
        return Item(check.source, reason=comment_text(str(why)))
    except RulesError as error:
        return Item(check.source, reason=f"DQDL does not accept it: {comment_text(error.mistakes[0].message)}")
    unreadable = next((w for w in warnings if w.code == UNREADABLE), None)
    if unreadable:
        return Item(check.source, reason=comment_text(unreadable.message))
    return Item(check.source, rules, (*check.notes, *(comment_text(w.message) for w in warnings)))


def _lines(made: ConvertedChecks) -> Iterator[str]:
    done = [item for item in made.items if item.rules]
    yield f"# Converted from {comment_text(made.name)}, {made.kind}: {len(done)} of {len(made.items)} {made.noun}s."
    yield from (f"# Not converted: {comment_text(line)}" for line in made.left_out)
    yield "Rules = ["
    for item in done:
        yield f"    # {comment_text('; '.join((item.source, *item.notes)))}"
        yield from (f"    {rule}{'' if item is done[-1] and rule is item.rules[-1] else ','}" for rule in item.rules)
    yield "]"
