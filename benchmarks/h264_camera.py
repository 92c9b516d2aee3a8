"""A network camera that films the drawn classroom: H.264 over HTTP, as it comes out of a camera's encoder."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from http.server import BaseHTTPRequestHandler
from itertools import cycle
from threading import Event

import av
import cv2
import numpy as np

from app.demo import Classroom
from app.vision.frame import Box, Frame
from tests.http_server import HttpServer, QuietHandler

START = datetime(2026, 11, 21, 10, 2, tzinfo=UTC)
FPS = 25
NOISE_LEVELS = 3.0  # of 255, standard deviation: a camera's at daylight; it makes decoding dearer
ENCODER = {
    "preset": "veryfast",
    "x264-params": "keyint=50:scenecut=0:bframes=0:ref=1:sliced-threads=0:rc-lookahead=0",
}
BITS_A_SECOND = 4_000_000


@dataclass(frozen=True, slots=True)
class EncodedFilm:
    """Some seconds of the drawn classroom in H.264, and the truth about them."""

    packets: list[bytes]
    """One picture each; the first is a key frame."""
    facing: list[list[Box]]
    """In each picture, the faces that should be found."""
    people: list[list[Box]]
    """In each picture, all faces."""

    def frames(self, fps: int) -> Iterator[tuple[int, Frame]]:
        """Decode the film once, and give about `fps` frames a second with the number of each."""
        decoder = av.CodecContext.create("h264", "r")
        decoder.thread_count = 1
        pictures = (
            picture for packet in (*map(av.Packet, self.packets), None) for picture in decoder.decode(packet)
        )
        for number, picture in enumerate(pictures):
            if number % (FPS // fps) == 0:
                seconds = number / FPS
                image = picture.to_ndarray(format="bgr24")
                yield number, Frame(image, number + 1, START + timedelta(seconds=seconds), seconds)


def film(students: int, size: tuple[int, int], seconds: float) -> EncodedFilm:
    """Draw and encode some seconds of a class."""
    room = Classroom(students, size)
    moments = [START + timedelta(seconds=index / FPS) for index in range(round(seconds * FPS))]
    truth = [room.truth(at) for at in moments]
    encoder = av.CodecContext.create("libx264", "w")
    encoder.width, encoder.height = size
    encoder.pix_fmt, encoder.bit_rate = "yuv420p", BITS_A_SECOND
    encoder.framerate, encoder.time_base = Fraction(FPS), Fraction(1, FPS)
    encoder.options = ENCODER
    random = np.random.default_rng(0)
    noise = [random.normal(0, NOISE_LEVELS, (size[1], size[0], 3)).astype(np.int16) for _ in range(7)]
    packets: list[bytes] = []
    for index, at in enumerate(moments):
        noisy = cv2.add(room.draw(at).astype(np.int16), noise[index % len(noise)])
        picture = av.VideoFrame.from_ndarray(np.clip(noisy, 0, 255).astype(np.uint8), format="bgr24")
        picture.pts = index
        packets += map(bytes, encoder.encode(picture))
    packets += map(bytes, encoder.encode())
    return EncodedFilm(
        packets,
        [[student.box for student in students if student.is_facing] for students in truth],
        [[student.box for student in students] for students in truth],
    )


class H264Camera(HttpServer):
    """Plays a film again and again to everybody who connects: `with H264Camera(film) as camera: …`."""

    def __init__(self, film: EncodedFilm) -> None:
        self._closing = closing = Event()

        class Handler(QuietHandler):
            timeout = 10

            def do_GET(self) -> None:
                _send(self, film, closing)

        super().__init__(Handler)

    @property
    def url(self) -> str:
        return f"http://{self.host}/film.h264"

    def close(self) -> None:
        self._closing.set()
        super().close()


def _send(request: BaseHTTPRequestHandler, film: EncodedFilm, closing: Event) -> None:
    request.close_connection = True
    request.send_response(200)
    request.send_header("Content-Type", "video/h264")
    request.end_headers()
    due = time.monotonic()
    try:
        for packet in cycle(film.packets):
            request.wfile.write(packet)
            due += 1 / FPS
            if closing.wait(max(0.0, due - time.monotonic())):
                return
    except OSError:
        return  # the reader went away
