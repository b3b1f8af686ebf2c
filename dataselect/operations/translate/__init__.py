"""Translation: texts to n-best lists, and the training of models."""
