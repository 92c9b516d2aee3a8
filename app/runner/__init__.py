"""Runs monitors: the lease of a room, start, watch, restart."""
