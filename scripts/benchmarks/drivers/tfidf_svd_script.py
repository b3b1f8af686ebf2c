"""Distance to in-domain text as a plain script has it: TF-IDF, truncated SVD, a discriminant.

    python tfidf_svd_script.py IN_DOMAIN POOL OUT

Prints the seconds of fitting, and those from the fitted model to the written output.
"""

import sys
from itertools import islice
from time import perf_counter

import numpy as np
import orjson
from sklearn.decomposition import TruncatedSVD
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.pipeline import make_pipeline, make_union
from sklearn.preprocessing import Normalizer

_BATCH = 10_000
_SAMPLE = 10_000

in_domain, pool, out = sys.argv[1:]
start = perf_counter()
with open(in_domain, "rb") as lines:
    near = [orjson.loads(line)["tgt"] for line in lines]
with open(pool, "rb") as lines:
    corpus = [orjson.loads(line)["tgt"] for line in islice(lines, _SAMPLE)]
words, characters = TfidfVectorizer(), TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5))
encoder = make_pipeline(
    make_union(words, characters), TruncatedSVD(256, random_state=0), Normalizer()
)
vectors = encoder.fit_transform(near + corpus)
discriminant = LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto")
discriminant.fit(vectors, np.repeat([0, 1], [len(near), len(corpus)]))
fitted = perf_counter()
with open(pool, "rb") as lines, open(out, "wb") as file:
    while batch := list(islice(lines, _BATCH)):
        records = [orjson.loads(line) for line in batch]
        texts = [record["tgt"] for record in records]
        distances = discriminant.decision_function(encoder.transform(texts)).tolist()
        for record, distance in zip(records, distances, strict=True):
            record["distance"] = distance
        file.writelines(orjson.dumps(r, option=orjson.OPT_APPEND_NEWLINE) for r in records)
print(fitted - start, perf_counter() - fitted)
