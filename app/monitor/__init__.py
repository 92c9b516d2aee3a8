"""The background worker: one process for a room, from the camera to the minutes."""
