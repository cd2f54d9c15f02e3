r"""Replacements for the matches of a pattern: literals and groups; `$1` is `\1` for DuckDB and `\g<1>` for Python."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from tilth.errors import ExpressionError, Mistake, Place
from tilth.regex import tree
from tilth.regex.parser import Parser
from tilth.regex.render import DUCKDB, PYTHON, SPARK, render

TOKEN = re.compile(r"\$([0-9])|\\([\\$])|(\\.?)|([^\\$]+|\$)", re.DOTALL)
ACCEPTED = r"characters, $0 to $9, \$ for a dollar in front of a digit, \\ for a backslash"


@dataclass(frozen=True)
class Replacement:
    """A pattern with numbered groups, and the parts of its replacement: literals (`str`) and group numbers (`int`; 0: the match)."""

    pattern: tree.Node
    parts: tuple[str | int, ...]

    @classmethod
    def parse(cls, pattern: str, text: str) -> Replacement:
        """Parse a replacement for a pattern without mistakes. Raises `ExpressionError` with every mistake."""
        node, parts, mistakes = Parser(pattern, numbered=True).tree, list[str | int](), list[Mistake]()
        if tree.may_be_empty(node):
            hint = "engines differ on empty matches: write + instead of *, or leave out what is optional"
            mistakes.append(Mistake(f"to replace matches of {pattern!r}, each needs a character", hint=hint, code="regex"))
        known = {0, *tree.groups(node)}
        for token in TOKEN.finditer(text):
            group, escaped, unclear, plain = token.groups()
            if unclear or int(group or 0) not in known:
                place = Place("<replacement>", column=token.start() + 1, text=text, length=len(token[0]))
                mistakes.append(Mistake(*_unclear(token[0], known, place), code="regex-replacement"))
            else:
                parts.append(int(group) if group else escaped or plain)
        ExpressionError.reject(mistakes)
        return cls(node, tuple(parts))

    @property
    def duckdb(self) -> tuple[str, str]:
        """For `regexp_replace(x, …, …, 'g')`."""
        return render(self.pattern, DUCKDB), self._written(lambda text: text.replace("\\", r"\\"), r"\{}")

    @property
    def spark(self) -> tuple[str, str]:
        """For `regexp_replace(x, …, …)`; digits are escaped, because Java would append them to the group number before them."""
        return render(self.pattern, SPARK), self._written(lambda text: re.sub(r"[\\$0-9]", r"\\\g<0>", text), "${}")

    @property
    def python(self) -> tuple[str, str]:
        """For `re.sub(…, …, x)`."""
        return render(self.pattern, PYTHON), self._written(lambda text: text.replace("\\", r"\\"), r"\g<{}>")

    def _written(self, plain: Callable[[str], str], group: str) -> str:
        return "".join(group.format(part) if isinstance(part, int) else plain(part) for part in self.parts)


def _unclear(token: str, known: set[int], place: Place) -> tuple[str, Place, str, str]:
    """Message, place, what is accepted, and hint."""
    if token.startswith("$"):
        accepted = ", ".join(f"${n}" for n in sorted(known))
        return f"the pattern has no group {token} that can be kept", place, accepted, "groups are parts in (…), and not repeated"
    hint = f"for a group write ${token[1]}" if token[1:].isdigit() else r"for a backslash write \\"
    return "a backslash stands only in front of a dollar or another backslash", place, ACCEPTED, hint
