"""The MJPEG stream: the newest picture, and the viewers who wait for it."""
