"""Tells people and programs when something is wrong: the rules, the addresses, the sending."""
