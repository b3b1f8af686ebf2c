"""`dataselect translate train`: a model that learns, a run that dies, and what is refused."""

import importlib.util
import json
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Outcome

NEEDED = ("transformers", "sentencepiece", "accelerate")
pytestmark = pytest.mark.skipif(
    not all(map(importlib.util.find_spec, NEEDED)), reason="needs the extra 'neural'"
)
WORDS = {"spiel": "play", "jazz": "jazz", "blues": "blues", "laut": "loud", "bitte": "please"}
Inside = Callable[..., Outcome]
OPTIONS = ["--size", "tiny", "--vocabulary", "60", "--batch-size", "16", "--device", "cpu"]


@pytest.fixture(autouse=True)
def pairs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    draw = random.Random(0)
    lines = []
    for _ in range(160):
        words = draw.choices(list(WORDS), k=draw.randint(2, 5))
        pair = {"src": " ".join(words), "tgt": " ".join(WORDS[word] for word in words)}
        lines.append(json.dumps(pair))
    path = tmp_path / "pairs.jsonl"
    path.write_text("\n".join(lines) + "\n")
    return path


def test_a_run_that_was_killed_goes_on_and_a_model_learns(inside: Inside, tmp_path: Path) -> None:
    options = ["--epochs", "12", *OPTIONS, "-o", "model", "pairs.jsonl"]
    command = [sys.executable, "-m", "dataselect", "translate", "train", "-q", *options]
    checkpoints = tmp_path / "model.checkpoints"
    with subprocess.Popen(command) as running:
        while running.poll() is None and not list(checkpoints.glob("*/trainer_state.json")):
            time.sleep(0.02)
        running.send_signal(signal.SIGKILL)
    assert not Path("model").exists()
    refused = inside("translate", "train", *options)
    assert refused.code == 1
    assert "a run that was stopped left checkpoints; go on with --resume" in refused.err
    other = inside("translate", "train", "--resume", "--seed", "1", *options)
    assert "checkpoints of other pairs or options; give the same, or remove" in other.err
    shutil.copytree(checkpoints, "cut.checkpoints")
    Path("cut.checkpoints/training.json").write_text('{"pai')
    cut = inside("translate", "train", "--resume", *options[:-2], "cut", "pairs.jsonl")
    cut.refused(1, "cut.checkpoints: checkpoints of other pairs or options")
    shutil.copytree(checkpoints, "ended.checkpoints")
    torn = shutil.copytree(next(checkpoints.glob("*-*")), "ended.checkpoints/checkpoint-999")
    Path(torn, "trainer_state.json").write_text('{"epoch": 1.0, "log_hi')
    ended = ["--resume", "--epochs", "1", *OPTIONS, "-o", "ended", "pairs.jsonl"]
    outcome = inside("translate", "train", *ended)
    assert outcome.code == 0, outcome.err
    assert "chrF" in outcome.err
    assert Path("ended/model.safetensors").exists()
    outcome = inside("translate", "train", "--resume", "--report", "report.json", *options)
    assert outcome.code == 0, outcome.err
    assert outcome.out == b""
    assert not checkpoints.exists()
    report = json.loads(Path("report.json").read_text())["translate train"]
    assert report["epochs"] == 12
    assert report["loss"] == min(report["losses"]) < 2.5  # of 60 pieces, chance is 4.1
    assert len(report["losses"]) == 12
    assert 0 < report["bleu"] < report["chrf"] <= 100
    assert zeros_at_the_start("model")
    names = {path.name for path in Path("model").iterdir()}
    assert {"model.safetensors", "source.spm", "README.md"} <= names
    assert not [name for name in names if name.endswith((".bin", ".pt", ".pth"))]
    card = Path("model/README.md").read_text()
    assert "pairs.jsonl" in card
    options = ["--model", "model", "--text-field", "src", "-q", "-o", "lists.jsonl"]
    assert inside("translate", *options, "pairs.jsonl").code == 0
    assert json.loads(Path("lists.jsonl").read_text().splitlines()[0])["nbest"][0]["text"]


def zeros_at_the_start(folder: str) -> bool:
    """Whether translations begin with a vector of zeros, as CTranslate2 takes for granted."""
    from safetensors.numpy import load_file

    config = json.loads(Path(folder, "config.json").read_text())
    weights = load_file(f"{folder}/model.safetensors")["model.shared.weight"]
    return not weights[config["decoder_start_token_id"]].any() and bool(weights.any())


def test_too_few_words_and_contradictions_are_refused_in_a_line(
    inside: Inside, tmp_path: Path
) -> None:
    letters = [chr(0x4E00 + number) for number in range(300)]
    lines = [json.dumps({"src": letter, "tgt": letter * 2}) for letter in letters]
    Path("few.jsonl").write_text("\n".join(lines) + "\n")
    few = inside("translate", "train", *OPTIONS, "-o", "model", "few.jsonl")
    assert few.code == 1
    assert "no word pieces can be learnt" in few.err
    base = inside("translate", "train", "--base", "m", "--size", "tiny", "-o", "m2", "pairs.jsonl")
    assert base.code == 2
    assert "--size and --vocabulary are for a model from scratch" in base.err
    nowhere = inside("translate", "train", "pairs.jsonl")
    assert nowhere.code == 2
    assert "name one with --output FOLDER" in nowhere.err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["few.jsonl", "pairs.jsonl"]
