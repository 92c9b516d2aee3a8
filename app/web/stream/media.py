"""The annotated picture over HTTP: the MJPEG stream and the snapshot."""

from collections.abc import Callable, Iterator
from io import BytesIO

from flask import Blueprint, Response, current_app, request
from PIL import Image

from app.language import Translatable, current_language
from app.setting_parsers import integer
from app.web.problems import problem
from app.web.recheck import Recheck
from app.web.requested_room import requested_live_room, room_route
from app.web.retry import RETRY_AFTER
from app.web.stream.hub import Hub
from app.web.stream.stream_frame import BOUNDARY, StreamFrame
from app.web.stream.viewer import TooManyStreams, Viewer

pages = Blueprint("media", __name__)

SNAPSHOT_TIMEOUT_SECONDS = 2.0
THUMBNAIL_WIDTHS = 160, 1280
THUMBNAIL_QUALITY = 75


@room_route(pages, "/stream.mjpg")
def stream():
    """Send the annotated picture again and again, at most `fps` times a second."""
    max_fps = current_app.config["SETTINGS"].stream_fps
    fps = request.args.get("fps", str(max_fps))
    try:
        viewer_fps = integer(1, max_fps)(fps)
    except ValueError:
        return problem(
            400,
            Translatable(
                "fps must be a whole number from 1 to %(most)s; %(asked)s is not.", most=max_fps, asked=fps
            ),
        )
    live_room = requested_live_room()
    hub, may_see = live_room.hub, Recheck(live_room.room_id)
    try:
        viewer = hub.add_viewer(viewer_fps, current_language(), request.environ.get("gunicorn.socket"))
    except TooManyStreams as error:
        return problem(503, error, RETRY_AFTER)
    response = Response(
        _StreamBody(hub, viewer, may_see), mimetype=f"multipart/x-mixed-replace; boundary={BOUNDARY}"
    )
    response.headers["X-Accel-Buffering"] = "no"
    return response


class _StreamBody:
    """The body of a viewer's response; when the server closes it, the viewer leaves the hub."""

    def __init__(self, hub: Hub, viewer: Viewer, may_see: Callable[[], bool]) -> None:
        self._hub = hub
        self._viewer = viewer
        self._may_see = may_see
        self._chunks = self._make_chunks()

    def __iter__(self) -> Iterator[bytes]:
        return self._chunks

    def _make_chunks(self) -> Iterator[bytes]:
        yield f"--{BOUNDARY}\r\n".encode()
        for frame in self._hub.frames(self._viewer):
            yield frame.part
            if not self._may_see():
                return

    def close(self) -> None:
        """Called by the server at the end, even when nothing was sent."""
        self._hub.remove_viewer(self._viewer)


@room_route(pages, "/snapshot.jpg")
def snapshot():
    """Send one fresh annotated picture, or the card and 503 when there is none.

    With `?width=480` it is at most that wide.
    """
    width_text = request.args.get("width")
    try:
        width = integer(*THUMBNAIL_WIDTHS)(width_text) if width_text is not None else None
    except ValueError:
        low, high = THUMBNAIL_WIDTHS
        return problem(400, Translatable("width must be from %(low)s to %(high)s.", low=low, high=high))
    frame: StreamFrame = requested_live_room().hub.snapshot(SNAPSHOT_TIMEOUT_SECONDS, current_language())
    jpeg = frame.jpeg if width is None else _scaled(frame.jpeg, width)
    return Response(jpeg, 503 if frame.is_card else 200, frame.headers, mimetype="image/jpeg")


def _scaled(jpeg: bytes, width: int) -> bytes:
    """The picture at most `width` pixels wide."""
    image = Image.open(BytesIO(jpeg))
    size = width, max(1, round(width * image.height / image.width))
    image.draft("RGB", size)  # decodes fewer pixels
    image.thumbnail(size)
    scaled = BytesIO()
    image.save(scaled, "JPEG", quality=THUMBNAIL_QUALITY)
    return scaled.getvalue()
