"""The network: its weights, its card, and how both were made. `python -m models --help` says more."""


class Refusal(ValueError):
    """A command can't use what it was given, or won't write what it made; one sentence says why."""
