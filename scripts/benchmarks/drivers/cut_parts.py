"""Cut synthetic scores that come in parts and are made anew for every pass; print what was done.

python cut_parts.py RECORDS PART_SIZE OPTION=VALUE..., e.g. 100000000 10000000 share=1/3 per=intent
"""

import json
import sys
from collections.abc import Iterator
from fractions import Fraction

import numpy as np

from dataselect.selection.apply import ScoredPart
from dataselect.selection.rule import Selection

GROUPS = 100
KINDS = {"threshold": float, "share": Fraction, "budget": float, "cost": str, "per": str}

records, size = map(int, sys.argv[1:3])
given = dict(option.split("=") for option in sys.argv[3:])
selection = Selection(**{name: KINDS.get(name, int)(value) for name, value in given.items()})
passes = 0


def parts() -> Iterator[ScoredPart]:
    """Scores from 0 to 1, costs from 2 to 8, groups of unequal sizes."""
    global passes  # noqa: PLW0603  # a generator of a script: this is what it reports
    passes += 1
    for first in range(0, records, size):
        rng = np.random.default_rng(first)
        n = min(size, records - first)
        scores = rng.random(n)
        costs = None if selection.budget is None else 2 + 6 * rng.random(n)
        codes = None if selection.per is None else (GROUPS * rng.random(n) ** 2).astype(np.intc)
        yield ScoredPart(scores, costs, codes)


names = None if selection.per is None else list(map(str, range(GROUPS)))
cuts = selection.cuts(parts, groups=names, rng=np.random.default_rng(0))
print(json.dumps({"kept": sum(int(cut.kept.sum()) for cut in cuts), "passes": passes}))
