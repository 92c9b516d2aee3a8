"""The process that reads a calendar: `python -m app.timetable`, for `app.timetable.calendar`."""

import json
import os
import resource
import signal
import sys
from datetime import datetime
from zoneinfo import ZoneInfo

from app.core_dump import forbid_core_dump
from app.timetable import calendar_request
from app.timetable.calendar import MAX_SECONDS, MEMORY_BYTES
from app.timetable.calendar_text import planned_in_calendar
from app.timetable.errors import CalendarError


def main() -> None:
    """Read what is asked from stdin, and write the lectures or the problem to stdout, as JSON."""
    forbid_core_dump()  # which the limit on processor time would cause; it would hold the address
    os.nice(10)  # a camera on the same machine goes first
    signal.alarm(MAX_SECONDS)  # whoever started it may have gone
    if sys.platform == "linux":  # macOS refuses this limit
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    asked = json.load(sys.stdin)
    cpu_seconds = asked["cpu_seconds"]
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds + 1))
    start, end = (datetime.fromisoformat(asked[name]) for name in ("start", "end"))
    try:
        calendar = calendar_request.fetch(asked["address"])
        lectures = planned_in_calendar(calendar, start, end, ZoneInfo(asked["zone"]))
    except CalendarError as error:
        json.dump({"problem": error.args[0].as_json()}, sys.stdout)
        return
    rows = [
        [each.begins_at.isoformat(), each.ends_at.isoformat(), each.title, each.course, each.teacher]
        for each in lectures
    ]
    json.dump({"lectures": rows}, sys.stdout)


main()
