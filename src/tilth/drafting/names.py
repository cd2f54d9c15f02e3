"""What a column's name suggests, in any spelling style: `PatientAge`, `patient_age`, `Patient Age`."""

from __future__ import annotations

import re

CAMEL = re.compile(r"(?<=[^\W_A-Z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
WORD = re.compile(r"[^\W\d_]+|[0-9]+")

THINGS = (
    "account|app|book|brand|building|campaign|car|category|channel|city|class|column|company|country|department|disease|domain|drug|event|"
    "field|file|game|group|host|house|item|job|loan|model|movie|plan|product|property|region|school|shop|song|species|state|station|store|"
    "table|team|town|vehicle"
)
"""Things other than persons that have a name and an age too."""
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
    "label", "target", "outcome", "y", "approved", "survived", "churned", "churn", "fraud", "default", "defaulted", "returned",
    "response", "converted", "clicked", "readmitted", "diagnosis", "spam", "species", "rating", "stars", "quality", "income", "class",
)  # fmt: skip
"""Words for what is to be predicted, the surest first."""
MARKS = {"is", "has", "was"}  # words ahead of an outcome
SURE_OUTCOMES = ("label", "target", "outcome", "y")  # with these names a continuous number is an outcome too
UNFAVOURABLE = {"churned", "churn", "fraud", "default", "defaulted", "returned", "readmitted", "spam"}  # if true


def snake(name: str) -> str:
    """A name's words in lower case, joined by `_`.

    >>> snake("PatientAge"), snake("Patient-age"), snake("e-mail"), snake("customerID"), snake("paid")
    ('patient_age', 'patient_age', 'e_mail', 'customer_id', 'paid')
    """
    return "_".join(WORD.findall(CAMEL.sub(" ", name))).lower()


def names_id(name: str) -> bool:
    """Whether a name is an id's: `id`, `customer_no`, `orderId`; not `paid` or `grid`."""
    return ID.search(snake(name)) is not None


def names_code(name: str) -> bool:
    """Whether numbers with this name are codes, not quantities: ids, postcodes."""
    return names_id(name) or POSTCODE.search(snake(name)) is not None


def names_private(name: str) -> bool:
    """Whether a name suggests personal data: `first name`, `E-Mail`, `dateOfBirth`; not `product_name`."""
    return PRIVATE.search(OF_THINGS.sub("", snake(name))) is not None


def names_generic(name: str) -> bool:
    """Whether a name is just `name`, which may be of a person or a thing."""
    return snake(name) in ("name", "names")


def names_facet(name: str) -> bool:
    """Whether a name is that of a protected attribute: `sex`, `Patient Age`; not `vehicle_age`."""
    return FACET.search(OF_THINGS.sub("", snake(name))) is not None


def names_age(name: str) -> bool:
    """Whether a name means a person's age."""
    return AGE.search(OF_THINGS.sub("", snake(name))) is not None


def names_time_of_row(name: str) -> bool:
    """Whether a date with this name may be the time of its row: not a date of birth, and not one in the future."""
    return NO_TIME_OF_ROW.search(snake(name)) is None


def outcome(name: str) -> str:
    """The word of `OUTCOMES` in a name, or an empty string: `fraud` for `isFraud`."""
    words = [w for w in snake(name).split("_") if w not in MARKS]
    return words[0] if len(words) == 1 and words[0] in OUTCOMES else ""
