"""The folder of uploads: where a recording lies while it is read, a day at most."""

import fcntl
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import BinaryIO

from flask import current_app

from app.language import Translatable

FOLDER = "uploads"
"""In the folder of the installation; all machines share it."""
LIFETIME = timedelta(days=1)
RESERVED_BYTES = 10**9
"""Of the disk: an upload must not take the space that the minutes of live lectures need."""


class UploadRefused(Exception):
    """An upload is refused; its argument, `Translatable`, says why."""


def folder() -> Path:
    """Where the files are; only the program can look into it."""
    path = Path(current_app.instance_path) / FOLDER
    path.mkdir(mode=0o700, exist_ok=True)
    return path


def create(now: datetime) -> str:
    """Make an empty file and give its key, which begins with the time at which it was made."""
    key = f"{now.timestamp():.0f}-{secrets.token_hex(8)}"
    os.close(os.open(folder() / key, os.O_CREAT | os.O_EXCL, 0o600))
    return key


def path_of(key: str) -> Path:
    """The file of this key."""
    return folder() / key


def size_of(key: str) -> int:
    """How many bytes have arrived; 0 if the file is gone."""
    try:
        return path_of(key).stat().st_size
    except FileNotFoundError:
        return 0


@contextmanager
def opened_to_append(key: str) -> Iterator[BinaryIO | None]:
    """The file, for one request at a time; None if another one is writing. Raises FileNotFoundError."""
    with open(path_of(key), "r+b", buffering=0) as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield None
            return
        file.seek(0, os.SEEK_END)
        yield file


def check_space(needed_bytes: int) -> None:
    """Raise UploadRefused unless this many bytes fit on the disk, with RESERVED_BYTES left over."""
    free = shutil.disk_usage(folder()).free - RESERVED_BYTES
    if needed_bytes > free:
        raise UploadRefused(
            Translatable(
                "The server's disk has room for %(free)s MB, and %(needed)s MB are needed. "
                "Ask an administrator to free some, or add a smaller recording.",
                free=max(0, free // 10**6),
                needed=-(-needed_bytes // 10**6),
            )
        )


def delete(key: str) -> None:
    """Delete the file of this key, if it is there."""
    path_of(key).unlink(missing_ok=True)


def delete_old(now: datetime) -> None:
    """Delete every file that was made LIFETIME ago, whatever it is waiting for."""
    for path in folder().glob("*-*"):
        seconds, _, _ = path.name.partition("-")
        if seconds.isdecimal() and now - datetime.fromtimestamp(int(seconds), UTC) >= LIFETIME:
            path.unlink(missing_ok=True)
