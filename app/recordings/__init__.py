"""Pictures and videos that were taken before, read as the monitor reads its camera."""
