"""Intent classifiers with word vectors learnt from the pool: their errors, beside words alone.

The cases of self-training with ten annotated utterances of each new intent. Vectors are learnt from
the pool as it was before `relevance` filtered it (`label --unfiltered`), or from the relevant part
alone, which is what `label` does when it is given nothing else.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from common import Claim, Plan, Table
from hidden_domains import Case, lay_out
from self_training import SETTINGS, error

_ALONE, _RELEVANT = "annotated only", "+ the relevant part"
_WORDS, _VECTORS, _OWN = "words", "vectors of the whole pool", "vectors of the relevant part"


def measure(plan: Plan) -> list[Table]:
    """Errors in percent, and how much fewer they are than those of annotated text alone."""
    settings = [name for name in SETTINGS if not name.endswith((" 5 each", " 20 each"))]
    errors = Table(f"error, %, {plan.seeds} seeds", settings, digits=2)

    def measured(case: tuple[str, int]) -> dict[str, float]:
        name, seed = case
        return _measured(SETTINGS[name](plan.data, seed), plan)

    cases = [(name, seed) for seed in range(plan.seeds) for name in settings]
    for (name, _), found in plan.each(plan.kept(measured), cases):
        for way, figure in found.items():
            errors.add(way, name, figure)
    base, best = f"{_WORDS}, {_ALONE}", f"{_VECTORS}, {_RELEVANT}"
    others = [row for row in errors.rows if row != base]
    pairs = [*((row, base) for row in others), (best, f"{_WORDS}, {_RELEVANT}")]
    errors.notes.append(errors.paired_changes(pairs))
    errors.claims += [
        Claim(
            "fewer errors than of annotated text alone", 25, errors.reductions(best, base, settings)
        ),
        Claim(
            "fewer errors by the vectors",
            0,
            errors.reductions(best, f"{_WORDS}, {_RELEVANT}", settings),
        ),
    ]
    return [errors]


def _measured(case: Case, plan: Plan) -> dict[str, float]:
    """The error of each classifier, without and with the relevant part of the pool."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        lay_out(folder, case)
        known = [] if case.background is None else ["--background", "background.jsonl"]
        ways = {_WORDS: ["--no-vectors"], _VECTORS: ["--unfiltered", "pool.jsonl"], _OWN: []}
        if plan.encoder is not None:
            ways[plan.encoder_name] = ["--encoder", plan.encoder, "--cache", str(plan.cache)]
        found = {}
        for way, options in ways.items():
            if way != _OWN:
                found[f"{way}, {_ALONE}"] = error(folder, "--rounds", "0", *known, *options)
            found[f"{way}, {_RELEVANT}"] = error(folder, "relevant.jsonl", *known, *options)
    return found
