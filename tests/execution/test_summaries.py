"""What a run says at its end: how much of what, in numbers that people read; and its warnings."""

import json
from decimal import ROUND_CEILING, ROUND_FLOOR
from pathlib import Path

import pytest
from conftest import Inside

from dataselect.console import figure
from dataselect.errors import OptionError
from dataselect.models.near_duplicates import canonical
from dataselect.selection.budgets import parse_budget, parse_share
from dataselect.selection.plausibility import Calibration

SAID = ["Yes.", "yes", "no", "YES!", "maybe", "no, never", "ça va", "c\u0327a va"]


def write(path: Path, records: list[dict[str, object]]) -> Path:
    path.write_text("".join(json.dumps(each) + "\n" for each in records))
    return path


def said(folder: Path) -> Path:
    """Eight records of which three are copies of others, scored from 0.8 to 0.1, 30 s each."""
    records: list[dict[str, object]] = [
        {"text": text, "x": (8 - place) / 10, "duration": 30.0} for place, text in enumerate(SAID)
    ]
    return write(folder / "said.jsonl", records)


# -- Numbers --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        (0.66833402, "0.6683"),
        (0.996, "0.996"),
        (120.412603, "120.4"),
        (120412.6, "120413"),
        (0.0, "0"),
        (-0.0, "0"),
        (-2.34567, "-2.346"),
        (1e-9, "1e-09"),
        (1.23456e20, "1.235e+20"),
        (float("inf"), "inf"),
    ],
)
def test_numbers_have_four_digits(number: float, shown: str) -> None:
    assert figure(number) == shown


def test_a_cut_is_rounded_so_that_what_is_said_holds() -> None:
    assert figure(0.66838, ROUND_FLOOR) == "0.6683"
    assert figure(0.66832, ROUND_CEILING) == "0.6684"
    assert figure(-3.00001, ROUND_FLOOR) == "-3.001"


def test_the_cut_of_a_summary_as_a_threshold_keeps_no_fewer(inside: Inside, tmp_path: Path) -> None:
    records: list[dict[str, object]] = [{"x": 0.1 + place / 70_000} for place in range(20)]
    pool = write(tmp_path / "pool.jsonl", records)
    outcome = inside("select", "--by", "x", "--top-k", 7, "-o", "best.jsonl", pool)
    assert outcome.err == "dataselect: kept 7 of 20 records (35.0 %), x 0.1001 and above\n"
    inside("select", "-q", "--by", "x", "--threshold", 0.1001, "-o", "again.jsonl", pool).silent()
    best, again = (
        set((tmp_path / name).read_text().splitlines()) for name in ("best.jsonl", "again.jsonl")
    )
    assert best <= again


# -- Budgets --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("spelled", "cost", "amount"),
    [
        ("500", "words", 500),
        ("1e3", "records", 1000),
        ("10h", "duration", 36_000),
        ("0.1h", "duration", 360),
        ("1.5 H", "meta.seconds", 5400),
        ("90min", "duration", 5400),
        ("90m", "duration", 5400),
        ("30s", "duration", 30),
    ],
)
def test_a_budget_may_be_a_time(spelled: str, cost: str, amount: float) -> None:
    assert parse_budget(spelled, cost)[0] == amount


@pytest.mark.parametrize(
    ("spelled", "cost", "words"),
    [
        ("10h", "words", "cost words counts words"),
        ("10h", "records", "such as cost duration"),
        ("10 days", "duration", "'days' is no unit; write 10h, 90min or 30s"),
        ("ten", "duration", "is no number"),
        ("", "duration", "is no number"),
        ("1h30m", "duration", "is no number"),
        ("1.2.3h", "duration", "is no number"),
    ],
)
def test_a_budget_that_makes_no_sense_is_refused(spelled: str, cost: str, words: str) -> None:
    with pytest.raises(OptionError, match=words):
        parse_budget(spelled, cost)


@pytest.mark.parametrize(
    ("options", "spent", "amount"),
    [
        (["--budget", "2min", "--cost", "duration"], "spent 2 of 2 min of duration", 120),
        (["--budget", "0.02h", "--cost", "duration"], "spent 0.01667 of 0.02 h of duration", 60),
        (["--budget", "100", "--cost", "duration"], "spent 90 of 100 of duration", 90),
        (["--budget", "5", "--cost", "words"], "spent 5 of 5 words", 5),
    ],
)
def test_the_summary_says_what_a_budget_spent(
    inside: Inside, tmp_path: Path, options: list[str], spent: str, amount: float
) -> None:
    command = ["select", "--by", "x", *options, "--report", "report.json", "-o", "kept.jsonl"]
    outcome = inside(*command, said(tmp_path))
    assert (outcome.code, outcome.err.count("\n")) == (0, 1)
    assert f"; {spent}" in outcome.err
    assert json.loads((tmp_path / "report.json").read_text())["spent"] == amount


def test_diversity_takes_a_time_as_budget(inside: Inside, tmp_path: Path) -> None:
    options = ["--budget", "1min", "--cost", "duration", "-o", "kept.jsonl"]
    inside("diversity", "-q", *options, said(tmp_path)).silent()
    assert len((tmp_path / "kept.jsonl").read_text().splitlines()) == 2
    assert "; spent 1 of 1 min of duration" in inside("diversity", *options, said(tmp_path)).err
    inside("diversity", "--budget", "1min", said(tmp_path)).refused(2, "--cost records counts")


# -- Copies and reasons ---------------------------------------------------------------------------


@pytest.mark.parametrize("options", [["--top-k", "8"], ["--threshold", "0.1"], ["--sort"], []])
def test_copies_among_what_was_kept_are_counted(
    inside: Inside, tmp_path: Path, options: list[str]
) -> None:
    outcome = inside("select", "--by", "x", *options, "-o", "kept.jsonl", said(tmp_path))
    assert "3 of these are copies of others" in outcome.err


def test_copies_that_were_dropped_are_not_counted(inside: Inside, tmp_path: Path) -> None:
    outcome = inside("select", "--by", "x", "--top-k", 2, "-o", "kept.jsonl", said(tmp_path))
    assert "; 1 of these is a copy of another\n" in outcome.err


def test_records_without_text_are_not_compared(inside: Inside, tmp_path: Path) -> None:
    pool = write(tmp_path / "pool.jsonl", [{"x": 1}, {"x": 2, "text": "yes"}, {"x": 3}])
    outcome = inside("select", "--by", "x", "--top-k", 2, "-o", "kept.jsonl", pool)
    assert outcome.err == "dataselect: kept 2 of 3 records (66.7 %), x 2 and above\n"


def test_that_most_are_copies_is_warned_of(inside: Inside, tmp_path: Path) -> None:
    texts = [*["Yes."] * 14, "no", *(f"number {place}" for place in range(9))]
    pool = write(tmp_path / "pool.jsonl", [{"text": each, "x": 1} for each in texts])
    outcome = inside("select", "--by", "x", "--report", "report.json", "-o", "kept.jsonl", pool)
    warning, _ = outcome.err.splitlines()
    assert warning == (
        "dataselect: warning: 54% of what is kept are copies, and 14 are 'Yes.'; --unique, of "
        "select too, keeps the best of each"
    )
    [reported] = json.loads((tmp_path / "report.json").read_text())["warnings"]
    assert warning.endswith(reported)
    inside("select", "--by", "x", "--unique", "-q", "-o", "one.jsonl", pool).silent()
    assert len((tmp_path / "one.jsonl").read_text().splitlines()) == 11


def test_reasons_are_counted_where_there_are_several(inside: Inside, tmp_path: Path) -> None:
    rules = ["--threshold", "0.4", "--top-k", "2", "--report", "report.json"]
    outcome = inside("select", "--by", "x", *rules, "-o", "kept.jsonl", said(tmp_path))
    reasons = {"below the threshold 0.4": 3, "not among the best by --top-k 2": 3}
    for reason, count in reasons.items():
        assert f"{count} ({reason})" in outcome.err
    assert json.loads((tmp_path / "report.json").read_text())["dropped"] == [
        {"rule": "below_threshold", "option": "--threshold", "value": 0.4, "count": 3},
        {"rule": "rank", "option": "--top-k", "value": 2, "count": 3},
    ]


@pytest.mark.parametrize("text", ["Don't 'quote'  me", "a_b-c", "''", "...", "\x00A\x1fb", "ÇA"])
def test_texts_in_ascii_have_the_canonical_form_of_all(text: str) -> None:
    assert canonical(text) == canonical(f"{text}\u2003").strip()


# -- Mistaken options -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("spelled", "words"),
    [
        ("5", "write 5%"),
        ("2.5", "write 2.5%"),
        ("150%", "not between 0% and 100%"),
        ("500", "not between 0% and 100%"),
        ("0,05", "write 10% or 0.1"),
    ],
)
def test_a_mistaken_share_is_told_what_to_write(spelled: str, words: str) -> None:
    with pytest.raises(OptionError, match=words):
        parse_share(spelled)


@pytest.mark.parametrize(
    "arguments",
    [
        ["bitext", "--align", "-o", "f", "pairs.jsonl"],
        ["relevance", "--in-domain", "--share", "5%"],
        ["diversity", "--band", "0.1", "--top-k", "5"],
        ["select", "--by", "-q"],
        ["select", "--by", "x", "-o", "--report=x"],
        ["lm", "mix", "--weights", "-q"],
        ["evaluate", "--metric", "--help"],
    ],
)
def test_an_option_is_no_value_of_another(inside: Inside, arguments: list[str]) -> None:
    inside(*arguments).refused(2, "needs a value before -")


def test_what_begins_with_a_dash_may_be_a_value(inside: Inside, tmp_path: Path) -> None:
    pool = write(tmp_path / "pool.jsonl", [{"-q": -2}, {"-q": -1}])
    kept = tmp_path / "kept.jsonl"
    inside("select", "-q", "--by=-q", "--threshold", "-1.5", "-o", kept, pool).silent()
    assert kept.read_text() == '{"-q": -1}\n'
    inside("select", "-q", "--by=-q", "--threshold", "-1.5", "-o", "-", pool).silent()


# -- Doubts ---------------------------------------------------------------------------------------

MUSIC = ["play some jazz", "play the blues", "play a song by the band", "turn the music up"]
CHAT = ["it rained all day", "we left the house early", "snow fell in the north", "how are you"]


def spoken(path: Path, texts: list[str], count: int) -> Path:
    """So many records of texts, each made another one by a number."""
    chosen = [f"{texts[place % len(texts)]} {place}" for place in range(count)]
    return write(path, [{"text": each} for each in chosen])


def warned(folder: Path, error: str) -> list[str]:
    """The warnings of a run, which are a line each, said once, and in the report."""
    lines = [line for line in error.splitlines() if line.startswith("dataselect: warning: ")]
    found = [line.removeprefix("dataselect: warning: ") for line in lines]
    assert found == json.loads((folder / "report.json").read_text())["warnings"]
    assert len(set(found)) == len(found)
    return found


@pytest.mark.parametrize(
    ("command", "small", "warns"),
    [
        (["relevance", "--in-domain"], 8, True),
        (["winnow", "--in-domain"], 8, True),
        (["winnow", "--in-domain"], 40, False),  # a language model may be of more text
    ],
)
def test_in_domain_text_and_pool_that_are_exchanged_are_warned_of(
    inside: Inside, tmp_path: Path, command: list[str], small: int, warns: bool
) -> None:
    large = spoken(tmp_path / "large.jsonl", CHAT, 100)
    few = spoken(tmp_path / "few.jsonl", MUSIC, small)
    options = ["--top-k", 3, "--report", "report.json", "-o", "kept.jsonl"]
    said = [
        warned(tmp_path, inside(*command, own, *options, pool).err)
        for own, pool in [(large, few), (few, large)]
    ]
    expected = f"the in-domain text has 100 records and the input {small}; if they are exchanged"
    assert [any(expected in each for each in own) for own in said] == [warns, False]


def test_a_small_input_is_no_mistake_with_a_background(inside: Inside, tmp_path: Path) -> None:
    own, other = spoken(tmp_path / "own", MUSIC, 40), spoken(tmp_path / "other", CHAT, 40)
    few = spoken(tmp_path / "few", MUSIC, 4)
    run = ["--background", other, "--report", "report.json", "-o", "kept.jsonl"]
    outcome = inside("relevance", "--in-domain", own, *run, few)
    assert warned(tmp_path, outcome.err) == []


def test_a_background_of_in_domain_text_is_warned_of(inside: Inside, tmp_path: Path) -> None:
    own = spoken(tmp_path / "own", MUSIC, 30)
    mixed = tmp_path / "mixed"
    mixed.write_bytes(own.read_bytes() + spoken(tmp_path / "other", CHAT, 10).read_bytes())
    outcome = inside("relevance", "--in-domain", own, "--report", "report.json", "-o", "k", mixed)
    first = warned(tmp_path, outcome.err)[0]
    assert first.startswith("30 of 40 background texts are near-copies of in-domain text")


@pytest.mark.parametrize(
    ("options", "warns"),
    [
        (["--top-k", "90"], True),
        (["--share", "20%"], False),
        (["--threshold", "0.01"], False),
        (["--sample", "90"], False),
        ([], False),
        (["--budget", "90"], True),
    ],
)
def test_a_relevance_far_under_a_half_is_remarked_on(
    inside: Inside, tmp_path: Path, options: list[str], warns: bool
) -> None:
    scored = [{"text": str(place), "relevance": place / 100} for place in range(1, 101)]
    pool = write(tmp_path / "pool.jsonl", scored)
    run = ["--report", "report.json", "-o", "kept.jsonl"]
    outcome = inside("select", "--by", "relevance", *options, *run, pool)
    said = warned(tmp_path, outcome.err)
    expected = "the worst of what is kept looks like background: its relevance is 0.11"
    assert any(each.startswith(expected) for each in said) == warns


@pytest.mark.parametrize(
    ("share", "held_out", "least"),
    [
        (0.9, 3, 36),
        (0.9, 10, 60),
        (0.5, 3, 13),
        (0.9, 20, 71),
        (0.95, 5000, 94),
    ],
)
def test_a_calibration_tells_what_passes_at_least(share: float, held_out: int, least: int) -> None:
    # What passes the k-th best of n is Beta(k, n + 1 - k); for 3 of 3 at least 0.05 ** (1 / 3).
    calibration = Calibration.of(share, held_out)
    assert calibration.summary().startswith(
        f"at least {least} % of in-domain text pass --calibrate"
    )
    said = "".join(calibration.warnings())
    few = f"rests on {held_out} held-out texts, and says no more than that {least} % of"
    assert (few in said) == (held_out <= 10)


def test_a_calibration_says_nothing_of_other_rules(inside: Inside, tmp_path: Path) -> None:
    own, pool = spoken(tmp_path / "own", MUSIC, 20), spoken(tmp_path / "pool", MUSIC + CHAT, 40)
    run = ["--calibrate", 0.9, "--top-k", 2, "-o", "kept.jsonl"]
    said = inside("winnow", "--in-domain", own, *run, pool).err
    assert " and below; at least 71 % of in-domain text pass --calibrate 0.9 (95 % sure); " in said


def test_calibrating_on_few_texts_is_warned_of(inside: Inside, tmp_path: Path) -> None:
    own, pool = spoken(tmp_path / "own", MUSIC, 4), spoken(tmp_path / "pool", MUSIC + CHAT, 40)
    for command in "relevance", "winnow":
        run = ["--calibrate", 0.9, "--report", "report.json", "-o", "kept.jsonl"]
        outcome = inside(command, "--in-domain", own, *run, pool)
        assert warned(tmp_path, outcome.err)[0].startswith("--calibrate 0.9 rests on 4 held-out")
        assert "; at least 47 % of in-domain text pass --calibrate 0.9 (95 % sure)" in outcome.err
        told = json.loads((tmp_path / "report.json").read_text())["calibration"]
        assert told["held_out"] == 4
        assert told["least"] == pytest.approx(0.05**0.25)
        inside(command, "-q", "--in-domain", own, *run, pool).silent()


# -- Labels ---------------------------------------------------------------------------------------


def labelled(folder: Path) -> Path:
    records: list[dict[str, object]] = [
        {"text": f"{text} {place}", "intent": intent}
        for intent, texts in {"music": MUSIC, "chat": CHAT}.items()
        for text in texts
        for place in range(2)
    ]
    return write(folder / "labelled.jsonl", records)


@pytest.mark.parametrize(
    ("pool", "options", "said"),
    [
        ([{"text": "play jazz"}, {"text": "snow"}], [], ["2 records carry no score of relevance"]),
        ([{"text": "play jazz", "relevance": 0.9}], [], []),
        ([{"text": "play jazz", "perplexity": 9}], [], []),
        ([{"text": "play jazz"}], ["--background", "other.jsonl"], []),
        (
            [
                {"text": "play jazz", "relevance": 0.9, "intent": "radio"},
                {"text": "play blues", "relevance": 0.9, "intent": "music"},
                {"text": "play a song", "relevance": 0.9, "intent": None},
            ],
            [],
            ["1 records had another 'intent', which is replaced"],
        ),
    ],
)
def test_label_warns_of_raw_pools_and_of_intents_that_it_replaces(
    inside: Inside,
    tmp_path: Path,
    pool: list[dict[str, object]],
    options: list[str],
    said: list[str],
) -> None:
    spoken(tmp_path / "other.jsonl", ["the train leaves", "a book about ships"], 8)
    run = ["--rounds", 0, "--uncalibrated", "--keep-other", "--report", "report.json", "-o", "kept"]
    learnt = ["--labelled", labelled(tmp_path), *options]
    outcome = inside("label", *learnt, *run, write(tmp_path / "pool.jsonl", pool))
    assert outcome.code == 0, outcome.err
    found = [each for each in warned(tmp_path, outcome.err) if each.split()[1] == "records"]
    assert len(found) == len(said)
    assert all(each.startswith(own) for each, own in zip(found, said, strict=True))
