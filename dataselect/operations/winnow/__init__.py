"""Winnowing by language-model perplexity or cross-entropy difference (Moore & Lewis 2010)."""
