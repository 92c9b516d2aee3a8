"""Finding the faces in an image."""
