"""Who runs monitors: start, watch, restart."""
