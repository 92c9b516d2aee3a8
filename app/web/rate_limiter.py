"""The limiter of how often each address may use an endpoint."""

from flask_limiter import Limiter
from flask_limiter.util import get_remote_address

limiter = Limiter(get_remote_address)  # counts in RATELIMIT_STORAGE_URI
