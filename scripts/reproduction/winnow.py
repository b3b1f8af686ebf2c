"""Winnowing: development perplexity of a language model of what is kept.

For each seed, 500 random utterances of SNIPS are in-domain; the pool is the rest of its training
set among the user turns of task dialogues. Each way to rank keeps a share of the pool; a trigram
model of the kept text, over the words of the pool and of the SNIPS validation set, is tried on that
set. Texts that are also in the validation set are left out first. `--auto` finds its share itself,
and is compared with the lowest of 20 shares.

Then seven pools, English and German: each way keeps the share that `--auto` finds on development
text, and a model of that is tried on other text. Texts are in lower case without punctuation.
"""

from __future__ import annotations

import random
import tempfile
from pathlib import Path

from common import Claim, Plan, Table, load, perplexity, read, run, write, write_words
from pools import SETTINGS

from dataselect.models.normalization import Normalization

_IN_DOMAIN = 500
_SHARES = (5, 10, 20, 50, 100)
_FINE = (1, 2, 3, 5, 7.5, 10, 12.5, 15, 17.5, 20, 22.5, 25, 27.5, 30, 35, 40, 50, 60, 80, 100)
_WAYS = {
    "random": ("select", "--by", "random"),
    "winnow": ("winnow", "--in-domain", "in_domain.jsonl"),
    "winnow --background auto": (
        *("winnow", "--in-domain", "in_domain.jsonl"),
        *("--background", "auto"),
    ),
    "relevance": ("relevance", "--in-domain", "in_domain.jsonl"),
    "winnow --relevance": ("winnow", "--relevance", "--in-domain", "in_domain.jsonl"),
}
_FIELDS = ("random", "perplexity", "cross_entropy_difference", "relevance", "in_domain_score")
_GATE, _CONTRAST = "relevance --calibrate 0.95", "winnow --background POOL"
_BOTH = f"{_GATE}, then {_CONTRAST}"
_IN_DOMAIN_TEXT = ("--in-domain", "in_domain.jsonl")
_AUTO, _LOWEST, _GAP = "--auto", "lowest of 20 shares", "--auto ÷ lowest"


def measure(plan: Plan) -> list[Table]:
    """Perplexity at each share, and where `--auto` lands, for every way to rank."""
    columns = [*[f"{share} %" for share in _SHARES], _AUTO, _LOWEST, _GAP]
    table = Table(f"development perplexity, {plan.seeds} seeds", columns, digits=2)
    for seed in range(plan.seeds):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            copies = _prepare(folder, plan.data, seed)
            for (way, (command, *options)), field in zip(_WAYS.items(), _FIELDS, strict=True):
                run(folder, command, *options, "pool.jsonl", "-o", "scored.jsonl", "--seed", seed)
                found = {
                    share: _perplexity(folder, field, "--share", f"{share}%") for share in _FINE
                }
                for share in _SHARES:
                    table.add(way, f"{share} %", found[share])
                if way == "random":
                    continue
                auto, lowest = (
                    _perplexity(folder, field, "--auto", "dev.jsonl"),
                    min(found.values()),
                )
                table.add(way, _AUTO, auto)
                table.add(way, _LOWEST, lowest)
                table.add(way, _GAP, auto / lowest)
    table.notes.append(f"{copies:,} copies of validation text were left out of pool and in-domain.")
    return [table, _of_pools(plan)]


def _of_pools(plan: Plan) -> Table:
    """Test perplexity of what `--auto` keeps, for every way to rank and every pool."""
    table = Table(f"test perplexity by --auto, {plan.seeds} seeds", list(SETTINGS), digits=1)
    cases = [(name, seed) for seed in range(plan.seeds) for name in SETTINGS]
    for (name, _), found in plan.each(lambda case: _tried(plan.data, *case), cases):
        for way, value in found.items():
            table.add(way, name, value)
    best, gate = "winnow --relevance", _BOTH
    for other in ("relevance", gate):
        fewer = table.reductions(best, other, list(SETTINGS))
        table.claims.append(Claim(f"lower perplexity by {best} than by {other}", 0, fewer))
    return table


def _tried(data: Path, name: str, seed: int) -> dict[str, float]:
    rng = random.Random(seed)
    case = SETTINGS[name](data, rng)
    normalized = Normalization(lowercase=True, punctuation="remove")
    found: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        parts = {"in_domain": case.in_domain, "pool": case.pool, "auto": case.development}
        parts["dev"] = case.test  # what `perplexity` tries models on
        for part, texts in parts.items():
            own = filter(None, map(normalized, texts))
            write(folder / f"{part}.jsonl", ({"text": t, "random": rng.random()} for t in own))
        words = (t for part in ("pool", "dev") for t in map(normalized, parts[part]))
        write_words(folder / "words.txt", words)
        kept = ("-o", "kept.jsonl", "--seed", seed)
        tuned = ("--auto", "auto.jsonl", "pool.jsonl", *kept)
        for way, (command, *options) in _WAYS.items():
            if way == "random":
                continue
            run(folder, command, *options, *tuned)
            found[way] = perplexity(folder)
        run(
            folder,
            "select",
            "--by",
            "random",
            "--top-k",
            len(read(folder / "kept.jsonl")),
            "pool.jsonl",
            *kept,
        )
        found["random, as large as the last"] = perplexity(folder)
        gate = ("--calibrate", 0.95, "pool.jsonl", "-o", "relevant.jsonl", "--seed", seed)
        run(folder, "relevance", *_IN_DOMAIN_TEXT, *gate)
        contrast = ("--background", "pool.jsonl", "--auto", "auto.jsonl", "relevant.jsonl", *kept)
        run(folder, "winnow", *_IN_DOMAIN_TEXT, *contrast)
        found[_BOTH] = perplexity(folder)
        run(folder, "select", "pool.jsonl", "--by", "random", *kept)
        found["all of the pool"] = perplexity(folder)
    return found


def _prepare(folder: Path, data: Path, seed: int) -> int:
    """Write the files of a seed. Returns how many copies of validation text are left out."""
    rng = random.Random(seed)
    development = load(data / "snips_atis_slots" / "snips_valid.jsonl.gz")
    heard = {record["text"] for record in development}
    snips = load(data / "snips_atis_slots" / "snips_train.jsonl.gz")
    general = load(data / "general_text" / "sgd_user.jsonl.gz")
    copies = sum(record["text"] in heard for record in (*snips, *general))
    snips, general = (
        [r["text"] for r in part if r["text"].strip() and r["text"] not in heard]
        for part in (snips, general)
    )
    rng.shuffle(snips)
    in_domain, pool = snips[:_IN_DOMAIN], snips[_IN_DOMAIN:] + general
    rng.shuffle(pool)
    write(folder / "in_domain.jsonl", ({"text": text} for text in in_domain))
    write(folder / "dev.jsonl", development)
    write(folder / "pool.jsonl", ({"text": text, "random": rng.random()} for text in pool))
    write_words(folder / "words.txt", (*pool, *(r["text"] for r in development)))
    return copies


def _perplexity(folder: Path, field: str, *selection: str) -> float:
    """Select from the scored pool, train on what is kept, and try the model."""
    run(folder, "select", "--by", field, *selection, "scored.jsonl", "-o", "kept.jsonl")
    return perplexity(folder)
