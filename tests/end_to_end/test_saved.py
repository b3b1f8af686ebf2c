"""What a command saves can be read by the option that reads it, or is refused before the work."""

import json
import random
from pathlib import Path
from typing import Any

import pytest
from conftest import Inside

MUSIC = ["play", "some", "jazz", "by", "the", "blue", "band"]
WEATHER = ["will", "it", "rain", "tomorrow", "in", "the", "north"]

# What writes a file, and what reads it back; `{}` is the file.
SAVED = {
    "relevance": (
        "relevance --in-domain one --background other --fit-only --save-model {} music",
        "relevance --model {} --top-k 1 music",
    ),
    "label": ("label --labelled music --fit-only --save-model {} music", "label --model {} music"),
    "lm train": ("lm train music -o {}", "lm eval --lm {} music"),
    "lm train for a mixture": ("lm train music -o {}", "lm mix {} plain.arpa --weights 0.5,0.5"),
    "lm mix": ("lm mix plain.arpa plain.arpa --weights 0.5,0.5 -o {}", "rescore --lm {} lists"),
    "winnow": ("lm train music -o {}", "winnow --lm {} --top-k 1 music"),
    "weights": (
        "rescore --lm plain.arpa --tune lists --metric wer --save-weights {} lists",
        "rescore --lm plain.arpa --load-weights {} lists",
    ),
    "report": (
        "select --by x --top-k 2 music --report {} -o kept",
        "explain r0 --report {}",
    ),
    "records": ("select --by x music -o {}", "select --by x {}"),
    "dropped": ("select --by x --top-k 1 music --rejects {}", "select --by x {}"),
    "text": ("convert --to text music -o {}", "convert --from text {}"),
    "dev": ("paraphrase pairs music --slotless include --pairs 4 --dev {}", "select --by label {}"),
}
ENDINGS = ["", ".GZ", ".xz", ".zst", ".zip", ".gzip", ".Z"]


@pytest.fixture
def texts(tmp_path: Path, inside: Inside) -> Path:
    """A folder with annotated records, other texts, n-best lists and a language model."""
    draw = random.Random(0)
    records: list[dict[str, Any]] = [
        {
            "id": f"r{number}",
            "text": " ".join(draw.sample(MUSIC if number % 2 else WEATHER, 5)),
            "intent": "music" if number % 2 else "weather",
            "slots": [],
            "x": number,
        }
        for number in range(60)
    ]
    for name, chosen in ("music", records), ("one", records[1::2]), ("other", records[::2]):
        (tmp_path / name).write_text("".join(json.dumps(each) + "\n" for each in chosen))
    lists = [
        {
            "nbest": [{"text": each["text"], "score": -1}, {"text": "jazz", "score": -2}],
            "ref": each["text"],
        }
        for each in records[:8]
    ]
    (tmp_path / "lists").write_text("".join(json.dumps(each) + "\n" for each in lists))
    inside("lm", "train", "-q", "music", "-o", "plain.arpa").silent()
    return tmp_path


@pytest.mark.parametrize("kind", SAVED)
def test_what_is_saved_can_be_read_or_is_refused(texts: Path, inside: Inside, kind: str) -> None:
    write, read = SAVED[kind]
    for ending in ENDINGS:
        path = f"saved{ending}"
        before = {each.name for each in texts.iterdir()}
        done = inside(*write.replace("{}", path).split(), *["-o", "out"] * ("-o" not in write))
        if done.code == 2:
            assert f"{path}: " in done.err, done.err
            assert {each.name for each in texts.iterdir()} == before
            assert ending
        else:
            assert done.code == 0, done.err
            assert ending.lower() in ("", ".gz", ".bz2", ".xz", ".zst")
            done = inside(*read.replace("{}", path).split(), "-o", "out")
            assert done.code == 0, f"{path}: {done.err}"
