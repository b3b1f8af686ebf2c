"""Selections measured beside random ones of equal size: was a selection better than chance?"""
