"""What the monitor and the web process tell each other."""
