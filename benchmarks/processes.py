"""Memory and processor time of processes, from Linux's /proc."""

import os
from pathlib import Path


def family(pid: int) -> list[int]:
    """A process and all its descendants."""
    threads = Path(f"/proc/{pid}/task").iterdir()
    children = [int(child) for thread in threads for child in (thread / "children").read_text().split()]
    return [pid, *(member for child in children for member in family(child))]


def megabytes(pids: list[int]) -> float:
    """Memory of the processes: their own, plus their share of what several use (Pss)."""
    return sum(_kilobytes(pid) for pid in pids) / 1024


def cpu_seconds(pids: list[int]) -> float:
    """Processor time that the processes have used so far."""
    return sum(_ticks(pid) for pid in pids) / os.sysconf("SC_CLK_TCK")


def _kilobytes(pid: int) -> int:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))


def _ticks(pid: int) -> int:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])  # utime and stime
