"""The better face detector: an administrator installs it for all rooms, or goes back to the cascades."""

import subprocess
import sys

from flask import Blueprint, abort, current_app, flash, redirect, render_template, request, url_for
from flask_babel import gettext

from app.language import Translatable, current_language
from app.project import PROJECT
from app.store import detector_file, room_queries
from app.store.audit_queries import AuditAction
from app.store.changes import note_change
from app.store.detector_file import effective_detector
from app.store.effective_settings import is_set_by_environment
from app.vision.detection.yunet_file import PUBLISHED_URL
from app.vision.detector_choice import CASCADES
from app.web.audit import record
from app.web.rate_limiter import limiter
from app.web.request_scope import current_scope
from app.web.requested_room import requested_room, room_route
from app.web.upload_slot import stop_deadline

pages = Blueprint("detector", __name__)

SECONDS = 100.0  # to start, fetch 0.2 MB and try it on a busy machine


@room_route(pages, "/settings/detector")
def page():
    """Show which detector is in use, and offer the other one."""
    requested_room()  # the header and the links back are that room's
    return render_template("detector_page.html")


@room_route(pages, "/settings/detector", methods=["POST"])
@limiter.limit("10/minute")
def install():
    """Install YuNet, from the OpenCV Zoo or as it was sent, and use it in all rooms."""
    if refusal := _refusal_of_change():
        return refusal
    sent = request.files.get("file")
    weights = sent.read() if sent else None
    stop_deadline()
    if sent is not None and not weights:
        return _refused(gettext("Choose the file first."))
    if (problem := _install(weights)) is not None:
        return _refused(problem)
    _change("YuNet")
    flash(gettext("YuNet is installed and in use."))
    return redirect(url_for("detector.page"))


@room_route(pages, "/settings/detector/remove", methods=["POST"])
def remove():
    """Go back to the cascades in all rooms."""
    if refusal := _refusal_of_change():
        return refusal
    try:
        detector_file.remove()
    except OSError as error:
        return _refused(gettext("The file can't be deleted: %(cause)s.", cause=error.strerror))
    _change("cascades")
    flash(gettext("The cascades are in use again."))
    return redirect(url_for("detector.page"))


@pages.app_context_processor
def _for_templates() -> dict:
    """What `detector.html` shows; the page of settings includes it."""
    return {
        "detector_is_fixed": lambda: is_set_by_environment("detector"),
        "uses_yunet": lambda: effective_detector() != CASCADES,
        "yunet_address": PUBLISHED_URL,
        "has_redis": current_app.config["SETTINGS"].redis_url is not None,
    }


def _refusal_of_change() -> tuple[str, int] | None:
    """The answer where DETECTOR decides; None where it does not.

    Turns away a room that is not there, and a key that is for some rooms only.
    """
    requested_room()
    if current_scope().room_ids is not None:
        abort(403, Translatable("This key is for some rooms only, and the detector is that of all rooms."))
    if is_set_by_environment("detector"):
        return _refused(gettext("DETECTOR is set in the server's environment and can only be changed there."))
    return None


def _install(weights: bytes | None) -> str | None:
    """Have a process install what was sent or, for None, what the OpenCV Zoo gives; why it did not, in words.

    OpenCV, which tries the file, stays out of this process.
    """
    source = PUBLISHED_URL if weights is None else "-"
    folder = detector_file.folder()
    command = [sys.executable, "-m", "app.detector", str(folder), source, current_language()]
    try:
        done = subprocess.run(
            command, cwd=PROJECT, input=weights or b"", stdout=subprocess.PIPE, timeout=SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        return gettext(
            "It took longer than %(count)s s. Nothing was changed. If the server has no internet, upload the "
            "file.",
            count=round(SECONDS),
        )
    if done.returncode == 0:
        return None
    said = done.stdout.decode().strip()
    return said or gettext("The process that installs it crashed; the server's log has the details.")


def _change(detector: str) -> None:
    """Tell every room's monitor, and record who chose the detector."""
    for room in room_queries.rooms_in_use():
        note_change(room.id)
    record(AuditAction.DETECTOR_CHANGED, detector)


def _refused(problem: str) -> tuple[str, int]:
    current_app.logger.warning("the face detector was not changed: %s", problem)
    return render_template("detector_page.html", problem=problem), 422
