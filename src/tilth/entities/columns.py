"""Recognises sensitive data by column names: kinds that no pattern finds, and special categories of personal data."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from tilth.entities.entity import Entity
from tilth.entities.mentions import PERSON_NAME
from tilth.entities.words import hinted, names_of, speaks_of, words_of

SPECIAL = frozenset({"HEALTH", "RELIGION", "ETHNICITY", "UNION_MEMBERSHIP", "SEX_LIFE", "BIOMETRICS", "POLITICS"})
"""The special categories of the General Data Protection Regulation of the European Union, article 9."""
BY_NAME = {
    "PERSON_NAME": "first_name last_name full_name given_name family_name middle_name maiden_name surname forename fname lname "
    "customer_name patient_name employee_name person_name contact_name user_name username vorname nachname nom "
    "prenom prénom nombre apellido apellidos cognome naam achternaam voornaam",
    "ADDRESS": "address addr street street_address home_address strasse straße adresse rue direccion dirección calle indirizzo "
    "via adres straat",
    "POSTAL_CODE": "zip zip_code zipcode postcode post_code postal_code plz code_postal codigo_postal cap",
    "LOCATION": "lat lon lng long latitude longitude gps geo_location",
    "CARD_SECURITY_CODE": "cvv cvc cvv2 card_security_code",
    "INCOME": "salary wage income gehalt salaire salario",
    "GENDER": "gender sex geschlecht sexe sexo",
    "HEALTH": "diagnosis diagnose icd icd10 icd9 disease medication disability pregnant blood_type hiv health_status symptom symptoms",
    "RELIGION": "religion religious confession konfession faith",
    "ETHNICITY": "ethnicity ethnic race ethnie hispanic",
    "UNION_MEMBERSHIP": "union union_member trade_union gewerkschaft",
    "SEX_LIFE": "sexual_orientation sexuality",
    "BIOMETRICS": "fingerprint face_id iris biometric biometrics voiceprint",
    "POLITICS": "political_party politics party_affiliation",
}
_KNOWN = {name: names_of(words.split()) for name, words in BY_NAME.items()}
NAME_PATTERN = r"^[^0-9@#/_]{1,40}$"
"""The pattern of a name of a person: a short string without digits."""


class Hint(NamedTuple):
    """The entity that a column's name suggests, and whether it is a special category."""

    entity: str
    special: bool


def says_names(column: str) -> bool:
    """Whether a column's name says that it holds names of persons.

    >>> says_names("patient_first_name"), says_names("name")
    (True, False)
    """
    return hinted(column, _KNOWN[PERSON_NAME])


def hints(column: str, entities: Sequence[Entity]) -> Iterator[Hint]:
    """The entities that a column's name suggests: those that only names of columns reveal, and those of `entities` with a matching name.

    A column called just `name` may hold names of persons or of things; it is reported as names of persons.

    >>> [h.entity for h in hints("patient_first_name", ())], [h.entity for h in hints("name", ())], list(hints("amount", ()))
    (['PERSON_NAME'], ['PERSON_NAME'], [])
    """
    for name, known in _KNOWN.items():
        if hinted(column, known) or (name == PERSON_NAME and words_of(column) == ("name",)):
            yield Hint(name, name in SPECIAL)
    for e in entities:
        if speaks_of(column, e.kind, e.columns):
            yield Hint(e.name, False)
