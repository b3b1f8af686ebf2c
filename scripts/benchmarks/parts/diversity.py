"""Diversity: beside apricot, submodlib and semhash on the same vectors; and of a large pool."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import pairwise
from typing import TYPE_CHECKING

import orjson
from contenders import Contender, dataselect, driver, spend
from contest import Contest, at_most, memory, processor
from peers import APRICOT, SEMHASH, SUBMODLIB
from plan import Plan
from tables import Section

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_RECORDS, _SIZE = 8_000, 500
# The time of kcenter grows with the pool times what is picked.
_LARGE = {"features": 1_000_000, "kcenter": 100_000}
_DISTINCT = 50_000
_SEED = 0
_OURS = "dataselect diversity --method facility"
_OTHERS = ("features", "kcenter")
_HEADS = ["facility location", "1- and 2-grams covered", "intent entropy"]
_NOTES = (
    (
        "Everybody reads the vectors of the lexical encoder; `features` reads none. Seconds of "
        "peers are those of picking alone, without start-up, reading and writing; those of "
        "dataselect are of the whole process."
    ),
    (
        "Facility location: the mean over the pool of the best cosine to what was picked. Entropy "
        "in bits, of the intents of what was picked."
    ),
)


def diversity(plan: Plan) -> Section:
    """Pick 500 of 8,000 records; how long it takes, and how good the pick is."""
    pool = plan.pool(_RECORDS)
    path, size = pool.path(), plan.size(_SIZE) if not plan.small else max(1, pool.records // 16)
    vectors = plan.path("vectors.npy")
    spend(driver("lexical_vectors", path, vectors))
    base = (dataselect(), "diversity", "--quiet", "--top-k", str(size), path, "--sort")
    given = {"facility": ("--vectors", vectors), "kcenter": ("--vectors", vectors)}
    contenders, outputs = [], {}
    for method in ("facility", *_OTHERS):
        name = _OURS if method == "facility" else f"… --method {method}"
        outputs[name] = plan.path(f"picked-{method}.jsonl")
        command = (*base, "--method", method, *given.get(method, ()), "-o", outputs[name])
        bars = [at_most(1.0, APRICOT.name, "apricot's picking")] if name == _OURS else []
        contenders.append(Contender(name, command, bars=bars))
    for peer in (APRICOT, SUBMODLIB, SEMHASH) if plan.peers else ():
        outputs[peer.name] = plan.path(f"picked-{peer.driver}.jsonl")
        contenders.append(peer.contender(plan.cache, vectors, path, str(size), outputs[peer.name]))
    found = Contest(
        "Diversity on the same vectors",
        contenders,
        {"dataselect": _OURS},
        [f"{size:,} of {pool.describe()}", *_NOTES],
    ).measure(plan, 1)
    picks = _Picks(path, vectors)
    run = {row.cells[0] for row in found.rows if row.measured}
    cells = {name: picks.quality(picks.read(outputs[name])) for name in outputs if name in run}
    return found.beside(_HEADS, {**cells, "random": picks.quality(picks.drawn(size))})


def large(plan: Plan) -> Section:
    """Time and memory of picking one in a hundred of very many distinct records."""
    distinct = plan.pool(_DISTINCT)
    bars = {"features": [processor(15), memory()], "kcenter": [memory()]}
    contenders = []
    with plan.output("picked.jsonl") as [out]:
        for method, most in _LARGE.items():
            times = most // _DISTINCT
            records = times * distinct.records
            command = (dataselect(), "diversity", "--quiet", "--method", method, "-o", out)
            given = ("--top-k", str(records // 100))
            feed = partial(distinct.repeated, times)
            name = f"--method {method}"
            contenders.append(Contender(name, (*command, *given), records, bars[method], feed))
        notes = [
            (
                f"One in 100 picked, through a pipe: {distinct.describe()} They are repeated, with "
                "another first word each time: copies are never picked."
            )
        ]
        return Contest("Diversity of a large pool", contenders, notes=notes).measure(plan, 1)


@dataclass(frozen=True, eq=False)
class _Picks:
    """How good picks from a pool are, by its vectors and texts."""

    pool: str
    vectors: str

    def quality(self, picked: Sequence[int]) -> list[str]:
        """Facility-location value, share of n-grams, entropy of the intents."""
        import numpy as np

        places = np.asarray(picked)
        best = self._similarities[:, places].max(axis=1).mean()
        grams = set().union(*(self._grams[place] for place in picked))
        intents = Counter(self._texts[place].get("intent") for place in picked).values()
        shares = [count / len(picked) for count in intents]
        entropy = -sum(share * math.log2(share) for share in shares)
        covered = len(grams) / len(set().union(*self._grams))
        return [f"{best:.4f}", f"{100 * covered:.1f} %", f"{entropy:.2f}"]

    def drawn(self, size: int) -> list[int]:
        """As many records by chance."""
        import numpy as np

        draw = np.random.default_rng(_SEED).permutation(len(self._texts))[:size]
        return [int(place) for place in draw]

    def read(self, path: str) -> list[int]:
        """The positions of what was written."""
        with open(path, "rb") as lines:
            return [self._places[orjson.loads(line)["id"]] for line in lines]

    @cached_property
    def _texts(self) -> list[dict[str, str]]:
        with open(self.pool, "rb") as lines:
            return [orjson.loads(line) for line in lines]

    @cached_property
    def _places(self) -> dict[str, int]:
        return {record["id"]: place for place, record in enumerate(self._texts)}

    @cached_property
    def _grams(self) -> list[set[tuple[str, ...]]]:
        words = [record["text"].lower().split() for record in self._texts]
        return [{(word,) for word in each} | set(pairwise(each)) for each in words]

    @cached_property
    def _similarities(self) -> NDArray[np.float32]:
        import numpy as np

        vectors = np.load(self.vectors)
        cosines: NDArray[np.float32] = vectors @ vectors.T
        return cosines
