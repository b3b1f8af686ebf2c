"""Encode texts with a sentence-transformers model under one batch policy.

    python neural_script.py MODEL POOL TEXTS POLICY BATCH_SIZE

TEXTS targets evenly spaced in POOL. POLICY: `library` lets the library sort all of them by length,
`unsorted` gives it a batch at a time, `dataselect` is the encoder of `bitext --encoder`. Prints 0
and the seconds of encoding, the model loaded and used once before.
"""

import os
import sys
from collections.abc import Callable
from functools import partial
from itertools import islice
from time import perf_counter
from typing import Any

import orjson

os.environ["HF_HUB_OFFLINE"] = "1"  # read when the library is imported

_Encode = Callable[[list[str]], object]


def _texts(pool: str, wanted: int) -> list[str]:
    with open(pool, "rb") as lines:
        step = max(1, sum(1 for _ in lines) // wanted)
        lines.seek(0)
        return [orjson.loads(line)["tgt"] for line in islice(lines, 0, step * wanted, step)]


def _by_library(model: str, batch_size: int) -> _Encode:
    from sentence_transformers import SentenceTransformer

    encode = SentenceTransformer(model).encode
    return partial(encode, batch_size=batch_size, show_progress_bar=False)


def _unsorted(model: str, batch_size: int) -> _Encode:
    encode = _by_library(model, batch_size)

    def in_order(texts: list[str]) -> list[Any]:
        starts = range(0, len(texts), batch_size)
        return [encode(texts[start : start + batch_size]) for start in starts]

    return in_order


def _by_dataselect(model: str, batch_size: int) -> _Encode:
    from dataselect.models.encoders.sentence_transformer import Neural

    return Neural(model, batch_size=batch_size).encode


_POLICIES = {"library": _by_library, "unsorted": _unsorted, "dataselect": _by_dataselect}

model, pool, wanted, policy, batch_size = sys.argv[1:]
texts = _texts(pool, int(wanted))
encode = _POLICIES[policy](model, int(batch_size))
encode(texts[: int(batch_size)])
start = perf_counter()
encode(texts)
print(0, perf_counter() - start)
