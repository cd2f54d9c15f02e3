"""Shapley values of the units of texts: each unit of a row's texts is a player, in addition to the other features."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from tilth.data import Kind
from tilth.errors import Mistake, RequestError, listed
from tilth.measures.explain.kernel import Explained, Game, Link, differs, in_groups, linked
from tilth.measures.explain.local import UnitValue
from tilth.measures.explain.models import Asked
from tilth.measures.explain.units import TextConfig, Unit, units_of, without

A_ROW = 256  # characters of text with the memory of a row of numbers
MOST_PLAYERS = 1_000  # per row: the number of unknowns of the system of equations


@dataclass(frozen=True, eq=False)
class Texts:
    """Rows with texts to explain. `players` are the features, as column indices; each unit of a column of text is a player, too.

    Three mappings are by the index of a column of text: its `values`, the `units` of each value, and the replacement of an absent unit for
    each background row, which the background itself does not contain.
    """

    asked: Asked
    rows: np.ndarray
    background: np.ndarray
    players: Sequence[Sequence[int]]
    values: Mapping[int, Sequence[str | None]]
    units: Mapping[int, Sequence[tuple[Unit, ...]]]
    replacements: Mapping[int, Sequence[str]]

    @property
    def counts(self) -> list[int]:
        """The number of players of each row."""
        return [len(self.players) - len(self.units) + sum(map(len, of)) for of in zip(*self.units.values(), strict=True)]

    def explained(self, samples: int | None, link: Link, seed: int) -> tuple[Explained, dict[int, tuple[tuple[UnitValue, ...], ...]]]:
        """The values by row, feature and output (for a text the sum over its units), and, for each column of text, by row and unit.

        The expected value depends on the row's texts, too: on the number of replacements, and on the characters between units.
        """
        owners = [self._owners(i) for i in range(len(self.rows))]
        games = [Game.of(len(of), samples, seed) for of in owners]
        found = [linked(f, link) for f in self._valued(owners, games)]
        solved = [game.solved(f) for game, f in zip(games, found, strict=True)]
        values = np.stack([[v[of == f].sum(axis=0) for f in range(len(self.players))] for of, v in zip(owners, solved, strict=True)])
        units = {
            place: tuple(_unit_values(self.units[place][i], v[owners[i] == self._feature(place)]) for i, v in enumerate(solved))
            for place in self.units
        }
        most, exact = max(len(g.members) - 2 for g in games), all(g.exact for g in games)
        return Explained(values, np.stack([f[0] for f in found]), np.stack([f[1] for f in found]), most, exact), units

    def _feature(self, place: int) -> int:
        return next(f for f, player in enumerate(self.players) if place in player)

    def _owners(self, i: int) -> np.ndarray:
        """The feature of each player of a row: the other features that differ from the background, then the units of each column."""
        others = (f for f, player in enumerate(self.players) if player[0] not in self.units)
        plain = [f for f in others if differs(self.rows[i : i + 1, self.players[f]], self.background[:, self.players[f]])[0]]
        return np.array([*plain, *(self._feature(place) for place, units in self.units.items() for _ in units[i])], int)

    def _valued(self, owners: Sequence[np.ndarray], games: Sequence[Game]) -> Iterator[np.ndarray]:
        """For each row, the mean prediction by coalition and output; many rows share a call of the model."""
        for group in in_groups([len(game.members) * len(self.background) * self._size(i) for i, game in enumerate(games)]):
            matrices = [self._mixed(i, owners[i], games[i].members) for i in group]
            texts = {place: [text for i in group for text in self._texts(i, place, owners[i], games[i].members)] for place in self.units}
            predicted = self.asked.call(np.concatenate(matrices), texts)
            for part in np.split(predicted, np.cumsum([len(m) for m in matrices])[:-1]):
                yield part.reshape(-1, len(self.background), part.shape[1]).mean(axis=1)

    def _size(self, i: int) -> int:
        """The number of rows that a row with its texts counts as, because long texts take memory."""
        return 1 + sum(len(of[i] or "") for of in self.values.values()) // A_ROW

    def _mixed(self, i: int, owners: np.ndarray, members: np.ndarray) -> np.ndarray:
        """For each coalition and background row: the row's values in the coalition's columns, background values in the others."""
        own = np.zeros((len(members), self.rows.shape[1]), bool)
        for member, owner in zip(members.T, owners, strict=True):
            own[:, self.players[owner]] = member[:, None]
        return np.where(own[:, None], self.rows[i], self.background[None]).reshape(-1, own.shape[1])

    def _texts(self, i: int, place: int, owners: np.ndarray, members: np.ndarray) -> Iterator[str | None]:
        """A row's text for each coalition and background row, with absent units replaced."""
        text, units = self.values[place][i], self.units[place][i]
        for present in members[:, owners == self._feature(place)].tolist():
            for replacement in self.replacements[place]:
                yield None if text is None else without(text, units, present, replacement)


def _unit_values(units: Sequence[Unit], values: np.ndarray) -> tuple[UnitValue, ...]:
    return tuple(UnitValue(u.text, u.start, tuple(v)) for u, v in zip(units, values.tolist(), strict=True))


def text_columns(config: TextConfig, asked: Asked, private: Sequence[str]) -> tuple[int, ...]:
    """The indices of the columns of text: the named ones, or all columns of strings in which most values contain blanks.

    Errors: `RequestError` if there are none, for columns that are not strings, and for private columns, because words would be shown.
    """
    table, kinds = asked.rows.table, dict(zip(asked.columns, asked.rows.kinds, strict=True))
    strings = [c for c in asked.columns if kinds[c] is Kind.STRING]
    named = config.columns or tuple(c for c in strings if _is_text(table[c].to_pylist()))
    mistakes = [
        Mistake(
            f"shap: {c!r} is not a column of text that the model takes", accepted=listed(strings) or "a model of strings", code="no-text"
        )
        for c in named
        if c not in strings
    ]
    mistakes += [
        Mistake(f"shap: {c!r} is private, and its words would be in the report", hint="leave out text_config", code="private-text")
        for c in named
        if c in private
    ]
    if not named:
        hint = "name the columns: text_config {columns: […]}" if strings else "explain a fitted flow that takes texts (--model FLOW.tilth)"
        mistakes.append(Mistake("shap: the model takes no column of text", accepted=listed(strings), hint=hint, code="no-text"))
    RequestError.reject(mistakes)
    return tuple(asked.columns.index(c) for c in named)


def _is_text(values: Sequence[str | None]) -> bool:
    known = [v for v in values if v is not None]
    return sum(any(map(str.isspace, v.strip())) for v in known) * 2 > len(known)


def texts_of(
    config: TextConfig,
    asked: Asked,
    rows: np.ndarray,
    background: np.ndarray,
    players: Sequence[Sequence[int]],
    replacements: Mapping[int, Sequence[str]],
) -> Texts:
    """Split the texts of rows into units; `rows` are the first rows of the sample.

    Errors: `RequestError` for a row with too many units.
    """
    values = {place: asked.rows.table.column(place)[: len(rows)].to_pylist() for place in replacements}
    units = {place: [units_of(text or "", config.granularity) for text in of] for place, of in values.items()}
    texts = Texts(asked, rows, background, players, values, units, replacements)
    if (longest := max(texts.counts)) > MOST_PLAYERS:
        message, hint = f"shap: a row has {longest:,} units of text and features", "text_config {granularity: sentence}, or paragraph"
        raise RequestError(message, accepted=f"up to {MOST_PLAYERS:,}", hint=hint, code="many-units")
    return texts
