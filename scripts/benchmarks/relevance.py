"""Relevance with a saved model: against the bare loop of parsing and writing, and against peers."""

from __future__ import annotations

import os
import statistics
import sys

from contenders import DRIVERS, Contender, Failed, Rounds, dataselect, interleave
from peers import DSIR, FASTTEXT, SKLEARN, Peer
from tables import NOTHING, Bar, Plan, Row, Section, rounds_note, spread

ROUNDS = 5
_LOOP = "orjson.loads + orjson.dumps"
_OURS = "dataselect relevance --model"
_JUDGED_FROM = 1_000_000
_VARIANTS = (("--threshold", "0.5"), ("--jobs", "2"))
_HEADS = [
    "what",
    "records",
    "records/s",
    "time ÷ loop",
    "CPU ÷ loop",
    "time ÷ dataselect",
    "scoring alone",
]
_BARS = {
    _OURS: Bar(2.0, "≤ 2.0 × the loop"),
    SKLEARN.name: Bar(8.0, "≥ 8 × dataselect", at_most=False),
}


def measure(plan: Plan) -> Section:
    """Run the loop, dataselect and its peers in interleaved rounds."""
    pool = plan.pool
    out = os.path.join(plan.cache, "scored.jsonl")
    model = pool.model
    ours = (dataselect(), "relevance", "--quiet", "--model", model, pool.path(), "-o", out)
    loop = (sys.executable, os.path.join(DRIVERS, "orjson_loop.py"), pool.path(), out)
    contenders = [
        Contender(_LOOP, loop, pool.records),
        Contender(_OURS, ours, pool.records),
        *[Contender(_named(each), (*ours, *each), pool.records) for each in _VARIANTS],
    ]
    missing: dict[str, str] = {}
    for peer in (SKLEARN, FASTTEXT, DSIR) if plan.peers else ():
        try:
            contenders.append(_peer(peer, plan, out))
        except Failed as failure:
            missing[peer.name] = str(failure)
    rounds = plan.rounds or ROUNDS
    try:
        found = interleave(contenders, rounds, essential=(_LOOP, _OURS))
    finally:
        if os.path.exists(out):
            os.unlink(out)
    rows = [_row(each, found, pool.records) for each in contenders]
    rows += [_absent(name, reason) for name, reason in missing.items()]
    return Section(
        "Relevance with a saved model",
        _HEADS,
        rows,
        _notes(plan, rounds),
    )


def _named(options: tuple[str, ...]) -> str:
    return " ".join(("…", *options))


def _peer(peer: Peer, plan: Plan, out: str) -> Contender:
    pool = plan.pool
    records = min(peer.most_records, pool.records)
    files = (pool.in_domain(), pool.background(), pool.path(records), out)
    return Contender(peer.name, peer.command(plan.cache, *files), records)


def _row(contender: Contender, found: Rounds, records: int) -> Row:
    """A contender's line; `records` is how many the loop and dataselect had."""
    if contender.name in found.failed:
        return _absent(contender.name, f"failed: {found.failed[contender.name]}")
    spent, loop, ours = (found.spent[name] for name in (contender.name, _LOOP, _OURS))
    printed = [[float(word) for word in each.stdout.split()] for each in spent]
    is_peer = bool(printed[0])
    fitting = [words[0] if words else 0.0 for words in printed]
    pace = [(s.wall - fit) / contender.records for s, fit in zip(spent, fitting, strict=True)]
    to_loop = _ratios(pace, [each.wall / records for each in loop])
    to_ours = _ratios(pace, [each.wall / records for each in ours])
    cpu_to_loop = _ratios([each.cpu for each in spent], [each.cpu for each in loop])
    alone = _ratios(
        [words[1] / contender.records for words in printed if words],
        [each.wall / records for each in ours if is_peer],
    )
    return Row(
        [
            contender.name,
            f"{contender.records:,}",
            f"{1 / statistics.median(pace):,.0f}",
            NOTHING if contender.name == _LOOP else spread(to_loop),
            NOTHING if contender.name == _LOOP or is_peer else spread(cpu_to_loop),
            spread(to_ours, 1) if is_peer else NOTHING,
            spread(alone, 1) if is_peer else NOTHING,
        ],
        _BARS.get(contender.name),
        statistics.median(to_ours if is_peer else to_loop) if records >= _JUDGED_FROM else None,
        {
            "seconds": [each.wall for each in spent],
            "of_them_fitting": fitting,
            "cpu_seconds": [each.cpu for each in spent],
            "peak_bytes": [each.peak_bytes for each in spent],
        },
    )


def _ratios(values: list[float], others: list[float]) -> list[float]:
    return [value / other for value, other in zip(values, others, strict=True)]


def _absent(name: str, reason: str) -> Row:
    return Row([name, reason, *[NOTHING] * (len(_HEADS) - 2)], _BARS.get(name))


def _notes(plan: Plan, rounds: int) -> list[str]:
    notes = [
        plan.pool.describe(),
        rounds_note(rounds) + " Ratios are taken within a round. Everybody reads and writes plain "
        "files, in one process but for --jobs.",
        (
            "Everybody is a whole process with start-up and model, and fitting left out. 'Scoring "
            "alone' leaves out a peer's start-up too, but not that of dataselect. A slow peer has "
            "fewer records, over which its start-up weighs more."
        ),
    ]
    if plan.pool.records < _JUDGED_FROM:
        notes.append(
            f"The bars are for {_JUDGED_FROM:,} records and more: with fewer, start-up is most of "
            "what is measured, and nothing is judged."
        )
    return notes
