"""Context words near matches, and words in column names, in the languages of the countries in the catalogue."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache

AROUND = 30  # characters before and behind a match that are searched for context words


@dataclass(frozen=True)
class Words:
    """The words of one kind: `near` matches, as written in texts, and `columns`, column names with words joined by `_`."""

    near: str
    columns: str


WORDS = {
    "passport": Words(
        "passport passports passeport reisepass pass-nr passnummer pasaporte passaporto passaporte paspoort pas pass-nummer "
        "paszport pasas pase pasfoto passi passinumero útlevél cestovní_pas cestovný_pas pașaport pasoš putovnica διαβατήριο "
        "паспорт pasaport 护照 護照 旅券 여권",
        "passport passport_no passeport reisepass pasaporte passaporto passaporte paspoort paszport pasaport",
    ),
    "driving": Words(
        "driver driver's drivers driving dl license licence driver's_license führerschein permis permis_de_conduire rijbewijs "
        "kørekort körkort førerkort ajokortti carnet_de_conducir licencia_de_conducir licencia patente patente_di_guida "
        "carta_de_condução prawo_jazdy jogosítvány řidičský_průkaz vodičský_preukaz permis_auto vozačka vozniško juhiluba "
        "vairuotojo autovadītāja 驾照 運転免許",
        "dl dl_no driving driver_license driver_licence drivers_license driving_licence license_no licence_no fuehrerschein "
        "führerschein permis rijbewijs licencia_conducir patente carta_conducao prawo_jazdy",
    ),
    "tax": Words(
        "tax taxpayer tin tax_id itin ein steuer steuernummer steuer-id steuer-idnr idnr steueridentifikationsnummer fiscal "
        "fiscale nif numéro_fiscal impôt rfc nit cuit cuil cnpj cpf rut imposto contribuinte belasting bsn skat skatte vergi "
        "adószám adóazonosító nip daň afm αφμ иин инн",
        "tax tax_id tin tax_number taxpayer steuer_id steuernummer idnr nif fiscal_code codice_fiscale rfc nit cuit cuil cpf "
        "cnpj rut nip afm",
    ),
    "vat": Words(
        "vat vat_no ust ust-id ustid ust-idnr umsatzsteuer tva mwst iva btw moms mva alv dph pdv ddv áfa kdv rif km pvn pvm ΦΠΑ",
        "vat vat_id vat_no vat_number ust_id ustid ust_idnr tva btw iva partita_iva moms cif",
    ),
    "social": Words(
        "ssn sin social social_security social_insurance sozialversicherung sv-nummer svnr sécurité_sociale nir nss "
        "seguridad_social insurance national_insurance nino ni ppsn pps taj pesel amka personnummer ahv avs",
        "ssn social_security social_security_number sin social_insurance nino national_insurance ni_number nir insee nss svnr "
        "sv_nummer ahv avs taj pesel amka pps ppsn",
    ),
    "identity": Words(
        "identity identification id_card id_number id_no national_id personal_id personal_number ausweis personalausweis "
        "identité cni identidad dni nie cédula cedula cpf curp bsn burgerservicenummer cpr fødselsnummer personnummer "
        "henkilötunnus kennitala isikukood asmens_kodas personas_kods rodné_číslo rc cnp egn егн oib jmbg emšo emso tckn kimlik "
        "aadhaar nric hkid mykad nik rg rut citizen civil 身份证 身分證 주민등록번호 マイナンバー",
        "national_id id_number id_no identity_number identity_card personal_id personal_code person_number personalausweis "
        "ausweis cni dni nie cedula curp bsn cpr fodselsnummer personnummer hetu kennitala isikukood asmens_kodas rodne_cislo "
        "cnp egn oib jmbg emso tckn aadhaar nric hkid mykad nik",
    ),
    "health": Words(
        "health patient medical medicare medicaid nhs npi dea mbi insurance insured krankenkasse krankenversicherung "
        "versichertennummer assurance_maladie carte_vitale salud santé gesundheit helse hälsa phn ohip prescriber provider",
        "health_number health_card patient_id nhs nhs_number npi dea mbi medicare medicaid health_insurance insured_id phn ohip",
    ),
    "bank": Words(
        "account account_no acct a/c bank iban konto kontonummer compte cuenta conto rekening routing aba sort_code clabe "
        "transit payee payment",
        "account account_no account_number acct acct_no bank_account iban konto kontonummer compte cuenta clabe sort_code "
        "routing_number rib",
    ),
    "card": Words(
        "card credit debit visa mastercard amex card_no cc pan karte kreditkarte carte tarjeta carta kaart",
        "card card_no card_number cc cc_number credit_card debit_card pan kreditkarte",
    ),
    "phone": Words(
        "phone phones telephone tel call called mobile cell fax contact sms text whatsapp ring telefon telefono teléfono "
        "téléphone portable handy móvil celular telefoon puhelin 电话 手机",
        "phone phone_no phone_number telephone tel mobile cell cellphone fax telefon telefono telefoon handy msisdn",
    ),
    "email": Words(
        "email e-mail mail contact address write correo courriel", "email email_address e_mail mail mail_address correo courriel"
    ),
    "network": Words("ip host address server client addr login", "ip ip_address ipv4 ipv6 client_ip remote_addr host_ip"),
    "device": Words("mac device adapter interface", "mac mac_address device_id"),
    "imei": Words("imei handset phone mobile", "imei"),
    "birth": Words(
        "dob born birth birthday birthdate date_of_birth geb geboren geburtsdatum naissance né née nacimiento nascita "
        "nascimento geboortedatum född født",
        "dob born birth birth_date date_of_birth birthday birth_day bday birthdate geb geboren geburtsdatum geburtstag naissance né née "
        "nacimiento nascita nascimento geboortedatum född födelsedatum født fødselsdato urodzenia",
    ),
    "date": Words("date on", "date"),
    "secret": Words("key secret token password", "password passwd secret api_key token access_key private_key"),
    "resident": Words("permit resident residence immigration travel_permit", "permit_no residence_permit resident_id"),
    "company": Words("company business abn acn regon uen corporation gst", "company_number business_number abn acn regon uen"),
    "plate": Words("plate licence_plate license_plate car vehicle 车牌", "plate license_plate licence_plate registration"),
}

_OTHERS = (
    *("order", "invoice", "tracking", "version", "v", "sku", "ext", "part no", "serial"),
    *("bestellung", "rechnung", "commande", "facture", "pedido", "factura"),
)
NEGATIVE = re.compile(rf"\b(?:{'|'.join(_OTHERS)})\b[^0-9\n]{{0,12}}\Z", re.IGNORECASE)
"""Words directly or a few characters before a number that mean another kind of number."""
NEGATIVE_WORDS = frozenset(word.split()[0] for word in _OTHERS)  # wherever NEGATIVE matches, one of these words is found
_WORD = re.compile(r"[^\W_]+")
_MARKS = str.maketrans({c: " " for c in map(chr, range(128)) if not c.isalnum()})


def words_in(text: str) -> list[str]:
    """The words of a text in lower case.

    >>> words_in("Card-No. 12"), words_in("n°_télé")
    (['card', 'no', '12'], ['n', 'télé'])
    """
    return text.translate(_MARKS).lower().split() if text.isascii() else _WORD.findall(text.lower())


class Around:
    """The words around places in a text, in lower case."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._words = text.translate(_MARKS).lower() if text.isascii() else ""  # for all places; positions stay the same

    def before(self, start: int, low: int) -> list[str]:
        """The words within `AROUND` characters before a place, but not before `low`; a word that is only partly within is left out."""
        first = start - AROUND - 1
        if first < low:
            return self._words[low:start].split() if self._words else words_in(self._text[low:start])
        words = self._words[first:start].split() if self._words else words_in(self._text[first:start])
        return words[1:] if self._text[first].isalnum() else words

    def behind(self, end: int, high: int) -> list[str]:
        """The words within `AROUND` characters behind a place, up to `high`."""
        last = min(high, end + AROUND)
        return self._words[end:last].split() if self._words else words_in(self._text[end:last])


class Context:
    """The context words of an entity: single words, phrases, and strings in scripts that are written without blanks."""

    def __init__(self, words: Iterable[str]) -> None:
        parts = {tuple(words_in(word)) for word in words} - {()}
        self.words = frozenset("".join(p) for p in parts if p[0] < "\u2e80")
        phrases = [p for p in sorted(parts) if len(p) > 1 and self.words.isdisjoint(p)]
        self._phrases, self._begin = tuple(f" {' '.join(p)} " for p in phrases), frozenset(p[0] for p in phrases)
        self._inside = tuple(sorted(p[0] for p in parts if p[0] >= "\u2e80"))

    def in_words(self, words: Sequence[str]) -> bool:
        """Whether a context word or phrase is among these lower-case words."""
        if not self.words.isdisjoint(words):
            return True
        if not self._begin.isdisjoint(words) and any(p in f" {' '.join(words)} " for p in self._phrases):
            return True
        return bool(self._inside) and not (text := " ".join(words)).isascii() and any(p in text for p in self._inside)


@cache
def context(kind: str, more: tuple[str, ...]) -> Context:
    """The context words of a kind, together with further ones.

    >>> context("birth", ()).in_words(["date", "of", "birth"]), context("card", ()).in_words(["discard"])
    (True, False)
    """
    return Context((*(WORDS[kind].near.split() if kind else ()), *more))


@cache
def names(kind: str, more: tuple[str, ...]) -> frozenset[tuple[str, ...]]:
    """The column names of a kind, together with further ones, each split into its words."""
    return names_of((*(WORDS[kind].columns.split() if kind else ()), *more))


def names_of(words: Iterable[str]) -> frozenset[tuple[str, ...]]:
    """Split names at `_` into words."""
    return frozenset(tuple(w.split("_")) for w in words)


_SPLIT = re.compile(r"[A-Z]+(?![a-zß-ÿ])|[A-Z]?[a-zß-ÿ]+|[^\W\d_A-Za-z]+")


@cache
def words_of(column: str) -> tuple[str, ...]:
    """The words of a column's name, in lower case.

    >>> words_of("customerSSN_2"), words_of("Date of birth"), words_of("IBANNumber")
    (('customer', 'ssn'), ('date', 'of', 'birth'), ('iban', 'number'))
    """
    return tuple(w.lower() for w in _SPLIT.findall(column))


@lru_cache(1 << 14)
def speaks_of(column: str, kind: str, more: tuple[str, ...]) -> bool:
    """Whether a column's name contains a column name of a kind, or one of the further names."""
    return hinted(column, names(kind, more))


def hinted(column: str, known: frozenset[tuple[str, ...]]) -> bool:
    """Whether a column's name contains one of these names, as separate words or run together.

    >>> known = names_of(["first_name"])
    >>> hinted("cust_first_name", known), hinted("firstname", known), hinted("filename", known)
    (True, True, False)
    """
    words = words_of(column)
    joined = {"".join(words), *words}
    return any("".join(name) in joined or any(words[i : i + len(name)] == name for i in range(len(words))) for name in known)
