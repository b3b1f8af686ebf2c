"""Package versions, and the one-line signature of a run."""

from __future__ import annotations

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
    from importlib.metadata import PackageNotFoundError, version

    found = {"python": platform.python_version()}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def signature(command: str, facts: dict[str, Any]) -> str:
    """One line that tells two runs apart, in the manner of sacrebleu.

    >>> signature("relevance", {"ngrams": 3, "cut": "--top-k 10"})[:39]
    'relevance|ngrams:3|cut:--top-k 10|versi'
    """
    parts = [f"{key}:{value}" for key, value in facts.items() if value is not None]
    return "|".join([command, *parts, f"version:{versions().get('dataselect', 'unknown')}"])
