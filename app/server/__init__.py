"""How gunicorn listens, receives requests and ends."""
