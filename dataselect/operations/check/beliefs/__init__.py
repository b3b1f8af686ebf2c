"""What classifiers that did not see a record believe of its intent and slots."""
