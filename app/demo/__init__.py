"""The drawn classroom: a camera without a camera, whose faces are drawn here and whose truth is known.

It needs no device and shows no real person, so it is the default source, the tests' fixture and the load
generator in one.
"""

from app.demo.classroom import Classroom, Student
from app.demo.script import LECTURE_SECONDS, shares

__all__ = ["LECTURE_SECONDS", "Classroom", "Student", "shares"]
