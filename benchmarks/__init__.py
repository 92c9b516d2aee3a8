"""What Aula costs, always beside a baseline in the same run: a machine's speed varies, ratios stay."""
