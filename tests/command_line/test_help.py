"""--help: two examples that run, the options that people use; --help-all has the rest."""

import gzip
import shlex
from importlib import import_module
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from conftest import Inside, run_inside

from dataselect.command_line.parser import load_command, parse
from dataselect.command_line.registry import COMMANDS, HEADINGS

MOST_OPTIONS = 14
POOL = 1_500  # records that examples run on, of the 5,000 of the sample
NEEDS = {
    "report": ["matplotlib", "jinja2"],
    "paraphrase train": [],
    "paraphrase score": [],
    "translate": [],
    "translate train": [],
}
"""What examples need beside the sample data; detectors and translators are never there."""


def examples(command: str) -> list[list[str]]:
    text = import_module(f"dataselect.{COMMANDS[command].module}").EXAMPLES
    return [shlex.split(line) for line in text.replace("\\\n", "").strip().splitlines()]


def shown(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert parse(list(arguments)) == 0
    return capsys.readouterr().out


@pytest.mark.parametrize("command", COMMANDS)
def test_help_shows_two_examples_and_the_usual_options(command: str) -> None:
    loaded: Any = load_command(command)
    names = {each.strip("-").replace("-", "_") for one in loaded.params for each in one.opts}
    assert loaded.usual - names == set()
    assert len(loaded.usual) <= MOST_OPTIONS
    found = examples(command)
    assert len(found) == 2
    for words in found:
        assert words[: 1 + len(command.split())] == ["dataselect", *command.split()]


def test_help_all_shows_the_rest(capsys: pytest.CaptureFixture[str]) -> None:
    usual, everything = (shown(capsys, "select", f"--{name}") for name in ("help", "help-all"))
    assert "--max-line" not in usual
    assert "--max-line" in everything
    assert set(usual.split()) <= set(everything.split())


def test_commands_are_in_groups_with_and_without_help(capsys: pytest.CaptureFixture[str]) -> None:
    found = shown(capsys)
    assert found == shown(capsys, "--help")
    assert [line for line in found.splitlines() if line.rstrip(":") in HEADINGS] == [
        f"{heading}:" for heading in HEADINGS
    ]
    assert sorted(name for names in HEADINGS.values() for name in names) == sorted(COMMANDS)
    assert "lm eval" not in shown(capsys, "lm")
    assert "eval" in shown(capsys, "lm")


def test_examples_work_on_the_sample_data_one_after_the_other(
    tmp_path: Path, inside: Inside
) -> None:
    inside("demo", "-q", "--force", ".").silent()
    pool = tmp_path / "pool.jsonl.gz"
    with gzip.open(pool) as file:
        some = b"".join(islice(file, POOL))
    pool.write_bytes(gzip.compress(some, 1))
    for command in COMMANDS:
        if command in NEEDS and not all(map(find_spec, NEEDS[command] or ["none"])):
            continue
        for _, *words in examples(command):
            # Standard output is not caught in this process: `> FILE` becomes `-o FILE`.
            asked = words[:-2] if command == "help" and ">" in words else words
            done = run_inside(*("-o" if word == ">" else word for word in asked))
            assert done.code == 0, (words, done.err)


@pytest.mark.parametrize("command", COMMANDS)
def test_seeds_below_0_are_refused(command: str, inside: Inside) -> None:
    loaded: Any = load_command(command)
    if any("--seed" in each.opts for each in loaded.params):
        inside(*command.split(), "--seed", "-1").refused(2, "--seed")
