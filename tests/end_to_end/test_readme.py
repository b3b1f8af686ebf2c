"""The README is run: each block as it stands; its table is the list of commands."""

import re
import subprocess
import sys
from pathlib import Path

from console_blocks import blocks, mistaken

from dataselect.command_line.registry import COMMANDS

README = Path(__file__).parents[2] / "README.md"
TEXT = README.read_text(encoding="utf-8")


def test_blocks_do_what_they_say(tmp_path: Path, forking: dict[str, str]) -> None:
    wrong = mistaken(TEXT, tmp_path, forking)
    assert not wrong, f"README.md should say (console_blocks.py writes it):\n\n{wrong}"
    for block in blocks(TEXT, "python"):
        subprocess.run([sys.executable, "-c", block], cwd=tmp_path / "demo", check=True)


def test_command_table_is_the_list_of_commands() -> None:
    table = TEXT.split("## Which command")[1].split("## Selection")[0]
    rows = re.findall(r"^\| `([\w ]+)` \| ([^|]*) \|", table, re.MULTILINE)
    assert dict(rows) == {name: each.summary for name, each in COMMANDS.items()}


def test_it_can_be_read_in_a_few_minutes() -> None:
    assert README.stat().st_size < 9_000


def test_links_lead_to_files() -> None:
    for target in re.findall(r"\]\((?!https?:)([^)]+)\)", TEXT):
        assert (README.parent / target).exists(), target
    for path in re.findall(r"`(scripts/[\w/.-]+)`", TEXT):
        assert (README.parent / path).exists(), path
