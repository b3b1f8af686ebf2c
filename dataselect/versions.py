"""Package versions, and the one-line signature of a run."""

from __future__ import annotations

from functools import cache
from typing import Any

_PACKAGES = (
    "dataselect",
    "kenlm",
    "numpy",
    "orjson",
    "rapidfuzz",
    "ray",
    "sacrebleu",
    "scikit-learn",
    "scipy",
    "sentence-transformers",
    "torch",
    "whisper-normalizer",
)


def versions() -> dict[str, str]:
    """Versions of Python and of the packages that decide the numbers."""
    import platform

    found = {package: _version(package) for package in _PACKAGES}
    installed = {package: version for package, version in found.items() if version is not None}
    return {"python": platform.python_version(), **installed}


@cache
def _version(package: str) -> str | None:
    """The version that is installed, if any; metadata are a whole file to read for one line."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(package)
    except PackageNotFoundError:
        return None


def signature(command: str, facts: dict[str, Any]) -> str:
    """One line that tells two runs apart, in the manner of sacrebleu.

    >>> signature("relevance", {"ngrams": 3, "cut": "--top-k 10"})[:39]
    'relevance|ngrams:3|cut:--top-k 10|versi'
    """
    parts = [f"{key}:{value}" for key, value in facts.items() if value is not None]
    return "|".join([command, *parts, f"version:{_version('dataselect') or 'unknown'}"])
