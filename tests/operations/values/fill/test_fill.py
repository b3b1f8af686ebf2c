"""`dataselect values fill`: what is made, of what, and what never is."""

import json
import math
import shlex
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import Inside
from hypothesis import given, settings
from hypothesis import strategies as st

from dataselect import Utterance, fill_values
from dataselect.data.annotations import Slot

Run = Callable[[str], list[dict[str, Any]]]


def record(intent: str, *parts: str | tuple[str, str], **more: Any) -> dict[str, Any]:
    """A record of literals and slots, as (name, value)."""
    text, slots = "", []
    for part in parts:
        value = part if isinstance(part, str) else part[1]
        if isinstance(part, tuple):
            span = {"start": len(text), "end": len(text) + len(value), "value": value}
            slots.append({"slot": part[0], **span})
        text += value
    return {**more, "text": text, "intent": intent, "slots": slots}


CONFLICTS = ["conflicting_intents", "conflicting_slots", "conflicting_near_copies", "offset_unit"]
CONFLICTS += ["missing_slot", "unusual_slot", "slot_boundaries", "usual_slot", "unlikely_intent"]
RECORDS = [
    record("fly", "from ", ("from", "Oslo"), " to ", ("to", "Rome"), id="a"),
    record("fly", "to ", ("to", "Oslo"), " from ", ("from", "Rome"), " please"),
    record("fly", "from ", ("from", "New York"), " to ", ("to", "Boston"), id=3),
    record("wake", "wake me at ", ("time", "six")),
    record("stop", "stop now"),
    record("call", "ring at ", ("time", "noon")),
]


@pytest.fixture
def made(tmp_path: Path, inside: Inside) -> Run:
    """The records that the command makes, given its options."""

    def run(options: str) -> list[dict[str, Any]]:
        lines = "".join(json.dumps(each) + "\n" for each in RECORDS)
        (tmp_path / "in.jsonl").write_text(lines)
        words = ["values", "fill", *shlex.split(options), "in.jsonl", "-q", "-o", "out.jsonl"]
        inside(*words).silent()
        return list(map(json.loads, (tmp_path / "out.jsonl").read_text().splitlines()))

    return run


def test_values_of_another_utterance_stand_in_the_template(made: Run) -> None:
    texts = {each["text"]: each for each in made("--per-template 20")}
    found = texts["to Boston from New York please"]
    assert found["intent"] == "fly"
    assert found["slots"] == [
        {"slot": "to", "start": 3, "end": 9, "value": "Boston"},
        {"slot": "from", "start": 15, "end": 23, "value": "New York"},
    ]
    assert found["made_from"] == {"template": "in.jsonl:2", "values": 3, "slots": ["to", "from"]}
    assert -5 < found["likelihood"] < 0
    assert "from Rome to Oslo" in texts
    assert texts["from Rome to Oslo"]["made_from"]["template"] == "a"


def test_nothing_is_made_that_is_there_or_twice_or_of_one_value_twice(made: Run) -> None:
    records = made("--per-template 50")
    texts = [each["text"] for each in records]
    assert len(set(texts)) == len(texts)
    assert not {each["text"] for each in RECORDS} & set(texts)
    assert not any(text.count("Rome") > 1 or text.count("Oslo") > 1 for text in texts)


def test_values_of_other_intents_serve_where_an_intent_has_no_other(made: Run) -> None:
    texts = {each["text"]: each["intent"] for each in made("--per-template 20")}
    assert (texts["wake me at noon"], texts["ring at six"]) == ("wake", "call")


def test_selection_ranks_by_discounted_likelihood(made: Run) -> None:
    everything = made("--per-template 20 --sort")
    scores = [each["discounted_likelihood"] for each in everything]
    assert scores == sorted(scores, reverse=True)
    assert made("--per-template 20 --sort --top-k 2") == everything[:2]
    assert len(made("--per-template 20 --per intent --top-k 1")) == 3


def test_likelier_ones_of_the_same_template_or_value_discount(made: Run) -> None:
    """Of equal likelihood, those made first count as the likelier ones."""
    taken = Counter[tuple[str, str, str]]()
    discounts = []
    for each in sorted(made("--per-template 20"), key=lambda found: -found["likelihood"]):
        names = [(each["intent"], slot["slot"], slot["value"]) for slot in each["slots"]]
        names.append((each["intent"], "template", str(each["made_from"]["template"])))
        discounts.append(math.log10(1 + max(taken[name] for name in names)))
        expected = each["likelihood"] - discounts[-1]
        assert each["discounted_likelihood"] == pytest.approx(expected, abs=2e-6)
        taken.update(names)
    assert 0 in discounts
    assert max(discounts) > 0


def test_the_same_seed_makes_the_same_whatever_the_workers(made: Run) -> None:
    first = made("--seed 1 --per-template 2")
    assert made("--seed 1 --per-template 2 --jobs 2") == first
    drawn = {str(made(f"--seed {seed} --per-template 1")) for seed in range(6)}
    assert len(drawn) > 1


def test_without_another_value_nothing_can_be_made(tmp_path: Path, inside: Inside) -> None:
    (tmp_path / "in.jsonl").write_text(json.dumps(RECORDS[3]) + "\n")
    inside("values", "fill", "in.jsonl", "-o", "out.jsonl").refused(3, "no utterance can be made")
    assert not (tmp_path / "out.jsonl").exists()


def test_bad_records_are_told_with_their_line(tmp_path: Path, inside: Inside) -> None:
    lines = [*map(json.dumps, RECORDS), '{"text": 5}']
    (tmp_path / "in.jsonl").write_text("\n".join(lines) + "\n")
    inside("values", "fill", "in.jsonl", "-o", "out.jsonl").refused(1, "in.jsonl:7: ")
    done = inside("values", "fill", "--on-error", "skip", "in.jsonl", "-o", "out.jsonl")
    assert (done.code, "1 bad record left out" in done.err) == (0, True), done.err


def test_of_bad_records_alone_the_first_is_told(tmp_path: Path, inside: Inside) -> None:
    (tmp_path / "in.jsonl").write_text('{"text": "", "intent": "a"}\n')
    inside("values", "fill", "in.jsonl", "-o", "out.jsonl").refused(1, "in.jsonl:1: ")


@pytest.fixture
def made_of_demo(tmp_path: Path, inside: Inside) -> list[dict[str, Any]]:
    """What is made of the sample data, in `made.jsonl`."""
    inside("demo", "-q", "d").silent()
    inside("values", "fill", "-q", "d/other_intents.jsonl", "-o", "made.jsonl").silent()
    return list(map(json.loads, (tmp_path / "made.jsonl").read_text().splitlines()))


def test_the_best_have_more_values_and_templates_than_the_likeliest(
    made_of_demo: list[dict[str, Any]],
) -> None:
    def different(field: str) -> tuple[int, int]:
        best = sorted(made_of_demo, key=lambda each: -each[field])[:100]
        values = {(slot["slot"], slot["value"]) for each in best for slot in each["slots"]}
        return len(values), len({each["made_from"]["template"] for each in best})

    values, templates = different("discounted_likelihood")
    likeliest = different("likelihood")
    assert values > 1.2 * likeliest[0]
    assert templates > 1.1 * likeliest[1]


def test_what_is_made_of_sound_records_is_sound(
    made_of_demo: list[dict[str, Any]], tmp_path: Path, inside: Inside
) -> None:
    conditions = [f"--fail-if={rule} > 0" for rule in CONFLICTS]
    rules = [word for rule in CONFLICTS for word in ("--rule", rule)]
    checked = ("-q", "-o", "checked.jsonl", "made.jsonl", "d/other_intents.jsonl")
    inside("check", *rules, *conditions, *checked).silent()
    found = list(map(json.loads, (tmp_path / "checked.jsonl").read_text().splitlines()))
    assert len(found) == len(made_of_demo) + 350
    assert not any(each["problems"] for each in found)


def test_a_file_called_fill_is_reached_by_its_path(tmp_path: Path, inside: Inside) -> None:
    (tmp_path / "fill").write_text(json.dumps(RECORDS[0]) + "\n")
    inside("values", "-q", "./fill", "-o", "table.jsonl").silent()
    inside("values", "-q", "-o", "again.jsonl", "fill").silent()
    assert (tmp_path / "again.jsonl").read_bytes() == (tmp_path / "table.jsonl").read_bytes()


WORDS = st.sampled_from(["ab", "c d", "Émile", "x-1", "東京"])


@settings(max_examples=30)
@given(st.lists(st.tuples(WORDS, WORDS, st.sampled_from(["p", "q"])), min_size=2, max_size=6))
def test_offsets_are_those_of_the_values(parts: list[tuple[str, str, str]]) -> None:
    annotated = []
    for one, other, intent in parts:
        text = f"say {one} to {other}."
        second = len(text) - 1 - len(other)
        slots = Slot("a", 4, 4 + len(one), one), Slot("b", second, second + len(other), other)
        annotated.append(Utterance(text, intent, slots))
    texts = {each.text for each in annotated}
    for found in fill_values(annotated, per_template=3):
        assert found.text not in texts
        assert [found.text[each.start : each.end] for each in found.slots] == [
            each.value for each in found.slots
        ]


# -- several speakers ------------------------------------------------------------------------------

SAID = [
    *(record("fly", "from ", ("from", "Oslo"), speaker=who) for who in "ab"),
    *(record("fly", "leave ", ("from", "Rome"), speaker=who) for who in "ab"),
    *(record("fly", "from ", ("from", "Hidden Hut"), speaker="b") for _ in range(3)),
    record("fly", "i alone say ", ("from", "Rome"), speaker="c"),
]


def test_what_too_few_said_is_in_nothing_that_is_made(tmp_path: Path, inside: Inside) -> None:
    (tmp_path / "in.jsonl").write_text("".join(json.dumps(each) + "\n" for each in SAID))
    for asked, made in (
        ((), {"from Rome", "leave Oslo", "leave Hidden Hut", "i alone say Oslo"}),
        (("--min-speakers", "2"), {"from Rome", "leave Oslo"}),
    ):
        options = (*asked, "--per-template", "20")
        inside("values", "fill", *options, "in.jsonl", "-q", "-o", "out.jsonl").silent()
        lines = (tmp_path / "out.jsonl").read_text().splitlines()
        assert {json.loads(line)["text"] for line in lines} - {"i alone say Hidden Hut"} == made
    done = inside("values", "fill", "--min-speakers", "3", "in.jsonl", "-o", "none.jsonl")
    done.refused(3, "no slot has another value", "--min-speakers")
    utterances = [
        Utterance(each["text"], "fly", tuple(Slot(**own) for own in each["slots"])) for each in SAID
    ]
    speakers = [str(each["speaker"]) for each in SAID]
    found = fill_values(utterances, per_template=20, min_speakers=2, speakers=speakers)
    assert {each.text for each in found} == {"from Rome", "leave Oslo"}


def test_speakers_are_never_guessed(tmp_path: Path, inside: Inside) -> None:
    (tmp_path / "in.jsonl").write_text("".join(json.dumps(each) + "\n" for each in RECORDS))
    done = inside("values", "fill", "--min-speakers", "2", "in.jsonl", "-o", "out.jsonl")
    done.refused(1, "field 'speaker' is missing", "--speaker-field")
    assert not (tmp_path / "out.jsonl").exists()
