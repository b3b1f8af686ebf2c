"""Cut a table of synthetic scores.

python cut_table.py RECORDS PART_SIZE OPTION=VALUE..., e.g. 100000000 10000000 share=1/3 per=intent
"""

import sys
from fractions import Fraction

import numpy as np

from dataselect.selection.rule import Selection
from dataselect.selection.score_table import Groups, ScoreTable

GROUPS = list(map(str, range(100)))
KINDS = {"threshold": float, "share": Fraction, "budget": float, "cost": str, "per": str}

records, size = map(int, sys.argv[1:3])
given = dict(option.split("=") for option in sys.argv[3:])
selection = Selection(**{name: KINDS.get(name, int)(value) for name, value in given.items()})
table = ScoreTable()
for first in range(0, records, size):  # scores from 0 to 1, costs from 2 to 8, unequal groups
    rng = np.random.default_rng(first)
    n = min(size, records - first)
    scores = rng.random(n)
    costs = None if selection.budget is None else 2 + 6 * rng.random(n)
    codes = (len(GROUPS) * rng.random(n) ** 2).astype(np.intc)
    table.add(None if selection.per is None else Groups(codes, GROUPS), scores=scores, costs=costs)
cut = selection.cut(
    table.scores, costs=table.costs, groups=table.groups, rng=np.random.default_rng(0)
)
starts = range(0, records, size)
if not sum(int(cut.part(slice(start, start + size)).kept.sum()) for start in starts):
    sys.exit("nothing was kept")
