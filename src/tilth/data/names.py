"""What a column's name suggests, in any spelling style: `PatientAge`, `patient_age`, `Patient Age`."""

from __future__ import annotations

import re

CAMEL = re.compile(r"(?<=[^\W_A-Z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
WORD = re.compile(r"[^\W\d_]+|[0-9]+")

THINGS = (
    "account|airline|airport|app|bank|book|brand|building|business|campaign|car|category|channel|city|class|college|column|company|"
    "continent|country|county|department|disease|district|domain|drug|event|facility|field|file|firm|game|group|hospital|host|hotel|house|"
    "indicator|item|job|loan|model|movie|museum|organi[sz]ation|park|party|plan|plot|product|project|property|province|region|restaurant|"
    "school|series|ship|shop|song|species|state|station|store|study|table|team|town|university|variable|variety|vehicle|venue"
)
"""Things, not persons, that may also have a name and an age."""
OF_THINGS = re.compile(rf"(?:^|_)(?:{THINGS})_?(?:name|age)(?=_|$)")

ID = re.compile(
    r"(?:^|_)(?:id|ids|uuid|guid|uid|pid|id_?num|pidnum|pk|rownames?|row_names?)(?:_|$)|(?:^|_)(?:key|no|nr|num|number)$|^(?:index|unnamed_0|obs|caseno|individual|participant|respondent)$|"
    r"(?:account|article|case|client|customer|device|employee|item|order|passenger|patient|person|post|product|record|row|session|"
    r"student|subj|subject|ticket|transaction|user)id$"
)
NUMBER_OF = re.compile(r"^(?:num|no|nr|number)_(?!\d)|^(?:visit|child(?:ren)?|room|week|month|year|day|page)_(?:no|nr|num|number)$")
CODE = re.compile(r"(?:^|_)code(?:_|$)|code_?[0-9]*$")
POSTCODE = re.compile(r"(?:^|_)(?:zip|zip_?code|post_?code|postal_?code|plz)(?:_|$)")
BIRTH = r"geb_?dat\w*|geburts\w*|geboorte\w*|(?:date_(?:de_)?)?naissance|(?:fecha_(?:de_)?)?nacimiento|(?:data_(?:di_)?)?nascita"
ABROAD = r"(?:vor|nach|familien)name|pr[eé]nom|stra(?:ss|ß)e\w*|ad?dresse|anschrift|telefon|handy"
PRIVATE = re.compile(
    r"(?:^|_)(?:(?:first|last|full|given|family|middle|maiden|user)?_?name|surname|forename|e_?mail|phone|mobile|tel|telephone|fax|iban|"
    rf"account(?:_(?:no|nr|num|number|id)(?:_|$)|$)|ssn|passport|address|street|ip|{ABROAD}|dob|birth_?date|date_?of_?birth|birth_?day|{BIRTH})(?:_|$)"
)
FACET = re.compile(
    r"(?:^|_)(?:sex|gender|gndr|race|racecat|ethn\w*|hispanic|relig\w*|national(?:ity)?|national_origin|native_country|"
    r"citizen\w*|immigra\w*|disab\w*|handicap\w*|veteran|pregnan\w*|marital|marital_?status|civil_?status|age|"
    r"age_?(?:group|cat|band|range|bin)|sexual_orientation|skin_?colou?r)(?:_|$)|^(?:fe)?male$|^(?:is_)?married$|^(?:black|white|minority|foreign(?:er)?)$"
)
TEXT = re.compile(r"(?:^|_)(?:comments?|notes?|remarks?|description|review|message|abstract)$")
PLACE = re.compile(r"(?:^|_)(?:lat|lon|lng|long|latitude|longitude)$")
AGE = re.compile(r"(?:^|_)age(?:_|$)")
NO_TIME_OF_ROW = re.compile(rf"(?:^|_)(?:birth\w*|born|dob|{BIRTH}|expir\w*|due|deadline|valid_(?:to|until))(?:_|$)")
TIME_UNITS = ("year", "month", "day", "hour", "minute")

SURE_OUTCOMES = {
    "label", "target", "outcome", "y", "response", "price", "sale_price", "salary", "wage", "wages", "quality", "rating", "medv",
}  # with these names, a numeric column with many values is an outcome, too  # fmt: skip
OUTCOMES = (
    "label", "target", "outcome", "y", "approved", "approve", "accepted", "granted", "deny", "denied", "rejected", "reject",
    "survived", "died", "dead", "death", "churned", "churn", "left", "attrition", "exited", "quit", "fraud", "default",
    "defaulted", "returned", "response", "converted", "clicked", "subscribed", "purchased", "readmitted", "diagnosis",
    "spam", "sentiment", "species", "price", "sale_price", "salary", "wage", "wages", "rating", "stars", "quality", "income", "class",
    "medv",
)  # fmt: skip
"""Words for outcomes (columns to predict), the surest first."""
BINARY = {"income", "left", "quit", "died", "dead", "death", "exited"}  # outcomes only if the column has two values
AROUND = re.compile(r"^(?:is|has|was|will|did)_|_(?:flag|ind|indicator|label|value|yn|(?:payment_)?next_month)$")
"""Words around an outcome: `is_fraud`, `churn_flag`, `default payment next month`."""
UNFAVOURABLE = {
    "churned", "churn", "fraud", "default", "defaulted", "returned", "readmitted", "spam", "deny", "denied", "rejected", "reject",
    "died", "dead", "death", "left", "attrition", "exited", "quit",
}  # unfavourable if true  # fmt: skip
ANOTHER_OUTCOME = re.compile(r"^(?:label|target|outcome)_?\d*$")
EVENT = re.compile(r"^(?:died|dead|death|event|cens(?:ored)?|relapsed?|recurrence)$")
DURATION = re.compile(r"^(?:(?:fu)?time|duration|survival(?:_time)?|(?:time|days)_to_\w+|follow_?up(?:_?time)?)$")
"""The time that a subject was observed, up to an event."""


def snake(name: str) -> str:
    """A name's words in lower case, joined by `_`.

    >>> snake("PatientAge"), snake("Patient-age"), snake("e-mail"), snake("customerID"), snake("paid")
    ('patient_age', 'patient_age', 'e_mail', 'customer_id', 'paid')
    """
    return "_".join(WORD.findall(CAMEL.sub(" ", name))).lower()


def names_id(name: str) -> bool:
    """Whether a name is an id's: `id`, `customer_no`, `orderId`; not `paid`, `grid` or `number of rooms`."""
    words = snake(name)
    return ID.search(words) is not None and NUMBER_OF.search(words) is None


def names_postcode(name: str) -> bool:
    """Whether a name means a postcode."""
    return POSTCODE.search(snake(name)) is not None


def names_code(name: str) -> bool:
    """Whether numbers with this name are codes, not quantities: ids, postcodes, a `country_code`."""
    return names_id(name) or names_postcode(name) or CODE.search(snake(name)) is not None


def names_text(name: str) -> bool:
    """Whether strings with this name are free text: comments, descriptions."""
    return TEXT.search(snake(name)) is not None


def names_place(name: str) -> bool:
    """Whether numbers with this name are coordinates."""
    return PLACE.search(snake(name)) is not None


def names_private(name: str) -> bool:
    """Whether a name suggests personal data: `first name`, `E-Mail`, `dateOfBirth`; not `product_name`."""
    return PRIVATE.search(OF_THINGS.sub("", snake(name))) is not None


def names_generic(name: str) -> bool:
    """Whether a name is just `name`, which may belong to a person or a thing."""
    return snake(name) in ("name", "names")


def names_facet(name: str) -> bool:
    """Whether a name means a protected attribute: `sex`, `Patient Age`, `marital.status`; not `vehicle_age`."""
    return FACET.search(OF_THINGS.sub("", snake(name))) is not None


def names_age(name: str) -> bool:
    """Whether a name means a person's age."""
    return AGE.search(OF_THINGS.sub("", snake(name))) is not None


def names_time_of_row(name: str) -> bool:
    """Whether a date with this name may be the time of its row: not a date of birth, and not one in the future."""
    return NO_TIME_OF_ROW.search(snake(name)) is None


def names_date(name: str) -> bool:
    """Whether numbers with this name may be days, such as 20240131."""
    return re.search(r"(?:^|_)(?:date|day|dt|ymd)(?:_|$)", snake(name)) is not None


def outcome(name: str) -> str:
    """The word of `OUTCOMES` in a name, or an empty string: `fraud` for `isFraud`."""
    word = AROUND.sub("", AROUND.sub("", snake(name)))
    return word if word in OUTCOMES else ""


def names_another_outcome(name: str) -> bool:
    """Whether a column with this name is a further outcome in addition to the label: `outcome`, `target2`."""
    return ANOTHER_OUTCOME.search(snake(name)) is not None


def names_event(name: str) -> bool:
    """Whether a label with this name may say that an event has happened: `death`, `cens`."""
    return EVENT.search(AROUND.sub("", snake(name))) is not None


def names_duration(name: str) -> bool:
    """Whether numbers with this name may be the time until an event: `time`, `futime`, `days_to_death`."""
    return DURATION.search(snake(name)) is not None
