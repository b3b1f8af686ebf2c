"""Training a language model: against KenLM's lmplz, both from text to ARPA file."""

from __future__ import annotations

import glob
import gzip
import json
import os
import shutil
import statistics
from collections.abc import Iterator

from contenders import Contender, Rounds, dataselect, interleave
from tables import NOTHING, Bar, Plan, Row, Section, rounds_note, spread

ROUNDS = 5
_WORDS, _ENOUGH = 2_000_000, 1_900_000
_PEER = "lmplz"
_SMALL_PEER = "lmplz -S 1G"
_OURS = "dataselect lm train"
_BAR = Bar(2.0, "≤ 2 × lmplz -S 1G")
_CORPORA = os.path.join("general_text", "*.jsonl.gz")


def measure(plan: Plan) -> Section:
    """Train models of order 3 in interleaved rounds."""
    words, records, text = _written(plan)
    rounds = plan.rounds or ROUNDS
    with plan.output("trained.arpa") as made:
        contenders = _contenders(plan, records, text, made)
        found = interleave(contenders, rounds, essential=(_OURS,))
    rows = [_row(each.name, words, found) for each in contenders if each.name in found.spent]
    heads = ["what", "words", "seconds", "time ÷ lmplz", "time ÷ lmplz -S 1G", "peak MiB"]
    return Section("Training a language model", heads, rows, _notes(plan, words, rounds))


def _contenders(plan: Plan, records: str, text: str, made: str) -> list[Contender]:
    """Everybody who trains on the same text; lmplz where it is on the PATH."""
    ours = (dataselect(), "lm", "train", "--quiet", "--order", "3")
    peer = (_PEER, "-o", "3", "--discount_fallback", "--text", text, "--arpa", made)
    contenders = [Contender(_OURS, (*ours, records, "-o", made))]
    if plan.peers and shutil.which(_PEER):
        contenders += [
            Contender(_PEER, peer),
            Contender(_SMALL_PEER, (*peer, "-S", "1G")),
        ]
    return contenders


def _written(plan: Plan) -> tuple[int, str, str]:
    """How many words, and the paths of the same texts as records and as plain lines."""
    paths = [os.path.join(plan.cache, f"lm-text.{suffix}") for suffix in ("jsonl", "txt")]
    words = 0
    with (
        open(paths[0], "w", encoding="utf-8") as records,
        open(paths[1], "w", encoding="utf-8") as lines,
    ):
        for text in _texts(plan):
            split = text.split()
            words += len(split)
            records.write(json.dumps({"text": text}, ensure_ascii=False) + "\n")
            lines.write(" ".join(split) + "\n")
            if words >= _WORDS:
                break
    return words, paths[0], paths[1]


def _texts(plan: Plan) -> Iterator[str]:
    """Every text of the corpora, or else of the pool."""
    data = plan.pool.data
    for path in sorted(glob.glob(os.path.join(data, _CORPORA))) if data else [plan.pool.path()]:
        with gzip.open(path, "rb") if path.endswith(".gz") else open(path, "rb") as lines:
            for line in lines:
                yield json.loads(line)["text"]


def _row(name: str, words: int, found: Rounds) -> Row:
    if name in found.failed:
        return Row([name, f"failed: {found.failed[name]}", *[NOTHING] * 4])
    spent = found.spent[name]
    ratios = {peer: _ratios(name, peer, found) for peer in (_PEER, _SMALL_PEER)}
    judged = name == _OURS and words >= _ENOUGH and ratios[_SMALL_PEER]
    return Row(
        [
            name,
            f"{words:,}",
            spread([each.wall for each in spent]),
            *[spread(each) if each else NOTHING for each in ratios.values()],
            f"{max(each.peak_bytes for each in spent) >> 20:,}",
        ],
        _BAR if name == _OURS else None,
        statistics.median(ratios[_SMALL_PEER]) if judged else None,
        {
            "seconds": [each.wall for each in spent],
            "cpu_seconds": [each.cpu for each in spent],
            "peak_bytes": [each.peak_bytes for each in spent],
        },
    )


def _ratios(name: str, peer: str, found: Rounds) -> list[float]:
    """Time against a peer's in each round; nothing where that was not run, or against itself."""
    if name == peer:
        return []
    pairs = zip(found.spent[name], found.spent.get(peer, []), strict=False)
    return [ours.wall / theirs.wall for ours, theirs in pairs]


def _notes(plan: Plan, words: int, rounds: int) -> list[str]:
    notes = [
        rounds_note(rounds) + " Whole processes, start-up included; dataselect reads JSONL, lmplz "
        "the same words as plain text, and uses several threads.",
        (
            "By default lmplz takes 80 % of memory, and spends time on getting it; -S 1G is the "
            "faster way to run it on so little text, and what is judged."
        ),
    ]
    if not (plan.peers and shutil.which(_PEER)):
        notes.append("lmplz was not run: it needs to be on the PATH, and --no-peers not given.")
    if words < _ENOUGH:
        notes.append(f"The bar is for {_WORDS:,} words: with fewer, nothing is judged.")
    return notes
