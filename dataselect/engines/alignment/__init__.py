"""Translation quality of sentence pairs, from the vectors of both sides."""
