"""Converts one fitted transformer of scikit-learn to steps, with the converter of its class or as a step `transform`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from tilth.data import Kind
from tilth.errors import RequestError, extra, first_line, listed
from tilth.pipelines.plan import Plan, Unsupported
from tilth.pipelines.sklearn.values import Features, Names
from tilth.steps.models import model_of
from tilth.steps.transform import Transform

Converter: TypeAlias = "Callable[[Stage], Features]"


@dataclass
class Stage:
    """A transformer, its input columns, and the names of its output columns (None: any). `converters` are by the name of its class."""

    plan: Plan
    fitted: Any
    features: Features
    names: Names
    path: str
    trusted: tuple[str, ...]
    converters: Mapping[str, Converter]

    def within(self, name: str, fitted: Any, features: Features, names: Names) -> Features:
        """The output columns of a transformer inside this one."""
        return replace(self, fitted=fitted, features=features, names=names, path=f"{self.path}.{name}" if self.path else name).made()

    @property
    def source(self) -> str:
        """The part of the pipeline that the steps replace."""
        kind = type(self.fitted).__name__
        return f"{self.path}, {kind}" if self.path else kind

    def made(self) -> Features:
        """The columns that the transformer makes; its steps are added to the plan."""
        earlier = self.plan.copy()
        convert = self.converters.get(type(self.fitted).__name__) if type(self.fitted).__module__.startswith("sklearn.") else None
        try:
            if convert is None:
                raise Unsupported("no step does the same")
            made = convert(self)
            if self.names is not None and len(made) != len(self.names):
                raise Unsupported(f"it makes {len(made)} columns, and names {len(self.names)}")
            return made
        except Unsupported as why:
            self.plan.restore(earlier)
            return self._ridden_along(str(why))

    def one_by_one(self, make: Any, learned: Sequence[Mapping[str, Any]], *notes: str, names: Names = None) -> Features:
        """Steps that make one column of each."""
        return self.plan.one_by_one(self.source, self.features, self.names if names is None else names, make, learned, *notes)

    def _ridden_along(self, why: str) -> Features:
        """A step `transform` that holds the transformer."""
        if not hasattr(self.fitted, "transform"):
            raise RequestError(f"{self.source}: it does not transform", hint="convert the transformers only", code="not-convertible")
        features = self.plan.owned(self.source, self.features)
        for feature, kind in zip(features, _kinds_taken(self.fitted, len(features)), strict=True):
            if self.plan.kinds.get(feature.name, kind) is None:
                self.plan.read_as([feature], kind)
        names = self.names if self.names is not None else names_out(self.fitted, [f.name for f in features])
        if names is None:
            message = f"{self.source}: {why}, and it does not name what it makes"
            raise RequestError(message, accepted="a transformer with `get_feature_names_out`", code="not-convertible")
        content = dumped(self.fitted, self.trusted, self.source)
        made = [self.plan.made(name) for name in names]
        file = f"{self.path or type(self.fitted).__name__.lower()}.skops".replace(" ", "_")
        self.plan.files[file] = content
        step = Transform(file, tuple(f.name for f in features), self.trusted)
        state = {"columns": [f.name for f in features], "makes": [f.name for f in made], "model": content}
        self.plan.add(step, {"": state}, self.source, f"rides along as it is: {why}", "runs as Python", "learns nothing anew")
        self.plan.gone(features)
        return made


def _kinds_taken(fitted: Any, count: int) -> list[Kind]:
    """The kinds of the columns that a transformer takes, as far as what it has learned says them; else numbers."""
    if hasattr(fitted, "vocabulary_") or isinstance(getattr(fitted, "token_pattern", None), str):
        return [Kind.STRING] * count
    values = getattr(fitted, "categories_", None) or [[x] for x in getattr(fitted, "statistics_", ())]
    found = [Kind.STRING if any(isinstance(v, str) for v in of) else Kind.FLOAT for of in values]
    return found if len(found) == count else [Kind.FLOAT] * count


def names_out(fitted: Any, names: Names) -> list[str] | None:
    """The result of `get_feature_names_out`; None if it has none."""
    with suppress(AttributeError, ValueError, TypeError):
        return list(map(str, fitted.get_feature_names_out() if names is None else fitted.get_feature_names_out(names)))
    with suppress(AttributeError, ValueError, TypeError):
        return list(map(str, fitted.get_feature_names_out()))
    return None


def dumped(fitted: Any, trusted: tuple[str, ...], source: str) -> bytes:
    """A fitted object as skops saves it. Errors: `MissingExtra`; `RequestError` for types that are not trusted, or cannot be saved."""
    with extra("models", "a transformer that rides along"):
        from skops import io
    try:
        content = bytes(io.dumps(fitted))
    except Exception as error:  # the object is the user's, and may raise anything while it is saved
        message = f"{source}: skops cannot save it: {first_line(error)}"
        raise RequestError(message, hint="leave it out, and do the same by steps", code="not-convertible") from error
    if untrusted := sorted(set(io.get_untrusted_types(data=content)) - set(trusted)):
        hint = f"if you trust them, name them: `trusted={untrusted!r}`, or --trusted TYPE"
        raise RequestError(f"{source}: it holds types that skops does not trust: {listed(untrusted)}", hint=hint, code="untrusted-model")
    model_of("skops", content, trusted)
    return content
