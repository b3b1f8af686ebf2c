"""Alignment: pairs whose target belongs to another pair, found by margins and by filters.

20,000 pairs are drawn from BConTrasT and the general sets; for each seed, the targets of a tenth of
them change places. Filters leave out what they do; margins, measured with `--encoder MODEL` only,
the lowest, as many as are wrong.
"""

from __future__ import annotations

import random
import tempfile
from pathlib import Path

from common import Plan, Record, Table, read, run, write
from corpora import conversations, general
from sklearn.metrics import roc_auc_score

_PAIRS, _WRONG = 20_000, 2_000
_MARGINS = ("ratio", "distance", "cosine")
_FILTERS = (
    "--max-length-ratio 2",
    "--same-numbers",
    "--same-urls",
    "--drop-copies",
    "--max-length-ratio 2 --same-numbers --same-urls --drop-copies",
)
_COLUMNS = ("AUC", "wrong pairs left out", "good pairs left out")


def measure(plan: Plan) -> list[Table]:
    """How well each way tells wrong pairs from good ones."""
    table = Table(f"pairs of which a tenth is wrong, {plan.seeds} seeds", _COLUMNS)
    pairs = [*conversations(plan.data, "train"), *general(plan.data)]
    drawn = random.Random(0).sample(pairs, _PAIRS)
    for seed in range(plan.seeds):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            made = _shuffled(random.Random(seed), drawn)
            write(folder / "pairs.jsonl", made)
            wrong = [pair["wrong"] for pair in made]
            for options in _FILTERS:
                kept = _filtered(folder, options)
                table.add_all(options, _judged(wrong, kept, kept.count(0)))
            for margin in _MARGINS if plan.encoder is not None else ():
                margins = _aligned(plan, folder, margin)
                way = f"--margin {margin}, {plan.encoder_name}"
                table.add_all(way, _judged(wrong, margins, sum(wrong)))
    return [table]


def _shuffled(rng: random.Random, drawn: list[Record]) -> list[Record]:
    """The pairs, some with the target of another, `wrong` unless that is the same."""
    made = [{"id": place, **pair, "wrong": False} for place, pair in enumerate(drawn)]
    places = rng.sample(range(_PAIRS), _WRONG)
    for place, other in zip(places, [*places[1:], places[0]], strict=True):
        target = drawn[other]["tgt"]
        made[place] |= {"tgt": target, "wrong": target != drawn[place]["tgt"]}
    return made


def _filtered(folder: Path, options: str) -> list[float]:
    """1 for each pair that filters keep, 0 for the others."""
    run(folder, "bitext", *options.split(), "pairs.jsonl", "-o", "kept.jsonl")
    kept = {pair["id"] for pair in read(folder / "kept.jsonl")}
    return [float(place in kept) for place in range(_PAIRS)]


def _aligned(plan: Plan, folder: Path, margin: str) -> list[float]:
    """The margin of each pair."""
    options = ("--align", plan.encoder, "--cache", plan.cache, "--margin", margin)
    run(folder, "bitext", *options, "pairs.jsonl", "-o", "scored.jsonl")
    return [pair["alignment"] for pair in read(folder / "scored.jsonl")]


def _judged(wrong: list[bool], scores: list[float], most: int) -> dict[str, float]:
    """AUC, and shares of wrong and of good pairs among those left out: the `most` lowest."""
    left_out = sorted(range(_PAIRS), key=scores.__getitem__)[:most]
    caught = sum(wrong[place] for place in left_out)
    figures = (
        roc_auc_score(wrong, [-score for score in scores]),
        caught / sum(wrong),
        (most - caught) / (_PAIRS - sum(wrong)),
    )
    return dict(zip(_COLUMNS, figures, strict=True))
