"""The measure `terms`: how much more often texts with an identity term, or with a word, have the favourable label."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import pyarrow as pa
from sqlglot import exp
from sqlglot.expressions import Expression as Tree

from tilth.data import Dataset, Roles
from tilth.engine.expressions import col, eq, in_, lit
from tilth.engine.session import Session
from tilth.errors import Mistake, RequestError
from tilth.measures.bias.axis import Axis, ColumnFacts
from tilth.measures.bias.values import values_name
from tilth.measures.measure import Measure, Measured
from tilth.metrics.contrasts import Numbers
from tilth.metrics.intervals import percentile_interval, resampled, wilson_interval
from tilth.metrics.keys import Frequencies
from tilth.metrics.metric import measured
from tilth.metrics.text.lexicon import lexicon
from tilth.metrics.text.vocabulary import Counts, Vocabulary
from tilth.metrics.text.words import Words, words_of
from tilth.report import Finding, Payload, warning

SIDES = ("n0", "n1", "texts0", "texts1")  # 0: favourable texts, 1: others

Found = dict[str, tuple[int, int]]
"""Word → the number of favourable texts with it, and of others."""


@dataclass(frozen=True)
class Term(Payload):
    """A `term` and the label: the `documents` with it, those with the `outcome` (`favourable`), and their `share` of all documents.

    `groups` are the groups of an identity term in the lexicon; `lift`, with its interval, is the share of the outcome among the term's
    documents divided by that among all. `log_odds` of a word is the difference of the logarithms of its odds in texts with the outcome and
    in others.
    """

    KIND: ClassVar[str] = "term"
    VALUE: ClassVar[str] = "association with the label"
    term: str = ""
    outcome: str = ""
    documents: int = 0
    favourable: int = 0
    share: float = 0.0
    groups: tuple[str, ...] = ()
    lift: float | None = None
    lift_low: float | None = None
    lift_high: float | None = None
    log_odds: float | None = None


@dataclass(frozen=True)
class Terms(Measure):
    """How identity terms and words are related to the favourable label: what a model of these texts may learn about groups.

    For each term t of the [lexicon](bias.md#features-of-texts), PMI = log₂(P(t, +) / (P(t) · P(+))) over documents, the rows with a text
    and a label: 0 if the term and the label are independent, 1 if the label is twice as often favourable with the term. Intervals are
    percentile bootstraps of documents, or Wilson's for a term that is only in favourable documents, or in none of them. The words that best
    distinguish favourable texts from others have the largest |z|, z = δ / σ: y is the number of occurrences of a word in the texts of a
    kind, n that of all words; the prior α is the word's occurrences in all texts, α₀ those of all words. δ is the difference, between the
    kinds, of ln((y + α) / (n + α₀ − y − α)), and σ² the sum of 1 / (y + α). Terms and words in fewer `documents` are left out.

    A word is a run of two or more letters, digits and `_`, in any case. The data needs the roles `text`, with one or more columns, each
    measured by itself, and `label` with `positive`. A prepared part without its texts has no findings.

    Sources: Church and Hanks 1990 (PMI); Monroe, Colaresi and Quinn 2008 (log-odds with a Dirichlet prior).

    Errors: `RequestError` without a text or favourable label, and for private texts, because words would be shown.
    """

    name = "terms"

    documents: int = 20
    """In how many documents a term or word must be."""
    words: int = 20
    """How many words are shown for each side, those with the greatest size of z."""
    bootstrap: int = 1000
    """Draws behind each interval; 0 gives none."""
    confidence: float = 0.95
    """Confidence of the intervals."""
    seed: int = 0
    """Seed of the draws."""

    def __post_init__(self) -> None:
        least = {"documents": 1, "words": 0, "bootstrap": 0}
        mistakes = [
            Mistake(f"terms: `{name}` is {getattr(self, name)}", accepted=f"{low} or more", code="bad-value")
            for name, low in least.items()
            if getattr(self, name) < low
        ]
        if not 0 < self.confidence < 1:
            mistakes.append(Mistake(f"terms: `confidence` is {self.confidence}", accepted="a share between 0 and 1", code="bad-value"))
        RequestError.reject(mistakes)

    def refused(self, roles: Roles) -> tuple[Mistake, ...]:
        made = []
        if not roles.text:
            made.append(Mistake("terms: no column has the role text", hint="add `text: COLUMN` to the roles", code="no-text"))
        if roles.label is None or not roles.positive:
            hint = "add `label: COLUMN` and `positive: VALUE` to the roles"
            made.append(Mistake("terms: no favourable label is given", hint=hint, code="no-positive"))
        made += [
            Mistake(f"terms: {c!r} is private, and its words would be in the report", hint="leave `terms` out", code="private")
            for c in roles.text
            if c in roles.private
        ]
        return tuple(made)

    def measure(self, table: Dataset, originals: Dataset, session: Session, before: object = None) -> Measured:
        roles = originals.roles
        RequestError.reject(self.refused(roles))
        there = [c for c in roles.text if c in originals.names]
        if not there or roles.label not in originals.names:
            return [], None
        favourable, outcome = _favourable(originals, session), f"{roles.label}={values_name(roles.positive)}"
        if favourable is None:
            return [warning("NO_SUCH_VALUE", f"no row has {outcome}", (str(roles.label),), self.name)], None
        sides = (favourable, exp.not_(favourable.copy()))
        identity = _identity_terms()
        counted = {
            column: [
                Vocabulary((column,), *of, where=side.copy())
                for of in ((Words(),), (Words(ngram_range=(1, max(len(t.split()) for t in identity))), tuple(identity)))
                for side in sides
            ]
            for column in there
        }
        found = measured(originals, [need for of in counted.values() for need in of], session)
        made: list[Finding] = []
        for column, (plus, minus, terms_plus, terms_minus) in counted.items():
            documents = found[plus][0], found[minus][0]
            made += self._terms(column, outcome, documents, _texts(found[terms_plus], found[terms_minus]), identity)
            made += self._words(column, outcome, documents, found[plus], found[minus])
        return made, None

    def _terms(
        self, column: str, outcome: str, documents: tuple[int, int], found: Found, identity: dict[str, tuple[str, ...]]
    ) -> list[Finding[Term]]:
        """The associations of identity terms, the strongest first."""
        made = []
        for term, (plus, minus) in found.items():
            if plus + minus < self.documents:
                continue
            cells = np.array([plus, minus, documents[0] - plus, documents[1] - minus], float)
            low, high = self._interval(cells, term) or (None, None)
            lift, groups = float(_lift(cells)), identity[term]
            payload = replace(_term(term, outcome, plus, minus, documents), groups=groups, lift=lift, lift_low=low, lift_high=high)
            f = Finding("PMI", (column,), _log2(lift), group=term, low=_log2(low), high=_log2(high), payload=payload)
            made.append(f if low is None else replace(f, confidence=self.confidence))
        return sorted(made, key=lambda f: (-abs(f.value), -f.payload.documents, f.group))

    def _interval(self, cells: Numbers, term: str) -> tuple[float, float] | None:
        """The interval of the lift. If a term has only one outcome, draws do not vary, and Wilson's interval gives that end."""
        drawn = [_lift(part) for part in resampled(cells, self.bootstrap, (self.seed, zlib.crc32(term.encode())))]
        found = percentile_interval(np.concatenate(drawn), self.confidence) if drawn else None
        if found is None or cells[:2].all():
            return found
        share = float(cells[[0, 2]].sum() / cells.sum())
        low, high = (end / share for end in wilson_interval(int(cells[0]), int(cells[:2].sum()), self.confidence))
        return (min(found[0], low), found[1]) if cells[0] else (found[0], max(found[1], high))

    def _words(self, column: str, outcome: str, documents: tuple[int, int], plus: Counts, minus: Counts) -> Iterator[Finding[Term]]:
        """The words that best distinguish the sides, those of favourable texts first."""
        words, counts, texts = _aligned(plus[1], minus[1])
        odds, z = log_odds(counts)
        kept = np.flatnonzero(texts.sum(axis=0) >= self.documents)
        order = kept[np.lexsort((words[kept], -z[kept]))]
        first = [i for i in order[: self.words] if z[i] > 0]
        for i in (*first, *(i for i in order[::-1][: self.words] if z[i] < 0)):
            word = str(words[i])
            payload = replace(_term(word, outcome, int(texts[0, i]), int(texts[1, i]), documents), log_odds=float(odds[i]))
            yield Finding("log_odds", (column,), float(z[i]), group=word, payload=payload)


def _term(term: str, outcome: str, plus: int, minus: int, documents: tuple[int, int]) -> Term:
    return Term(term, outcome, plus + minus, plus, (plus + minus) / sum(documents))


def log_odds(counts: Numbers) -> tuple[Numbers, Numbers]:
    """δ and z of words, from their occurrences: a column per word, a row per kind of texts; empty without words.

    >>> [x.round(4).tolist() for x in log_odds(np.array([[30, 10, 60], [10, 30, 60]]))]
    [[0.4199, -0.4199, 0.0], [2.2675, -2.2675, 0.0]]
    """
    prior = counts.sum(axis=0)
    own = (counts + prior).astype(float)
    rest = own.sum(axis=1, keepdims=True) - own
    with np.errstate(divide="ignore", invalid="ignore"):  # a single word has nothing to compare it with
        logs = np.log(own / rest)
        odds = np.nan_to_num(logs[0] - logs[1], nan=0.0, posinf=0.0, neginf=0.0)
    return odds, odds / np.sqrt((1 / np.maximum(own, 1)).sum(axis=0))


def _lift(cells: Numbers) -> Numbers:
    """The lift for each row of cells: with the term favourable and not, without the term favourable and not."""
    with_term, favourable = cells[..., 0] + cells[..., 1], cells[..., 0] + cells[..., 2]
    with np.errstate(divide="ignore", invalid="ignore"):
        found: Numbers = cells[..., 0] * cells.sum(axis=-1) / (with_term * favourable)
    return found


def _log2(lift: float | None) -> float | None:
    return None if lift is None else float(np.log2(lift)) if lift else -np.inf


def _identity_terms() -> dict[str, tuple[str, ...]]:
    """Term of the lexicon, as words separated by blanks → its groups."""
    found: dict[str, tuple[str, ...]] = {}
    for group, terms in lexicon().items():
        for term in dict.fromkeys(" ".join(words_of(t, lowercase=True)) for t in terms):
            found[term] = (*found.get(term, ()), group)
    return found


def _favourable(data: Dataset, session: Session) -> Tree | None:
    """The condition that a row's label is favourable, as the measure `bias` reads it; None if no row has such a label."""
    label = str(data.roles.label)
    metric, kind = Frequencies((label,)), session.schema(data)[label].kind
    counts = {value: n for (value,), n in measured(data, [metric], session)[metric].items()}
    axis = Axis(label, kind, data.roles.positive, by_value=True).read(ColumnFacts.of_counts(kind, counts), in_scan=True)
    hits = [v for v in counts if v is not None and (axis.key_of(v) == 0 if axis.intervals else axis.is_configured(v))]
    if not session.answers_are_real:
        hits = list(data.roles.positive)
    if not hits:
        return None
    return eq(axis.keys_tree, lit(0)) if axis.in_scan else in_(col(label), hits)


def _texts(plus: Counts, minus: Counts) -> Found:
    """For each word, the number of texts of each kind that contain it."""
    words, _, texts = _aligned(plus[1], minus[1])
    return {str(w): (int(a), int(b)) for w, a, b in zip(words, *texts, strict=True)}


def _aligned(plus: pa.Table, minus: pa.Table) -> tuple[np.ndarray, Numbers, Numbers]:
    """The words of both sides, sorted, with their numbers of occurrences and of texts, a row per side."""
    both = pa.concat_tables([_beside(plus, 0), _beside(minus, 1)]).group_by("word").aggregate([(c, "sum") for c in SIDES]).sort_by("word")
    n, texts = (np.stack([both[f"{name}{side}_sum"].to_numpy() for side in (0, 1)]) for name in ("n", "texts"))
    return both["word"].to_numpy(), n, texts


def _beside(counts: pa.Table, side: int) -> pa.Table:
    """The counts of one side, with zeros for the other."""
    zero = pa.array(np.zeros(len(counts), np.int64))
    return pa.table({"word": counts["word"], **{c: counts[c[:-1]] if c.endswith(str(side)) else zero for c in SIDES}})
