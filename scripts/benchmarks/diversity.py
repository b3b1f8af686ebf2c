"""Diversity: against apricot, submodlib and semhash on the same vectors; and a large pool."""

from __future__ import annotations

import math
import os
import statistics
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING

import orjson
from contenders import Contender, Failed, Rounds, Spent, dataselect, driver, interleave, spend
from peers import APRICOT, SEMHASH, SUBMODLIB, Peer
from tables import NOTHING, Bar, Plan, Row, Section, rounds_note, spread

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

ROUNDS = 3
_RECORDS, _SIZE = 8_000, 500
_LARGE_SIZE, _DISTINCT = 10_000, 50_000
_SEED = 0
_GIB = 1 << 30
_MIB = 1 << 20
_OURS = "dataselect diversity --method facility"
_OTHERS = ("features", "kcenter")
_RANDOM = "random"
_PEERS = (APRICOT, SUBMODLIB, SEMHASH)
_AS_FAST = Bar(1.0, "≤ 1.0 × apricot's picking")
_MEMORY = Bar(4 * _GIB, "< 4 GiB")


def measure(plan: Plan) -> Section:
    """Pick 500 of 8,000 records; how long it takes, and how good the pick is."""
    case = _Case.of(plan)
    found = interleave(list(case.contenders.values()), plan.rounds or ROUNDS, essential=[_OURS])
    rows = [case.row(name, found) for name in case.contenders]
    rows += [Row([_RANDOM, *[NOTHING] * 4, *case.quality(case.drawn())])]
    rows += [Row([name, reason, *[NOTHING] * 6]) for name, reason in case.missing.items()]
    heads = ["what", "seconds", "picking", "time ÷ dataselect", "MiB"]
    heads += ["facility location", "1- and 2-grams covered", "intent entropy"]
    notes = [
        f"{case.size} of {case.records:,}: {plan.pool.describe()}",
        rounds_note(plan.rounds or ROUNDS) + " Seconds are those of whole processes that read the "
        "vectors of the default encoder and the records, and write what was picked. 'Picking' is "
        "without start-up, reading and writing, and so is 'time ÷ dataselect' of a peer, whereas "
        "dataselect's own time is that of the whole process. `features` reads no vectors.",
        (
            "Facility location: the mean over the pool of the best cosine to what was picked. "
            "Entropy in bits, of the intents of what was picked."
        ),
    ]
    return Section("Diversity on the same vectors", heads, rows, notes)


@dataclass(frozen=True)
class _Case:
    """The pool, its vectors, and who picks from it; what cannot be run is `missing`, with why."""

    pool: str
    vectors: str
    records: int
    size: int
    contenders: dict[str, Contender]
    missing: dict[str, str]
    outputs: dict[str, str]

    @classmethod
    def of(cls, plan: Plan) -> _Case:
        records = min(_RECORDS, plan.pool.records)
        size = max(1, records * _SIZE // _RECORDS)
        pool = plan.pool.path(records)
        vectors = pool.removesuffix(".jsonl") + ".npy"
        spend(driver("lexical_vectors", pool, vectors))
        base = (dataselect(), "diversity", "--quiet", "--top-k", str(size), pool, "--sort")
        commands: dict[str, tuple[str, ...]] = {
            _OURS: (*base, "--method", "facility", "--vectors", vectors)
        }
        commands |= {f"… --method {name}": (*base, "--method", name) for name in _OTHERS}
        commands["… --method kcenter"] += ("--vectors", vectors)
        outputs = {name: os.path.join(plan.cache, f"picked-{n}") for n, name in enumerate(commands)}
        contenders = {
            name: Contender(name, (*command, "-o", outputs[name]), records)
            for name, command in commands.items()
        }
        missing = {}
        for peer in _PEERS if plan.peers else ():
            out = os.path.join(plan.cache, f"picked-{peer.driver}")
            try:
                contenders[peer.name] = _entered(peer, plan, vectors, pool, size, out)
                outputs[peer.name] = out
            except Failed as failure:
                missing[peer.name] = str(failure)
        return cls(pool, vectors, records, size, contenders, missing, outputs)

    def row(self, name: str, found: Rounds) -> Row:
        """Time, memory and quality of one contender."""
        if name in found.failed:
            return Row([name, f"failed: {found.failed[name]}", *[NOTHING] * 6])
        spent, ours = found.spent[name], found.spent[_OURS]
        picking = [_picking(each) for each in spent]
        ratios = [own / other.wall for own, other in zip(picking, ours, strict=True)]
        is_ours, is_peer = name == _OURS, bool(spent[0].stdout)
        apricot = found.spent.get(APRICOT.name, [])
        to_apricot = [own.wall / _picking(other) for own, other in zip(ours, apricot, strict=False)]
        return Row(
            [
                name,
                spread([each.wall for each in spent]),
                spread(picking) if is_peer else NOTHING,
                spread(ratios, 1) if is_peer else NOTHING,
                f"{statistics.median(each.peak_bytes for each in spent) / _MIB:,.0f}",
                *self.quality(self._picked(name)),
            ],
            _AS_FAST if is_ours else None,
            statistics.median(to_apricot) if is_ours and to_apricot else None,
            {"seconds": [each.wall for each in spent], "picking": picking},
        )

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

    def drawn(self) -> list[int]:
        """As many records by chance."""
        import numpy as np

        draw = np.random.default_rng(_SEED).permutation(self.records)[: self.size]
        return [int(place) for place in draw]

    def _picked(self, name: str) -> list[int]:
        with open(self.outputs[name], "rb") as lines:
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


def _entered(peer: Peer, plan: Plan, vectors: str, pool: str, size: int, out: str) -> Contender:
    command = peer.command(plan.cache, vectors, pool, str(size), out)
    return Contender(peer.name, command)


def _picking(spent: Spent) -> float:
    """What a peer says its picking took; the whole time of others."""
    words = spent.stdout.split()
    return float(words[1]) if words else spent.wall


def measure_large(plan: Plan) -> Section:
    """Time and memory of picking 10,000 of a million distinct records by each method."""
    distinct = replace(plan.pool, records=min(plan.pool.records, _DISTINCT))
    times = plan.pool.records // distinct.records
    records = times * distinct.records
    size = max(1, min(_LARGE_SIZE, records // 100))
    rows = []
    with plan.output("picked.jsonl") as out:
        for method in _OTHERS:
            command = (dataselect(), "diversity", "--quiet", "--method", method)
            spent = spend((*command, "--top-k", str(size), "-o", out), distinct.repeated(times))
            cells = [f"--method {method}", f"{spent.wall:,.0f}", f"{spent.peak_bytes / _MIB:,.0f}"]
            rows.append(Row(cells, _MEMORY, spent.peak_bytes, {"seconds": spent.wall}))
    notes = [
        (
            f"{size:,} picked of {records:,}, through a pipe: {distinct.describe()} They are "
            f"repeated {times} times, with another first word each time: copies are never picked."
        ),
        "One run each.",
    ]
    heads = ["dataselect diversity", "seconds", "MiB"]
    return Section("Diversity of a large pool", heads, rows, notes)
