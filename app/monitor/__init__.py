"""The monitor process of a room, from the camera to the minutes."""
