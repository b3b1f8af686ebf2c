"""What scorers are made of: n-grams, regressions, and later encoders and language models."""
