"""Sensitive data in texts, compared with Presidio: e-mail addresses, phone, card and social security numbers, and all known entities."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bench.benchmark import Benchmark, Candidate, Figures, Target, Work, ratio
from bench.labelled import Labelled, Maker, scores, sources

SEED = 31  # for texts that neither has seen
FOUR = {"EMAIL": "EMAIL_ADDRESS", "PHONE_NUMBER": "PHONE_NUMBER", "CREDIT_CARD": "CREDIT_CARD", "USA_SSN": "US_SSN"}
NEEDS = ("presidio-analyzer==2.2.366", "spacy==3.8.18", "faker==40.63.0", "python-stdnum==2.2")
SCORE = 0.4  # least score of Presidio's findings, as in its examples
SCORED = 10_000  # number of texts for precision and recall


def texts(rows: int) -> list[Labelled]:
    """Texts of 90 characters: a tenth for each of the four entities, a fifth with something that looks like one, the rest with nothing."""
    maker = Maker(SEED)
    four = [[s for s in sources() if s.entity == entity] for entity in FOUR]

    def one() -> Labelled:
        kind = maker.random.random() * 10
        if kind < 4:
            return maker.text(maker.random.choice(four[int(kind)]), said=maker.random.random() < 0.5)
        return maker.other() if kind < 6 else Labelled(maker.words(4, 14), ())

    return [Labelled(f"{made.text} {maker.words(3, 7)}", made.spans) for made in (one() for _ in range(rows))]


def tilth(folder: Path, every: bool = False) -> Work:
    import pyarrow as pa

    import tilth
    from tilth.entities import Detector

    made = texts(int(folder.name))
    table = pa.table({"note": [t.text for t in made]})
    kinds = {"countries": ("all" if every else "US",), **({} if every else {"entities": tuple(FOUR)})}
    tilth.measure(table.slice(0, 100), {"sensitive": kinds})
    found = Detector(tuple(FOUR), ("US",)).spans([t.text for t in made[:SCORED]])
    quality = scores(made[:SCORED], [[(s.start, s.end, s.entity) for s in spans] for spans in found])

    def work() -> dict[str, Any]:
        tilth.measure(table, {"sensitive": kinds})
        return {} if every else {entity: quality[entity] for entity in FOUR}

    return work


def presidio(folder: Path, every: bool = False) -> Work:
    import spacy
    import tldextract
    from presidio_analyzer import AnalyzerEngine, RecognizerRegistry
    from presidio_analyzer.nlp_engine import SpacyNlpEngine
    from presidio_analyzer.predefined_recognizers.generic import email_recognizer

    email_recognizer.tldextract.extract = tldextract.TLDExtract(suffix_list_urls=())  # otherwise it would load a list from the network
    nlp = SpacyNlpEngine()
    nlp.nlp = {"en": spacy.blank("en")}
    registry = RecognizerRegistry()
    registry.load_predefined_recognizers(languages=["en"])
    engine = AnalyzerEngine(registry=registry, nlp_engine=nlp, supported_languages=["en"])
    made, names = texts(int(folder.name)), {theirs: ours for ours, theirs in FOUR.items()}
    asked = None if every else list(names)
    engine.analyze(made[0].text, "en", entities=asked)

    def work() -> dict[str, Any]:
        found = [engine.analyze(t.text, "en", entities=asked, score_threshold=SCORE) for t in made]
        quality = scores(made, [[(r.start, r.end, names.get(r.entity_type, r.entity_type)) for r in results] for results in found])
        return {} if every else {entity: quality[entity] for entity in FOUR}

    return work


def worst(figures: Mapping[str, Figures]) -> float:
    """The largest advantage of Presidio's F1 over Tilth's, over all entities."""
    ours, theirs = figures["tilth"].result, figures["presidio"].result
    return float(max(theirs[entity][2] - ours[entity][2] for entity in FOUR))


BENCHMARK = Benchmark(
    name="sensitive",
    title="Sensitive data",
    about="Texts of 90 characters: a tenth each have an e-mail address, a telephone number, a card number and a social security number, "
    "made by Faker; a fifth have order numbers, prices, versions, dates, hashes and the like. Tilth counts entities in the column; "
    "Presidio's `AnalyzerEngine`, with an empty language model, finds them in each text. Tilth gets 200,000 texts, Presidio 10,000; "
    "figures are scaled to",
    candidates=(
        Candidate("tilth", tilth, rows=200_000),
        Candidate("presidio", presidio, needs=NEEDS, rows=SCORED, runs=2),
        Candidate("tilth_all", lambda folder: tilth(folder, every=True), rows=100_000, title="tilth, 266 entities"),
        Candidate(
            "presidio_all", lambda folder: presidio(folder, every=True), needs=NEEDS, rows=4_000, runs=2, title="presidio, all it has"
        ),
    ),
    targets=(
        Target(
            "four entities to Presidio",
            ratio("tilth", "presidio"),
            1 / 100,
            why="a twentieth of the time goes into the engine's condition. The rest is Python on the texts that pass: two fifths find "
            "places and check digits, two fifths examine the words around them, and a fifth counts.",
        ),
        Target("the whole catalogue to all of Presidio", ratio("tilth_all", "presidio_all"), 1 / 20),
        Target("F1 that Presidio has more", worst, 0, unit=""),
    ),
)
