"""`--no-text`: no word of any text, and no value of a record, is in what leaves the building."""

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import Inside, run_inside

WORDS = [
    f"{first}{last}" for first in ("zorb", "quix", "vlem", "trup") for last in ("lat", "mek", "op")
]
OTHERS = [
    f"{first}{last}" for first in ("gnaf", "drep", "smil") for last in ("ulon", "ivar", "ost")
]
SECRETS = [*WORDS, *OTHERS, "kontosecret", "4916012345678"]


RUNS = """
relevance --in-domain own.jsonl --explain 5 --share 70% --rejects not.jsonl -o kept.jsonl \
    --report relevance.json pool.jsonl
winnow --in-domain own.jsonl --share 50% --rejects worse.jsonl -o best.jsonl \
    --report winnow.json kept.jsonl
discover --labelled own.jsonl --keep-ungrouped -o groups.jsonl \
    --report discover.json pool.jsonl
compare --dev own.jsonl --pool pool.jsonl --random 1 --group intent --format json -o c.json \
    --report compare.json kept.jsonl best.jsonl
lm train -o own.arpa own.jsonl
audit own.arpa --canary canary.jsonl -o a.txt --report audit.json
"""


def write(path: Path, records: list[dict[str, Any]]) -> None:
    path.write_text("".join(json.dumps(record) + "\n" for record in records))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Runs and their reports, on words of no language."""
    folder = tmp_path_factory.mktemp("runs")
    draw = random.Random(0)

    def records(words: list[str], count: int, name: str) -> list[dict[str, Any]]:
        return [
            {
                "id": f"{name}-{place}",
                "text": " ".join(draw.choices(words, k=4)),
                "intent": name,
                "account": "kontosecret",
                "phone": 4916012345678,
                "slots": [{"slot": "x", "start": 0, "end": 3}],
            }
            for place in range(count)
        ]

    own = records(WORDS, 60, "in")
    pool = [*records(WORDS, 60, "in"), *records(OTHERS, 120, "out"), *own[:5]]
    for place, each in enumerate(pool):
        each["id"] = f"pool-{place}"
    pool += [{**pool[0], "id": f"copy-{n}"} for n in range(150)]
    write(folder / "own.jsonl", own)
    write(folder / "canary.jsonl", [{"text": "zorblat 4419", "form": "zorblat {digit:4}"}])
    write(folder / "pool.jsonl", pool)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for line in RUNS.replace("\\\n", "").strip().splitlines():
            done = run_inside(*line.split())
            assert done.code == 0, (line, done.err)
        yield folder


def told(text: str) -> list[str]:
    return [word for word in SECRETS if word in text]


def test_the_page(folder: Path, inside: Inside, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("matplotlib")
    monkeypatch.chdir(folder)
    reports = [f"{name}.json" for name in ("relevance", "winnow", "discover", "compare", "audit")]
    inside("report", *reports, "-o", "with.html")
    inside("report", *reports, "--no-text", "-o", "page.html", "--plots", "plots")
    assert len(told((folder / "with.html").read_text())) > len(WORDS)  # there is something to hide
    page = (folder / "page.html").read_text()
    assert told(page) == []
    assert "Kept of each intent" in page
    assert "exposure of canary 1" in page
    assert all(told(plot.read_text()) == [] for plot in (folder / "plots").iterdir())


@pytest.mark.parametrize("name", ["pool-3", "pool-100", "copy-7"])
@pytest.mark.parametrize("format_", ["text", "json"])
def test_explanations(
    folder: Path, inside: Inside, monkeypatch: pytest.MonkeyPatch, name: str, format_: str
) -> None:
    monkeypatch.chdir(folder)
    reports = ("--report", "relevance.json", "--report", "winnow.json")
    options = (name, *reports, "--format", format_, "-o", "told.txt")
    inside("explain", *options).silent()
    assert {"kontosecret", "4916012345678"} < set(told((folder / "told.txt").read_text()))
    inside("explain", *options, "--no-text").silent()
    found = (folder / "told.txt").read_text()
    assert told(found) == []
    assert name in found
    assert "n-gram 1" in found
