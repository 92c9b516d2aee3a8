"""The MJPEG stream: the newest picture and who watches it."""
