"""The notice for the people filmed, and the QR code that leads to it."""

from io import BytesIO
from urllib.parse import urlsplit

import segno
from flask import Blueprint, Response, render_template, url_for
from flask_babel import lazy_gettext

from app.purpose import Ground
from app.web.extensions import current_settings
from app.web.requested_room import requested_room, room_route

pages = Blueprint("notice", __name__)

GROUND_NAMES = {
    Ground.OUTSIDE_EU: lazy_gettext("the room is outside the European Union"),
    Ground.MEDICAL_OR_SAFETY: lazy_gettext("medical or safety reasons"),
    Ground.RESEARCH: lazy_gettext("research, with consent and permission"),
}


@room_route(pages, "/notice")
def notice():
    """Tell the people filmed what the camera does and what is kept."""
    room = requested_room()
    ground = GROUND_NAMES[room.ground] if room.ground else None
    return render_template("notice.html", room=room, in_force=current_settings(room), ground=ground)


@room_route(pages, "/notice.svg")
def qr_code():
    """The notice's address as a QR code, dark on white also on dark pages: many cameras read no other."""
    svg = BytesIO()
    segno.make(notice_address(), error="m").save(svg, kind="svg", light="white", border=3, scale=4)
    return Response(svg.getvalue(), mimetype="image/svg+xml")


def notice_address() -> str:
    """The notice's address, under the host name of this request."""
    return url_for("notice.notice", _external=True)


def is_only_local() -> bool:
    """Whether that address works on the server's own machine only."""
    return urlsplit(notice_address()).hostname in ("127.0.0.1", "localhost", "::1")
