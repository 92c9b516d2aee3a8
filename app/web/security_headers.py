"""The headers that tell browsers what a page of this server may do, and what other sites may do with it."""

from flask import Flask, Response, request

FOR_CAPTURE = {"send.page", "try.page", "try.analyse", "room_settings.settings", "room_settings.first_run"}
"""Pages that may ask the browser for a camera or a window."""

HEADERS = {
    # the icons in Pico's style sheet are data: URLs
    "Content-Security-Policy": "; ".join(
        (
            "default-src 'self'",
            "img-src 'self' data:",
            "base-uri 'none'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        )
    ),
    "Cross-Origin-Resource-Policy": "same-origin",  # no other site may show the stream
    "Permissions-Policy": "camera=(), display-capture=(), geolocation=(), microphone=()",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}

CAPTURE_PERMISSIONS = "camera=(self), display-capture=(self), geolocation=(), microphone=()"


def init_app(app: Flask) -> None:
    """Set the security headers of every response."""
    app.after_request(_set_headers)


def _set_headers(response: Response) -> Response:
    if request.endpoint in FOR_CAPTURE:
        response.headers["Permissions-Policy"] = CAPTURE_PERMISSIONS
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    if "Cache-Control" not in response.headers and request.endpoint != "static":
        response.headers["Cache-Control"] = "no-store"
    return response
