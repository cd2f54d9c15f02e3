"""What a column's name says, however its words are written."""

from __future__ import annotations

import pytest

from tilth.data.names import names_age, names_code, names_facet, names_id, names_private, names_time_of_row, outcome, snake


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("PatientAge", "patient_age"),
        ("patient_age", "patient_age"),
        ("Patient Age", "patient_age"),
        ("patient-age", "patient_age"),
        ("IPAddress", "ip_address"),
        ("customerID", "customer_id"),
        ("address2", "address_2"),
        ("größeKlein", "größe_klein"),
        ("😀", ""),
    ],
)
def test_words_are_found(name: str, words: str) -> None:
    assert snake(name) == words


IDS = [
    "id",
    "ID",
    "user id",
    "customerId",
    "customer-no",
    "order_id",
    "PassengerId",
    "passengerid",
    "uuid",
    "No",
    "id_customer",
    "flight number",
]
NO_IDS = [
    "num_rooms",
    "visit_no",
    "paid",
    "humid",
    "grid",
    "valid",
    "bid amount",
    "no_show",
    "number of rooms",
    "candid",
    "keyboard",
    "income",
]


@pytest.mark.parametrize(("name", "expected"), [*((n, True) for n in IDS), *((n, False) for n in NO_IDS)])
def test_ids_by_name(name: str, expected: bool) -> None:
    assert names_id(name) is expected


PRIVATE = [
    "Straße",
    "strasse_nr",
    "Nachname",
    "prénom",
    *(
        "name",
        "first name",
        "geb.datum",
        "Geburtsdatum",
        "fecha de nacimiento",
        "First-Name",
        "firstName",
        "lastname",
        "surname",
        "e-mail",
        "E-Mail",
        "eMail",
        "email",
        "phone number",
        "IPAddress",
    ),
    *("street", "account", "account_no", "dateOfBirth", "birth date", "customer.name", "address2"),
]
NO_PRIVATE = [
    "un_continent_name",
    "product_name",
    "file name",
    "renamed",
    "ship",
    "hotel",
    "mobility",
    "account balance",
    "addressed",
    "model name",
]


@pytest.mark.parametrize(("name", "expected"), [*((n, True) for n in PRIVATE), *((n, False) for n in NO_PRIVATE)])
def test_personal_data_by_name(name: str, expected: bool) -> None:
    assert names_private(name) is expected


FACETS = [
    "gndr",
    "race",
    "Ethnicity",
    "marital.status",
    "MaritalStatus",
    "native-country",
    "age_group",
    "married",
    "religion",
    "sex",
    "Gender",
    "Patient Age",
    "patientAge",
    "patient-age",
    "age",
    "ethnic_group",
    "disability",
]
NO_FACETS = [
    "rate_marriage",
    "yrs_married",
    "female_head_count",
    "racecar",
    "page",
    "vehicle_age",
    "usage",
    "embrace",
    "sextant",
    "average",
]


@pytest.mark.parametrize(("name", "expected"), [*((n, True) for n in FACETS), *((n, False) for n in NO_FACETS)])
def test_facets_by_name(name: str, expected: bool) -> None:
    assert names_facet(name) is expected


def test_other_words() -> None:
    assert names_age("PatientAge") and not names_age("house age")
    assert names_code("zip") and names_code("Post Code") and not names_code("zipper")
    assert names_time_of_row("signup date") and not names_time_of_row("birthDate") and not names_time_of_row("due_date")
    assert [outcome(n) for n in ("default payment next month", "Attrition", "churn_flag", "left")] == [
        "default",
        "attrition",
        "churn",
        "left",
    ]
    assert [outcome(n) for n in ("isFraud", "Survived", "y", "has_churned", "yield", "class size")] == [
        "fraud",
        "survived",
        "y",
        "churned",
        "",
        "",
    ]
