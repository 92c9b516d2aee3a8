"""Labelled faces: reading, checking and counting them, and finding the same photograph twice."""
