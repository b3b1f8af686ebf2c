"""Counterfactual tests of a selection: names, places, genders and numbers swapped."""
