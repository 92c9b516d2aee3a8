"""The shipped network's architecture and its training."""
