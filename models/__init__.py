"""The network: its weights, its card, and what made both. `python -m models --help` lists commands."""


class CommandError(ValueError):
    """A command can't use its input, or won't write its output; the message is one sentence for people."""
