"""The network: its weights, its card, and how both were made. `python -m models --help` says more."""
