"""Ray as the engine of distributed runs."""
