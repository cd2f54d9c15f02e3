"""Shelves: each is a table of names for one kind of entry, those of Tilth and those of other packages."""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import fields
from functools import cache, cached_property
from importlib.metadata import EntryPoint, entry_points
from itertools import pairwise
from typing import Any, ClassVar, Generic, TypeVar

from tilth.errors import Mistake, RequestError, did_you_mean, listed

T = TypeVar("T")
PYTHON_ONLY = {"python": True}  # metadata of a parameter that a flow file cannot state


class Shelf(Mapping[str, T], Generic[T]):
    """Name → entry, imported on first use.

    `built_in` maps names to `module:attribute`. Another package adds entries through the entry-point group `tilth.KIND`, each under its
    name; it cannot replace a built-in name.

    >>> steps = Shelf[type]("step", "steps", {"scale": "tilth.steps.scale.scale:Scale"})
    >>> steps["scale"].__name__
    'Scale'
    """

    def __init__(self, noun: str, kind: str, built_in: Mapping[str, str]) -> None:
        self.noun, self.group, self.built_in = noun, f"tilth.{kind}", dict(built_in)
        self._loaded: dict[str, T] = {}

    @cached_property
    def _plugins(self) -> Mapping[str, EntryPoint]:
        return {point.name: point for point in entry_points(group=self.group) if point.name not in self.built_in}

    def __getitem__(self, name: str) -> T:
        if name not in self._loaded:
            point = EntryPoint(name, self.built_in[name], self.group) if name in self.built_in else self._plugins[name]
            self._loaded[name] = point.load()
        return self._loaded[name]

    def __iter__(self) -> Iterator[str]:
        yield from self.built_in
        yield from self._plugins

    def __len__(self) -> int:
        return len(self.built_in) + len(self._plugins)

    def __contains__(self, name: object) -> bool:
        return name in self.built_in or name in self._plugins

    @contextmanager
    def lent(self, name: str, entry: T) -> Iterator[None]:
        """Add an entry to the shelf while the block runs, as if a package had registered it; for test batteries."""
        if name in self:
            yield
            return
        self._loaded[name], self.built_in[name] = entry, ""
        try:
            yield
        finally:
            del self._loaded[name], self.built_in[name]

    def find(self, name: str) -> T:
        """The entry of a name. Errors: `RequestError` with all names and the nearest one."""
        if name not in self:
            raise RequestError(self.unknown(name))
        return self[name]

    def unknown(self, name: str) -> Mistake:
        """The mistake that a name is not on the shelf."""
        return Mistake(
            f"there is no {self.noun} {name!r}",
            accepted=listed(self),
            hint=did_you_mean(name, self),
            code=f"unknown-{self.noun.replace(' ', '-')}",
        )


class Parameterized:
    """A value that a flow file names, with parameters. Subclasses are frozen dataclasses; the string below a parameter describes it."""

    name: ClassVar[str]

    def parameters(self) -> dict[str, Any]:
        """The parameters that differ from their defaults, as the flow file writes them (`with_` is `with` there)."""
        written = [f for f in fields(self) if f.metadata != PYTHON_ONLY]  # type: ignore[arg-type]  # every subclass is a dataclass
        given = {f.name: getattr(self, f.name) for f in written if getattr(self, f.name) != f.default}
        return {name.rstrip("_"): list(v) if isinstance(v, tuple) else v for name, v in given.items()}

    @classmethod
    @cache
    def documented(cls) -> Mapping[str, str]:
        """Parameter → its description: the string below it in the class."""
        return {name: text for kind in reversed(cls.__mro__) if issubclass(kind, Parameterized) for name, text in texts_under(kind)}

    def __str__(self) -> str:
        return f"{self.name}({', '.join(f'{k}={v!r}' for k, v in self.parameters().items())})"


def texts_under(kind: type) -> Sequence[tuple[str, str]]:
    """(attribute, the string below it), for all annotated attributes of a class with such a string."""
    return _texts_in(kind.__module__).get(kind.__qualname__, ())


@cache
def _texts_in(module: str) -> Mapping[str, Sequence[tuple[str, str]]]:
    """Qualified name of a class → `texts_under`, for all classes of a module at once; `inspect` would read the module for each class."""
    found: dict[str, Sequence[tuple[str, str]]] = {}

    def look(statements: Iterable[ast.stmt], prefix: str) -> None:
        for statement in statements:
            match statement:
                case ast.ClassDef(name=name, body=body):
                    found[prefix + name] = [*_texts(body)]
                    look(body, f"{prefix}{name}.")
                case ast.FunctionDef(name=name, body=body) | ast.AsyncFunctionDef(name=name, body=body):
                    look(body, f"{prefix}{name}.<locals>.")
                case ast.If(body=body, orelse=others) | ast.Try(body=body, orelse=others):
                    look([*body, *others], prefix)

    look(ast.parse(inspect.getsource(sys.modules[module])).body, "")
    return found


def _texts(statements: Iterable[ast.stmt]) -> Iterator[tuple[str, str]]:
    for statement, below in pairwise(statements):
        match statement, below:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                yield name, inspect.cleandoc(text)
