"""What reading a class costs, always beside the plain way in the same run: machines wander, ratios hold."""
