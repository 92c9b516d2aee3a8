"""Architectures that were tried and are not shipped. `README.md` says which, and what they gave."""
