"""Frames that browsers and scripts send to a room whose camera is `browser`."""
