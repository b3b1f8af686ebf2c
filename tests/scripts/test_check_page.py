"""The report page in a browser: it asks for nothing, fits a narrow screen, in light and in dark."""

import json
import random
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import Inside

CHECK = Path(__file__).parents[2] / "scripts" / "check-page"
pytestmark = pytest.mark.skipif(
    not (shutil.which("chromium") or shutil.which("chromium-browser")),
    reason="needs Chromium; scripts/install-tools chromium",
)


def check(page: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(CHECK), "--without-axe", str(page)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)


@pytest.fixture
def page(inside: Inside, tmp_path: Path) -> Path:
    """A page of a selection, with a long word, other scripts and labels."""
    pytest.importorskip("matplotlib")
    draw = random.Random(0)
    words = ["play", "jazz", "レコード", "موسيقى", "a" * 300, "now"]
    with (tmp_path / "in.jsonl").open("w") as file:
        for number in range(200):
            text = " ".join(draw.sample(words, 3))
            file.write(json.dumps({"text": text, "x": draw.random(), "intent": words[number % 6]}))
            file.write("\n")
    inside(
        *("select", "--by", "x", "--top-k", 50, "in.jsonl", "-o", "kept.jsonl", "-q"),
        *("--rejects", "dropped.jsonl", "--report", "report.json"),
    ).silent()
    inside("report", "-q", "-o", "page.html", "report.json")
    return tmp_path / "page.html"


def test_the_page_is_fine_on_a_narrow_screen_in_light_and_in_dark(page: Path) -> None:
    found = check(page)
    assert (found.returncode, found.stderr) == (0, ""), found.stdout
    assert found.stdout.splitlines() == [f"{page}, {scheme}: fine" for scheme in ("light", "dark")]


def test_what_would_be_wrong_is_found(tmp_path: Path) -> None:
    bad = tmp_path / "bad.html"
    bad.write_text(
        "<!DOCTYPE html><html><head></head><body style='background: #fff; color: #ddd'>"
        "<img src='https://example.invalid/a.png'><div style='width: 999px'>x</div></body></html>"
    )
    found = check(bad)
    assert found.returncode == 1
    for words in ("asks for https://example.invalid/a.png", "pixels wide", "hardly stands out"):
        assert words in found.stdout
