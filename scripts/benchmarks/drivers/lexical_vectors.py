"""Unit vectors of a pool by the lexical encoder, fitted to it.

python lexical_vectors.py POOL VECTORS.npy
"""

import sys

import numpy as np
import orjson

from dataselect.models.encoders.lexical import Lexical

pool, vectors = sys.argv[1:]
with open(pool, "rb") as lines:
    texts = [orjson.loads(line)["text"] for line in lines]
np.save(vectors, Lexical.fit(texts).encode(texts, unit=True))
