"""Other tools for the same work, each in a virtual environment of its own, made on first use."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from importlib.metadata import version

from contenders import Contender, Failed, driver

_INSTALL_TIMEOUT_S = 600


@dataclass(frozen=True)
class Peer:
    """A tool, the driver that runs it, what its environment holds, and a bearable pool."""

    name: str
    driver: str
    requirements: tuple[str, ...]
    most_records: int

    def python(self, cache: str) -> str:
        """The interpreter that has the tool; installs it first where needed. Raises Failed."""
        folder = os.path.join(cache, "peers", self.driver)
        python = os.path.join(folder, "bin", "python")
        stamp = os.path.join(folder, "installed")
        wanted = f"{sys.version}\n" + "\n".join(self.requirements)
        if _content(stamp) == wanted:
            return python
        print(f"scripts/bench: installing {self.name} into {folder}", file=sys.stderr)
        _run([sys.executable, "-m", "venv", "--clear", folder])
        quiet = ["-qq", "--disable-pip-version-check"]
        _run([python, "-m", "pip", "install", *quiet, *self.requirements])
        with open(stamp, "w", encoding="utf-8") as file:
            file.write(wanted)
        return python

    def contender(self, cache: str, *arguments: str, records: int = 0) -> Contender:
        """Its driver, or why it cannot be installed."""
        try:
            command = driver(self.driver, *arguments, python=self.python(cache))
        except Failed as failure:
            return Contender(self.name, (), records, missing=str(failure))
        return Contender(self.name, command, records)


def _ours(*packages: str) -> tuple[str, ...]:
    """The versions that dataselect itself runs with, so that no difference comes from them."""
    return tuple(f"{package}=={version(package)}" for package in packages)


SKLEARN = Peer(
    "HashingVectorizer((1,3)) + LogisticRegression",
    "sklearn_script",
    _ours("scikit-learn", "numpy", "orjson"),
    100_000,
)
FASTTEXT = Peer(
    "fastText",
    "fasttext_script",
    ("fasttext-wheel==0.9.2", "numpy==1.26.4", *_ours("orjson")),
    100_000,
)
DSIR = Peer(
    "DSIR",
    "dsir",
    ("data-selection==1.0.3", "nltk", *_ours("numpy", "joblib")),
    20_000,
)

OPUSFILTER = Peer(
    "OpusFilter's CrossEntropyFilter",
    "opusfilter_script",
    ("opusfilter==3.3.1", "varikn==1.2.1", *_ours("orjson")),
    100_000,
)
TFIDF_SVD = Peer(
    "TfidfVectorizer + TruncatedSVD",
    "tfidf_svd_script",
    _ours("scikit-learn", "numpy", "orjson"),
    20_000,
)
APRICOT = Peer(
    "apricot, facility location, lazy",
    "apricot_script",
    ("apricot-select==0.6.1", *_ours("numpy", "scikit-learn")),
    8_000,
)
SUBMODLIB = Peer(
    "submodlib, facility location, lazy, dense",
    "submodlib_script",
    ("submodlib-py==0.0.3", *_ours("numpy")),
    8_000,
)
SEMHASH = Peer("semhash, representative", "semhash_script", ("semhash==0.5.0",), 8_000)


def _content(path: str) -> str | None:
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except OSError:
        return None


def _run(command: list[str]) -> None:
    try:
        subprocess.run(
            command, check=True, capture_output=True, text=True, timeout=_INSTALL_TIMEOUT_S
        )
    except subprocess.TimeoutExpired:
        raise Failed(f"not installed: no end after {_INSTALL_TIMEOUT_S} s") from None
    except (subprocess.CalledProcessError, OSError) as error:
        words = (getattr(error, "stderr", "") or str(error)).strip().split("\n")
        reasons = [line for line in words if line.startswith("ERROR:")] or words
        raise Failed(f"not installed: {reasons[0].removeprefix('ERROR: ')}") from None
