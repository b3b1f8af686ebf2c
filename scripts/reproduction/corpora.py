"""Corpora: conversations, English to German, and the general text that things hide in."""

from __future__ import annotations

from pathlib import Path

from common import Record, load

GENERAL_TEXTS = ("sgd_user", "sgd_system", "masc", "wikitext2", "state_union")
"""Files of English: turns of task dialogues, many genres, Wikipedia, speeches."""

_GENERAL = ("wmt_sample", "ntrex", "tatoeba", "multi30k")


def conversations(data: Path, part: str) -> list[Record]:
    """The pairs of one part of BConTrasT."""
    return _pairs(data / "bcontrast_en-de" / f"{part}.jsonl.gz")


def general(data: Path) -> list[Record]:
    """All general pairs: parliament and web, news, everyday sentences, captions."""
    paths = (data / "general_en-de" / f"{name}.jsonl.gz" for name in _GENERAL)
    return [pair for path in paths for pair in _pairs(path)]


def _pairs(path: Path) -> list[Record]:
    """Those with text on both sides."""
    pairs = ({side: record[side].strip() for side in ("src", "tgt")} for record in load(path))
    return [pair for pair in pairs if pair["src"] and pair["tgt"]]
