"""The section of sensitive data, and the steps that it proposes."""

from __future__ import annotations

from tilth.measures.sensitive.section import proposed, sensitive
from tilth.measures.sensitive.verdicts import Scan, SensitiveColumn, SensitiveType
from tilth.report import Finding, Report
from tilth.report.blocks import plain
from tilth.report.page import page


def test_what_only_a_name_speaks_of_is_not_hidden() -> None:
    def found(name: str, *types: SensitiveType) -> Finding[SensitiveColumn]:
        return Finding(name, (name,), payload=SensitiveColumn(types))

    lines = proposed(
        [
            found("religion", SensitiveType("RELIGION", "suspected", hint=True)),
            found("mail", SensitiveType("EMAIL", "sensitive", 9, 0.9, whole=True)),
            found("a b", SensitiveType("CREDIT_CARD", "present", 1, 0.01)),
            found("note", SensitiveType("EMAIL", "sensitive", 9, 0.9)),
        ]
    )
    assert lines == [
        "- redact: {columns: [mail], with: hash, key: KEY, normalise: casefold}",
        '- redact: {columns: ["a b"], find: [CREDIT_CARD], with: replace}',
        "- redact: {columns: [note], find: [EMAIL], with: replace}",
    ]


def test_telephone_numbers_are_normalised_where_their_country_is_known() -> None:
    phone = (SensitiveType("PHONE_NUMBER", "sensitive", 9, 0.9, whole=True),)
    known, unknown = (Finding("tel", ("tel",), payload=SensitiveColumn(phone, countries=c)) for c in (("US", "CA"), ()))
    assert proposed([known]) == ["- redact: {columns: [tel], with: hash, key: KEY, normalise: e164, countries: [US, CA]}"]
    assert proposed([unknown]) == ["- redact: {columns: [tel], with: hash, key: KEY, normalise: digits}"]
    assert "Name the countries" in str(sensitive([unknown])) and "Name the countries" not in str(sensitive([known]))


def test_what_was_found_is_the_verdict_of_a_report_without_rules() -> None:
    found = Finding("pan", ("pan",), payload=SensitiveColumn((SensitiveType("CREDIT_CARD", "sensitive", 9, 0.9),)))
    laid_out = page(Report("scan", (found,)))
    assert (laid_out.tone, plain(laid_out.verdict)) == ("bad", "1 column with sensitive data: pan.")
    nothing = page(Report("scan", (Finding("scan", (), 0, payload=Scan()),)))
    assert (nothing.tone, nothing.verdict) == ("good", "No sensitive data was found.")
