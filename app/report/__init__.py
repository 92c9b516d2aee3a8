"""A lecture as a report: figures, words, charts and files."""
