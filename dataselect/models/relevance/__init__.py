"""Linear models of n-grams that tell in-domain text from a background."""
