"""The drawn classroom: students drawn here, whose expressions are known at every moment.

It needs no device and shows no real person. So it is the default source, the tests' fixture and the load
generator in one.
"""

from app.demo.classroom import Classroom, Student
from app.demo.script import LECTURE_SECONDS, shares

__all__ = ["LECTURE_SECONDS", "Classroom", "Student", "shares"]
