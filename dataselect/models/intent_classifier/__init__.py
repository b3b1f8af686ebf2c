"""Recognisers of intents: features, two kinds of classifier, self-training, calibration."""
