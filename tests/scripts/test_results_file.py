"""RESULTS.md: a section is written anew, the others stay."""

import importlib
import re
from pathlib import Path
from typing import Any

import pytest

SCRIPTS = Path(__file__).parents[2] / "scripts"
RESULTS = [SCRIPTS / "reproduction" / "RESULTS.md", SCRIPTS / "benchmarks" / "RESULTS.md"]


@pytest.fixture
def results_file(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(SCRIPTS)
    return importlib.import_module("results_file")


def test_a_section_replaces_the_one_of_its_name(results_file: Any, tmp_path: Path) -> None:
    path = tmp_path / "RESULTS.md"
    path.write_text("# Results\n\nIntroduction.\n\n## a\n\nold a\n\n## b, too\n\nold b\n")
    results_file.update(path, "a", "new a\n\n## below\n\nmore\n", ["`command`"])
    assert re.sub("Measured [^;]*; `command`; [^*]*", "FACTS", path.read_text()) == (
        "# Results\n\nIntroduction.\n\n"
        "## a\n\n*FACTS*\n\nnew a\n\n### below\n\nmore\n\n"
        "## b, too\n\nold b\n"
    )


def test_a_new_section_comes_last_and_a_new_file_is_begun(
    results_file: Any, tmp_path: Path
) -> None:
    path = tmp_path / "RESULTS.md"
    for name in ("first", "second", "first"):
        results_file.update(path, name, "body", [])
    assert re.findall("^#+ .*", path.read_text(), re.MULTILINE) == [
        "# Results",
        "## first",
        "## second",
    ]


def test_a_command_has_the_options_that_were_given(results_file: Any) -> None:
    options = {"data": "DIR", "seeds": 5, "encoder": None, "no-peers": True, "x": False}
    command = results_file.command_line("scripts/bench", ["a"], options)
    assert command == "`scripts/bench a --data DIR --seeds 5 --no-peers`"


@pytest.mark.parametrize("path", RESULTS, ids=lambda path: path.parent.name)
def test_every_section_says_when_it_was_measured(path: Path) -> None:
    sections = re.split("^## ", path.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
    assert len(sections) > 8
    for section in sections:
        assert re.match(r".*\n\n\*Measured \d{4}-\d\d-\d\d[,;] .*\.\*\n", section), section[:200]
