"""Responses are compressed where that is safe.

The length of a compressed page tells how much of the address occurs in the page, so another site could guess
a page's secrets letter by letter (BREACH, Prado et al. 2013). It would have to make the visitor's browser
send the requests, and browsers say so in `Sec-Fetch-Site`. Those answers stay as they are, and so do those to
browsers that don't say. Pictures, streams and events are never compressed: they are none of KINDS.
"""

from flask import Flask, Response, request
from flask_compress import Compress

from app.web.authentication import bearer_token

KINDS = ["text/html", "text/css", "text/javascript", "application/json", "image/svg+xml"]
METHODS = ["br", "gzip"]
MIN_BYTES = 1000  # less fits into one packet anyway
OWN = ("same-origin", "none")
"""What `Sec-Fetch-Site` says when a page of this server asks, or a person who typed the address."""

compress = Compress()


def init_app(app: Flask) -> None:
    """Compress what every request is answered with."""
    app.config.from_mapping(
        COMPRESS_REGISTER=False,  # _compress decides
        COMPRESS_MIMETYPES=KINDS,
        COMPRESS_ALGORITHM=METHODS,
        COMPRESS_STREAMS=False,
        COMPRESS_MIN_SIZE=MIN_BYTES,
    )
    compress.init_app(app)
    app.after_request(_compress)


def _compress(response: Response) -> Response:
    """Compress a whole answer; not a part of a file, which is counted in its own bytes."""
    if response.status_code != 200 or response.mimetype not in KINDS or not _is_safe():
        return response
    if request.endpoint == "static":
        tag, _ = response.get_etag()
        sent = [each for each in METHODS if request.if_none_match.contains_weak(f"{tag}:{each}")]
        if sent:  # the browser has it compressed: no need to read it again
            response.set_etag(f"{tag}:{sent[0]}")
            return response.make_conditional(request)
        response.direct_passthrough = False
        response.make_sequence()  # the file was to be sent piece by piece
    return compress.after_request(response)


def _is_safe() -> bool:
    """Whether no other site can have made a browser ask for something secret."""
    if request.endpoint in ("static", "style.palette"):
        return True  # the same for everybody
    # a page of another site can't send a key
    return request.headers.get("Sec-Fetch-Site") in OWN or bearer_token() is not None
