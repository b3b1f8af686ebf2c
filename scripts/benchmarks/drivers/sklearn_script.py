"""Relevance as a plain script does it: hashed n-grams and logistic regression of scikit-learn.

    python sklearn_script.py IN_DOMAIN BACKGROUND POOL OUT

Prints the seconds of fitting, and those from the fitted model to the written output.
"""

import sys
from itertools import islice
from time import perf_counter

import numpy as np
import orjson
from sklearn.feature_extraction.text import HashingVectorizer
from sklearn.linear_model import LogisticRegression

_BATCH = 10_000


def _texts(path: str) -> list[str]:
    with open(path, "rb") as lines:
        return [orjson.loads(line)["text"] for line in lines]


in_domain, background, pool, out = sys.argv[1:]
start = perf_counter()
positive, negative = _texts(in_domain), _texts(background)
vectorizer = HashingVectorizer(ngram_range=(1, 3))
model = LogisticRegression(max_iter=1000)
model.fit(
    vectorizer.transform(positive + negative),
    np.repeat([1, 0], [len(positive), len(negative)]),
)
fitted = perf_counter()
with open(pool, "rb") as lines, open(out, "wb") as file:
    while batch := list(islice(lines, _BATCH)):
        records = [orjson.loads(line) for line in batch]
        features = vectorizer.transform(record["text"] for record in records)
        scores = model.predict_proba(features)[:, 1].tolist()
        for record, score in zip(records, scores, strict=True):
            record["score"] = score
        file.writelines(orjson.dumps(r, option=orjson.OPT_APPEND_NEWLINE) for r in records)
print(fitted - start, perf_counter() - fitted)
