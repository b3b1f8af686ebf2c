"""N-best rescoring by a log-linear model with a small language model."""
