"""Relevance as DSIR does it: importance weights from hashed n-grams (Xie et al. 2023).

    python dsir.py IN_DOMAIN BACKGROUND POOL OUT

Prints the seconds of fitting, and those from the fitted model to the written output.
"""

import json
import os
import sys
import tempfile
from collections.abc import Iterator
from time import perf_counter
from typing import Any

os.environ["TQDM_DISABLE"] = "1"  # read when tqdm is imported

import numpy as np
from data_selection import HashedNgramDSIR  # type: ignore[import-not-found]  # in its own venv


def _records(path: str) -> Iterator[dict[str, Any]]:
    # DSIR's own reader opens with the locale's encoding.
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


in_domain, background, pool, out = sys.argv[1:]
with tempfile.TemporaryDirectory() as cache:
    dsir = HashedNgramDSIR(
        raw_datasets=[background],
        target_datasets=[in_domain],
        cache_dir=cache,
        raw_load_dataset_fn=_records,
        target_load_dataset_fn=_records,
        ngrams=3,
        num_proc=1,
        min_example_length=0,  # its default, 100 tokens, gives every utterance the same weight
    )
    start = perf_counter()
    dsir.fit_importance_estimator(num_tokens_to_fit="all")
    fitted = perf_counter()
    dsir.raw_datasets = [pool]  # fitted on the background, applied to the pool
    dsir.compute_importance_weights()
    # Its own output is a sample of the pool: the weights are read from where it keeps them.
    scores = np.load(dsir.log_importance_weights_dir / "0.npy").tolist()
    with open(out, "w", encoding="utf-8") as file:
        for record, score in zip(_records(pool), scores, strict=True):
            record["score"] = score
            file.write(json.dumps(record, ensure_ascii=False) + "\n")
print(fitted - start, perf_counter() - fitted)
