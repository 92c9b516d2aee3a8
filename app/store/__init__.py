"""The tables and the only SQL. Never a picture, a crop or a track."""
