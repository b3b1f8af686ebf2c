"""Was it right, did it help, what happened, why."""
