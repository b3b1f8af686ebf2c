"""`dataselect values`: the table by hand, canonical forms, what is refused."""

import json
import re
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import Inside

from dataselect import DataselectError, SlotValues
from dataselect.data.annotations import Slot, Utterance

Run = Callable[[str], list[dict[str, Any]]]


def utterance(marked: str, intent: str = "go") -> Utterance:
    """An utterance of a text with slots as `[VALUE](NAME)`."""
    text, slots = "", []
    for number, part in enumerate(marked.replace("](", "[").replace(")", "[").split("[")):
        if number % 3 == 1:
            start, value = len(text), part
            text += part
        elif number % 3 == 2:
            slots.append(Slot(part, start, len(text), value))
        else:
            text += part
    return Utterance(text, intent, tuple(slots))


def record(marked: str, intent: str = "go") -> dict[str, Any]:
    found = utterance(marked, intent)
    return {
        "text": found.text,
        "intent": found.intent,
        "slots": [slot._asdict() for slot in found.slots],
    }


RECORDS = [
    record("fly to [New York](city) at [six pm](time)"),
    record("fly to [new  york](city) on [monday](day)"),
    record("fly to [new york](city) at [6 pm](time)"),
    record("a train to [NY](city)"),
    record("a train from [Boston](city) to [Austin](city)"),
    record("wake me at [6 pm](time)", "wake"),
    record("stop", "stop"),
]


@pytest.fixture
def found(tmp_path: Path, inside: Inside) -> Run:
    """The table that the command writes, given its options."""

    def run(options: str) -> list[dict[str, Any]]:
        (tmp_path / "in.jsonl").write_text("".join(json.dumps(each) + "\n" for each in RECORDS))
        inside("values", *shlex.split(options), "in.jsonl", "-q", "-o", "out.jsonl").silent()
        return list(map(json.loads, (tmp_path / "out.jsonl").read_text().splitlines()))

    return run


def test_a_row_is_a_value_with_its_count_and_contexts(found: Run) -> None:
    table = found("--contexts 2")
    cities = [row for row in table if row["slot"] == "city"]
    assert [(row["value"], row["count"]) for row in cities] == [
        ("New York", 3),
        ("NY", 1),
        ("Boston", 1),
        ("Austin", 1),
    ]
    assert (cities[0]["contexts"], cities[0]["examples"]) == (
        2,
        ["fly to _ at {time}", "fly to _ on {day}"],
    )
    assert cities[2]["examples"] == ["train from _ to {city}"]


def test_synonyms_have_a_canonical_form_a_score_and_a_reason(found: Run) -> None:
    table = {row["value"]: row for row in found("")}
    assert table["six pm"]["canonical"] == "6 pm"
    assert table["6 pm"]["canonical"] == "6 pm"
    [synonym] = table["NY"]["synonyms"]
    assert synonym["value"] == "New York"
    assert synonym["why"].startswith("acronym")
    assert 0 < synonym["score"] < 1


def test_two_values_of_one_utterance_are_no_synonyms() -> None:
    apart = [utterance("to [6 pm](time)"), utterance("to [six pm](time)")]
    together = [*apart, utterance("from [6 pm](time) to [six pm](time)")]
    names = [
        [row["canonical"] for row in SlotValues().fit(each).rows_] for each in (apart, together)
    ]
    assert names == [["6 pm", "6 pm"], ["6 pm", "six pm"]]


def test_candidates_are_limited_by_number_and_score(found: Run) -> None:
    assert not any(row["synonyms"] for row in found("--synonyms 0"))
    assert not any(row["synonyms"] for row in found("--min-score 1"))
    assert all(row["canonical"] == row["value"] for row in found("--merge 1"))


def test_slots_of_intents(found: Run, tmp_path: Path) -> None:
    found("--intents intents.csv")
    lines = (tmp_path / "intents.csv").read_text().splitlines()
    assert lines[0] == "intent,slot,utterances,share,lift,mutual_information"
    # 5 of 7 are "go", all with a city, which no other has: its entropy, in bits.
    assert lines[1] == "go,city,5,1.0,1.4,0.8631"
    assert lines[4].startswith("wake,time,1,1.0,2.3333,")
    assert len(lines) == 5


def test_any_format_is_written(found: Run, inside: Inside, tmp_path: Path) -> None:
    found("")
    inside("values", "in.jsonl", "-q", "-o", "out.csv").silent()
    lines = (tmp_path / "out.csv").read_text().splitlines()
    assert lines[0] == "slot,value,count,canonical,synonyms,contexts,examples"
    assert lines[1].startswith("city,New York,3,New York,")


def test_records_without_slots_are_said_to_have_none(tmp_path: Path, inside: Inside) -> None:
    (tmp_path / "in.jsonl").write_text('{"text":"stop"}\n')
    done = inside("values", "in.jsonl", "-o", "out.jsonl")
    assert done.code == 0
    assert "warning: no record has slots; the table is empty" in done.err
    assert (tmp_path / "out.jsonl").read_bytes() == b""


def test_bad_records_cost_themselves(tmp_path: Path, inside: Inside) -> None:
    lines = [json.dumps(RECORDS[0]), '{"text":"a","slots":[{"slot":"x","start":0,"end":9}]}']
    (tmp_path / "in.jsonl").write_text("\n".join(lines) + "\n")
    inside("values", "in.jsonl", "-o", "out.jsonl").refused(1, "in.jsonl:2: ", "outside the text")
    assert not (tmp_path / "out.jsonl").exists()
    inside("values", "-q", "--on-error", "skip", "in.jsonl", "-o", "out.jsonl").silent()
    assert len((tmp_path / "out.jsonl").read_text().splitlines()) == 2


def test_what_is_no_probability_is_refused() -> None:
    with pytest.raises(DataselectError, match=r"merge 1\.5 is no probability; give 0 to 1"):
        SlotValues(merge=1.5)
    with pytest.raises(DataselectError, match="min_score -1 is no probability"):
        SlotValues(min_score=-1)


# -- encoder ----------------------------------------------------------------------------------

MARKED = [
    "play [jazz](genre) by [the blue band](artist)",
    "some [blue jazz](genre)",
    "will it [rain](weather) in the [north](place) tomorrow",
    "how much [snow](weather) fell [south](place)",
]


def test_an_encoder_counts_and_names_candidates(
    tmp_path: Path, inside: Inside, tiny_model: Path
) -> None:
    (tmp_path / "in.jsonl").write_text("".join(json.dumps(record(each)) + "\n" for each in MARKED))
    asked = ("values", "--min-score", "0", "in.jsonl", "-q")
    inside(*asked, "-o", "without.jsonl").silent()
    inside(*asked, "--encoder", tiny_model, "--report", "run.json", "-o", "with.jsonl").silent()
    without, table = (
        {
            row["value"]: row["synonyms"]
            for row in map(json.loads, (tmp_path / name).read_text().splitlines())
        }
        for name in ("without.jsonl", "with.jsonl")
    )
    assert "rain" not in {each["value"] for each in without["snow"]}
    [snow] = table["snow"]
    assert snow["value"] == "rain"
    assert re.fullmatch(r"contexts 0\.\d\d, vectors -?\d\.\d\d", snow["why"])
    described = json.loads((tmp_path / "run.json").read_text())["values"]["encoder"]
    assert described["kind"] == "neural"

    from dataselect.models.encoders.sentence_transformer import Neural

    spoken = [utterance(each) for each in MARKED]
    found = SlotValues(min_score=0, encoder=Neural(str(tiny_model))).fit(spoken)
    assert {row["value"]: row["synonyms"] for row in found.rows_} == table


def test_options_of_an_encoder_need_one(tmp_path: Path, inside: Inside) -> None:
    (tmp_path / "in.jsonl").write_text(json.dumps(RECORDS[0]))
    done = inside("values", "--device", "cpu", "in.jsonl")
    done.refused(2, "--device is for a neural model; give one with --encoder MODEL")


# -- speakers ---------------------------------------------------------------------------------

SAID = [
    ("x", "my code is [1234](code)"),
    ("x", "my code is [1234](code)"),
    ("y", "my code is [9876](code)"),
    ("x", "my ex husband [Sam Lee](name) called"),
    ("y", "call [sam  lee](name)"),
    ("x", "call [Sam Lee](name)"),
]


def test_a_value_and_its_contexts_are_shown_if_enough_speakers_said_them(
    tmp_path: Path, inside: Inside
) -> None:
    lines = [json.dumps({**record(marked), "speaker": who}) + "\n" for who, marked in SAID]
    (tmp_path / "said.jsonl").write_text("".join(lines))
    asked = ("values", "--min-speakers", "2", "said.jsonl", "-q", "-o", "out.jsonl")
    inside(*asked).silent()
    [row] = map(json.loads, (tmp_path / "out.jsonl").read_text().splitlines())
    assert (row["value"], row["count"], row["examples"]) == ("Sam Lee", 3, ["call _"])


def test_values_are_those_of_all_speakers_where_one_is_enough() -> None:
    speakers, said = zip(*SAID, strict=True)
    spoken = list(map(utterance, said))
    found = SlotValues(min_speakers=1).fit(spoken, speakers=speakers)
    assert found.rows_ == SlotValues().fit(spoken).rows_


def test_values_of_few_speakers_need_to_know_them(tmp_path: Path, inside: Inside) -> None:
    (tmp_path / "said.jsonl").write_text(json.dumps(RECORDS[0]))
    done = inside("values", "--min-speakers", "2", "said.jsonl", "-o", "out.jsonl")
    assert done.code == 1
    assert "said.jsonl:1: field 'speaker' is missing; name another with --speaker-field" in done.err
    spoken = [utterance(said) for _, said in SAID]
    for speakers, message in (
        (None, "give both or neither"),
        (["x"], "1 speakers of 6 texts"),
        (["x"] * 6, "min_speakers 2: the texts have 1 different"),
    ):
        with pytest.raises(DataselectError, match=message):
            SlotValues(min_speakers=2).fit(spoken, speakers=speakers)
