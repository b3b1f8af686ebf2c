"""Sections of the page that show reports of commands that measure: compare, audit, evaluate."""
