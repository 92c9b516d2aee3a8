"""The pulse: what students say about how they follow, and what of it may be shown."""
