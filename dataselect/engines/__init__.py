"""What scorers are made of: n-grams, regressions, language models, encoders."""
