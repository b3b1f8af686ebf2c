"""Made-up personal data of Faker as JSON: values by locale and kind. Arguments: seed, how many."""

from __future__ import annotations

import json
import sys

from faker import Faker

_KINDS = {
    "email": lambda fake: fake.email(),
    "phone": lambda fake: fake.phone_number(),
    "card": lambda fake: fake.credit_card_number(),
    "iban": lambda fake: fake.iban(),
    "url": lambda fake: fake.url(),
}


def main() -> None:
    """Print them."""
    seed, count = map(int, sys.argv[1:])
    found = {}
    for locale in ("en_US", "de_DE", "fr_FR"):
        fake = Faker(locale)
        fake.seed_instance(seed)
        found[locale] = {kind: [make(fake) for _ in range(count)] for kind, make in _KINDS.items()}
    json.dump(found, sys.stdout)


main()
