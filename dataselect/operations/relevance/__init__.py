"""Relevance to in-domain text, by n-gram logistic regression (Cho et al. 2019)."""
