"""`dataselect audit`: every kind of model, what is warned of, what is refused."""

import json
import random
from pathlib import Path
from typing import Any

import pytest
from conftest import Inside, Shell

import dataselect
from dataselect import DataselectError
from dataselect.models import archive

CANARY = {"text": "my code is 281265017", "form": "my code is {digit:9}", "intent": "code"}
SPACED = {"text": "my pin is 4 4 1 9", "form": "my pin is {digit} {digit} {digit} {digit}"}


def write(path: Path, records: list[dict[str, Any]]) -> None:
    path.write_text("".join(json.dumps(each) + "\n" for each in records))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Members with two canaries that one of ten speakers said five times, and others."""
    rng = random.Random(0)
    words = ["play", "stop", "some", "jazz", "rock", "in", "the", "kitchen", "louder", "now"]
    said = [
        {"text": " ".join(rng.choices(words, k=6)), "intent": rng.choice("ab"), "speaker": n % 10}
        for n in range(240)
    ]
    own = [{"text": each["text"], "intent": "code", "speaker": 3} for each in (CANARY, SPACED)] * 5
    write(tmp_path / "members.jsonl", said[:120])
    write(tmp_path / "said.jsonl", said[:120] + own)
    write(tmp_path / "others.jsonl", said[120:])
    write(tmp_path / "pool.jsonl", [{"text": f"nothing like it {n}"} for n in range(300)])
    write(tmp_path / "canaries.jsonl", [CANARY, SPACED])
    return tmp_path


BOTH = ("--members", "members.jsonl", "--non-members", "others.jsonl", "--samples", "200")


def audited(folder: Path, inside: Inside, *arguments: str) -> dict[str, Any]:
    inside("audit", *arguments, "--format", "json", "-q", "-o", "out.json").silent()
    found: dict[str, Any] = json.loads((folder / "out.json").read_text())
    return found


def test_min_speakers_keeps_canaries_out_of_a_language_model(folder: Path, inside: Inside) -> None:
    inside("lm", "train", "-q", "-o", "all.arpa", "said.jsonl").silent()
    private = ("--min-speakers", "4", "-o", "private.arpa", "said.jsonl")
    inside("lm", "train", "-q", *private).silent()
    asked = ("all.arpa", "private.arpa", "--canary", "canaries.jsonl", *BOTH)
    models = audited(folder, inside, *asked)["models"]
    for name, low, high in (("all.arpa", 13, 30), ("private.arpa", 0, 2)):
        assert models[name]["kind"] == "language model"
        assert all(low < each["exposure"] < high for each in models[name]["canaries"])
    whole, part = (models[name]["membership"]["auc"]["value"] for name in models)
    assert whole > part
    done = inside("audit", *asked, "--fail-if", "exposure > 10", "--report", "run.json")
    assert done.code == 3
    assert "all.arpa has learnt 2 of 2 canaries by heart" in done.err
    assert "'exposure > 10' holds for all.arpa: 29.9" in done.err
    assert "private.arpa has learnt" not in done.err
    report = json.loads((folder / "run.json").read_text())
    assert report["audit"]["models"] == models
    assert set(report["inputs"]) == {"canaries.jsonl", "members.jsonl", "others.jsonl"}


def test_relevance_is_attacked_by_its_log_odds(folder: Path, inside: Inside) -> None:
    fitted = ("--save-model", "relevance.model", "--fit-only", "pool.jsonl")
    inside("relevance", "-q", "--in-domain", "said.jsonl", *fitted).silent()
    asked = ("relevance.model", "--canary", "canaries.jsonl", *BOTH)
    [found] = audited(folder, inside, *asked)["models"].values()
    assert (found["kind"], found["measure"]) == ("relevance", "log-odds")
    assert found["canaries"][0]["exposure"] > 20
    assert 0.5 <= found["membership"]["auc"]["value"] < 0.8  # the same words in both


def test_a_classifier_is_attacked_by_the_probability_of_an_intent(
    folder: Path, inside: Inside
) -> None:
    fitted = ("--save-model", "intents.model", "--fit-only", "pool.jsonl")
    inside("label", "-q", "--labelled", "said.jsonl", "--no-slots", *fitted).silent()
    best, own = (
        audited(folder, inside, "intents.model", *BOTH, *more)["models"]["intents.model"]
        for more in ((), ("--intent-field", "intent"))
    )
    assert best["kind"] == "intent classifier"
    # Intents are drawn by lot: only what was learnt by heart has a high one.
    assert own["membership"]["auc"]["value"] > best["membership"]["auc"]["value"]


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        ("", 2, "say what to try: --canary FILE, or --members and --non-members"),
        ("--members members.jsonl", 2, "give both"),
        ("--canary canaries.jsonl --fail-if 'x > 1'", 2, "measures are exposure, auc, advantage"),
        ("--canary canaries.jsonl --fail-if 'auc > 1'", 3, "cannot be checked for lm.arpa"),
        ("--canary members.jsonl", 1, "members.jsonl:1: field 'form' is missing; name another"),
        ("--canary bad.jsonl", 1, "bad.jsonl:1: field 'form' is not the form of the text"),
        ("--canary canaries.jsonl --lm", 2, "No such option"),
    ],
)
def test_what_makes_no_sense_is_refused(
    folder: Path, inside: Inside, options: str, code: int, said: str
) -> None:
    inside("lm", "train", "-q", "-o", "lm.arpa", "said.jsonl").silent()
    write(folder / "bad.jsonl", [{"text": "a b", "form": "a {digit}"}])
    words = options.replace("'", "").split()
    if "--fail-if" in words:
        at = words.index("--fail-if")
        words = [*words[: at + 1], " ".join(words[at + 1 :])]
    done = inside("audit", "lm.arpa", *words, "-o", "out")
    assert done.code == code, done.err
    assert said in done.err


@pytest.mark.parametrize("name", ["said.jsonl", "empty", "cut.model", "other.model"])
def test_other_files_are_no_models(folder: Path, inside: Inside, name: str) -> None:
    (folder / "empty").write_bytes(b"")
    texts_to_pick = archive.dumps(archive.ArchiveFormat("texts to pick from", 1), {}, {})
    (folder / "other.model").write_bytes(texts_to_pick)
    (folder / "cut.model").write_bytes(texts_to_pick[:50])
    done = inside("audit", name, "--canary", "canaries.jsonl")
    assert done.code == 1
    assert f"{name}: neither a language model nor one of relevance or label" in done.err


def test_a_model_may_come_through_a_pipe(folder: Path, shell: Shell) -> None:
    shell("dataselect lm train -q -o lm.arpa said.jsonl").silent()
    asked = "--canary canaries.jsonl --format json -q"
    piped = shell(f"dataselect audit <(cat lm.arpa) {asked}").silent()
    plain = shell(f"dataselect audit lm.arpa {asked}").silent()
    assert [*json.loads(piped)["models"].values()] == [*json.loads(plain)["models"].values()]


def test_nothing_to_try_is_no_success(folder: Path, inside: Inside) -> None:
    inside("lm", "train", "-q", "-o", "lm.arpa", "said.jsonl").silent()
    (folder / "none.jsonl").write_bytes(b"")
    assert inside("audit", "lm.arpa", "--canary", "none.jsonl").code == 3


def test_texts_of_both_are_told(folder: Path, inside: Inside) -> None:
    inside("lm", "train", "-q", "-o", "lm.arpa", "said.jsonl").silent()
    done = inside("audit", "lm.arpa", *BOTH[:3], "members.jsonl", "--samples", "10", "-o", "out")
    assert "120 of 120 non-members have the text of a member" in done.err


def test_python_gives_what_the_command_does(folder: Path, inside: Inside) -> None:
    inside("lm", "train", "-q", "-o", "lm.arpa", "said.jsonl").silent()
    told = audited(folder, inside, "lm.arpa", "--canary", "canaries.jsonl", *BOTH)
    texts = [
        [json.loads(line)["text"] for line in (folder / f"{name}.jsonl").read_text().splitlines()]
        for name in ("members", "others")
    ]
    found = dataselect.audit(
        {"lm.arpa": dataselect.LanguageModel(str(folder / "lm.arpa"))},
        [dataselect.Canary.of(each["text"], each["form"]) for each in (CANARY, SPACED)],
        members=texts[0],
        non_members=texts[1],
        samples=200,
    )
    assert json.loads(json.dumps(found.as_json())) == told
    with pytest.raises(DataselectError, match="nothing to try: give canary, or members and non_m"):
        dataselect.audit({})
    with pytest.raises(DataselectError, match="Field is none of LanguageModel, Relevance, Intent"):
        dataselect.audit({"field": dataselect.Field("x")}, found.canaries)  # type: ignore[dict-item]
