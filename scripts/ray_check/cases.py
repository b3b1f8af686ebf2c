"""What is compared: commands, the pools that they read, selections, and ways to be run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple


class Way(NamedTuple):
    """Into how many shards a pool is split, and how many workers there are."""

    shards: int
    workers: int

    def __str__(self) -> str:
        return f"{self.shards} × {self.workers}"


MEDIAN = "MEDIAN"
"""Stands for the median score of the case in an option."""
COLLECTED = "COLLECTED"
"""Stands for where bad records are collected."""
WAYS = (Way(20, 1), Way(20, 2), Way(3, 2), Way(60, 2))
_OFTEN = WAYS[:2]

_CALIBRATED = {"--calibrate": ("--calibrate", "0.9")}
_RULES = {
    "no selection": (),
    "--threshold": ("--threshold", MEDIAN),
    "--top-k": ("--top-k", "150"),
    "--share": ("--share", "12.5%"),
    "--budget of words": ("--budget", "1500", "--cost", "words"),
    "--budget of durations": ("--budget", "700.5", "--cost", "duration"),
    "--sample": ("--sample", "120", "--seed", "7"),
    "--per": ("--share", "5%", "--per", "intent", "--min-per", "2", "--max-per", "40"),
    "--threshold, --top-k": ("--threshold", MEDIAN, "--top-k", "100"),
}
_REQUIREMENTS = {
    "nothing is kept": ("--share", "0%"),
    "too little is kept": ("--top-k", "5", "--min-records", "6"),
}


def _only(*names: str) -> dict[str, tuple[str, ...]]:
    return {name: _RULES[name] for name in names}


@dataclass(frozen=True)
class Case:
    """A command that reads a pool, with each of some selections, in each of some ways.

    Many selections take turns: each in one way, the next in the next.
    `on_ray`: options that only Ray takes. `rejects`: whether what is dropped is compared.
    `by_batch`: the last digit of a score depends on the batch, as it does of neural networks; the
    local run then reads the shards, all ways having the same.
    """

    name: str
    pool: str
    command: tuple[str, ...]
    rules: Mapping[str, tuple[str, ...]]
    ways: tuple[Way, ...] = _OFTEN
    on_ray: tuple[str, ...] = ()
    rejects: bool = True
    by_batch: bool = False

    def ways_of(self, number: int) -> tuple[Way, ...]:
        """The ways to be tried with the selection of this number."""
        takes_turns = len(self.rules) > len(WAYS)
        return (self.ways[number % len(self.ways)],) if takes_turns else self.ways


_BY_INTENT = (
    *("relevance", "--in-domain", "in-domain.jsonl", "--in-domain-by", "intent"),
    *("--explain", "3"),
)
_BITEXT = ("bitext", "--text-field", "tgt")
_NEAR_CHAT = (*_BITEXT, "--in-domain", "chat.jsonl")
_CONTRAST = (
    *("winnow", "--in-domain", "in-domain.jsonl", "--background", "auto", "--buckets", "20,60"),
    *("--min-perplexity", "5", "--max-perplexity", "400"),
)
_BITEXT_FILTERS = (
    *(*_BITEXT, "--model", "bitext.model", "--max-length-ratio", "1.5", "--drop-copies"),
    *("--same-numbers", "--src-script", "Latin"),
)
_LABEL = ("label", "--labelled", "in-domain.jsonl")
_TUNED = ("rescore", "--lm", "lm.arpa", "--tune", "tune.jsonl", "--metric", "wer")
_PARAPHRASE = ("paraphrase", "score", "--detector", "detector")
_PICK = ("diversity", "--labelled", "in-domain.jsonl", "--top-k", "300")
_PICKS = {"--top-k": ()}
_BAD_LEFT_OUT = ("--on-error", COLLECTED)

CASES = (
    Case("select", "scored", ("select", "--by", "relevance"), _RULES | _REQUIREMENTS, WAYS),
    Case(
        "select, a bad record",
        "broken",
        ("select", "--by", "duration"),
        _only("no selection"),
        WAYS,
    ),
    Case(
        "relevance, sets by intent",
        "dialogues",
        _BY_INTENT,
        _only("no selection", "--per") | _CALIBRATED,
        WAYS,
    ),
    Case(
        "relevance --model", "dialogues", ("relevance", "--model", "relevance.model"), _RULES, WAYS
    ),
    Case("relevance, all SNIPS and dialogues", "whole", _BY_INTENT, _only("--top-k") | _CALIBRATED),
    Case(
        "winnow --lm, bad records",
        "broken",
        ("winnow", "--lm", "lm.arpa", *_BAD_LEFT_OUT),
        _RULES,
        WAYS,
    ),
    Case(
        "winnow --in-domain",
        "dialogues",
        ("winnow", "--in-domain", "in-domain.jsonl"),
        _only("--top-k") | _CALIBRATED,
    ),
    Case(
        "winnow --background auto, buckets, a band",
        "broken",
        (*_CONTRAST, *_BAD_LEFT_OUT),
        _only("no selection", "--share") | _CALIBRATED,
        WAYS,
    ),
    Case(
        "winnow, all SNIPS and dialogues",
        "whole",
        _CONTRAST,
        _only("--share", "--budget of durations"),
    ),
    Case(
        "bitext --model",
        "pairs",
        (*_BITEXT, "--model", "bitext.model"),
        {rule: options for rule, options in _RULES.items() if rule != "--sample"},
        WAYS,
    ),
    Case(
        "bitext --rule centroid",  # its distances are never negative, as --sample needs them
        "pairs",
        (*_NEAR_CHAT, "--rule", "centroid"),
        _only("--sample"),
    ),
    Case(
        "bitext --in-domain",
        "pairs",
        _NEAR_CHAT,
        _only("no selection", "--top-k") | _CALIBRATED,
        WAYS,
    ),
    Case("bitext, filters", "pairs", _BITEXT_FILTERS, _only("no selection", "--share", "--per")),
    Case(
        "bitext --side both",
        "pairs",
        (*_NEAR_CHAT, "--side", "both"),
        _only("--share") | _CALIBRATED,
    ),
    Case("rescore --lm", "lists", ("rescore", "--lm", "lm.arpa"), _RULES, WAYS),
    Case("rescore --tune", "lists", _TUNED, _only("no selection", "--budget of words"), WAYS),
    Case("label --model", "dialogues", ("label", "--model", "label.model"), _RULES, WAYS),
    Case("label --uncalibrated", "dialogues", (*_LABEL, "--uncalibrated"), _only("--share"), WAYS),
    Case(
        "label --background",
        "dialogues",
        (*_LABEL, "--uncalibrated", "--background", "background.jsonl"),
        _only("no selection", "--top-k"),
    ),
    Case("label --rounds 0", "dialogues", (*_LABEL, "--rounds", "0"), _only("--top-k")),
    Case(
        "paraphrase score",
        "sentences",
        (*_PARAPHRASE, "--text-field", "text1"),
        _RULES,
        by_batch=True,
    ),
    Case(
        "paraphrase score --against",
        "utterances",
        (*_PARAPHRASE, "--against", "in-domain.jsonl"),
        _only("no selection", "--top-k"),
        by_batch=True,
    ),
    *[
        Case(
            f"diversity --method {method}",
            "dialogues",
            (*_PICK, "--method", method),
            _PICKS,
            (Way(20, 2), Way(60, 2)),
            ("--partitions", "1"),
            rejects=False,
        )
        for method in ("features", "facility", "kcenter")
    ],
)
