"""Bitext: in-domain pairs found among general ones, and a language model of what is kept.

For each seed, one random half of BConTrasT's training set is in-domain, all of it or 500 pairs; the
other half hides among the general pairs. By the German side alone, but for `--side both`. As many
pairs are kept as are hidden; a trigram model of their German, over the words of the pool and of
BConTrasT's development set, is tried on that set. Pairs whose German is in it are left out first.
At last `--calibrate` says itself how many to keep.
"""

from __future__ import annotations

import random
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from common import Claim, Plan, Record, Table, perplexity, read, run, write, write_words
from corpora import conversations, general
from sklearn.metrics import average_precision_score

_SIZES = {"all in-domain": None, "500 in-domain": 500}
_HELD_OUT_SHARE = 0.95
_IN_DOMAIN = ("--in-domain", "in_domain.jsonl")
_GERMAN = ("--text-field", "tgt")
_CHANCE, _ALL = "random", "all of the pool"
_PLAIN = "--rule centroid"  # as in the paper
_OTHERS = ("--rule logistic", "--side both")


@dataclass(frozen=True)
class _Way:
    """A way to rank the pool.

    `modelled`: a language model is trained on what it finds. `calibrated`: it can draw the line.
    """

    name: str
    command: tuple[object, ...]
    modelled: bool = False
    calibrated: bool = False


@dataclass(frozen=True)
class _Case:
    """One seed and size of in-domain text, its files in a folder."""

    folder: Path
    seed: int
    size: str
    pool: list[Record]
    left_out: int

    def count(self, kind: str) -> int:
        """How many pairs of the pool are `hidden`, or a `copy` of in-domain text."""
        return sum(pair[kind] for pair in self.pool)


def measure(plan: Plan) -> list[Table]:
    """How many pairs are found, what a model of them is worth, and what calibration keeps."""
    columns = [f"{what}, {size}" for size in _SIZES for what in ("AP", "precision", "AP, no copy")]
    found = Table(f"hidden pairs found, {plan.seeds} seeds", columns)
    worth = Table(f"development perplexity, {plan.seeds} seeds", list(_SIZES), digits=1)
    columns = [f"{what}, {size}" for size in _SIZES for what in ("hidden", "general")]
    kept = Table(f"kept by --calibrate {_HELD_OUT_SHARE}, {plan.seeds} seeds", columns)
    copies = []
    for case in _cases(plan):
        copies.append(case.count("copy"))
        worth.add(_ALL, case.size, _perplexity(case, case.pool))
        for way in _ways(plan):
            ranked = _run(case, *way.command, "--sort")
            found.add_all(way.name, _found(ranked), f", {case.size}")
            if way.modelled:
                best = ranked[: case.count("hidden")]
                worth.add(way.name, case.size, _perplexity(case, best))
            if way.calibrated:
                near = _run(case, *way.command, "--calibrate", _HELD_OUT_SHARE)
                kept.add_all(way.name, _kept(case, near), f", {case.size}")
    found.notes.append(_note(case, copies))
    worth.claims += [
        Claim(
            f"lower perplexity by bitext than {base}", 0, worth.reductions("bitext", base, _SIZES)
        )
        for base in (_CHANCE, _ALL)
    ]
    return [found, worth, kept]


def _note(case: _Case, copies: list[int]) -> str:
    """What is in the pools, of which `case` has the last; `copies` of each."""
    hidden = case.count("hidden")
    return (
        f"{hidden:,} pairs hide among {len(case.pool) - hidden:,}; the German of {min(copies):,} "
        f"to {max(copies):,} of them is in the in-domain half too. {case.left_out:,} pairs were "
        "left out because their German is in the development set."
    )


def _ways(plan: Plan) -> list[_Way]:
    bitext = ("bitext", *_IN_DOMAIN)
    ways = [
        _Way(_CHANCE, ("select", "--by", "random"), modelled=True),
        _Way("bitext", bitext, modelled=True, calibrated=True),
        _Way(f"bitext {_PLAIN}", (*bitext, *_PLAIN.split()), modelled=True),
        *[_Way(f"bitext {options}", (*bitext, *options.split())) for options in _OTHERS],
        _Way("relevance", ("relevance", *_IN_DOMAIN, *_GERMAN), modelled=True),
    ]
    if plan.encoder is None:
        return ways
    neural = (*bitext, "--encoder", plan.encoder, "--cache", plan.cache)
    return [
        *ways,
        _Way(f"bitext, {plan.encoder_name}", neural, modelled=True, calibrated=True),
        _Way(f"bitext {_PLAIN}, {plan.encoder_name}", (*neural, *_PLAIN.split())),
    ]


def _cases(plan: Plan) -> Iterator[_Case]:
    """Yield each seed with each size; its files last until the next."""
    development = conversations(plan.data, "dev")
    heard = {pair["tgt"] for pair in development}
    everything = conversations(plan.data, "train"), general(plan.data)
    chat, others = ([pair for pair in part if pair["tgt"] not in heard] for part in everything)
    left_out = sum(map(len, everything)) - len(chat) - len(others)
    for seed in range(plan.seeds):
        rng = random.Random(seed)
        shuffled = rng.sample(chat, len(chat))
        in_domain, hidden = shuffled[: len(chat) // 2], shuffled[len(chat) // 2 :]
        seen = {pair["tgt"] for pair in in_domain}
        pool = [{**pair, "hidden": True, "copy": pair["tgt"] in seen} for pair in hidden]
        pool += [{**pair, "hidden": False, "copy": False} for pair in others]
        pool = [{**pair, "random": rng.random()} for pair in rng.sample(pool, len(pool))]
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            write(folder / "pool.jsonl", pool)
            write(folder / "dev.jsonl", development)
            write_words(folder / "words.txt", [*heard, *(pair["tgt"] for pair in pool)])
            for size, most in _SIZES.items():
                write(folder / "in_domain.jsonl", in_domain[:most])
                yield _Case(folder, seed, size, pool, left_out)


def _run(case: _Case, *command: object) -> list[Record]:
    """What a command keeps of the pool."""
    run(case.folder, *command, "--seed", case.seed, "pool.jsonl", "-o", "kept.jsonl")
    return read(case.folder / "kept.jsonl")


def _found(ranked: list[Record]) -> dict[str, float]:
    """Average precision, with and without copies, and precision of as many as are hidden."""
    hidden = [pair["hidden"] for pair in ranked]
    count = sum(hidden)
    return {
        "AP": _average_precision(hidden),
        "precision": sum(hidden[:count]) / count,
        "AP, no copy": _average_precision([pair["hidden"] for pair in ranked if not pair["copy"]]),
    }


def _average_precision(hidden: list[bool]) -> float:
    """Of a ranking, best first."""
    return float(average_precision_score(hidden, range(len(hidden), 0, -1)))


def _perplexity(case: _Case, kept: list[Record]) -> float:
    write(case.folder / "kept.jsonl", kept)
    return perplexity(case.folder, *_GERMAN)


def _kept(case: _Case, near: list[Record]) -> dict[str, float]:
    """The shares that are kept of what is hidden, and of all else."""
    hidden, kept = case.count("hidden"), sum(pair["hidden"] for pair in near)
    return {
        "hidden": kept / hidden,
        "general": (len(near) - kept) / (len(case.pool) - hidden),
    }
