"""Log-linear models of n-best lists, and the search for their weights."""
