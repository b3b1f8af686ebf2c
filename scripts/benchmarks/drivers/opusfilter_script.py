"""Winnowing as OpusFilter does it: its CrossEntropyFilter, which scores with VariKN only.

    python opusfilter_script.py LM POOL OUT

Prints the seconds of fitting, none, and those from the opened model to the written output.
"""

import sys
from itertools import islice
from time import perf_counter

import orjson
from opusfilter.lm import CrossEntropyFilter  # type: ignore[import-not-found]  # in its own venv

_BATCH = 10_000

lm, pool, out = sys.argv[1:]
# VariKN reads ARPA files of others. By default a segment is a character and unknown ones are left
# out: with words for segments it does what dataselect does.
words = {
    "filename": lm,
    "segmentation": {"type": "none"},
    "wb": "",
    "unk": "<unk>",
    "include_unks": True,
}
scorer = CrossEntropyFilter(lm_params=[words], score_type="perplexity")
start = perf_counter()
with open(pool, "rb") as lines, open(out, "wb") as file:
    while batch := list(islice(lines, _BATCH)):
        records = [orjson.loads(line) for line in batch]
        scores = scorer.score((record["text"],) for record in records)
        for record, [score] in zip(records, scores, strict=True):
            record["score"] = score
        file.writelines(orjson.dumps(r, option=orjson.OPT_APPEND_NEWLINE) for r in records)
print(0, perf_counter() - start)
