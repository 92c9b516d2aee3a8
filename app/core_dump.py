"""Crashes: the core file that the system may write holds everything in memory, pictures too."""

import ctypes
import resource
import sys

PR_SET_DUMPABLE = 4  # <linux/prctl.h>


def forbid_core_dump() -> None:
    """Let no crash of this process write a core file, nor pass one to a crash reporter."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":  # a crash reporter is not bound by the limit
        ctypes.CDLL(None).prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)
