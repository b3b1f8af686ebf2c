"""How a pool is scored: locally, in worker processes, on a cluster."""
