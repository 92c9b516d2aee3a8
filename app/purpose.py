"""What a room is for, which settings name and the database stores."""

from enum import StrEnum


class Purpose(StrEnum):
    """What a room reads of the people in it."""

    EXPRESSIONS = "expressions"
    PRESENCE = "presence"
    """How many there are and how many are turned to the front. The expression network is never loaded."""
    PULSE = "pulse"
    """What students say. There is no camera, and no process that could read one."""


class Ground(StrEnum):
    """Why reading expressions is allowed in a room, as an administrator confirmed it."""

    OUTSIDE_EU = "outside-eu"
    MEDICAL_OR_SAFETY = "medical-or-safety"
    RESEARCH = "research"
    """With consent and permission."""
