"""Training of the paraphrase detector."""
