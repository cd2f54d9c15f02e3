"""Write a model card and its governance report."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from tilth.aws.model_card.evidence import gathered
from tilth.aws.model_card.filling import filled, importable
from tilth.aws.model_card.page import governance_json, governance_page
from tilth.aws.model_card.profiles import PROFILES
from tilth.aws.model_card.schema import ModelCard, card_from
from tilth.errors import RequestError, unknown
from tilth.report.blocks import Page
from tilth.report.html import html_of
from tilth.store.places import atomic, reject_foreign
from tilth.store.uri import Place

MODEL_CARD, GOVERNANCE = "model_card.json", "governance.json"
PAGES = ("html", "pdf")


def deliver_card(
    result: Place,
    place: Place,
    details: str | Path | None = None,
    evidence: Sequence[Place] = (),
    pages: Sequence[str] = ("html",),
    package: bool = False,
    profile: str | None = None,
) -> ModelCard:
    """The model card of the folder of a run as `model_card.json`, and the governance report, for programs `governance.json`, in `place`.

    It is an atomic write. The folder and reports may be in S3.

    `details` is a file of what only you know, `evidence` are further reports, `pages` the suffixes of the governance report. `package`:
    the card is one to be attached to a model package. `profile`: the report also has the order of that text, one of `PROFILES`.

    Errors: `RequestError` with every mistake of the details, and for a folder or a report that is not one.
    """
    RequestError.reject(unknown(pages, PAGES, "a governance report cannot be written with the suffix {}", "unknown-format"))
    known = [] if profile is None else [profile]
    RequestError.reject(unknown(known, PROFILES, "there is no profile {} of a governance report", "unknown-profile"))
    reject_foreign(place)
    writers = {f"governance.{suffix}": _writer(suffix) for suffix in pages}
    card = ModelCard() if details is None else card_from(details)
    found = gathered(result, evidence)
    made = filled(card, found)
    card_json, page = importable(made, package), governance_page(made, found, profile)
    with atomic(place, folder=True) as folder:
        (folder / MODEL_CARD).write_text(card_json, "utf-8")
        (folder / GOVERNANCE).write_text(governance_json(made, found, profile), "utf-8")
        for name, written in writers.items():
            (folder / name).write_bytes(written(page))
    return made


def _writer(suffix: str) -> Callable[[Page], bytes]:
    """The function that turns a page into the bytes of a file. Errors: `MissingExtra` for a PDF without the extra."""
    if suffix == "pdf":
        from tilth.report.pdf import pdf_of

        return pdf_of
    return lambda page: html_of(page).encode("utf-8", "replace")
