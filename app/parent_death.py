"""What a process does when the one that started it dies."""

import ctypes
import signal
import sys

PR_SET_PDEATHSIG = 1  # <linux/prctl.h>


def wake_when_parent_dies() -> None:
    """Let the system continue this process when its parent dies while it is stopped.

    It then finds out that it is alone and ends; stopped, it would hold the camera for ever.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGCONT, 0, 0, 0)
