"""What somebody may see; with a key, only what the key grants."""

from dataclasses import dataclass

from app.store.tables import Room, Token, User


@dataclass(frozen=True, slots=True)
class Scope:
    """The rooms and lectures that a session or a key opens; None for room ids means all rooms."""

    user_id: int | None
    is_administrator: bool
    room_ids: frozenset[int] | None
    """The rooms that may be watched."""
    lecture_room_ids: frozenset[int] | None
    """The rooms whose lectures may be read: a user keeps their own when a room is taken from them."""

    def has_room(self, room: Room) -> bool:
        """Whether the room may be watched."""
        return self.room_ids is None or room.id in self.room_ids


EVERYTHING = Scope(user_id=None, is_administrator=True, room_ids=None, lecture_room_ids=None)
"""What a command on the server may see."""

NOTHING = Scope(user_id=None, is_administrator=False, room_ids=frozenset(), lecture_room_ids=frozenset())
"""What a stranger may see."""


def scope_of(user: User, token: Token | None = None) -> Scope:
    """What a user may see, signed in or with one of their keys. May query the database."""
    of_user = None if user.is_administrator or user.has_all_rooms else _ids(user.rooms)
    of_token = None if token is None or token.has_all_rooms else _ids(token.rooms)
    both = of_token if of_user is None else of_user if of_token is None else of_user & of_token
    return Scope(user.id, user.is_administrator, both, of_token)


def _ids(rooms: list[Room]) -> frozenset[int]:
    return frozenset(room.id for room in rooms)
