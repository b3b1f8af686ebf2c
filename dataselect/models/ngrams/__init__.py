"""Tokens and n-grams of whole batches of texts, hashed."""
