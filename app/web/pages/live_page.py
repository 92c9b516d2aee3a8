"""The live page, and the pictures on it."""

from flask import Blueprint, Response, redirect, render_template, request, url_for

from app.language import Words, language
from app.store import lecture_queries
from app.store.effective_settings import effective_settings, is_fixed, our_room
from app.web.access import hub
from app.web.forms import LectureForm
from app.web.pages.notice_page import is_only_local
from app.web.problems import problem
from app.web.stream.hub import BOUNDARY, StreamPart, TooManyViewers, Viewer

pages = Blueprint("live", __name__)

SNAPSHOT_SECONDS = 2.0
RETRY_SECONDS = 5


@pages.get("/")
def live():
    """Show the class now; with `?view=picture` only its picture, for a second screen."""
    room = our_room()
    template = "picture.html" if request.args.get("view") == "picture" else "live.html"
    return render_template(
        template,
        room=room,
        lecture=lecture_queries.running_lecture(room),
        in_force=effective_settings(room),
        notice_is_only_local=is_only_local(),
        hide_is_fixed=is_fixed("hide_faces"),
        form=LectureForm(),
    )


@pages.get("/stream.mjpg")
def stream():
    """Send the annotated picture again and again, at most `fps` times a second."""
    most = hub().stream_fps
    fps = request.args.get("fps", str(most))
    if not fps.isdecimal() or not 1 <= int(fps) <= most:
        return problem(
            400,
            Words("fps must be a whole number from 1 to %(most)s; %(asked)s is not.", most=most, asked=fps),
        )
    try:
        viewer = hub().enter(int(fps), language(), request.environ.get("gunicorn.socket"))
    except TooManyViewers as error:
        return problem(503, error, {"Retry-After": str(RETRY_SECONDS)})
    response = Response(_Stream(hub(), viewer), mimetype=f"multipart/x-mixed-replace; boundary={BOUNDARY}")
    response.headers["X-Accel-Buffering"] = "no"
    return response


class _Stream:
    """A viewer's stream as the server sends it; the viewer leaves when it is closed."""

    def __init__(self, hub, viewer: Viewer) -> None:
        self._hub = hub
        self._viewer = viewer
        self._chunks = self._make_chunks()

    def __iter__(self):
        return self._chunks

    def _make_chunks(self):
        yield f"--{BOUNDARY}\r\n".encode()
        for part in self._hub.watch(self._viewer):
            yield part.chunk

    def close(self) -> None:
        """Called by the server at the end, also when it never began to send."""
        self._hub.leave(self._viewer)


@pages.get("/snapshot.jpg")
def snapshot():
    """Give one fresh annotated picture, or the card and 503 where there is none."""
    part: StreamPart = hub().snapshot(SNAPSHOT_SECONDS, language())
    return Response(part.jpeg, 503 if part.is_card else 200, part.headers, mimetype="image/jpeg")


@pages.post("/lectures")
def start_lecture():
    """Start a lecture from the form on the live page."""
    form = LectureForm()
    if not form.validate_on_submit():
        return problem(400, form.first_error())
    room = our_room()
    try:
        lecture_queries.start_lecture(room, form.title.data, form.course.data, hub().clock.now())
    except lecture_queries.LectureError as error:
        return problem(409, error)
    return redirect(url_for("live.live"))
