"""A picture that somebody tries: analysed in a process of its own, answered, and dropped."""
