"""Self-training with a part of what is relevant: how much of the gain is left, by how it is picked.

The cases of self-training. `label` guesses intents of the relevant part, `diversity` picks 5, 10,
25 and 50 % of it, where intents take turns unless "other" is one of them, and another `label`
learns from annotated utterances and picks, each pick by its weight; or from as many at random, or
picked by n-grams, or truly in-domain. The gain is what all of the relevant part takes off the error
of annotated text alone.
"""

from __future__ import annotations

import random
import tempfile
from collections.abc import Iterator
from pathlib import Path

from common import Claim, Plan, Record, Table, read, run, write
from hidden_domains import Case, lay_out
from self_training import SETTINGS, error

_LABELLED = ("--labelled", "annotated.jsonl")
_SHARES = (5, 10, 25, 50)
_ALONE, _ALL = "annotated only", "+ all of the relevant part"
_CHANCE, _INSIDE, _FEATURES = "by chance", "truly in-domain, by chance", "by features"
_UNWEIGHTED, _PICKED = "by diversity", "by diversity, with weights"
_WAYS = (_CHANCE, _INSIDE, _FEATURES, _UNWEIGHTED, _PICKED)


def measure(plan: Plan) -> list[Table]:
    """Errors in percent, what is left of the gain, and differences to chance."""
    settings = [*SETTINGS]
    errors = Table(f"error, %, {plan.seeds} seeds", settings, digits=2)

    def measured(case: tuple[str, int]) -> dict[str, float]:
        name, seed = case
        return _measured(SETTINGS[name](plan.data, seed), seed)

    cases = [(name, seed) for seed in range(plan.seeds) for name in settings]
    for (name, _), found in plan.each(measured, cases):
        for way, figure in found.items():
            errors.add(way, name, figure)
    pairs = [
        (_row(way, share), _row(_CHANCE, share))
        for share in _SHARES
        for way in (_FEATURES, _PICKED)
    ]
    errors.notes += [errors.paired_changes(pairs), _gains(errors)]
    half, tenth = (_kept(errors, _row(_PICKED, share)) for share in (50, 10))
    errors.claims += [
        Claim("of the gain is kept by half of the relevant part, picked", 95, [half]),
        Claim(
            "of the gain more than by chance, by a tenth",
            10,
            [tenth - _kept(errors, _row(_CHANCE, 10))],
            unit="points",
        ),
    ]
    return [errors]


def _row(way: str, share: int) -> str:
    return f"+ {share} %, {way}"


def _kept(errors: Table, row: str, settings: list[str] | None = None) -> float:
    """What a row keeps of the gain, in percent: both summed over settings and seeds."""
    columns = settings or errors.columns

    def total(name: str) -> float:
        return sum(sum(errors.rows[name][column]) for column in columns)

    return 100 * (total(_ALONE) - total(row)) / (total(_ALONE) - total(_ALL))


def _gains(errors: Table) -> str:
    """A table of what is kept of the gain, by setting and of all."""
    lines = ["| of the gain is kept, % | " + " | ".join([*errors.columns, "all"]) + " |"]
    lines.append("|---" * (len(errors.columns) + 2) + "|")
    for share in _SHARES:
        for way in _WAYS:
            row = _row(way, share)
            kept = [_kept(errors, row, [setting]) for setting in errors.columns]
            cells = " | ".join(f"{each:.0f}" for each in [*kept, _kept(errors, row)])
            lines.append(f"| {row} | {cells} |")
    return "\n".join(lines)


def _measured(case: Case, seed: int) -> dict[str, float]:
    """The error of each way to use the relevant part."""
    rng = random.Random(seed)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        relevant = lay_out(folder, case)
        known = [] if case.background is None else ["--background", "background.jsonl"]
        known += ["--unfiltered", "pool.jsonl"]
        inside = [record for record in case.pool if record["id"] in case.inside]
        found = {
            _ALONE: error(folder, "--rounds", "0", *known),
            _ALL: error(folder, "relevant.jsonl", *known),
        }
        guesses = ("--no-slots", "--uncalibrated", "--keep-other", *known)
        run(folder, "label", *_LABELLED, *guesses, "relevant.jsonl", "-o", "guessed.jsonl")
        shuffled = rng.sample(relevant, len(relevant)), rng.sample(inside, len(inside))
        for share in _SHARES:
            size = max(1, len(relevant) * share // 100)
            for way, part in _parts(folder, size, *shuffled):
                write(folder / "part.jsonl", part)
                weighted = ("--weight-field", "weight") if way == _PICKED else ()
                found[_row(way, share)] = error(folder, "part.jsonl", *known, *weighted)
    return found


def _parts(
    folder: Path, size: int, relevant: list[Record], inside: list[Record]
) -> Iterator[tuple[str, list[Record]]]:
    """So many records in each way."""
    yield _CHANCE, relevant[:size]
    yield _INSIDE, inside[:size]
    options = ("diversity", *_LABELLED, "--top-k", size, "-o", "picked.jsonl")
    run(folder, *options, "--method", "features", "relevant.jsonl")
    yield _FEATURES, read(folder / "picked.jsonl")
    run(folder, *options, "guessed.jsonl")
    picked = read(folder / "picked.jsonl")
    yield _UNWEIGHTED, picked
    yield _PICKED, picked
