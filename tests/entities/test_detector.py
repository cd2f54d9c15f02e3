"""What the detector finds in texts, and how sure it says it is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tilth.entities import Detector, Entity
from tilth.errors import RequestError

US = Detector(countries=("US",))


def names(text: str, detector: Detector = US, column: str | None = None) -> list[tuple[str, str]]:
    return [(s.entity, text[s.start : s.end]) for s in detector.spans([text], column)[0]]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("card 4111 1111 1111 1111, ssn 536-90-4399", [("CREDIT_CARD", "4111 1111 1111 1111"), ("USA_SSN", "536-90-4399")]),
        ("order 4111111111111111", []),  # a word before it speaks of another number
        ("order 17: call (415) 555-2671 now", [("PHONE_NUMBER", "(415) 555-2671")]),
        ("536904399", []),  # nine digits may be anything
        ("SSN: 536904399", [("USA_SSN", "536904399")]),
        ("call +44 20 7946 0958 or 415-555-2671", [("PHONE_NUMBER", "+44 20 7946 0958"), ("PHONE_NUMBER", "415-555-2671")]),
        ("415-555-2671x12, 415-555-2671 ext 9", [("PHONE_NUMBER", "415-555-2671x12"), ("PHONE_NUMBER", "415-555-2671 ext 9")]),
        ("call 0049 30 901820 and 12", [("PHONE_NUMBER", "0049 30 901820")]),
        ("(415) 555-2671 536-90-4399", [("PHONE_NUMBER", "(415) 555-2671"), ("USA_SSN", "536-90-4399")]),
        ("a@x.example.org,b@y.example.org", [("EMAIL", "a@x.example.org"), ("EMAIL", "b@y.example.org")]),
        ("user@localhost.local and logo@2x.png", []),
        ("write to ann@clinic.local or logo@2x.png", [("EMAIL", "ann@clinic.local")]),  # not of the internet: by a word nearby
        ("seen ann@clinic.hospitals, bo@clinic.museum", [("EMAIL", "bo@clinic.museum")]),  # only one is in IANA's list
        ("from 192.0.2.17, version 1.2.3.4", [("IP_ADDRESS", "192.0.2.17")]),
        ("tilth v 1.2.3.4 at 192.0.2.17", [("IP_ADDRESS", "192.0.2.17")]),
        ("account 111000025 000123456789", [("BANK_ACCOUNT", "111000025 000123456789")]),  # with the number of the bank
        ("account 111000026 000123456789", [("BANK_ACCOUNT", "111000026"), ("BANK_ACCOUNT", "000123456789")]),  # which no bank has
        ("account 12345-003 1234567", [("BANK_ACCOUNT", "12345-003 1234567")]),
        ("2001:db8::8a2e:370:7334 at 10:15:30", [("IP_ADDRESS", "2001:db8::8a2e:370:7334")]),
        ("born 1990-02-29", []),
        ("born 1992-02-29", [("DATE_OF_BIRTH", "1992-02-29")]),
        ("due 1992-02-29", []),
        ("4111 1111 1111 1111 12/27", [("CREDIT_CARD", "4111 1111 1111 1111")]),
        ("4111111111111111-1234", []),  # a part of a longer number
        ("ABCDEFGH 1", []),
        ("x-4111111111111112-y", []),
        ("GB82 WEST 1234 5698 7654 32 is it", [("IBAN", "GB82 WEST 1234 5698 7654 32")]),
        ("电话13800138000", []),
        ("seen ann@example.org,42", [("EMAIL", "ann@example.org")]),
        ("server a546:4f6d:983f:d973:59af:676a:e486:737d.", [("IP_ADDRESS", "a546:4f6d:983f:d973:59af:676a:e486:737d")]),
        ("my hotel 536904399", []),  # "tel" is not a word of it
        ("my date of birth is 1992-02-29", [("DATE_OF_BIRTH", "1992-02-29")]),
        ("", []),
    ],
)
def test_texts(text: str, expected: list[tuple[str, str]]) -> None:
    assert names(text) == expected


def test_secrets_are_found_whole() -> None:
    """What hides them must not leave their ends."""
    begin, body, end = "-----BEGIN RSA PRIVATE KEY-----", ["MIIE" + "a1+/" * 15] * 50, "-----END RSA PRIVATE KEY-----"
    for lines in ([begin, "Proc-Type: 4,ENCRYPTED", "", *body, "a1==", end], [begin, *body]):
        for line_end in ("\n", "\\n"):
            assert names(f"see: {line_end.join(lines)}; and more") == [("PRIVATE_KEY", line_end.join(lines))]
    assert names("the line -----BEGIN RSA PRIVATE KEY----- begins one") == [("PRIVATE_KEY", "-----BEGIN RSA PRIVATE KEY-----")]
    token = f"eyJhbGciOiJIUzI1NiJ9.{'eyJzdWIiOiIxIn0' * 100}.{'c2ln' * 100}"
    assert names(f"Bearer {token}, ok") == [("JSON_WEB_TOKEN", token)]


def test_the_lines_of_passports_and_identity_cards_are_found() -> None:
    """The specimens of ICAO Doc 9303, parts 4 to 6; the first line of a passport and the third of a card hold only the name."""
    card = ["I<UTOD231458907<<<<<<<<<<<<<<<", "7408122F1204159UTO<<<<<<<<<<<6", "ERIKSSON<<ANNA<MARIA<<<<<<<<<<"]
    small = ["I<UTOERIKSSON<<ANNA<MARIA<<<<<<<", "D231458907UTO7408122F1204159<<<<<<<6"]
    passport = ["P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<", "L898902C36UTO7408122F1204159ZE184226B<<<<<10"]
    for lines, found in ((card, card[:2]), (small, small[1:]), (passport, passport[1:])):
        assert names("\n".join(lines)) == [("MACHINE_READABLE_ZONE", line) for line in found]
        for line in found:
            at = 14 if line is card[0] else 6
            wrong = f"{line[:at]}{(int(line[at]) + 1) % 10}{line[at + 1 :]}"
            assert names(wrong) == []


def test_all_of_a_long_text_is_found() -> None:
    text = " ".join(f"a{i}@mail.example.org" for i in range(3_000))
    assert len(US.spans([text])[0]) == 3_000


def test_a_number_next_to_letters_of_east_asia_is_found() -> None:
    assert names("身份证360426199101010071号", Detector(countries=("CN",))) == [("CHINA_IDENTIFICATION", "360426199101010071")]


def test_the_name_of_a_column_speaks_of_its_values() -> None:
    assert names("536904399", column="customerSSN") == [("USA_SSN", "536904399")]
    assert names("536904399", column="order_no") == []


def test_all_countries_need_a_word_for_national_numbers() -> None:
    everywhere = Detector(countries=("all",))
    assert names("123456782", everywhere) == []
    assert names("SIN 123-456-782", everywhere) == [("CANADA_SOCIAL_INSURANCE_NUMBER", "123-456-782")]
    assert names("4111111111111111", everywhere) == [("CREDIT_CARD", "4111111111111111")]


def test_the_sensitivity_is_the_least_score() -> None:
    assert names("A123 000123456789", Detector(sensitivity="high")) != []
    assert names("536-90-4399", Detector(("USA_SSN",), sensitivity=0.7)) == []
    with pytest.raises(RequestError, match="sensitivity"):
        Detector(sensitivity="medium")


def test_an_entity_of_ones_own() -> None:
    badge = Entity("BADGE", r"\bEMP-\d{6}\b", tier="B", words=("badge",))
    assert Detector((badge,)).spans(["badge emp-004217"])[0][0][2:5] == ("BADGE", 0.9, "B")


TEXTS = st.lists(
    st.one_of(
        st.none(), st.text(), st.text(st.sampled_from("0123456789 -./()+@ab\n"), max_size=60), st.just("card 4111 1111 1111 1111 ok")
    ),
    max_size=6,
)


@given(TEXTS)
def test_texts_are_looked_at_one_by_one(texts: list[str | None]) -> None:
    """What is found in a text does not depend on its neighbours; places are in order and do not overlap."""
    together = Detector(countries=("US", "GB"), sensitivity="high").spans(texts)
    assert together == [Detector(countries=("US", "GB"), sensitivity="high").spans([t])[0] for t in texts]
    for text, spans in zip(texts, together, strict=True):
        edges = [place for s in spans for place in (s.start, s.end)]
        assert edges == sorted(edges) and all(0 <= e <= len(text or "") for e in edges)
