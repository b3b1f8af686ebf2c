"""cleanlab's rankings of annotations, worst first: `cleanlab_script.py FILE.npz RANKED.npz`.

FILE.npz has labels (n,) and probabilities (n, k) of intents, and labels (t,) and probabilities
(t, k) of tokens, of which record i has those from bounds[i] on.
"""

import sys

import numpy as np
from cleanlab import token_classification
from cleanlab.filter import find_label_issues
from cleanlab.rank import get_label_quality_scores


def completed(first: list[int], scores: np.ndarray) -> np.ndarray:
    """A ranking of all: what was found, and then the rest by score, lowest first."""
    found = list(dict.fromkeys(first))
    known = set(found)
    return np.array([*found, *(at for at in np.argsort(scores, kind="stable") if at not in known)])


def main(source: str, target: str) -> None:
    """Rank what one file has, and write the orders to another."""
    given = np.load(source)
    ranked = {}
    if "labels" in given:
        labels, likely = given["labels"], given["probabilities"].astype(float)
        for method in "self_confidence", "normalized_margin":
            scores = get_label_quality_scores(labels, likely, method=method)
            issues = find_label_issues(labels, likely, return_indices_ranked_by=method, n_jobs=1)
            ranked[f"intents: {method}"] = completed(list(issues), scores)
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
