"""The findings of explained rows: features, units of texts, selected texts, and the values of single rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from tilth.measures.explain.kernel import Explained
from tilth.measures.explain.local import LocalValues, UnitValue
from tilth.measures.explain.section import AGGREGATE, ShapText, ShapUnit, ShapValue
from tilth.report import Finding

SHOWN = 3  # shown texts that raise the value most, and that lower it most


@dataclass(frozen=True, eq=False)
class Found:
    """The values of explained rows. `features` maps each feature to its kind; columns of text have `texts` and values of their `units`.

    `baseline`: the background rows, including the replacements of units of texts; `top`: how many units of a column become findings.
    """

    features: Mapping[str, str]
    outputs: tuple[str, ...]
    explained: Explained
    baseline: pa.Table
    texts: Mapping[str, Sequence[str | None]] = field(default_factory=dict)
    units: Mapping[str, tuple[tuple[UnitValue, ...], ...]] = field(default_factory=dict)
    top: int = 0

    @property
    def background(self) -> int:
        """The number of background rows."""
        return len(self.baseline)

    @property
    def rows(self) -> int:
        """The number of explained rows."""
        return len(self.explained.values)


def findings(found: Found, aggregate: str, link: str) -> list[Finding]:
    """A finding for each output and feature, the greatest first, and the findings of texts."""
    made: list[Finding] = list(_of_features(found, aggregate, link))
    for column in found.texts:
        made += [*_of_units(found, column, aggregate), *_of_texts(found, column)]
    return made


def _of_features(found: Found, aggregate: str, link: str) -> Iterator[Finding[ShapValue]]:
    e, names = found.explained, tuple(found.features)
    aggregated = AGGREGATE[aggregate](e.values)
    for o, output in enumerate(found.outputs):
        for i in np.argsort(-np.abs(aggregated[:, o]), kind="stable"):
            values = e.values[:, i, o]
            payload = ShapValue(
                output=output,
                of=aggregate,
                mean=float(values.mean()),
                least=float(values.min()),
                most=float(values.max()),
                expected=float(e.expected[:, o].mean()),
                link=link,
                rows=found.rows,
                background=found.background,
                coalitions=e.coalitions,
                exact=e.exact,
                method=e.method,
            )
            yield Finding(_name("shap", found, output), (names[i],), float(aggregated[i, o]), payload=payload)


def _name(kind: str, found: Found, output: str) -> str:
    return kind if len(found.outputs) == 1 else f"{kind} of {output}"


def _of_units(found: Found, column: str, aggregate: str) -> Iterator[Finding[ShapUnit]]:
    """The case-sensitive units of a column with the greatest aggregates over all occurrences."""
    occurring: dict[str, list[tuple[float, ...]]] = {}
    for units in found.units[column]:
        for unit in units:
            occurring.setdefault(unit.text, []).append(unit.values)
    values = {text: np.array(of) for text, of in occurring.items()}
    aggregated = {text: AGGREGATE[aggregate](of) for text, of in values.items()}
    for o, output in enumerate(found.outputs):
        for text in sorted(aggregated, key=lambda text: (-abs(aggregated[text][o]), text))[: found.top]:
            payload = ShapUnit(output, text, aggregate, float(values[text][:, o].mean()), len(values[text]))
            yield Finding(_name("shap_unit", found, output), (column,), float(aggregated[text][o]), payload=payload)


def _of_texts(found: Found, column: str) -> Iterator[Finding[ShapText]]:
    """The texts of a column that raise or lower most the output with the row's highest prediction."""
    e, place = found.explained, list(found.features).index(column)
    chosen = e.predicted.argmax(axis=1)
    sums = e.values[np.arange(found.rows), place, chosen]
    order = sums.argsort(kind="stable").tolist()
    for i in dict.fromkeys([*order[::-1][:SHOWN], *order[:SHOWN]]):
        o = int(chosen[i])
        units = tuple(UnitValue(u.text, u.start, (u.values[o],)) for u in found.units[column][i])
        payload = ShapText(found.outputs[o], found.texts[column][i] or "", units, float(e.expected[i, o]), float(e.predicted[i, o]))
        yield Finding("shap_text", (column,), float(sums[i]), payload=payload)


def local_values(found: Found, ids: pa.Table) -> LocalValues:
    """The values of each row, with its ids."""
    columns = tuple(f"{f}_{o}" for o in found.outputs for f in found.features)
    values = found.explained.values.transpose(0, 2, 1).reshape(found.rows, -1)
    named = {c: tuple(v.to_pylist()) for c, v in zip(ids.column_names, ids.slice(0, found.rows).columns, strict=True)}
    return LocalValues(named, columns, tuple(map(tuple, values.tolist())), dict(found.features), found.units)
