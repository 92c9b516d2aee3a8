"""The file of the better face detector: fetched, checked, tried and installed."""
