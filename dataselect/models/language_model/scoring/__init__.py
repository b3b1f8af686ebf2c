"""Texts scored by n-gram models: ARPA files by arrays, binaries by KenLM."""
