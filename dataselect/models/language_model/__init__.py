"""N-gram language models: trained, written, read, mixed, evaluated, and asked for scores."""
