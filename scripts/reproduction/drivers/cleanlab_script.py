"""cleanlab's rankings of annotations, worst first: `cleanlab_script.py FILE.npz RANKED.npz`.

FILE.npz has texts (n,), labels (n,) and probabilities (n, k) of intents, and labels (t,) and
probabilities (t, k) of tokens, of which record i has those from bounds[i] on. From the texts,
cleanlab gets probabilities of its own as its documentation does it: logistic regression on TF-IDF,
five folds, all by default.
"""

import sys
import warnings

import numpy as np
from cleanlab import token_classification
from cleanlab.filter import find_label_issues
from cleanlab.rank import get_label_quality_scores
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_predict
from sklearn.pipeline import make_pipeline


def completed(first: list[int], scores: np.ndarray) -> np.ndarray:
    """A ranking of all: what was found, and then the rest by score, lowest first."""
    found = list(dict.fromkeys(first))
    known = set(found)
    return np.array([*found, *(at for at in np.argsort(scores, kind="stable") if at not in known)])


def intents_ranked(labels: np.ndarray, likely: np.ndarray, method: str) -> np.ndarray:
    """Places of records by cleanlab's filter and then by a score of quality."""
    scores = get_label_quality_scores(labels, likely, method=method)
    issues = find_label_issues(labels, likely, return_indices_ranked_by=method, n_jobs=1)
    return completed(list(issues), scores)


def of_texts(texts: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """(n, k) probabilities of intents that are cross-validated without anything of ours."""
    model = make_pipeline(TfidfVectorizer(), LogisticRegression())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of intents with fewer records than folds
        return cross_val_predict(model, texts.tolist(), labels, method="predict_proba")


def main(source: str, target: str) -> None:
    """Rank what one file has, and write the orders to another."""
    given = np.load(source)
    ranked = {}
    if "labels" in given:
        labels, likely = given["labels"], given["probabilities"].astype(float)
        for method in "self_confidence", "normalized_margin":
            ranked[f"intents: {method}"] = intents_ranked(labels, likely, method)
        likely = of_texts(given["texts"], labels)
        ranked["intents: TF-IDF"] = intents_ranked(labels, likely, "self_confidence")
    if "bounds" in given:
        cuts = given["bounds"][1:-1]
        tags = [each.tolist() for each in np.split(given["token_labels"], cuts)]
        beliefs = np.split(given["token_probabilities"].astype(float), cuts)
        scores, _ = token_classification.rank.get_label_quality_scores(tags, beliefs)
        issues = token_classification.filter.find_label_issues(tags, beliefs, n_jobs=1)
        ranked["slots: find_label_issues"] = completed([record for record, _ in issues], scores)
        ranked["slots: lowest token"] = np.argsort(scores, kind="stable")
    np.savez(target, **ranked)


if __name__ == "__main__":
    main(*sys.argv[1:])
