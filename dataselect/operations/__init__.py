"""One folder an operation: its command, its scorer, and what only it needs."""
