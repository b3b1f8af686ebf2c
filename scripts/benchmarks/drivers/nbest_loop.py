"""The floor of rescoring: parse every list, score its texts with KenLM, write the best one.

python nbest_loop.py LM LISTS OUT
"""

import sys
from typing import Any

import kenlm
import orjson

_LM_WEIGHT, _LENGTH_WEIGHT = 0.02 * 2.302585, 0.1  # per log10 and per word

lm, lists, out = sys.argv[1:]
score = kenlm.Model(lm).score


def _total(hypothesis: dict[str, Any]) -> float:
    text = hypothesis["text"]
    total: float = hypothesis["score"] + _LM_WEIGHT * score(text)
    return total + _LENGTH_WEIGHT * len(text.split())


with open(lists, "rb") as lines, open(out, "wb") as file:
    for line in lines:
        record = orjson.loads(line)
        record["text"] = max(record.pop("nbest"), key=_total)["text"]
        file.write(orjson.dumps(record) + b"\n")
