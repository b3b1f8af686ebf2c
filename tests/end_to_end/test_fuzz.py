"""Files that are damaged at random, of every kind that is read: refused in one line, or read."""

import json
import random
import re
from itertools import product
from pathlib import Path

import pytest
from conftest import Inside

ROUNDS = 8  # damages of each file

READS = {
    "relevance.model": ("audit {} --canary canaries", "counterfactual {} --share 50% music"),
    "label.model": ("audit {} --canary canaries", "counterfactual {} music"),
    "lm.arpa": ("audit {} --canary canaries", "counterfactual {} --share 50% music"),
    "mask.key": ("mask --restore --key {} masked",),
    "masked": ("mask --restore --key mask.key {}", "mask {}"),
    "canaries": ("audit lm.arpa --canary {}",),
    "mask.json": ("explain r0 --report {} --no-text",),
    "music": (
        "evaluate -m intent --weak-clusters {}",
        "lm train --min-speakers 2 {}",
        "values fill --min-speakers 2 {}",
        "audit lm.arpa --members {} --non-members rain --samples 20",
        "audit relevance.model --members rain --non-members {} --samples 20",
    ),
    "values.csv": ("convert --to rasa --values {} music",),
    "values.jsonl": ("convert --to rasa --values {} music",),
}
TOKEN = re.compile(rb'-?\d+(?:\.\d+)?|"[^"]*"|true|null')
ODD = rb'null|-1|1e999|NaN|""|[]|{}|99999999999999999999999|0.5|"\ud800"|true'.split(b"|")


@pytest.fixture
def folder(tmp_path: Path, inside: Inside) -> Path:
    """Texts, and a model of each kind that learnt from them."""
    draw = random.Random(0)
    words = {"music": ["play", "some", "jazz", "now"], "rain": ["will", "it", "rain", "today"]}
    lines = []
    for number in range(24):
        intent = "music" if number % 2 else "rain"
        text = " ".join([*draw.sample(words[intent], 3), f"{4000 + number}"])
        last = len(text) - 4
        slots = [{"slot": "word", "start": 0, "end": text.index(" ")}]
        slots += [{"slot": "number", "start": last, "end": len(text), "value": text[last:]}]
        own = {"id": f"r{number}", "text": text, "speaker": number % 5, "slots": slots}
        lines.append(json.dumps({**own, "intent": intent, "ref_intent": intent}) + "\n")
    (tmp_path / "music").write_text("".join(lines))
    (tmp_path / "rain").write_text("".join(lines[::2]))
    (tmp_path / "canaries").write_text('{"text":"code 4","form":"code {digit}"}\n')
    for made in (
        "relevance --in-domain rain --background music --fit-only --save-model relevance.model",
        "label --labelled music --fit-only --save-model label.model",
        "lm train -o lm.arpa",
        "mask --key mask.key --report mask.json -o masked",
        "values -o values.csv",
        "values -o values.jsonl",
    ):
        assert inside(*made.split(), "-q", "music").code == 0
    return tmp_path


def test_what_is_damaged_is_read_or_refused_in_one_line(folder: Path, inside: Inside) -> None:
    draw = random.Random(0)
    for name, number in product(READS, range(ROUNDS)):
        (folder / "damaged").write_bytes(damaged((folder / name).read_bytes(), number % 4, draw))
        before = {path.name for path in folder.iterdir()}
        command = draw.choice(READS[name]).replace("{}", "damaged")
        done = inside(*command.split(), "-q", "-o", "out")
        assert done.code in (0, 1, 3), f"{command} of {name}: {done.err}"
        assert "Traceback" not in done.err
        if done.code:
            assert {path.name for path in folder.iterdir()} == before
        if done.code == 1:
            assert done.err.count("\n") == 1, f"{command} of {name}: {done.err}"
        (folder / "out").unlink(missing_ok=True)


def damaged(whole: bytes, kind: int, draw: random.Random) -> bytes:
    """A file cut short, with a bit flipped, without some bytes, or with another token."""
    place = draw.randrange(len(whole))
    if kind == 0:
        return whole[:place]
    if kind == 1:
        flipped = whole[place] ^ 1 << draw.randrange(8)
        return whole[:place] + bytes([flipped]) + whole[place + 1 :]
    if kind == 2:
        return whole[:place] + whole[place + draw.randrange(1, 30) :]
    start, end = draw.choice([found.span() for found in TOKEN.finditer(whole)])
    return whole[:start] + draw.choice(ODD) + whole[end:]
