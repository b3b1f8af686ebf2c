"""Relevance as fastText does it: a supervised classifier on words and hashed n-grams.

    python fasttext_script.py IN_DOMAIN BACKGROUND POOL OUT

Prints the seconds of fitting, and those from the fitted model to the written output.
"""

import os
import sys
import tempfile
from collections.abc import Iterator
from itertools import islice
from time import perf_counter

import fasttext  # type: ignore[import-not-found]  # in its own venv
import numpy as np
import orjson

_BATCH = 10_000
_LABEL = "__label__"

# With NumPy 2 this wheel repeats the first probability for every label, without an error.
if not np.__version__.startswith("1."):
    sys.exit(f"NumPy {np.__version__} gives wrong scores with fasttext-wheel 0.9.2; use 1.26")


def _plain(text: str) -> str:
    # predict() refuses a line feed; lower-cased because the others are, and fastText is not.
    return text.replace("\n", " ").lower()


def _examples(path: str, label: str) -> Iterator[str]:
    with open(path, "rb") as lines:
        for line in lines:
            yield f"{_LABEL}{label} {_plain(orjson.loads(line)['text'])}\n"


in_domain, background, pool, out = sys.argv[1:]
start = perf_counter()
with tempfile.TemporaryDirectory() as folder:
    examples = os.path.join(folder, "examples.txt")
    with open(examples, "w", encoding="utf-8") as file:
        file.writelines(_examples(in_domain, "in"))
        file.writelines(_examples(background, "out"))
    model = fasttext.train_supervised(
        input=examples,
        wordNgrams=3,
        dim=10,
        epoch=25,
        lr=0.5,
        bucket=1 << 20,
        thread=1,  # more are not reproducible; scoring has one anyway
        verbose=0,
    )
fitted = perf_counter()
with open(pool, "rb") as lines, open(out, "wb") as scored:
    while batch := list(islice(lines, _BATCH)):
        records = [orjson.loads(line) for line in batch]
        # Both labels, because 1 - p of the better one is 0 or 1 too often.
        labels, chances = model.predict([_plain(record["text"]) for record in records], k=2)
        for record, names, chance in zip(records, labels, chances, strict=True):
            record["score"] = float(chance[names.index(f"{_LABEL}in")])
        scored.writelines(orjson.dumps(r, option=orjson.OPT_APPEND_NEWLINE) for r in records)
print(fitted - start, perf_counter() - fitted)
