"""What `scripts/bench` measures, a function a part."""
