"""The roles of people, which settings name and the database stores."""

from enum import StrEnum


class Role(StrEnum):
    """What somebody may do; `app.web.permissions` has the table."""

    ADMINISTRATOR = "administrator"
    TEACHER = "teacher"
    VIEWER = "viewer"
