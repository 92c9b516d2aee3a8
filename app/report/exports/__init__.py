"""A report as a file: CSV, JSON, PDF, XLSX."""
