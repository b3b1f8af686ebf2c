"""Distance of a sentence to in-domain embeddings (Punjabi et al. 2019)."""
