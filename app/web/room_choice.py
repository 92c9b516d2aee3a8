"""The choice of rooms on the forms for people and keys: all of them, later ones too, or those ticked."""

from collections.abc import Sequence

from flask import request

from app.store.tables import Room
from app.web.request_checks import row_id


def chosen_rooms(rooms: Sequence[Room], unasked: list[Room] | None) -> list[Room] | None:
    """The rooms of `rooms` that the form ticks; None for all, later ones too.

    With one room the form asks nothing, and `unasked` is the answer.
    """
    if len(rooms) < 2:
        return unasked
    if request.form.get("all_rooms"):
        return None
    ticked = set(request.form.getlist("room", type=row_id))
    return [room for room in rooms if room.id in ticked]
