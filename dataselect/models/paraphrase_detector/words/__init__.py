"""The words of two texts: where they are, what texts tell of them, how they match."""
