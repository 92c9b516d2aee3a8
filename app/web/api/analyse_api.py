"""A picture in, its faces out; nothing is kept."""

from app.trial.pipe import Request
from app.web.api.blueprint import SECURITY, api
from app.web.api.picture_schemas import TriedPictureSchema
from app.web.rate_limiter import limiter
from app.web.tried_picture import answer_of, sent_picture


@api.post("/analyse")
@limiter.limit("60/minute")
@api.output(TriedPictureSchema)
@api.doc(
    tags=["Pictures"],
    security=SECURITY,
    responses={
        409: "Every room only counts faces",
        413: "More than 32 MB",
        422: "No picture, cut off, moving, or with too many or too few pixels",
        429: "More than 60 pictures a minute",
        503: "Other pictures are being read, or this one took too long",
    },
)
def analyse():
    """Find the faces in one picture, and read the expression of each; nothing is kept.

    Send the picture as the body, or as the first file of a form. Keys that may only read can do this too.
    """
    return answer_of(Request.ANALYSE, sent_picture())
