"""Fitting and training, beside peers that train the same."""

from __future__ import annotations

import gzip
import json
import os
import random
import shutil
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from contenders import Contender, dataselect
from contest import Contest, at_most, memory, processor
from plan import Plan
from pool import Pool
from tables import Section

_WORDS = 2_000_000
_LMPLZ = "lmplz -S 1G"
_LM_NOTES = (
    (
        "Whole processes; dataselect reads JSONL, lmplz plain text of the words that dataselect "
        "sees, and uses several threads. By default lmplz takes 80 % of memory, and spends time on "
        "getting it."
    ),
)
_SETS, _OF_A_SET = 150, 10
_MANY_INTENTS, _FEW_INTENTS, _OF_AN_INTENT = 1_000, 20, 15
_LONG_S = 600


def fitting(plan: Plan) -> Section:
    """Relevance of few and many texts, distances, and classifiers of few and many intents."""
    pool, pairs = plan.pool(200_000), plan.pairs(100_000)
    with plan.output("fitted.model") as [out]:
        save = ("--quiet", "--fit-only", "--save-model", out)
        relevance = (dataselect(), "relevance", *save, "--background", pool.background())
        label = (dataselect(), "label", *save, "--labelled")
        contenders = [
            Contender(
                f"relevance, {size} texts",
                (*relevance, "--in-domain", _first(plan, pool, size)),
                bars=[processor(0.8)],
            )
            for size in (15, 100, 500)
        ]
        contenders += [
            Contender(
                f"relevance, {_SETS} sets of {_OF_A_SET}",
                (*relevance, "--in-domain-by", "set", "--in-domain", _sets(plan)),
                bars=[processor(8)],
            ),
            Contender(
                "bitext",
                (dataselect(), "bitext", *save, "--in-domain", pairs.in_domain(), pairs.path()),
            ),
            Contender("label --rounds 0", (*label, pool.labelled(), "--rounds", "0")),
            Contender("label, the pool read, too", (*label, pool.labelled(), pool.path())),
        ]
        notes = [f"Against 10,000 texts of every domain; bitext and label read {pool.describe()}"]
        return Contest("Fitting", contenders, notes=notes).measure(plan, 1)


def many_intents(plan: Plan) -> Section:
    """A classifier of 1,000 intents, with self-training and calibrated."""
    pool, count = plan.pool(200_000), _FEW_INTENTS if plan.small else _MANY_INTENTS
    with plan.output("fitted.model") as [out]:
        command = (dataselect(), "label", "--quiet", "--fit-only", "--save-model", out)
        learn = (*command, "--labelled", _labelled(plan, count), pool.path())
        contender = Contender(f"label, {count:,} intents", learn, bars=[memory()], limit=_LONG_S)
        notes = [f"{_OF_AN_INTENT} texts of each intent; 10,000 are drawn of {pool.describe()}"]
        return Contest("Fitting of many intents", [contender], notes=notes).measure(plan, 1)


def lm_train(plan: Plan) -> Section:
    """Models of order 3 of 2 million words."""
    records, text = _texts(plan)
    with plan.output("trained.arpa") as [made]:
        ours = (dataselect(), "lm", "train", "--quiet", "--order", "3", records, "-o", made)
        peer = ("lmplz", "-o", "3", "--discount_fallback", "--text", text, "--arpa", made)
        contenders = [
            Contender("dataselect lm train", ours, bars=[at_most(1.2, _LMPLZ, _LMPLZ)]),
            Contender(
                _LMPLZ,
                (*peer, "-S", "1G"),
                missing="" if shutil.which("lmplz") else "not run: no lmplz on the PATH",
            ),
        ]
        notes = [f"{plan.size(_WORDS):,} words.", *_LM_NOTES]
        return Contest("Training a language model", contenders, {_LMPLZ: _LMPLZ}, notes).measure(
            plan, 3
        )


def _texts(plan: Plan) -> tuple[str, str]:
    """The paths of the same texts as records, and as lines of the words that are seen in them."""
    from dataselect.models.language_model.vocabulary import split

    paths = plan.path("lm-text.jsonl"), plan.path("lm-text.txt")
    words = 0
    with (
        open(paths[0], "w", encoding="utf-8") as records,
        open(paths[1], "wb") as lines,
    ):
        for text in _corpora(plan):
            found = split(text)
            words += len(found)
            records.write(json.dumps({"text": text}, ensure_ascii=False) + "\n")
            lines.write(b" ".join(found) + b"\n")
            if words >= plan.size(_WORDS):
                break
    return paths


def _corpora(plan: Plan) -> Iterator[str]:
    """Every text of the corpora, or else of the pool."""
    if plan.data is None:
        files = [Path(plan.pool(200_000).path())]
    else:
        files = sorted(Path(plan.data, "general_text").glob("*.jsonl.gz"))
    for file in files:
        with gzip.open(file) if file.suffix == ".gz" else file.open("rb") as lines:
            for line in lines:
                yield json.loads(line)["text"]


def _written(plan: Plan, name: str, records: Sequence[dict[str, Any]]) -> str:
    path = plan.path(name)
    with open(path, "w", encoding="utf-8") as file:
        file.writelines(json.dumps(record) + "\n" for record in records)
    return path


def _first(plan: Plan, pool: Pool, size: int) -> str:
    """So many texts of one domain."""
    path = plan.path(f"in-domain-{size}.jsonl")
    with open(pool.in_domain(), "rb") as texts, open(path, "wb") as file:
        file.writelines(islice(texts, size))
    return path


def _sets(plan: Plan) -> str:
    """150 sets of 10 texts: intents of CLINC150, or made ones."""
    if plan.data is None:
        return _written(plan, "sets.jsonl", list(_made(plan.size(_SETS), _OF_A_SET)))
    found: dict[str, list[dict[str, str]]] = {}
    with gzip.open(os.path.join(plan.data, "clinc150", "train.jsonl.gz")) as lines:
        for record in map(json.loads, lines):
            found.setdefault(record["intent"], []).append(
                {"text": record["text"], "set": record["intent"]}
            )
    chosen = [
        each for texts in islice(found.values(), plan.size(_SETS)) for each in texts[:_OF_A_SET]
    ]
    return _written(plan, "sets.jsonl", chosen)


def _labelled(plan: Plan, intents: int) -> str:
    """Labelled texts of made intents."""
    made = _made(intents, _OF_AN_INTENT)
    records = [{"text": each["text"], "intent": each["set"]} for each in made]
    return _written(plan, "many-intents.jsonl", records)


def _made(sets: int, size: int) -> Iterator[dict[str, str]]:
    """Texts of seven words, of which two are among four that are frequent in their set."""
    drawn = random.Random(0)
    words = [f"w{number}" for number in range(5_000)]
    for number in range(sets):
        own = drawn.sample(words, 4)
        for _ in range(size):
            text = " ".join([*drawn.sample(own, 2), *drawn.choices(words, k=5)])
            yield {"text": text, "set": f"set {number}"}
