"""Logistic regression on hashed n-grams."""
