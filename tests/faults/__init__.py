"""What the program does while something it needs has failed."""
