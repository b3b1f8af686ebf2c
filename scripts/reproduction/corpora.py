"""Corpora: conversations, English to German, a dictionary, and general text that things hide in."""

from __future__ import annotations

import re
from pathlib import Path

from common import Record, load

GENERAL_TEXTS = ("sgd_user", "sgd_system", "masc", "wikitext2", "state_union")
"""Files of English: turns of task dialogues, many genres, Wikipedia, speeches."""

DICTIONARY = Path("/usr/share/trans/de-en")
"""Of the Debian package trans-de-en: TU Chemnitz's German-English dictionary."""

_REMARK = re.compile(r"\{[^}]*\}|\[[^\]]*\]|\([^)]*\)|<[^>]*>|/[^/]*/")
_GENERAL = ("wmt_sample", "ntrex", "tatoeba", "multi30k")


def conversations(data: Path, part: str) -> list[Record]:
    """The pairs of one part of BConTrasT."""
    return _pairs(data / "bcontrast_en-de" / f"{part}.jsonl.gz")


def general(data: Path) -> list[Record]:
    """All general pairs: parliament and web, news, everyday sentences, captions."""
    paths = (data / "general_en-de" / f"{name}.jsonl.gz" for name in _GENERAL)
    return [pair for path in paths for pair in _pairs(path)]


def dictionary(path: Path) -> list[Record]:
    """Pairs of words and phrases: of every form of an entry, the first on either side."""
    found = []
    for line in path.read_text(encoding="utf-8").splitlines():
        german, entry, english = line.partition("::")
        forms = german.split("|"), english.split("|")
        if entry and not line.startswith("#") and len(forms[0]) == len(forms[1]):
            for tgt, src in zip(*forms, strict=True):
                found.append({"src": _first(src), "tgt": _first(tgt)})
    return found


def _first(synonyms: str) -> str:
    """Without remarks."""
    return _REMARK.sub(" ", synonyms.partition(";")[0]).strip()


def _pairs(path: Path) -> list[Record]:
    """Those with text on both sides."""
    pairs = ({side: record[side].strip() for side in ("src", "tgt")} for record in load(path))
    return [pair for pair in pairs if pair["src"] and pair["tgt"]]
