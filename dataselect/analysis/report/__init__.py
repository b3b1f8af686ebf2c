"""Runs and scored records as one HTML page."""
