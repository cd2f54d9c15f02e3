"""Vectorizers of texts of scikit-learn."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tilth.data import Kind
from tilth.errors import listed
from tilth.metrics.text.words import WORD
from tilth.pipelines.plan import Feature, Unsupported
from tilth.pipelines.sklearn.stage import Stage
from tilth.pipelines.sklearn.values import Features
from tilth.steps.naming import names_of, short
from tilth.steps.text.vectorize import MOST_COLUMNS, Vectorize


def of_words(s: Stage) -> Features:
    """`vectorize`."""
    f = s.fitted
    kind = type(f).__name__
    usual = {"analyzer": "word", "token_pattern": r"(?u)\b\w\w+\b", "strip_accents": None, "preprocessor": None, "tokenizer": None}
    other = [name for name, value in usual.items() if getattr(f, name) != value] + (["binary"] if f.binary else [])
    if other or WORD.pattern != r"\b\w\w+\b":
        raise Unsupported(f"it finds words in a way of its own ({listed(other)})")
    (feature,) = s.features
    s.plan.read_as([feature], Kind.STRING)
    stops = tuple(sorted(w for w in f.get_stop_words() or () if not f.lowercase or w == w.lower()))
    given: dict[str, Any] = {"lowercase": bool(f.lowercase), "ngram_range": tuple(f.ngram_range), "stop_words": stops}
    if kind == "HashingVectorizer":
        return _of_hashes(s, feature, given)
    words = [word for word, _ in sorted(f.vocabulary_.items(), key=lambda pair: pair[1])]
    if len(words) > MOST_COLUMNS:
        raise Unsupported(f"it has more than {MOST_COLUMNS:,} words")
    limits = {
        "max_features": min(f.max_features or MOST_COLUMNS, MOST_COLUMNS),
        "min_df": f.min_df,
        "max_df": f.max_df if f.max_df != 1.0 else None,
    }
    notes = []
    if kind == "TfidfVectorizer":
        given |= {"with_": "tfidf", "sublinear_tf": bool(f.sublinear_tf), "norm": f.norm or "none"}
        notes = [] if f.use_idf and f.smooth_idf else ["learned anew, weights are those of `smooth_idf`"]
    idf = {"idf": (f.idf_.tolist() if f.use_idf else [1.0] * len(words))} if kind == "TfidfVectorizer" else {}
    names = list(s.names) if s.names is not None else names_of(feature.name, words)
    made = [s.plan.made(name, lasting=False) for name in names]
    into = s.plan.beginning(feature, names)
    step = Vectorize((feature.name,), into=into, **given, **limits)
    s.plan.gone(() if into else [feature])
    state = {"words": words, "names": [m.name for m in made], **idf}
    s.plan.add(step, {feature.name: state}, s.source, *notes, "runs as Python")
    return made


def _of_hashes(s: Stage, feature: Feature, given: Mapping[str, Any]) -> Features:
    f = s.fitted
    if f.n_features > MOST_COLUMNS or not f.alternate_sign:
        raise Unsupported(f"it makes {f.n_features:,} columns, or counts without signs")
    out = f"{s.path or feature.name}_hash"
    step = Vectorize((feature.name,), with_="hashing", n_features=int(f.n_features), norm=f.norm or "none", into=out, **given)
    s.plan.add(step, {feature.name: {}}, s.source, "runs as Python")
    return [s.plan.made(short(f"{out}_{i}")) for i in range(f.n_features)]
