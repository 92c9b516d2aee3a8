"""The protocol between the web process and the process for tried pictures: length-prefixed messages.

Answers are JSON, not pickles: a picture that took over a decoder would otherwise take over the web process.
"""

import json
import struct
from enum import Enum
from typing import BinaryIO

LENGTH = struct.Struct(">I")
MAX_ANSWER_BYTES = 2**25  # with the crops of a picture full of faces it has a few MB


class Request(Enum):
    """The kind of a request: its first byte, before the bytes of a picture."""

    ANALYSE = b"A"
    SHOW = b"S"
    """As ANALYSE, with pictures for a page."""
    EXPLAIN = b"E"
    """What mattered in a crop of 48×48 pixels."""


def write_message(file: BinaryIO, *parts: bytes) -> None:
    """Write the parts as one message."""
    file.write(LENGTH.pack(sum(map(len, parts))))
    for part in parts:
        file.write(part)
    file.flush()


def read_message(file: BinaryIO, max_bytes: int | None = None) -> bytes | None:
    """Wait for one message; None at the end, or if it has more than `max_bytes`."""
    head = file.read(LENGTH.size)
    if len(head) < LENGTH.size:
        return None
    (length,) = LENGTH.unpack(head)
    if max_bytes is not None and length > max_bytes:
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
