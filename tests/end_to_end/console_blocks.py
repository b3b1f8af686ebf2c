"""Console blocks of Markdown files: run them, and compare or put in what they print.

To write what the commands print now into the files, as after a message has changed:

    python tests/end_to_end/console_blocks.py README.md dataselect/command_line/help/*.md

Each file is run in a folder of its own: the README in an empty one, a topic in `sample`.
"""

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

_MADE = ("relevant.jsonl", "diverse.jsonl", "rich.arpa")  # and what these are made from
_BLOCK = re.compile(r"(?<=^```console\n).*?(?=^```$)", re.DOTALL | re.MULTILINE)
_COMMAND = re.compile(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", re.MULTILINE)


def blocks(text: str, language: str) -> list[str]:
    """What is inside the fenced blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


def sample(folder: Path, environment: dict[str, str]) -> None:
    """Write the sample data, and of what `make` makes there what the topics build on."""
    demo = ("dataselect", "demo", "-q", str(folder))
    for command in (demo, ("make", "--silent", "-C", str(folder), *_MADE)):
        subprocess.run(command, env=environment, check=True)


def printed(text: str, folder: Path, environment: dict[str, str]) -> Iterator[tuple[str, str, str]]:
    """Run the commands of all console blocks in a folder, one after the other.

    Yields each with what it is said to print and what it prints, errors included. `cd` is
    remembered.
    """
    for block in _BLOCK.findall(text):
        commands = _COMMAND.findall(block)
        assert commands, block
        for command, expected in commands:
            found = ""
            if command.startswith("cd "):
                folder /= command.removeprefix("cd ")
            else:
                found = subprocess.run(  # noqa: PLW1510  # some are meant to fail
                    ["bash", "-o", "pipefail", "-c", command],
                    cwd=folder,
                    env=environment,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                    text=True,
                ).stdout
            yield command, expected, found


def mistaken(text: str, folder: Path, environment: dict[str, str]) -> str:
    """What the commands of console blocks print otherwise than they are said to."""
    found = printed(text, folder, environment)
    return "".join(
        f"$ {command}\n{now}" for command, said, now in found if _rounded(now) != _rounded(said)
    )


def _rounded(text: str) -> str:
    """Scores to two digits: another version of scikit-learn may differ in the last ones."""
    return re.sub(r"\d+\.\d{3,}", lambda score: f"{float(score[0]):.2f}", text)


def _rewritten(text: str, folder: Path, environment: dict[str, str]) -> str:
    """The same text, with what the commands print now."""
    found = iter([f"$ {command}\n{now}" for command, _, now in printed(text, folder, environment)])
    return _BLOCK.sub(lambda block: _COMMAND.sub(lambda _: next(found), block[0]), text)


def _main() -> None:
    programs = Path(sys.executable).parent
    environment = os.environ | {"PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"}
    for path in map(Path, sys.argv[1:]):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            if path.name != "README.md":
                sample(folder, environment)
            text = path.read_text(encoding="utf-8")
            path.write_text(_rewritten(text, folder, environment), encoding="utf-8")


if __name__ == "__main__":
    _main()
