"""The README is run: each console block as it stands, and the Python example."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from dataselect.command_line.registry import COMMANDS

README = Path(__file__).parents[2] / "README.md"
TEXT = README.read_text(encoding="utf-8")
ENVIRONMENT = {
    **os.environ,
    "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
}


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", TEXT, re.DOTALL | re.MULTILINE)


def commands(block: str) -> list[tuple[str, str]]:
    """Each command of a console block, and what it is said to print."""
    found = re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", block, re.MULTILINE)
    assert found, block
    return found


def rounded(printed: str) -> str:
    """Scores to two digits: another version of scikit-learn may differ in the last ones."""
    return re.sub(r"\d+\.\d{3,}", lambda score: f"{float(score[0]):.2f}", printed)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the blocks are run, one after the other; the Python example comes last."""
    folder = tmp_path_factory.mktemp("readme")
    where = folder
    failures = []
    for block in blocks("console"):
        for command, expected in commands(block):
            if command.startswith("cd "):
                where = where / command.removeprefix("cd ")
                continue
            printed = subprocess.run(  # noqa: PLW1510  # some are meant to fail
                ["bash", "-o", "pipefail", "-c", command],
                cwd=where,
                env=ENVIRONMENT,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            ).stdout
            if rounded(printed) != rounded(expected):
                failures.append(f"$ {command}\n{printed}")
    if failures:
        pytest.fail("the README should say:\n\n" + "\n".join(failures))
    return where


def test_console_blocks_print_what_they_say(folder: Path) -> None:
    assert (folder / "kept.jsonl").exists()


def test_python_example_runs(folder: Path) -> None:
    for block in blocks("python"):
        subprocess.run([sys.executable, "-c", block], cwd=folder, check=True)


def test_every_step_of_the_ci_job_works(folder: Path) -> None:
    [job] = blocks("yaml")
    [steps] = [each["steps"] for each in yaml.safe_load(job)["jobs"].values()]
    scripts = [step["run"] for step in steps if "run" in step]
    assert [script for script in scripts if script.startswith("pip ")] == scripts[:1]
    for script in scripts[1:]:
        subprocess.run(["bash", "-e", "-c", script], cwd=folder, env=ENVIRONMENT, check=True)
    [kept] = [step["with"]["path"] for step in steps if "upload" in step.get("uses", "")]
    assert (folder / kept).stat().st_size > 0


def test_command_table_is_the_list_of_commands() -> None:
    rows = re.findall(r"^\| `([\w ]+)` \| (.*) \|$", TEXT.split("### Selection")[0], re.MULTILINE)
    assert dict(rows) == {name: each.summary for name, each in COMMANDS.items()}
