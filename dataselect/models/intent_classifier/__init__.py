"""Intent classifiers: features, two kinds of classifier, self-training, calibration."""
