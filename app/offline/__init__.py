"""Pictures and recordings from files."""
