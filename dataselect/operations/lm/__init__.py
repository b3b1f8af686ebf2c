"""Commands of n-gram language models: training, mixing, evaluation."""
