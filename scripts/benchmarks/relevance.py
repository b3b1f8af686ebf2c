"""Relevance with a saved model: against the bare loop of parsing and writing, and against peers."""

from __future__ import annotations

import os
import statistics
import sys

from contenders import DRIVERS, Contender, Failed, Rounds, Spent, dataselect, interleave
from peers import DSIR, FASTTEXT, SKLEARN, Peer
from tables import NOTHING, Bar, Plan, Row, Section, rounds_note, spread

ROUNDS = 5
_LOOP = "orjson.loads + orjson.dumps"
_OURS = "dataselect relevance --model"
_JUDGED_FROM = 1_000_000
_VARIANTS = (("--threshold", "0.5"), ("--jobs", "2"))
_HEADS = ["what", "records", "records/s", "time ÷ loop", "CPU ÷ loop", "time ÷ dataselect"]
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
    seconds = [_seconds(each) for each in spent]
    pace = [value / contender.records for value in seconds]
    to_loop = _ratios(pace, [each.wall / records for each in loop])
    to_ours = _ratios(pace, [each.wall / records for each in ours])
    cpu = [each.cpu for each in spent]
    cpu_to_loop = _ratios(cpu, [each.cpu for each in loop])
    is_peer = bool(spent[0].stdout)
    return Row(
        [
            contender.name,
            f"{contender.records:,}",
            f"{1 / statistics.median(pace):,.0f}",
            NOTHING if contender.name == _LOOP else spread(to_loop),
            NOTHING if contender.name == _LOOP or is_peer else spread(cpu_to_loop),
            spread(to_ours, 1) if is_peer else NOTHING,
        ],
        _BARS.get(contender.name),
        statistics.median(to_ours if is_peer else to_loop) if records >= _JUDGED_FROM else None,
        {
            "seconds": seconds,
            "process_seconds": [each.wall for each in spent],
            "cpu_seconds": cpu,
            "peak_bytes": [each.peak_bytes for each in spent],
        },
    )


def _seconds(spent: Spent) -> float:
    """Seconds that count: a peer's driver prints those of its scoring; of the others, all do."""
    return float(spent.stdout) if spent.stdout else spent.wall


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
            "The loop and dataselect are whole processes, start-up and loading of the model "
            "included. A peer counts from its fitted model to its written output, which is in its "
            "favour, and has fewer records where it is slow: rates are what is compared."
        ),
    ]
    if plan.pool.records < _JUDGED_FROM:
        notes.append(
            f"The bars are for {_JUDGED_FROM:,} records and more: with fewer, start-up is most of "
            "what is measured, and nothing is judged."
        )
    return notes
