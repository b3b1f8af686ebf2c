"""Diversity selection: k-center, facility location, n-gram and paraphrase coverage."""
