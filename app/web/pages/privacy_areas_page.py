"""The privacy areas of the picture: drawn on a snapshot, or entered as numbers beside it."""

import numpy as np
from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext

from app.camera.spec import hide_password
from app.store import room_queries
from app.store.audit_queries import AuditAction
from app.store.effective_settings import effective_settings
from app.store.tables import Room
from app.vision.privacy_area import MAX_AREAS, PrivacyArea, blank
from app.web.audit import record
from app.web.extensions import hub, reload_settings
from app.web.problems import problem
from app.web.requested_room import requested_room, room_route

pages = Blueprint("areas", __name__)

SIDES = PrivacyArea._fields
MAX_COVERED = 0.9  # of the picture; a picture that is all covered would count as black
MIN_SIDE = 0.01  # of the picture; a smaller area is a slip of the hand
DIGITS = 3  # of a fraction: a tenth of a per cent is about a pixel


@room_route(pages, "/settings/areas", methods=["GET", "POST"])
def areas():
    """Show the areas in force, or store new ones. `app.web.access` lets only administrators in."""
    room = requested_room()
    if request.method == "GET":
        return _page(room, [_as_percentages(area) for area in effective_settings(room).areas], errors=[])
    columns = [[text.strip() for text in request.form.getlist(side)] for side in SIDES]
    if len({len(column) for column in columns}) != 1:
        return problem(400, gettext("Each area needs four numbers: left, top, width and height."))
    rows = [row for row in zip(*columns, strict=True) if any(row)]
    areas, errors = _parse(rows)
    if errors:
        return _page(room, rows, errors), 400
    _store(room, areas)
    flash(gettext("Saved. The changes take effect within two seconds."))
    return redirect(url_for("areas.areas"))


def _page(room: Room, rows: list[tuple[str, ...]], errors: list[str]) -> str:
    camera = hide_password(effective_settings(room).camera)
    drawn_for = room.areas_camera if room.areas_camera != camera else None
    return render_template(
        "areas.html",
        sides=SIDES,
        rows=rows,
        max_areas=MAX_AREAS,
        errors=errors,
        camera=camera,
        drawn_for=drawn_for,
        pictures=_proposed_rows(room),
    )


def _proposed_rows(room: Room) -> list[tuple[str, ...]]:
    """An area for each picture of a face, such as a poster, that has none, if there may be more areas."""
    status, areas = hub(room).status, effective_settings(room).areas
    pictures = status.pictures if status else ()
    uncovered = [each for each in pictures if not any(area.contains_centre_of(each) for area in areas)]
    return [_as_percentages(area) for area in uncovered[: MAX_AREAS - len(areas)]]


def _parse(rows: list[tuple[str, ...]]) -> tuple[list[PrivacyArea], list[str]]:
    """The areas in `rows`, which hold percentages, and a sentence for everything that is wrong with them."""
    areas, errors = [], []
    if len(rows) > MAX_AREAS:
        errors.append(
            gettext(
                "At most %(limit)s areas are allowed; there are %(count)s.", limit=MAX_AREAS, count=len(rows)
            )
        )
    for number, row in enumerate(rows, 1):
        try:
            areas.append(_parse_area(row))
        except ValueError as error:
            errors.append(gettext("Area %(number)s: %(error)s", number=number, error=error))
    if _covered_share(areas) > MAX_COVERED:
        errors.append(
            gettext("Leave at least a tenth of the picture uncovered. To stop the analysis, pause the room.")
        )
    return areas, errors


def _covered_share(areas: list[PrivacyArea]) -> float:
    """The share of the picture that the areas cover together, 0 to 1, accurate to a hundredth."""
    picture = np.zeros((200, 200), np.uint8)
    blank(picture, areas)
    return float((picture != 0).mean())


def _parse_area(row: tuple[str, ...]) -> PrivacyArea:
    """The area that four percentages give; ValueError says what is wrong with them."""
    try:
        area = PrivacyArea(*(round(float(text.replace(",", ".")) / 100, DIGITS) for text in row))
    except ValueError:
        raise ValueError(gettext("all four numbers must be between 0 and 100.")) from None
    if not all(0 <= side <= 1 for side in area):
        raise ValueError(gettext("all four numbers must be between 0 and 100."))
    if min(area.width, area.height) < MIN_SIDE:
        raise ValueError(gettext("width and height must be at least 1."))
    if round(area.left + area.width, DIGITS) > 1:
        raise ValueError(gettext("it extends past the right edge: left plus width is more than 100."))
    if round(area.top + area.height, DIGITS) > 1:
        raise ValueError(gettext("it extends past the bottom edge: top plus height is more than 100."))
    return area


def _as_percentages(area: PrivacyArea) -> tuple[str, ...]:
    return tuple(f"{100 * side:.1f}".removesuffix(".0") for side in area)


def _store(room: Room, areas: list[PrivacyArea]) -> None:
    camera = hide_password(effective_settings(room).camera)
    room_queries.change_room(room, areas=areas or None, areas_camera=camera if areas else None)
    record(AuditAction.AREAS_CHANGED, len(areas), room)
    reload_settings(room)
