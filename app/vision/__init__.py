"""A picture in, faces with expressions out. No Flask, no database, no threads."""
