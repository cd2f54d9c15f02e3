"""What the name of a column says of it, whichever way its words are written: `PatientAge`, `patient_age`, `Patient Age`."""

from __future__ import annotations

import re

CAMEL = re.compile(r"(?<=[^\W_A-Z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
WORD = re.compile(r"[^\W\d_]+|[0-9]+")

THINGS = (
    "account|app|book|brand|building|campaign|car|category|channel|city|class|column|company|country|department|disease|domain|drug|event|"
    "field|file|game|group|host|house|item|job|loan|model|movie|plan|product|property|region|school|shop|song|species|state|station|store|"
    "table|team|town|vehicle"
)
"""What is no person, though it has a name and an age too."""
OF_THINGS = re.compile(rf"(?:^|_)(?:{THINGS})_?(?:name|age)(?=_|$)")

ID = re.compile(
    r"(?:^|_)(?:id|uuid|guid|pk)(?:_|$)|(?:^|_)(?:key|no|nr|num|number)$|^(?:index|unnamed_0)$|"
    r"(?:account|article|case|client|customer|device|employee|item|order|passenger|patient|person|post|product|record|row|session|"
    r"student|ticket|transaction|user)id$"
)
POSTCODE = re.compile(r"(?:^|_)(?:zip|zip_?code|post_?code|postal_?code|plz)(?:_|$)")
PRIVATE = re.compile(
    r"(?:^|_)(?:(?:first|last|full|given|family|middle|maiden|user)?_?name|surname|forename|e_?mail|phone|mobile|tel|telephone|fax|iban|"
    r"account(?:_(?:no|nr|num|number|id)(?:_|$)|$)|ssn|passport|address|street|ip|dob|birth_?date|date_?of_?birth|birth_?day)(?:_|$)"
)
FACET = re.compile(r"(?:^|_)(?:sex|gender|race|ethnic\w*|religion|nationality|disab\w*|age)(?:_|$)")
AGE = re.compile(r"(?:^|_)age(?:_|$)")
NO_TIME_OF_ROW = re.compile(r"(?:^|_)(?:birth\w*|born|dob|expir\w*|due|deadline|valid_(?:to|until))(?:_|$)")

OUTCOMES = (
    *(
        "label",
        "target",
        "outcome",
        "y",
        "approved",
        "survived",
        "churned",
        "churn",
        "fraud",
        "default",
        "defaulted",
        "returned",
        "response",
    ),
    *("converted", "clicked", "readmitted", "diagnosis", "spam", "species", "rating", "stars", "quality", "income", "class"),
)
"""Words that name what shall be predicted, the surest first."""
MARKS = {"is", "has", "was"}  # words ahead of an outcome
SURE_OUTCOMES = ("label", "target", "outcome", "y")  # of these a number of many values is an outcome too
BAD = {"churned", "churn", "fraud", "default", "defaulted", "returned", "readmitted", "spam"}  # outcomes that nobody wishes for


def snake(name: str) -> str:
    """A name's words in small letters, joined by `_`.

    >>> snake("PatientAge"), snake("Patient-age"), snake("e-mail"), snake("customerID"), snake("paid")
    ('patient_age', 'patient_age', 'e_mail', 'customer_id', 'paid')
    """
    return "_".join(WORD.findall(CAMEL.sub(" ", name))).lower()


def names_id(name: str) -> bool:
    """Whether a name is that of an id: `id`, `customer_no`, `orderId`; not `paid` or `grid`."""
    return ID.search(snake(name)) is not None


def names_code(name: str) -> bool:
    """Whether numbers of such a name are codes and no quantities: ids, postcodes."""
    return names_id(name) or POSTCODE.search(snake(name)) is not None


def names_private(name: str) -> bool:
    """Whether a name is that of something personal: `first name`, `E-Mail`, `dateOfBirth`; not `product_name`."""
    return PRIVATE.search(OF_THINGS.sub("", snake(name))) is not None


def names_anything(name: str) -> bool:
    """Whether a name is just `name`: of whom or of what, only the other columns can tell."""
    return snake(name) in ("name", "names")


def names_facet(name: str) -> bool:
    """Whether a name is that of something by which people must not be treated differently: `sex`, `Patient Age`; not `vehicle_age`."""
    return FACET.search(OF_THINGS.sub("", snake(name))) is not None


def names_age(name: str) -> bool:
    """Whether a name is that of a person's age."""
    return AGE.search(OF_THINGS.sub("", snake(name))) is not None


def names_time_of_row(name: str) -> bool:
    """Whether a date of such a name may tell when its row came to be: not a date of birth, not one that is still to come."""
    return NO_TIME_OF_ROW.search(snake(name)) is None


def outcome(name: str) -> str:
    """The word of `OUTCOMES` that a name says, or nothing: `fraud` for `isFraud`."""
    words = [w for w in snake(name).split("_") if w not in MARKS]
    return words[0] if len(words) == 1 and words[0] in OUTCOMES else ""
