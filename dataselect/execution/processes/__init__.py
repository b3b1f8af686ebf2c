"""Work done by several processes of one machine."""
