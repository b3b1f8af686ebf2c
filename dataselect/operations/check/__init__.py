"""Doubts about annotations: rules that find conflicts, and a recogniser that disagrees."""
