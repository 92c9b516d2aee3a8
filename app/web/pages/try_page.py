"""The page on which one tries a picture: each face with its scores, and why. Nothing is kept."""

import base64

from flask import Blueprint, abort, render_template, request

from app.language import Translatable
from app.trial.pipe import Request
from app.web.rate_limiter import limiter
from app.web.tried_picture import answer_of, refusal, sent_picture
from app.web.upload_slot import MAX_TRIED_BYTES, stop_deadline

pages = Blueprint("try", __name__)

DETECTORS = {
    "frontal": Translatable("the first frontal cascade"),
    "frontal-alt": Translatable("the second frontal cascade"),
    "profile": Translatable("the profile cascade"),
    "profile-mirrored": Translatable("the profile cascade, mirrored"),
    "rolled-clockwise": Translatable("the second frontal cascade, on the rotated picture"),
    "rolled-anticlockwise": Translatable("the second frontal cascade, on the rotated picture"),
    "yunet": Translatable("YuNet"),
}


@pages.get("/try")
def page():
    """Show where to drop a picture."""
    return _rendered(None)


@pages.post("/try")
@limiter.limit("30/minute")
def analyse():
    """Show the picture with its faces."""
    return _rendered(answer_of(Request.SHOW, sent_picture()))


@pages.post("/try/why")
@limiter.limit("120/minute")
def explain():
    """Give a map of what mattered in a crop, which the page sends back, as JSON."""
    try:
        crop = base64.b64decode(request.form.get("crop", ""), validate=True)
        stop_deadline()
    except ValueError:  # binascii's, or a letter that is no ASCII
        abort(422, Translatable("This is not the crop of a face."))
    return answer_of(Request.EXPLAIN, crop)


def _rendered(tried: dict | None) -> str:
    return render_template(
        "try.html",
        tried=tried,
        refusal=refusal(),
        detectors=DETECTORS,
        most_megabytes=MAX_TRIED_BYTES // 2**20,
    )
