"""Jobs of people who train assistants: from their own files to their own files."""

import csv
import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import Inside, Shell

NLU = """\
version: "3.1"

nlu:
- intent: play_music
  examples: |
    - play some [jazz](genre) please
    - put on [rock](genre) from the [seventies](decade)
    - play me a song by [the blue band]{"entity": "artist", "role": "singer"}
    - i want to hear [folk](genre) music now
- intent: set_alarm
  examples: |
    - wake me at [seven](time)
    - set an alarm for [half past six](time) tomorrow
    - let it ring at [nine](time) on monday
    - an alarm at [ten](time) please
- synonym: jazz
  examples: |
    - swing
"""
WORDS = {
    "music": "play put on hear some jazz rock folk blues swing song music band please",
    "alarm": "wake me set an alarm ring at seven eight nine tomorrow morning monday",
    "other": "the price of oil fell sharply while ministers met abroad to talk over trade",
}


def log(seed: int, count: int) -> Iterator[tuple[str, str]]:
    """What it is about and the text, of utterances of a log of which a quarter is in-domain."""
    draw = random.Random(seed)
    for _ in range(count):
        topic = draw.choices(("music", "alarm", "other"), (1, 1, 6))[0]
        yield topic, " ".join(draw.choices(WORDS[topic].split(), k=draw.randint(4, 9)))


@pytest.fixture
def topics(tmp_path: Path) -> dict[str, str]:
    """What each text of `log.txt` is about; `nlu.yml` is beside it."""
    (tmp_path / "nlu.yml").write_text(NLU)
    found = list(log(1, 2000))
    (tmp_path / "log.txt").write_text("".join(f"{text}\n" for _, text in found))
    return {text: topic for topic, text in found}


MAKEFILE = """\
todo.csv: near.jsonl nlu.yml
\tdataselect diversity -q --labelled nlu.yml --top-k 50 -o $@ $<
near.jsonl: log.txt nlu.yml
\tdataselect relevance -q --in-domain nlu.yml --top-k 300 -o $@ $<
more.yml: near.jsonl nlu.yml
\tdataselect label -q --labelled nlu.yml --no-slots --min-confidence 0.6 -o $@ $<
"""


def test_a_makefile_to_a_table_and_back_to_rasa(
    tmp_path: Path, shell: Shell, topics: dict[str, str]
) -> None:
    (tmp_path / "Makefile").write_text(MAKEFILE)
    assert shell("make -s todo.csv more.yml").code == 0
    assert b"up to date" in shell("make todo.csv").out
    with (tmp_path / "todo.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len({row["text"] for row in rows}) == len(rows) == 50
    assert sum(topics[row["text"]] != "other" for row in rows) > 45
    lines = (tmp_path / "more.yml").read_text().splitlines()
    assert lines[:2] == ['version: "3.1"', "nlu:"]
    assert {line for line in lines if "intent" in line} == {
        "- intent: play_music",
        "- intent: set_alarm",
    }
    both = shell("dataselect convert -q nlu.yml more.yml --to jsonl").silent()
    assert both.count(b"\n") > 50


@pytest.mark.parametrize(
    ("there", "back"),
    [
        ("--to snips -o a.json", "a.json"),
        ("-o a.conll", "a.conll"),
        ("--to bio -o seq.in,seq.out,label", "--from bio seq.in seq.out label"),
        ("--to bio -o seq.in,seq.out,label", "."),
        ("-o a.yaml.gz", "a.yaml.gz"),
    ],
)
def test_training_data_changes_its_format(
    there: str, back: str, tmp_path: Path, inside: Inside
) -> None:
    plain, _ = NLU.split("- synonym")
    plain = plain.replace('{"entity": "artist", "role": "singer"}', "(artist)")
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "nlu.yml").write_text(plain)
    for line in ("in/nlu.yml -o in/before", f"in/nlu.yml {there}", f"{back} -o in/after"):
        inside("convert", "-q", *line.split()).silent()
    before = (tmp_path / "in" / "before").read_bytes()
    assert before.count(b"\n") == 8
    assert (tmp_path / "in" / "after").read_bytes() == before


def test_training_data_through_a_pipe(tmp_path: Path, shell: Shell) -> None:
    (tmp_path / "nlu.yml").write_text(NLU)
    line = "dataselect convert -q --to rasa nlu.yml | dataselect convert -q --from rasa"
    assert shell(f"{line} | cmp - <(dataselect convert -q nlu.yml)").silent() == b""
