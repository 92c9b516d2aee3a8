"""What the web process and the process for tried pictures tell each other: a length, then so many bytes.

Answers are JSON, not pickles: a picture that took over a decoder would otherwise take over the web process.
"""

import json
import struct
from enum import Enum
from typing import BinaryIO

LENGTH = struct.Struct(">I")
MAX_ANSWER_BYTES = 2**25  # with the crops of a picture full of faces it has a few MB


class Request(Enum):
    """What is wanted; the first byte of a request, before the bytes of a picture."""

    ANALYSE = b"A"
    SHOW = b"S"
    """The same, with pictures for a page."""
    EXPLAIN = b"E"
    """What mattered in a crop of 48×48 pixels."""


def write_message(file: BinaryIO, *parts: bytes) -> None:
    """Write one message."""
    file.write(LENGTH.pack(sum(map(len, parts))))
    for part in parts:
        file.write(part)
    file.flush()


def read_message(file: BinaryIO, most: int | None = None) -> bytes | None:
    """Wait for one message; None at the end, or if it has more than `most` bytes."""
    head = file.read(LENGTH.size)
    if len(head) < LENGTH.size:
        return None
    (length,) = LENGTH.unpack(head)
    if most is not None and length > most:
        return None
    message = file.read(length)
    return message if len(message) == length else None


def write_answer(file: BinaryIO, answer: dict) -> None:
    """Write a dictionary as JSON."""
    write_message(file, json.dumps(answer).encode())


def read_answer(file: BinaryIO) -> dict | None:
    """Wait for a dictionary; None if there is none. Raises ValueError if it is no JSON."""
    message = read_message(file, MAX_ANSWER_BYTES)
    return None if message is None else json.loads(message)
