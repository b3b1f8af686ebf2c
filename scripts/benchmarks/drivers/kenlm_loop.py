"""The floor of winnowing: parse every record, score its text with KenLM, and write it again.

python kenlm_loop.py LM POOL OUT
"""

import sys

import kenlm
import orjson

lm, pool, out = sys.argv[1:]
score = kenlm.Model(lm).score
with open(pool, "rb") as lines, open(out, "wb") as file:
    for line in lines:
        record = orjson.loads(line)
        record["score"] = score(record["text"])
        file.write(orjson.dumps(record) + b"\n")
