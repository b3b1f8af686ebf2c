"""`label` and `paraphrase pairs` say where what they learn from contradicts itself."""

import json
from pathlib import Path

import pytest
from conftest import Inside

RECORDS = [("play some jazz", "music"), ("Play some jazz!", "radio"), ("will it rain", "weather")]
SAID = "warning: 1 text has several intents; dataselect check tells which"


@pytest.mark.parametrize(
    "command",
    [
        ("label", "--labelled", "in.jsonl", "--rounds", "0", "pool.jsonl", "-o", "out.jsonl"),
        ("paraphrase", "pairs", "--slotless", "include", "in.jsonl", "-o", "out.jsonl"),
    ],
    ids=lambda command: command[0],
)
def test_a_text_under_two_intents_is_told_of(
    tmp_path: Path, inside: Inside, command: tuple[str, ...]
) -> None:
    lines = [json.dumps({"text": text, "intent": intent}) + "\n" for text, intent in RECORDS]
    lines += [json.dumps({"text": f"play {n} songs", "intent": "music"}) + "\n" for n in range(9)]
    (tmp_path / "pool.jsonl").write_text('{"text": "play it"}\n')
    (tmp_path / "in.jsonl").write_text("".join(lines))
    assert SAID in inside(*command).err
    (tmp_path / "in.jsonl").write_text("".join(lines[:1] + lines[2:]))
    assert "several intents" not in inside(*command).err
