"""Numbers in words."""

import pytest

from dataselect.errors import OptionError
from dataselect.models.normalization import Normalization

pytest.importorskip("num2words", reason="the package num2words, an extra, is not installed")

SPELLED = {
    ("en", "play 3 songs"): "play three songs",
    ("en", "top 100, now"): "top one hundred, now",
    ("en", "in 1984"): "in nineteen eighty four",
    ("en", "the 22nd"): "the twenty second",
    ("en", "call 0049 1234567"): "call zero zero four nine one two three four five six seven",
    ("en", "the 80s, 2nd"): "the eighty s, second",
    ("en", "mp3 at 7am"): "mp three at seven am",
    ("en", "٣ no digits of ours"): "٣ no digits of ours",
    ("de", "um 21 Uhr"): "um einundzwanzig Uhr",
    ("es", "quiero 2"): "quiero dos",
}


@pytest.mark.parametrize(("language", "text"), SPELLED)
def test_numbers_are_spelled(language: str, text: str) -> None:
    assert Normalization(numbers=language)(text) == SPELLED[language, text]


def test_numbers_come_before_all_else_and_leave_the_unknown_token() -> None:
    normalization = Normalization(True, "remove", unknown="<7>", numbers="en")
    assert normalization("PLAY: <7> 25 times!") == "play <7> twenty five times"
    assert str(normalization) == "lower+nopunct+unknown=<7>+numbers=en"


def test_a_language_that_is_not_known_is_refused() -> None:
    with pytest.raises(OptionError, match="no such language"):
        Normalization(numbers="klingon")
