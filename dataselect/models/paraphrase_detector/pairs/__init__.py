"""Training pairs of the paraphrase detector, made from annotated records."""
