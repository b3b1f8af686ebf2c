"""Paraphrase detectors of corpora other than those that they are tried on."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from common import load, run, write

_CORPORA = ("snips", "atis")


def detectors(data: Path, folder: Path, settings: Iterable[str]) -> dict[str, str]:
    """Train detectors with the defaults; by setting the folder of one that never saw its corpus."""
    found = {}
    for setting in settings:
        others = [corpus for corpus in _CORPORA if corpus.upper() != setting]
        found[setting] = str(folder / "-".join(others))
        if not Path(found[setting]).exists():
            _train(data, folder, others)
    return found


def _train(data: Path, folder: Path, corpora: list[str]) -> None:
    paths = (data / "snips_atis_slots" / f"{corpus}_train.jsonl.gz" for corpus in corpora)
    write(folder / "annotated.jsonl", (record for path in paths for record in load(path)))
    run(folder, "paraphrase", "pairs", "annotated.jsonl", "--dev", "dev.jsonl", "-o", "train.jsonl")
    output = ("-o", "-".join(corpora))
    run(folder, "paraphrase", "train", "train.jsonl", "--dev", "dev.jsonl", *output)
