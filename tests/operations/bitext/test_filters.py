"""Filters: what each leaves out, and what none may leave out."""

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataselect.errors import OptionError
from dataselect.models.unicode_scripts import script_share
from dataselect.operations.bitext.filters import PairFilters, links
from dataselect.selection.reasons import describe

COPIES = PairFilters(drop_copies=True)
NUMBERS = PairFilters(same_numbers=True)
URLS = PairFilters(same_urls=True)
ALL = PairFilters(3, "chars", True, "Latin", "Latin", True, True)


def fires(filters: PairFilters, src: str, tgt: str) -> bool:
    [code] = filters.codes([src], [tgt])
    return bool(code)


@pytest.mark.parametrize(
    ("filters", "src", "tgt"),
    [
        pytest.param(PairFilters(3), "a b c d", "ab", id="seven characters against two"),
        pytest.param(PairFilters(3), "ab", "a b c d", id="the target may be the longer side"),
        pytest.param(
            PairFilters(2, "words"),
            "one two three",
            "Eins",
            id="three words against one, above two",
        ),
        pytest.param(COPIES, "Play Adele!", "play  adele", id="a copy but for case and marks"),
        pytest.param(COPIES, "ＡＢＣ　ok", "abc OK", id="a copy in full-width letters"),
        pytest.param(COPIES, "cafe\u0301", "café", id="a copy with its accent decomposed"),
        pytest.param(COPIES, "STRASSE 7", "Straße 7", id="a copy with a sharp s"),
        pytest.param(COPIES, "कि", "कि।", id="a copy in Hindi"),
        pytest.param(NUMBERS, "gate 14", "Tor 41", id="digits swapped"),
        pytest.param(NUMBERS, "it costs 5", "es kostet 7", id="small numbers, but others"),
        pytest.param(NUMBERS, "in 2005", "damals", id="a number too large to be spelt out"),
        pytest.param(NUMBERS, "damals", "in 2005", id="the target alone has it"),
        pytest.param(NUMBERS, "3.5 percent", "3,7 Prozent", id="another decimal"),
        pytest.param(NUMBERS, "1,000.50", "1.000,60", id="another fraction behind a thousand"),
        pytest.param(NUMBERS, "20 or 20", "20 oder 30", id="one of two the same"),
        pytest.param(NUMBERS, "50 of 50", "50", id="said once of twice"),
        pytest.param(NUMBERS, "at 9:15", "um 9.45", id="another time"),
        pytest.param(NUMBERS, "room 101", "कमरा १०२", id="another number in Devanagari digits"),
        pytest.param(URLS, "see www.a.org", "siehe www.b.org", id="another URL"),
        pytest.param(URLS, "see http://a.org/x", "siehe unten", id="a URL lost"),
        pytest.param(URLS, "write to us", "an info@a.org", id="an e-mail address added"),
        pytest.param(PairFilters(src_script="Latin"), "Привет, Tom", "x", id="mostly Cyrillic"),
        pytest.param(PairFilters(tgt_script="Cyrillic"), "x", "Privet!", id="Latin for Cyrillic"),
        pytest.param(PairFilters(tgt_script="Han"), "x", "これはペンです", id="kana for Han alone"),
    ],
)
def test_a_filter_fires(filters: PairFilters, src: str, tgt: str) -> None:
    assert fires(filters, src, tgt)


@pytest.mark.parametrize(
    ("filters", "src", "tgt"),
    [
        pytest.param(PairFilters(3), "abcdef", "ab", id="three times as long is not above three"),
        pytest.param(PairFilters(1), " ab\r\n", "ab", id="white space at the ends has no length"),
        pytest.param(PairFilters(1, "words"), "word " * 3, "a b\tc", id="as many words"),
        pytest.param(COPIES, "2005", "2005", id="a number translates to itself"),
        pytest.param(COPIES, "5 – 3", "5 - 3", id="numbers and marks alone"),
        pytest.param(COPIES, "...", "...", id="punctuation alone"),
        pytest.param(COPIES, "Berlin", "Bern", id="a word that begins alike"),
        pytest.param(COPIES, "की", "का", id="Hindi words that differ in a vowel sign"),
        pytest.param(NUMBERS, "no digits", "keine", id="no numbers"),
        pytest.param(NUMBERS, "1,000.50 euros", "1.000,50 Euro", id="marks changed"),
        pytest.param(NUMBERS, "1,000", "1000", id="grouping on one side"),
        pytest.param(NUMBERS, "10,000 men", "10 000 Mann", id="grouping by a space"),
        pytest.param(NUMBERS, "1’234’567", "1\u202f234\u202f567", id="Swiss and narrow spaces"),
        pytest.param(NUMBERS, "1,2,3", "1, 2, 3", id="a list without spaces"),
        pytest.param(NUMBERS, "3rd of 15", "der 3. von 15", id="ordinals"),
        pytest.param(NUMBERS, "10:30", "10.30 Uhr", id="times"),
        pytest.param(NUMBERS, "7 pm", "19:00 Uhr", id="a clock of 12 and one of 24 hours"),
        pytest.param(NUMBERS, "at 6:55", "um 18:55", id="minutes on both clocks"),
        pytest.param(NUMBERS, "7 a.m.", "7:00 Uhr", id="full hours"),
        pytest.param(NUMBERS, "July 13th, 2008", "13.7.2008", id="a month in digits"),
        pytest.param(NUMBERS, "May 05", "5. Mai", id="leading zeros"),
        pytest.param(NUMBERS, ".5 litres", "0,5 Liter", id="a zero before the mark"),
        pytest.param(NUMBERS, "2 dogs", "zwei Hunde", id="a small number spelt out"),
        pytest.param(NUMBERS, "twelve", "12", id="twelve spelt out"),
        pytest.param(NUMBERS, "35 of 100", "٣٥ ١٠٠", id="Arabic-Indic digits"),
        pytest.param(NUMBERS, "1,234.5", "१,२३४.५", id="Devanagari digits with marks"),
        pytest.param(NUMBERS, "35", "３５", id="full-width digits"),
        pytest.param(NUMBERS, "15 then 20", "20, zuvor 15", id="another order"),
        pytest.param(NUMBERS, "9" * 5000, "9" * 5000, id="more digits than Python reads"),
        pytest.param(URLS, "see a.org.", "siehe www", id="no URL"),
        pytest.param(URLS, "at http://www.A.org/.", "bei a.org, also www.a.org", id="spellings"),
        pytest.param(URLS, "(WWW.a.org)", "www.a.org", id="capitals and brackets"),
        pytest.param(URLS, "me@a.org, www.b.org", "www.b.org me@a.org.", id="another order, URLs"),
        pytest.param(URLS, "meet @ noon", "um zwölf", id="an at sign alone"),
        pytest.param(PairFilters(src_script="Latin"), "Tom: «ж»", "x", id="one foreign letter"),
        pytest.param(PairFilters(src_script="Latin"), "2005 – ½ ☺", "x", id="no letters"),
        pytest.param(
            PairFilters(src_script="latin"), "Łódź, naïveté", "x", id="letters with accents"
        ),
        pytest.param(
            PairFilters(tgt_script="Han, Hiragana,Katakana"),
            "x",
            "テーブルの上",
            id="three scripts",
        ),
        pytest.param(
            PairFilters(src_script="Devanagari"), "क्षत्रिय ab", "x", id="marks are no letters"
        ),
        pytest.param(PairFilters(), "a" * 99, "1", id="no filter"),
        pytest.param(ALL, "He paid 20 euros.", "Er zahlte 20 Euro.", id="a true pair"),
    ],
)
def test_no_filter_fires(filters: PairFilters, src: str, tgt: str) -> None:
    assert not fires(filters, src, tgt)


def test_the_first_filter_that_fires_names_the_reason() -> None:
    src = ["Hello there", "Good morning to you", "a b c 14", "good 14", "ok 14"]
    tgt = ["hello there!", "Hi", "a b c 15", "Привет 14", "gut 14"]
    filters = PairFilters(3, drop_copies=True, tgt_script="Latin", same_numbers=True)
    codes = filters.codes(src, tgt)
    assert [describe(filters.reasons[code - 1]) if code else "" for code in codes] == [
        "a copy of the source, --drop-copies",
        "above --max-length-ratio 3",
        "other numbers, --same-numbers",
        "target not in --tgt-script Latin",
        "",
    ]


def test_reasons_name_their_options() -> None:
    assert tuple(map(describe, ALL.reasons)) == (
        "above --max-length-ratio 3",
        "a copy of the source, --drop-copies",
        "source not in --src-script Latin",
        "target not in --tgt-script Latin",
        "other URLs or e-mail addresses, --same-urls",
        "other numbers, --same-numbers",
    )


def test_filters_are_off_unless_asked_for() -> None:
    assert not PairFilters().active
    assert not PairFilters(length_unit="words").active
    assert PairFilters().reasons == ()
    assert ALL.active


PAIRS = st.lists(st.tuples(st.text(max_size=20), st.text(max_size=20)), max_size=8)


@given(PAIRS)
def test_a_code_depends_on_its_pair_alone(pairs: list[tuple[str, str]]) -> None:
    together = ALL.codes([src for src, _ in pairs], [tgt for _, tgt in pairs])
    alone = [int(ALL.codes([src], [tgt])[0]) for src, tgt in pairs]
    assert together.tolist() == alone


@given(st.text(max_size=30), st.text(max_size=30))
def test_swapping_the_sides_changes_nothing(src: str, tgt: str) -> None:
    filters = PairFilters(3, drop_copies=True, same_urls=True, same_numbers=True)
    assert filters.codes([src], [tgt]) == filters.codes([tgt], [src])


@given(st.text())
def test_a_text_has_the_numbers_and_links_of_itself(text: str) -> None:
    assert not fires(PairFilters(1, same_numbers=True, same_urls=True), text, text)


@given(st.text(st.sampled_from("ab яф 12 ªー"), max_size=12))
def test_the_share_of_a_script_is_that_of_its_letters(text: str) -> None:
    """The raised a is Latin; the mark of a long vowel is shared and counts for nothing."""
    latin = sum(map(text.count, "abª"))
    cyrillic = sum(map(text.count, "яф"))
    expected = latin / (latin + cyrillic) if latin + cyrillic else 1
    [share] = script_share([text], "Latin")
    assert share == expected


def test_links_are_found_in_running_text() -> None:
    text = "Mail Jo.Doe+x@Mail.example.com, or see https://www.a.org/b?c=1#d (ftp://a.org:21/)."
    assert links(text) == {"jo.doe+x@mail.example.com", "a.org/b?c=1#d", "a.org:21"}


def test_a_long_word_beside_an_at_sign_takes_no_time() -> None:
    """A search that starts anew at each letter would take minutes."""
    assert not fires(URLS, "x" * 300_000 + " @", "y")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        pytest.param({"max_length_ratio": 0.5}, ["max_length_ratio 0.5", "1"], id="under one"),
        pytest.param({"max_length_ratio": float("nan")}, ["max_length_ratio"], id="no number"),
        pytest.param({"src_script": "Latn1"}, ["src_script", "'Latn1'"], id="no name"),
        pytest.param({"tgt_script": "Cyrilic"}, ["tgt_script", "Cyrillic"], id="misspelt"),
        pytest.param({"tgt_script": "Han,Hirgana"}, ["'Hirgana'", "Hiragana"], id="the second"),
        pytest.param({"tgt_script": "Han,"}, ["''"], id="a comma too many"),
        pytest.param({"tgt_script": "Latin}|."}, ["'Latin}|.'"], id="a pattern"),
    ],
)
def test_options_that_make_no_sense_are_refused(
    options: dict[str, object], words: list[str]
) -> None:
    with pytest.raises(OptionError) as caught:
        PairFilters(**options)  # type: ignore[arg-type]
    assert "\n" not in str(caught.value)
    for word in words:
        assert word in str(caught.value)


def test_filters_travel_to_workers() -> None:
    copy = pickle.loads(pickle.dumps(ALL))
    assert copy == ALL
    assert copy.codes(["Same 12"], ["same 12"]).tolist() == [2]
