"""RESULTS.md of `scripts/reproduce` and `scripts/bench`: a section a part, written by the script.

A section says when, by what command and with which versions it was measured. Sections of parts that
were not run stay as they are.
"""

from __future__ import annotations

import platform
import re
import subprocess
from collections.abc import Sequence
from datetime import datetime, timezone
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

_PACKAGES = ("numpy", "scipy", "scikit-learn", "orjson", "kenlm", "sentence-transformers", "ray")
_HEADING = re.compile(r"^## (.*)$", re.MULTILINE)


def update(path: Path, name: str, body: str, facts: Sequence[str]) -> None:
    """Put a section into the file, in place of the one of this name or at the end.

    `facts` go below its heading, beside date and versions. Headings in `body` are put a level down.
    """
    text = path.read_text(encoding="utf-8") if path.exists() else "# Results\n"
    start, *parts = _HEADING.split(text)
    sections = dict(zip(parts[::2], parts[1::2], strict=True))
    day = datetime.now(timezone.utc).strftime("%Y-%m-%d")
    measured = "; ".join([f"Measured {day}", *facts, _versions()])
    lower = _HEADING.sub(r"### \1", body).strip()
    sections[name] = f"\n\n*{measured}.*\n\n{lower}\n\n"
    written = "\n\n".join(f"## {each}{content.rstrip()}" for each, content in sections.items())
    path.write_text(f"{start.rstrip()}\n\n{written.rstrip()}\n", encoding="utf-8")


def command_line(script: str, parts: Sequence[str], options: dict[str, object]) -> str:
    """The command that measures this again; None and False are options that were not given."""
    words = [script, *parts]
    for name, value in options.items():
        if value is None or value is False:
            continue
        words += [f"--{name}"] if value is True else [f"--{name}", str(value)]
    return f"`{' '.join(words)}`"


def _versions() -> str:
    found = [f"dataselect {version('dataselect')}{_revision()}, Python {platform.python_version()}"]
    for name in _PACKAGES:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            continue
    return ", ".join(found)


@lru_cache
def _revision() -> str:
    """The commit of the working tree as the run finds it, where git knows it."""
    command = ["git", "describe", "--always", "--dirty", "--exclude", "*"]
    root = Path(__file__).parent
    try:
        told = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return ""
    return f" at {told.stdout.strip()}"
