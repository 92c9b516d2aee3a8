"""Reads a subscribed calendar, in a process of its own with limits on time and memory.

A calendar comes from outside and may be built to keep its reader busy for days. So neither the monitor nor
the web process parses one, or loads the libraries that do.
"""

import json
import logging
import signal
import subprocess
import sys
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from app.language import Translatable
from app.project import PROJECT
from app.timetable.errors import DAMAGED, CalendarError
from app.timetable.planned_lecture import PlannedLecture

log = logging.getLogger(__name__)

PLANNED_DAYS = 92  # from a calendar: as long as this it may be away without a lecture being missed
CPU_SECONDS = 10  # 4,500 events take one
MAX_SECONDS = 40  # on a busy machine, with the request's 10
MEMORY_BYTES = 512 * 2**20  # 4,500 events take 84 MB

TOO_LONG = Translatable(
    "Reading the calendar takes too long: it comes too slowly, or has too many events or repetitions."
)


def read_calendar(address: str, now: datetime, zone: ZoneInfo) -> list[PlannedLecture]:
    """Fetch a calendar; gives its lectures from a day ago until PLANNED_DAYS from `now`.

    A time without a zone is in `zone`. Raises CalendarError.
    """
    start, end = now - timedelta(days=1), now + timedelta(days=PLANNED_DAYS)
    # through its stdin: the arguments of a process can be seen by everybody on the machine
    asked = {
        "address": address,
        "start": start.isoformat(),
        "end": end.isoformat(),
        "zone": zone.key,
        "cpu_seconds": CPU_SECONDS,
    }
    command = [sys.executable, "-m", "app.timetable"]
    try:
        reader = subprocess.run(
            command, input=json.dumps(asked), cwd=PROJECT, capture_output=True, text=True, timeout=MAX_SECONDS
        )
    except subprocess.TimeoutExpired:
        raise CalendarError(TOO_LONG) from None
    if reader.returncode in (-signal.SIGXCPU, -signal.SIGKILL, -signal.SIGALRM):
        raise CalendarError(TOO_LONG)
    if reader.returncode != 0:
        log.error("a calendar can't be read: %s", reader.stderr.strip().rpartition("\n")[2])
        raise CalendarError(TOO_LONG if "MemoryError" in reader.stderr else DAMAGED)
    answer = json.loads(reader.stdout)
    if "problem" in answer:
        raise CalendarError(Translatable.from_json(answer["problem"]))
    return [
        PlannedLecture(datetime.fromisoformat(begins_at), datetime.fromisoformat(ends_at), *texts)
        for begins_at, ends_at, *texts in answer["lectures"]
    ]
