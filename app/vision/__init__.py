"""An image in, faces with expressions out. No Flask, no database, no threads."""
