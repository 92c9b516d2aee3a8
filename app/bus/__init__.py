"""The bus between monitor and web process: its messages, and the links that carry them."""
