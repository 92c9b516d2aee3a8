"""What a process does when the one that started it dies."""

import ctypes
import signal
import sys

PR_SET_PDEATHSIG = 1  # <linux/prctl.h>


def wake_when_parent_dies() -> None:
    """Let the system continue this process when its parent dies while it is stopped.

    It then finds out that it is alone and ends; stopped, it would hold the camera for ever.
    """
    _signal_at_parent_death(signal.SIGCONT)


def end_when_parent_dies() -> None:
    """Let the system kill this process when the thread that started it ends."""
    _signal_at_parent_death(signal.SIGKILL)


def _signal_at_parent_death(number: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, number, 0, 0, 0)
