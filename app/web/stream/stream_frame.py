"""A frame of the MJPEG stream: an annotated picture, or the card shown in its place."""

import time
from dataclasses import dataclass, field
from functools import cached_property

BOUNDARY = "frame"


@dataclass(frozen=True)
class StreamFrame:
    """One JPEG, the same object for all viewers."""

    sequence: int
    captured_at: float
    """Unix seconds; for a card, when it was drawn."""
    jpeg: bytes
    is_card: bool
    received_at: float = field(default_factory=time.monotonic)
    """When the web process got it, monotonic seconds."""

    @property
    def headers(self) -> dict[str, str]:
        """The headers of `/snapshot.jpg` and of each part of the stream."""
        return {"X-Sequence": str(self.sequence), "X-Captured-At": f"{self.captured_at:.3f}"}

    @cached_property
    def part(self) -> bytes:
        """The frame as a part of `multipart/x-mixed-replace`, made once for all viewers.

        It ends with the boundary of the next part: a browser paints a picture when it sees that.
        """
        headers = {"Content-Type": "image/jpeg", "Content-Length": str(len(self.jpeg)), **self.headers}
        head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        return b"".join((head.encode(), b"\r\n", self.jpeg, f"\r\n--{BOUNDARY}\r\n".encode()))
