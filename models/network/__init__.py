"""The network: its architecture and heads, and how it is loaded and served."""
