"""The parts of the picture that are left out: drawn on a snapshot, or given as numbers beside it."""

import numpy as np
from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext

from app.camera.spec import hide_password
from app.store import room_queries
from app.store.effective_settings import configured_room, effective_settings
from app.store.tables import Room
from app.vision.privacy_area import MAX_AREAS, PrivacyArea, blank
from app.web.extensions import hub
from app.web.problems import problem

pages = Blueprint("areas", __name__)

SIDES = PrivacyArea._fields
MOST_COVERED = 0.9  # of the picture; one that is covered would be called black
SMALLEST = 0.01  # of the picture; a smaller area is a slip of the hand
DIGITS = 3  # of a fraction: a tenth of a per cent is about a pixel


@pages.route("/settings/areas", methods=["GET", "POST"])
def areas():
    """Show the areas in force, or store those that were drawn. `app.web.access` lets no others in."""
    room = configured_room()
    if request.method == "GET":
        return _page(room, [_written(area) for area in effective_settings(room).areas], errors=[])
    columns = [[text.strip() for text in request.form.getlist(side)] for side in SIDES]
    if len({len(column) for column in columns}) != 1:
        return problem(400, gettext("Each area has four numbers: left, top, width and height."))
    rows = [row for row in zip(*columns, strict=True) if any(row)]
    areas, errors = _read(rows)
    if errors:
        return _page(room, rows, errors), 400
    _store(room, areas)
    flash(gettext("Saved. It is in force within two seconds."))
    return redirect(url_for("areas.areas"))


def _page(room: Room, rows: list[tuple[str, ...]], errors: list[str]) -> str:
    camera = hide_password(effective_settings(room).camera)
    drawn_for = room.areas_camera if room.areas_camera != camera else None
    return render_template(
        "areas.html",
        sides=SIDES,
        rows=rows,
        most=MAX_AREAS,
        errors=errors,
        camera=camera,
        drawn_for=drawn_for,
    )


def _read(rows: list[tuple[str, ...]]) -> tuple[list[PrivacyArea], list[str]]:
    """The areas that were filled in, in per cent, and a sentence for each that can't be one."""
    areas, errors = [], []
    if len(rows) > MAX_AREAS:
        errors.append(
            gettext("There may be %(most)s areas; these are %(count)s.", most=MAX_AREAS, count=len(rows))
        )
    for number, row in enumerate(rows, 1):
        try:
            areas.append(_area(row))
        except ValueError as error:
            errors.append(gettext("Area %(number)s: %(error)s", number=number, error=error))
    if _covered(areas) > MOST_COVERED:
        errors.append(gettext("Leave at least a tenth of the picture. To look at nothing, pause the room."))
    return areas, errors


def _covered(areas: list[PrivacyArea]) -> float:
    """The part of the picture in any of the areas, 0 to 1, give or take a hundredth."""
    picture = np.zeros((200, 200), np.uint8)
    blank(picture, areas)
    return float((picture != 0).mean())


def _area(row: tuple[str, ...]) -> PrivacyArea:
    """An area from four numbers in per cent; raises ValueError, saying what is wrong with them."""
    try:
        area = PrivacyArea(*(round(float(text.replace(",", ".")) / 100, DIGITS) for text in row))
    except ValueError:
        raise ValueError(gettext("each of its four numbers must be one from 0 to 100.")) from None
    if not all(0 <= side <= 1 for side in area):
        raise ValueError(gettext("each of its four numbers must be one from 0 to 100."))
    if min(area.width, area.height) < SMALLEST:
        raise ValueError(gettext("width and height must be at least 1."))
    if round(area.left + area.width, DIGITS) > 1:
        raise ValueError(gettext("it reaches over the right edge: left and width make more than 100."))
    if round(area.top + area.height, DIGITS) > 1:
        raise ValueError(gettext("it reaches over the lower edge: top and height make more than 100."))
    return area


def _written(area: PrivacyArea) -> tuple[str, ...]:
    return tuple(f"{100 * side:.1f}".removesuffix(".0") for side in area)


def _store(room: Room, areas: list[PrivacyArea]) -> None:
    camera = hide_password(effective_settings(room).camera)
    room_queries.change_room(room, areas=areas or None, areas_camera=camera if areas else None)
    hub().reload_settings(effective_settings)
