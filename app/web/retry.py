"""When a client may repeat a request that was answered with 503."""

RETRY_SECONDS = 5
RETRY_AFTER = {"Retry-After": str(RETRY_SECONDS)}
"""The header of such a response."""
