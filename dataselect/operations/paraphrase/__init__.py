"""Commands of the paraphrase detector: pairs, training, scores."""
