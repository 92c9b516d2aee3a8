"""What a room's camera is for, which settings name and the database stores."""

from enum import StrEnum


class Purpose(StrEnum):
    """What a room reads of the faces in view."""

    EXPRESSIONS = "expressions"
    PRESENCE = "presence"
    """How many there are and how many are turned to the front. The expression network is never loaded."""


class Ground(StrEnum):
    """Why reading expressions is allowed in a room, as an administrator confirmed it."""

    OUTSIDE_EU = "outside-eu"
    MEDICAL_OR_SAFETY = "medical-or-safety"
    RESEARCH = "research"
    """With consent and permission."""
