"""Check digits: of card numbers (Luhn) and of bank accounts (IBAN, ISO 13616)."""

from __future__ import annotations

IBAN_LENGTHS = {
    "NO": 15,
    "BE": 16,
    "DK": 18,
    "FI": 18,
    "FK": 18,
    "FO": 18,
    "GL": 18,
    "NL": 18,
    "SD": 18,
    "MK": 19,
    "SI": 19,
    "AT": 20,
    "BA": 20,
    "EE": 20,
    "KZ": 20,
    "LT": 20,
    "LU": 20,
    "XK": 20,
    "MN": 20,
    "CH": 21,
    "HR": 21,
    "LI": 21,
    "LV": 21,
    "BG": 22,
    "BH": 22,
    "CR": 22,
    "DE": 22,
    "GB": 22,
    "GE": 22,
    "IE": 22,
    "ME": 22,
    "RS": 22,
    "VA": 22,
    "AE": 23,
    "GI": 23,
    "IL": 23,
    "IQ": 23,
    "OM": 23,
    "SO": 23,
    "TL": 23,
    "AD": 24,
    "CZ": 24,
    "ES": 24,
    "MD": 24,
    "PK": 24,
    "RO": 24,
    "SA": 24,
    "SE": 24,
    "SK": 24,
    "TN": 24,
    "VG": 24,
    "LY": 25,
    "PT": 25,
    "ST": 25,
    "IS": 26,
    "TR": 26,
    "BI": 27,
    "DJ": 27,
    "FR": 27,
    "GR": 27,
    "IT": 27,
    "MC": 27,
    "MR": 27,
    "SM": 27,
    "AL": 28,
    "AZ": 28,
    "BY": 28,
    "CY": 28,
    "DO": 28,
    "GT": 28,
    "HN": 28,
    "HU": 28,
    "LB": 28,
    "NI": 28,
    "PL": 28,
    "SV": 28,
    "BR": 29,
    "EG": 29,
    "PS": 29,
    "QA": 29,
    "UA": 29,
    "YE": 30,
    "JO": 30,
    "KW": 30,
    "MU": 30,
    "SC": 31,
    "MT": 31,
    "LC": 32,
    "RU": 33,
}
"""How many characters a country's accounts have."""


def luhn(digits: str) -> bool:
    """Whether the last of some digits checks the others, as that of a card number does.

    >>> luhn("4111111111111111"), luhn("4111111111111112")
    (True, False)
    """
    doubled = [int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(digits))]
    return sum(value - 9 * (value > 9) for value in doubled) % 10 == 0


def iban(account: str) -> bool:
    """Whether an account without spaces has its country's length and a remainder of 1 modulo 97.

    >>> iban("DE89370400440532013000"), iban("DE88370400440532013000")
    (True, False)
    """
    if not account.isascii() or len(account) != IBAN_LENGTHS.get(account[:2].upper()):
        return False
    return int("".join(str(int(each, 36)) for each in account[4:] + account[:4])) % 97 == 1
