"""Recordings that become lectures: add one, send it in pieces, see how far it is, cancel it.

The lectures page shows them; `static/recordings.js` sends the file and reloads the list.
"""

from datetime import UTC, datetime
from http import HTTPStatus
from zoneinfo import ZoneInfo

from flask import (
    Blueprint,
    Response,
    abort,
    current_app,
    jsonify,
    redirect,
    render_template,
    url_for,
)
from flask_login import current_user

from app.language import Translatable, translate
from app.report.wording import capital, day_and_time
from app.store import recording_queries, uploads
from app.store.audit_queries import AuditAction
from app.store.effective_settings import effective_settings, rooms_without_camera
from app.store.recording_queries import NewRecording
from app.store.recording_time import BadTime, check_time
from app.store.room_queries import zone_of
from app.store.tables import LectureRecording, RecordingState, Room
from app.web.audit import record
from app.web.extensions import current_time
from app.web.forms import BeginningForm, RecordingForm
from app.web.request_scope import current_scope
from app.web.requested_room import visible_rooms
from app.web.sending.upload_piece import PieceRefused, receive_piece

pages = Blueprint("recordings", __name__)

GB = 10**9
NO_CSRF = {"csrf": False}
"""`app.web.access` has checked the token of a session; a key needs none."""
TUS_VERSION = "1.0.0"
NOTHING_EXPECTED = Translatable("The file is complete, or was deleted.")


def recordings_for_page() -> dict:
    """What the lectures page shows of recordings, for its template."""
    form = RecordingForm(formdata=None)
    form.room.choices = _room_choices()
    return {**_listed(), "recording_form": form}


def _listed() -> dict:
    recordings = recording_queries.visible_recordings(current_scope())
    return {
        "recordings": recordings,
        "received": {each.id: uploads.size_of(each.file_key) for each in recordings},
        "remarks": {each.id: translate(recording_queries.remark_on(each) or "") for each in recordings},
        "began": {
            each.id: each.began_at and day_and_time(each.began_at, zone_of(each.room)) for each in recordings
        },
    }


def _room_choices() -> list[tuple[int, str]]:
    """The rooms that a recording can be of: one without a camera reads no faces."""
    without_camera = rooms_without_camera()
    return [(room.id, room.name) for room in visible_rooms() if room not in without_camera]


@pages.get("/recordings")
def listing():
    """The list of recordings, as a part of the lectures page."""
    return render_template("recording_list.html", **_listed())


@pages.post("/recordings")
def add():
    """Add a recording whose file is still to come; the answer says where to send it."""
    form = RecordingForm(meta=NO_CSRF)
    form.room.choices = _room_choices()
    if not form.validate():
        return _refusal(400, form.first_error(), errors={name: each[0] for name, each in form.errors.items()})
    room = next(room for room in visible_rooms() if room.id == form.room.data)
    if refusal := _too_large(form.file_bytes.data):
        return refusal
    if recording_queries.has_too_many_uploads(current_user):
        return _refusal(
            429,
            Translatable(
                "%(count)s of your recordings are still to be sent. Send them first, or cancel one.",
                count=recording_queries.MAX_UPLOADS,
            ),
        )
    try:
        new = NewRecording(
            form.title.data,
            form.course.data,
            _beginning(form.began.data, room),
            form.file_name.data,
            form.file_bytes.data,
        )
        recording = recording_queries.add_recording(room, current_user, new, current_time())
    except BadTime as error:
        return _refusal(400, error, errors={"began": translate(error)})
    except uploads.UploadRefused as error:
        return _refusal(507, error)
    record(AuditAction.RECORDING_ADDED, recording.id, room)
    headers = {"Location": url_for("recordings.offset", recording_id=recording.id)}
    return jsonify(id=recording.id), 201, headers | _tus_headers(recording)


def _too_large(file_bytes: int):
    most = current_app.config["SETTINGS"].upload_gb
    if file_bytes <= most * GB:
        return None
    size = f"{file_bytes / GB:.1f}"
    return _refusal(
        413,
        Translatable(
            "The file has %(size)s GB; at most %(most)s GB can be sent.", size=size, most=f"{most:g}"
        ),
    )


@pages.get("/recordings/<int:recording_id>")
def offset(recording_id: int):
    """How much of a recording's file has arrived, in the header Upload-Offset as tus has it."""
    recording = _own_recording_or_404(recording_id)
    is_complete = uploads.size_of(recording.file_key) == recording.file_bytes
    if recording.state == RecordingState.UPLOADING and is_complete:  # the last piece's request broke off
        recording_queries.put_in_queue(recording)
        recording = _own_recording_or_404(recording_id)
    return jsonify(id=recording.id, state=recording.state), _tus_headers(recording)


@pages.patch("/recordings/<int:recording_id>")
def receive(recording_id: int):
    """Take the next piece of a recording's file."""
    recording = _own_recording_or_404(recording_id)
    if recording.state != RecordingState.UPLOADING:
        return _refusal(410, NOTHING_EXPECTED)
    try:
        size = receive_piece(recording)
    except PieceRefused as refused:
        status, why = refused.args
        return _refusal(status, why, _tus_headers(recording))
    headers = _tus_headers(recording)
    if size == recording.file_bytes and not recording_queries.put_in_queue(recording):
        return _refusal(410, NOTHING_EXPECTED)
    return Response(status=204, headers=headers)


@pages.post("/recordings/<int:recording_id>/began")
def set_beginning(recording_id: int):
    """Store when a recording began, where its file does not say so."""
    recording, form = _own_recording_or_404(recording_id), BeginningForm(meta=NO_CSRF)
    if not form.validate():
        return _refusal(400, form.first_error())
    try:
        began_at = _beginning(form.began.data, recording.room)
        check_time(began_at, recording.seconds, _days(recording.room), current_time())
    except BadTime as error:
        return _refusal(400, error)
    if not recording_queries.store_beginning(recording, began_at):
        return _refusal(409, Translatable("When it began is already known."))
    return redirect(url_for("lectures.listing"))


@pages.post("/recordings/<int:recording_id>/remove")
def remove(recording_id: int):
    """Cancel a recording, or take one that has ended off the list. Its file is deleted."""
    recording = _own_recording_or_404(recording_id)
    if recording.state not in (RecordingState.DONE, RecordingState.FAILED):
        record(AuditAction.RECORDING_REMOVED, recording.id, recording.room)
    recording_queries.remove_recording(recording)
    return redirect(url_for("lectures.listing"))


def _own_recording_or_404(recording_id: int) -> LectureRecording:
    recording = recording_queries.find_recording(recording_id)
    if recording is None or recording not in recording_queries.visible_recordings(current_scope()):
        abort(404, Translatable("There is no recording %(number)s.", number=recording_id))
    return recording


def _beginning(typed: datetime | None, room: Room) -> datetime | None:
    """The moment at which the clock in the room showed what was typed. Raises BadTime."""
    if typed is None:
        return None
    zone: ZoneInfo = zone_of(room)
    try:
        began_at = typed.replace(tzinfo=zone).astimezone(UTC)
    except OverflowError:
        raise BadTime(Translatable("There is no such time.")) from None
    check_time(began_at, None, _days(room), current_time())
    return began_at


def _days(room: Room) -> int:
    return effective_settings(room).retention_days


def _tus_headers(recording: LectureRecording) -> dict[str, str]:
    received = recording.file_bytes
    if recording.state == RecordingState.UPLOADING:
        received = uploads.size_of(recording.file_key)
    return {
        "Tus-Resumable": TUS_VERSION,
        "Upload-Offset": str(received),
        "Upload-Length": str(recording.file_bytes),
    }


def _refusal(
    status: int, detail: object, headers: dict[str, str] | None = None, errors: dict[str, str] | None = None
):
    """Why not, in the reader's language: the page's script shows it, and `errors` at their fields."""
    title = HTTPStatus(status).phrase
    named = {name: capital(error) for name, error in (errors or {}).items()}
    return jsonify(title=title, status=status, detail=translate(detail), errors=named), status, headers or {}
