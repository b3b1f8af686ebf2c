"""Sentence pairs to measure on: made from the demo's grammars, or repeated from corpora."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

from contenders import Spent, dataselect, spend
from pool import Pool, corpus, drawn

_SIDES = ("src", "tgt")
# About 2 % of the words of German text: by so much the vocabulary of a million pairs still grows.
_LONG = re.compile(r"\w{14,}")
_DEVELOPMENT = "bcontrast_en-de/dev"
_CORPORA = (
    "bcontrast_en-de/train",
    "general_en-de/wmt_sample",
    "general_en-de/ntrex",
    "general_en-de/tatoeba",
    "general_en-de/multi30k",
)


@dataclass(frozen=True)
class Pairs(Pool):
    """Files of `records` sentence pairs, English and German, each made when first asked for.

    `data` is a folder with BConTrasT and general corpora, or None to make pairs.
    """

    field: ClassVar[str] = "tgt"

    @property
    def kind(self) -> str:
        """What the names of its files begin with."""
        return "pairs-made" if self.data is None else "pairs-en-de"

    def describe(self) -> str:
        """One sentence on what the records are."""
        if self.data is None:
            what = "sentence pairs from the grammars of `dataselect demo`."
        else:
            what = (
                "sentence pairs: BConTrasT and general corpora, repeated, with the long words of "
                "each repetition made its own, because a corpus never runs out of new words."
            )
        return f"{self.records:,} {what}"

    def in_domain(self) -> str:
        """Pairs of one domain: music, or conversations that are not in the pool."""
        if self.data is None:
            return super().in_domain()
        return self._made("in-domain", self._corpus(_DEVELOPMENT))

    def fit(self) -> tuple[str, Spent]:
        """Fit a model of distance to the pool. Returns its path, and what that took."""
        path = os.path.join(self.folder, f"{self.kind}-bitext.model")
        options = ("--fit-only", "--save-model", path, "--in-domain", self.in_domain())
        return path, spend((dataselect(), "bitext", "--quiet", *options, self.path()))

    @cached_property
    def model(self) -> str:
        """The path of what `fit` makes."""
        path, _ = self.fit()
        return path

    def _repeated(self, record: dict[str, Any], repetition: int) -> dict[str, Any]:
        """A record with its own id and, from a corpus, its own long words."""
        if self.data is not None:
            marked = {side: _LONG.sub(rf"\g<0>{repetition}", record[side]) for side in _SIDES}
            record = {**record, **marked}
        return super()._repeated(record, repetition)

    def _source(self) -> Iterator[dict[str, Any]]:
        if self.data is None:
            return _made_pairs()
        return (pair for name in _CORPORA for pair in self._corpus(name))

    def _corpus(self, name: str) -> Iterator[dict[str, Any]]:
        """The pairs of a corpus with text on both sides."""
        assert self.data is not None
        for pair in corpus(os.path.join(self.data, f"{name}.jsonl.gz")):
            if pair["src"].strip() and pair["tgt"].strip():
                yield {field: pair[field] for field in ("id", *_SIDES)}


def _made_pairs() -> Iterator[dict[str, Any]]:
    """Pairs without end, the same every time."""
    for name, grammar, intent, draw in drawn():
        english, german = grammar.pair(intent, draw)
        yield {"id": name, "src": english.text, "tgt": german.text, "intent": intent}
