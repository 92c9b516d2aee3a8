"""What attackers try."""
