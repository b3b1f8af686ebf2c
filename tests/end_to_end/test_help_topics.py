"""The manual: every topic's commands print what they are said to, every name in it exists."""

import fcntl
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from conftest import Shell
from console_blocks import blocks, mistaken, sample

from dataselect.command_line import parser
from dataselect.command_line.help import command as manual
from dataselect.command_line.registry import COMMANDS
from dataselect.errors import OptionError

TOPICS = [topic for group in manual.TOPICS.values() for topic in group]
TEXTS = {topic: manual.text_of(topic) for topic in TOPICS}
ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
NEEDS = {"report": "matplotlib", "cluster": "ray"}
RUN = [topic for topic in TOPICS if "```console" in TEXTS[topic]]
"""Topics with examples to run."""


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory, forking: dict[str, str]) -> Path:
    """The sample data that topics start from, made once for all workers of pytest-xdist."""
    base = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        base = base.parent
    folder = base / "manual"
    with (base / "manual.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            sample(base / "manual.unfinished", forking)
            (base / "manual.unfinished").rename(folder)
    return folder


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    """A copy of the sample data for one topic."""
    return Path(shutil.copytree(made, tmp_path / "demo"))


@pytest.mark.parametrize("topic", RUN)
def test_commands_print_what_the_topic_says(
    topic: str, folder: Path, forking: dict[str, str]
) -> None:
    if topic in NEEDS:
        pytest.importorskip(NEEDS[topic])
    wrong = mistaken(TEXTS[topic], folder, forking)
    assert not wrong, f"{topic}.md should say (console_blocks.py writes it):\n\n{wrong}"


@pytest.mark.parametrize(
    ("topic", "number"),
    [(topic, n) for topic in TOPICS for n in range(len(blocks(TEXTS[topic], "python")))],
)
def test_python_examples_run(
    topic: str, number: int, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    exec(blocks(TEXTS[topic], "python")[number], {})


def test_steps_of_the_ci_job_are_targets_of_the_makefile(
    folder: Path, forking: dict[str, str]
) -> None:
    [job] = blocks(TEXTS["make-and-ci"], "yaml")
    [steps] = [each["steps"] for each in yaml.safe_load(job)["jobs"].values()]
    install, *scripts = [step["run"] for step in steps if "run" in step]
    assert install.startswith("pip install ")
    for script in scripts:
        assert script.startswith("make ")
        subprocess.run([*script.split(), "--dry-run"], cwd=folder, env=forking, check=True)
    [kept] = [step["with"]["path"] for step in steps if "upload" in step.get("uses", "")]
    assert any(kept in script for script in scripts)


def options_of(command: str) -> set[str]:
    """The names of a command's options."""
    loaded = parser.load_command(command)
    found = {name for each in loaded.params for name in each.opts + each.secondary_opts}
    return {name for name in found if name.startswith("--")}


ALL_OPTIONS = {"--help", "--version"}.union(*map(options_of, COMMANDS))
OTHERS = {
    *("--additional-suffix", "--silent", "--no-deps"),
    *("--head", "--port", "--address"),
    *("--data",),
}
"""Options of split, make and pip, of ray, and of our scripts."""


@pytest.mark.parametrize("text", ["README", *TOPICS])
def test_options_that_are_mentioned_exist(text: str) -> None:
    found = set(re.findall(r"(?<![\w-])--[a-z][a-z0-9-]*", TEXTS.get(text, README)))
    assert found - ALL_OPTIONS - OTHERS == set()


def test_every_command_has_a_topic() -> None:
    for name in COMMANDS:
        assert manual.text_of(name) in TEXTS.values()


def test_files_are_the_topics() -> None:
    assert {path.stem for path in Path(manual.__file__).parent.glob("*.md")} == set(TOPICS)


@pytest.mark.parametrize("topic", TOPICS)
def test_topics_can_be_read_in_a_terminal(topic: str) -> None:
    lines = TEXTS[topic].split("\n")
    assert lines[0].startswith(f"# {topic}: ")
    code = False
    for line in lines:
        code ^= line.startswith("```")
        assert code or line.startswith("|") or len(line) <= 80 or " " not in line.strip(), line


def test_references_between_topics_lead_somewhere() -> None:
    for text in (README, *TEXTS.values()):
        for name in re.findall(r"`dataselect help ([a-z -]+)`", text.replace("\n", " ")):
            assert manual.text_of(name)


@pytest.mark.parametrize("topic", TOPICS)
def test_scripts_that_are_mentioned_exist(topic: str) -> None:
    for path in re.findall(r"scripts/[\w/.-]*\w", TEXTS[topic]):
        assert (ROOT / path).exists(), path


def test_a_mistyped_topic_is_recognised() -> None:
    with pytest.raises(OptionError, match=r"; did you mean relevance\?; see"):
        manual.text_of("relevanse")
    for name in ("xyz", "label extra", ""):
        with pytest.raises(OptionError, match=f"no help on '{name}'"):
            manual.text_of(name)


def test_overview_has_a_line_for_each_topic() -> None:
    listed = re.findall(r"^  ([a-z-]+) +\S", manual.overview(), re.MULTILINE)
    assert listed == TOPICS
    assert max(map(len, manual.overview().split("\n"))) <= 80


def test_the_man_page_has_every_command_and_option(shell: Shell) -> None:
    page = shell("dataselect help --man").silent().decode()
    plain = page.replace("\\-", "-")
    for command in COMMANDS:
        assert f'.SS "dataselect {command} ' in plain
    assert [each for each in ALL_OPTIONS - {"--version"} if each not in plain] == []
    assert not [line for line in page.split("\n") if line.startswith("'")]


@pytest.mark.parametrize("name", ["bash", "zsh", "fish"])
def test_shells_get_a_completion_function(shell: Shell, name: str) -> None:
    script = shell(f"_DATASELECT_COMPLETE=source_{name} dataselect").silent().decode()
    assert f"_DATASELECT_COMPLETE=complete_{name}" in script


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("dataselect rel", "relevance"),
        ("dataselect lm ev", "eval"),
        ("dataselect relevance --top", "--top-k"),
        ("dataselect bitext --side ", "tgt src both"),
    ],
)
def test_commands_options_and_values_are_completed(shell: Shell, line: str, found: str) -> None:
    asked = f"COMP_WORDS='{line}' COMP_CWORD={line.count(' ')} _DATASELECT_COMPLETE=complete_bash"
    assert shell(f"{asked} dataselect").silent().decode().split() == found.split()
