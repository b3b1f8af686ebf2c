"""The page: what models remember, and n-grams that several speakers said."""

import json
from pathlib import Path
from typing import Any

import pytest
from conftest import Inside
from test_page import Page

pytest.importorskip("matplotlib")
pytest.importorskip("jinja2")


def write(path: Path, records: list[dict[str, Any]]) -> None:
    path.write_text("".join(json.dumps(each) + "\n" for each in records))


@pytest.fixture
def folder(tmp_path: Path, inside: Inside) -> Path:
    """A relevance run in which one speaker says much that nobody else says."""
    own = [{"text": f"play some {kind} {n}", "speaker": n % 6} for n in range(30) for kind in "ab"]
    own += [{"text": "play hilbert stampenborg", "speaker": 9}] * 30
    others = [{"text": f"it rains in {n}", "speaker": n % 6} for n in range(60)]
    others += [{"text": "it rains on ottokar", "speaker": 9}] * 30
    write(tmp_path / "own.jsonl", own)
    write(tmp_path / "pool.jsonl", [*own, *others])
    run = ("--share", "50%", "--rejects", "rest.jsonl", "--report", "run.json", "-o", "kept.jsonl")
    inside("relevance", "-q", "--in-domain", "own.jsonl", *run, "pool.jsonl").silent()
    return tmp_path


def typical(page: Page) -> set[str]:
    """The n-grams in the tables, not those of samples."""
    return {row[0] for row in page.rows if len(row) > 1 and len(row[0].split()) <= 2}


def test_ngrams_of_one_speaker_are_not_on_the_page(folder: Path, inside: Inside) -> None:
    for name, options in ("all", ()), ("private", ("--min-speakers", "3")):
        inside("report", "run.json", *options, "-q", "-o", f"{name}.html")
    everything, private = (typical(Page(folder / f"{name}.html")) for name in ("all", "private"))
    assert {"stampenborg", "ottokar", "play", "rains"} <= everything
    assert {"play", "rains"} <= private
    assert not {"stampenborg", "hilbert", "on ottokar", "ottokar"} & private
    done = inside("report", "run.json", "--min-speakers", "3", "-o", "private.html")
    assert "its n-grams were learnt without --min-speakers 3: not shown" in done.err


def test_speakers_are_never_guessed(folder: Path, inside: Inside) -> None:
    asked = ("--min-speakers", "3", "--speaker-field", "who", "-o", "page.html")
    done = inside("report", "run.json", *asked)
    assert done.code == 1
    assert "kept.jsonl:1: field 'who' is missing; name another with --speaker-field" in done.err


def test_an_audit_is_a_section(folder: Path, inside: Inside) -> None:
    for name, options in ("all", ()), ("private", ("--min-speakers", "3")):
        inside("lm", "train", "-q", *options, "own.jsonl", "-o", f"{name}.arpa").silent()
    canary = {"text": "play hilbert stampenborg", "form": "play {hilbert|adam} {stampenborg|smith}"}
    write(folder / "canary.jsonl", [canary])
    write(folder / "others.jsonl", [{"text": f"play some c {n}"} for n in range(8)])
    tried = ("--canary", "canary.jsonl", "--members", "own.jsonl", "--non-members", "others.jsonl")
    run = ("--samples", "50", "--report", "audit.json", "-o", "table")
    inside("audit", "-q", "all.arpa", "private.arpa", *tried, *run).silent()
    done = inside("report", "audit.json", "-o", "page.html")
    assert "runs on the page: 1" in done.err
    page = Page(folder / "page.html")
    assert not page.unbalanced
    assert ["exposure of 'play hilbert stampenborg' (of 2.0 bits)", "2.0", "0.7"] in page.rows
    [auc] = [row for row in page.rows if row[0] == "membership inference, AUC"]
    told = json.loads((folder / "audit.json").read_text())["audit"]["models"]["all.arpa"]
    assert auc[1].startswith(f"{told['membership']['auc']['value']:.3f} [")


def test_an_evaluation_is_a_section(folder: Path, inside: Inside) -> None:
    lists = [
        {"text": f"play some jazz {n % 3}", "ref": "play some jazz 0", "accent": accent, "age": "x"}
        for accent, count in (("north", 40), ("south", 40), ("west", 5))
        for n in range(0, count, 1 if accent == "south" else 3)
        for _ in range(1 if accent == "south" else 3)
    ]
    write(folder / "best.jsonl", lists)
    grouped = ("--group", "accent", "--samples", "50", "--report", "evaluate.json", "-o", "table")
    inside("evaluate", "-m", "wer", *grouped, "best.jsonl", "-q").silent()
    done = inside("report", "evaluate.json", "--no-text", "-o", "page.html")
    assert "runs on the page: 1" in done.err
    page = Page(folder / "page.html")
    assert not page.unbalanced
    told = json.loads((folder / "evaluate.json").read_text())["evaluate"]
    groups = {each["group"]: each for each in told["groups"][0]["groups"]}
    south = groups["south"]
    shown = f"{south['value']:.2f} [{south['low']:.2f}, {south['high']:.2f}]"
    assert ["south", "40", shown, "the worst"] in page.rows
    assert ["north", "42", "0.00 [0.00, 0.00]", ""] in page.rows
    assert ["west", "6", "0.00, too few to say", ""] in page.rows
    [[_, value, *_]] = [row for row in page.rows if row[0] == "wer" and len(row) > 1]
    assert value.startswith(f"{told['measures'][0]['value']:.2f} [")
    shown_path = "How right it is: evaluate.json</"  # one of several is told from the others
    assert (folder / "page.html").read_text().count(shown_path) == 2


@pytest.mark.parametrize("wrong", [{"command": "audit", "audit": {}}, {"min_speakers": "many"}])
def test_a_damaged_report_is_refused(folder: Path, inside: Inside, wrong: dict[str, Any]) -> None:
    report = json.loads((folder / "run.json").read_text())
    report = {**report, "options": {**report["options"], **wrong}, **wrong}
    write(folder / "damaged.json", [report])
    done = inside("report", "damaged.json", "-o", "page.html")
    assert done.code == 1
    assert "damaged.json: not the report of a run" in done.err
