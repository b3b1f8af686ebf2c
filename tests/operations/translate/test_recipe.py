"""The Makefile of `dataselect help translate`, from annotated German to English."""

import importlib.util
import json
import random
from pathlib import Path

import pytest
from conftest import Shell

from dataselect.command_line.help import command as manual

NEEDED = ("transformers", "sentencepiece", "accelerate")
pytestmark = pytest.mark.skipif(
    not all(map(importlib.util.find_spec, NEEDED)), reason="needs the extra 'neural'"
)
WORDS = {"spiel": "play", "jazz": "jazz", "blues": "blues", "laut": "loud", "bitte": "please"}
TRAIN = "--size tiny --vocabulary 60 --epochs 3 --batch-size 16 --device cpu"


def put(path: Path, records: list[dict[str, object]]) -> None:
    path.write_text("".join(json.dumps(each) + "\n" for each in records))


def test_the_makefile_makes_annotated_english_and_a_model(tmp_path: Path, shell: Shell) -> None:
    draw = random.Random(0)
    german = [" ".join(draw.choices(list(WORDS), k=draw.randint(2, 5))) for _ in range(260)]
    english = [" ".join(map(WORDS.__getitem__, text.split())) for text in german]
    pairs = [{"src": one, "tgt": other} for one, other in zip(german, english, strict=True)]
    annotated: list[dict[str, object]] = [
        {
            "text": text,
            "intent": "music",
            "slots": [{"slot": "first", "start": 0, "end": text.index(" ")}],
        }
        for text in german[200:230]
    ]
    put(tmp_path / "pairs.jsonl", [dict(each) for each in pairs[:200]])
    put(tmp_path / "annotated.de.jsonl", annotated)
    put(tmp_path / "transcribed.en.jsonl", [{"text": text} for text in english[230:245]])
    put(tmp_path / "dev.en.jsonl", [{"text": text} for text in english[245:]])
    _, _, rest = manual.text_of("translate").partition("```make\n")
    (tmp_path / "Makefile").write_text(rest.partition("```")[0])
    made = shell(f"make --silent TRAIN='{TRAIN}'")
    assert made.code == 0, made.err
    found = [
        json.loads(line) for line in (tmp_path / "annotated.en.jsonl").read_text().splitlines()
    ]
    assert found
    sources = {str(each["text"]): each for each in annotated}
    for each in found:
        assert each["slots"] == sources[each["text"]]["slots"]
        assert each["intent"] == "music"
        for own in each["rescored"]["slots"]:
            assert each["text_en"][own["start"] : own["end"]] == own["value"]
        assert 0 <= each["rescored"]["slots_confidence"] <= 1
    assert "play" in (tmp_path / "mixed.arpa").read_text()
