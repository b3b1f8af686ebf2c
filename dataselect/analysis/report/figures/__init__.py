"""The figures of the page: numbers in, SVG out."""
