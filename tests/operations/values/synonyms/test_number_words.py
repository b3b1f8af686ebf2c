"""English number words as digits."""

import pytest

from dataselect.operations.values.synonyms.number_words import with_digits

CASES = {
    "six": "6",
    "twenty one": "21",
    "twenty first": "21.",
    "21st": "21.",
    "third": "3.",
    "three hundred and five": "305",
    "two thousand nineteen": "2019",
    "nineteen ninety nine": "19 99",
    "one million two hundred thousand": "1200000",
    "5 hundred": "500",
    "five thirty": "5 30",
    "30 5": "30 5",
    "one hundred and some": "100 and some",
    "0700": "0700",
    "٣": "3",
    "b2b": "b2b",
    "hundred": "hundred",
    "one hundred hundred": "100 hundred",
    "two and three": "2 and 3",
    "": "",
}


@pytest.mark.parametrize("words", CASES)
def test_numbers_become_digits_and_other_words_stay(words: str) -> None:
    assert " ".join(with_digits(words.split())) == CASES[words]
