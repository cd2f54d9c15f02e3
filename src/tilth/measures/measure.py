"""Measures of tables, which have no verdicts, and running them on the parts of a table."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any, ClassVar, TypeAlias

import numpy as np
import pyarrow as pa

from tilth.data import Dataset, Roles
from tilth.engine.session import Session
from tilth.errors import MachineError, Mistake, RequestError, did_you_mean, listed, unknown
from tilth.metrics import metric_from
from tilth.metrics.metric import Metric, measured
from tilth.report import Finding, warning
from tilth.shelf import PYTHON_ONLY, Parameterized

Measured: TypeAlias = tuple[list[Finding], Any]
"""Findings, and the value to pass as `before` to the same measure on later parts."""


@dataclass(frozen=True, eq=False)
class Predictor:
    """A model from a file. Called with an Arrow table of its columns, it returns a class or number for each row.

    `numbers` maps a matrix of the columns to a number for each of the `outputs`: the probabilities or scores of classes, or the prediction.
    `origins`: column → the only column of the data that a flow made it from, if known. `model`: what the model's library read from the
    file, whose trees may be looked at.
    """

    labels: Callable[[pa.Table], np.ndarray]
    outputs: tuple[str, ...]
    numbers: Callable[[np.ndarray], np.ndarray]
    origins: Mapping[str, str] = field(default_factory=dict)
    model: Any = None

    def __call__(self, rows: pa.Table) -> np.ndarray:
        return self.labels(rows)


@dataclass(frozen=True)
class Measure(Parameterized, ABC):
    """A measure of a table. A subclass is a frozen dataclass of its parameters, and an entry of the shelf `MEASURES`.

    `baseline`: its findings on the training part are saved in the fitted flow, to compare later data with; `default`: it is measured if no
    measures are named; `needs_model`: it is about a model (in a flow, the model of the step `predict`), so it is measured only after the
    features; `needs_label`: a table without the role label is refused.
    """

    baseline: ClassVar[bool] = False
    default: ClassVar[bool] = False
    needs_model: ClassVar[bool] = False
    needs_label: ClassVar[bool] = False

    @property
    def trains(self) -> bool:
        """Whether it trains models itself, which requires scikit-learn."""
        return False

    def refused(self, roles: Roles) -> tuple[Mistake, ...]:
        """The mistakes that prevent measuring a table with these roles."""
        hint = "add roles: {label: COLUMN}, on the command line --label COLUMN"
        wrong = self.needs_label and roles.label is None
        return (Mistake(f"{self.name} needs the label", hint=hint, code="no-label"),) if wrong else ()

    def in_folder(self, folder: str) -> Measure:
        """The measure with its file paths taken relative to the folder of a flow file."""
        return self

    def of_model(self, model: Any, columns: tuple[str, ...]) -> Measure:
        """The measure for a model: a function from an Arrow table of these columns to a prediction for each row, such as a `Predictor`."""
        return self

    def of_prepared(self) -> Measure:
        """The measure for parts that a flow has prepared."""
        return self

    def including(self, other: Measure) -> Measure | None:
        """A measure to replace this and another one, if this one has all findings of the other; else None."""
        return None

    @abstractmethod
    def measure(self, table: Dataset, originals: Dataset, session: Session, before: Any = None) -> Measured:
        """The findings of a table.

        `originals` has the same rows; its columns with a role are as read, even if preparation has changed them in `table`.
        `before` is the result on an earlier part, so that later parts use the same groups.
        """


@dataclass(frozen=True)
class ModelMeasure(Measure):
    """A measure of a model."""

    needs_model = True
    of_columns: ClassVar[bool] = True
    """Whether the model takes columns of the table, by name."""

    of_images: ClassVar[bool] = False
    """Whether the model takes images."""

    model: Any = field(default=None, hash=False, metadata=PYTHON_ONLY)
    """A model file, a fitted flow that predicts, the address of an endpoint, or a function from a table to a prediction for each row."""
    columns: tuple[str, ...] = field(default=(), metadata=PYTHON_ONLY)
    """The columns that the model takes; by default those it was trained on, or all columns without a role such as label or id."""
    trusted: tuple[str, ...] = field(default=(), metadata=PYTHON_ONLY)
    """Types that a `.skops` file may contain in addition to those that skops trusts. Name only what you have reviewed."""
    prediction: str = field(default="prediction", metadata=PYTHON_ONLY)
    """The column of the flow's predictions."""

    def of_model(self, model: Any, columns: tuple[str, ...]) -> ModelMeasure:
        return replace(self, model=model, columns=columns)

    def without_model(self) -> tuple[Mistake, ...]:
        """The mistake of a measure without a model; empty if it has one."""
        hint = f'at the command line: --model FILE; in Python: measure(data, "{self.name}", model=…)'
        hint += "; in a flow: `predict`" if self.of_columns else ""
        return (Mistake(f"{self.name} needs a model", hint=hint, code="no-model"),) if self.model is None else ()


@dataclass(frozen=True)
class Numbers(Measure):
    """Plain metrics."""

    name = "metrics"
    metrics: tuple[Metric, ...]
    """The metrics."""

    def measure(self, table: Dataset, originals: Dataset, session: Session, before: Any = None) -> Measured:
        found = measured(table, self.metrics, session)
        return [Finding(m.name, m.subject, v) for m, v in found.items()], None


@dataclass(frozen=True)
class NamedMetrics(Measure):
    """Metrics, each written as a name and columns: `mean:age`, `correlation:age,income`, `row_count`.

    Errors: `RequestError` for an unknown metric, and for a wrong number of columns.
    """

    name = "metrics"
    shorthand: ClassVar[str] = "metrics"
    metrics: tuple[str, ...] = ()
    """The metrics."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "metrics", tuple(self.metrics))
        self._plain()

    def _plain(self) -> Numbers:
        return Numbers(tuple(map(metric_from, self.metrics)))

    def measure(self, table: Dataset, originals: Dataset, session: Session, before: Any = None) -> Measured:
        return self._plain().measure(table, originals, session)


@dataclass
class Measuring:
    """Runs measures on the parts of a table, one after the other. `baseline` has the findings to compare later data with.

    With `goes_on`, a machine error in a measure, such as a model that does not answer, becomes a warning, `MEASURE_FAILED`, and the other
    measures go on; `failed` is the first such error. It is raised if no measure finds anything.
    """

    measures: tuple[Measure, ...]
    session: Session
    baseline: list[Finding] = field(default_factory=list)
    goes_on: bool = False
    failed: MachineError | None = None
    _before: dict[Measure, Any] = field(default_factory=dict)

    def of(self, table: Dataset, part: str = "", originals: Dataset | None = None) -> list[Finding]:
        """The findings of a part, each once."""
        found, warned = list[Finding](), list[Finding]()
        by_name: dict[tuple[str, tuple[str, ...], str, str], list[Finding]] = {}
        for m in _once(self.measures):
            try:
                with self.session.working_for(f"{m.name} of {part}" if part else m.name):
                    findings, later = m.measure(table, originals or table, self.session, self._before.get(m))
            except MachineError as error:
                if not self.goes_on:
                    raise
                self.failed = self.failed or error
                warned.append(_failed(m, error, part))
                continue
            self._before.setdefault(m, later)
            for f in (replace(f, part=part) for f in findings):
                alike = by_name.setdefault((f.name, f.subject, f.where, f.group), [])
                if f not in alike:
                    alike.append(f)
                    found.append(f)
                    self.baseline += [f] if m.baseline else []
        if self.failed and not found:
            raise self.failed
        return found + warned


def _failed(measure: Measure, error: MachineError, part: str) -> Finding:
    message = f"the measure {measure.name} is left out: {'; '.join(m.message for m in error.mistakes)}"
    return replace(warning("MEASURE_FAILED", message, measure=measure.name), part=part)


def _once(measures: Iterable[Measure]) -> list[Measure]:
    """The measures, except those that another one includes.

    >>> from tilth.measures.balance import Balance
    >>> from tilth.measures.profile import Profile
    >>> _once([Balance(), Profile()])
    [Profile(exact=False, brief=False)]
    """
    found: list[Measure] = []
    for m in measures:
        for other in list(found):
            if both := m.including(other) or other.including(m):
                found.remove(other)
                m = both
        found.append(m)
    return found


def no_favourable_row(label: str, values: Sequence[str], known: Sequence[str], private: bool) -> RequestError:
    """The error that no row has a favourable label; it shows the existing values unless they are private."""
    shown = [] if private else known
    message = f"no row has {label}={listed(values)}, which is to be the favourable value"
    return RequestError(message, accepted=listed(shown), hint=did_you_mean(values[0], shown), code="no-such-value")


def measure_from(name: str, parameters: Mapping[str, Any] | None = None) -> Measure:
    """A registered measure, by name, with parameters.

    Errors: `RequestError` for an unknown measure, and for unknown parameters.

    >>> measure_from("bias", {"bootstrap": 0}).bootstrap
    0
    """
    from tilth.measures import MEASURES

    kind, given = MEASURES.find(name), dict(parameters or {})
    RequestError.reject(unknown(given, [f.name for f in fields(kind)], f"the measure {name} has no parameter {{}}", "unknown-parameter"))
    return kind(**given)


def measures_from(asked: Any, roles: Roles, **options: Any) -> tuple[Measure, ...]:
    """Measures from measures, names, mappings of a name to parameters, metrics, or several of them; by default those with `default`.

    `options` are parameters for measures given by name, and for the default measures that have them.
    Errors: `RequestError` with every mistake at once.
    """
    from tilth.measures import MEASURES

    if asked is None:
        kinds = [kind for name in MEASURES if name in MEASURES.built_in and (kind := MEASURES[name]).default]
        known = {kind: [f.name for f in fields(kind)] for kind in kinds}
        every = dict.fromkeys(name for names in known.values() for name in names)
        RequestError.reject(unknown(options, [*every], "no measure has a parameter {}", "unknown-parameter"))
        made = (kind(**{name: v for name, v in options.items() if name in known[kind]}) for kind in kinds)
        return tuple(m for m in made if not m.refused(roles))
    several = [asked] if isinstance(asked, str | Measure | Metric | Mapping) else list(asked)
    metrics = tuple(m for m in several if isinstance(m, Metric))
    found: list[Measure] = [Numbers(metrics)] if metrics else []
    mistakes: list[Mistake] = []
    for one in several:
        try:
            found += [] if isinstance(one, Metric) else _named(one, options)
        except RequestError as error:
            mistakes += error.mistakes
    mistakes += [mistake for m in found for mistake in m.refused(roles)]
    RequestError.reject(mistakes)
    return tuple(found)


def _named(asked: Any, options: Mapping[str, Any]) -> Iterable[Measure]:
    if isinstance(asked, Measure):
        return [asked]
    if isinstance(asked, str) and ":" in asked:
        return [Numbers((metric_from(asked),))]
    named = asked if isinstance(asked, Mapping) else {asked: {}}
    return [measure_from(name, {**options, **(parameters or {})}) for name, parameters in named.items()]
