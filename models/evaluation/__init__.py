"""Measures a network's accuracy and cost, and plots both."""
