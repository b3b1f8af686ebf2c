"""How far vectors are from in-domain text."""
