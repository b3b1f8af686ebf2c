"""One module a scorer; they never import each other."""
