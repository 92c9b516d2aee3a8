"""A real RTSP camera for tests, which sends one picture over UDP and wants the sign-in it is told to."""

import io
import re
import socket
import struct
from threading import Event, Thread

import numpy as np
from PIL import Image

QUALITY = 50
SIZE = (160, 120)
FRAGMENT_BYTES = 1000


class RtspCamera:
    """Serves RTP/JPEG (RFC 2435) at `url`: `with RtspCamera() as camera: …`.

    It refuses RTP over TCP. With `challenge`, every request is answered with 401 and that header. `media` is
    what it describes.
    """

    def __init__(self, challenge: str | None = None, media: str = "video") -> None:
        self.challenge = challenge
        self.media = media
        self.transports: list[str] = []
        self._closing = Event()
        self._server = socket.create_server(("127.0.0.1", 0))
        self._server.settimeout(0.05)
        self._threads = [Thread(target=self._accept)]

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self._server.getsockname()[1]}"

    def __enter__(self) -> "RtspCamera":
        self._threads[0].start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.set()
        for thread in self._threads:
            thread.join()
        self._server.close()

    def _accept(self) -> None:
        while not self._closing.is_set():
            try:
                connection, _ = self._server.accept()
            except TimeoutError:
                continue
            thread = Thread(target=self._serve, args=(connection,))
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.bind(("127.0.0.1", 0))
            connection.settimeout(0.05)
            port = None
            while not self._closing.is_set():
                try:
                    request = connection.recv(4096).decode()
                except TimeoutError:
                    continue
                except ConnectionError:
                    return
                if not request:
                    return
                method = request.partition(" ")[0]
                if transport := re.search(r"(?im)^Transport: (.*?)\r?$", request):
                    self.transports.append(transport[1])
                    found = re.search(r"client_port=(\d+)", transport[1])
                    port = int(found[1]) if found else None
                answer = self._answer(method, request, port, sender.getsockname()[1])
                connection.sendall(answer.encode())
                if method == "PLAY":
                    Thread(target=self._send, args=(sender.dup(), port), daemon=True).start()

    def _answer(self, method: str, request: str, port: int | None, own_port: int) -> str:
        number = re.search(r"(?i)CSeq: *(\d+)", request)[1]
        status, headers, body = "200 OK", "", ""
        if self.challenge is not None:
            status, headers = "401 Unauthorized", f"WWW-Authenticate: {self.challenge}\r\n"
        elif method == "OPTIONS":
            headers = "Public: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN\r\n"
        elif method == "DESCRIBE":
            kind = "26" if self.media == "video" else "0"
            body = f"v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\nm={self.media} 0 RTP/AVP {kind}\r\n"
            headers = f"Content-Type: application/sdp\r\nContent-Length: {len(body)}\r\n"
        elif method == "SETUP" and port is None:
            status = "461 Unsupported Transport"
        elif method == "SETUP":
            ports = f"client_port={port}-{port + 1};server_port={own_port}-{own_port + 1}"
            headers = f"Session: 7\r\nTransport: RTP/AVP;unicast;{ports}\r\n"
        return f"RTSP/1.0 {status}\r\nCSeq: {number}\r\n{headers}\r\n{body}"

    def _send(self, sender: socket.socket, port: int) -> None:
        scan, sequence = _scan(), 0
        with sender:
            for frame in range(1000):
                for offset in range(0, len(scan), FRAGMENT_BYTES):
                    piece = scan[offset : offset + FRAGMENT_BYTES]
                    marker = 0x80 if offset + FRAGMENT_BYTES >= len(scan) else 0
                    rtp = struct.pack(">BBHII", 0x80, marker | 26, sequence & 0xFFFF, frame * 3600, 7)
                    jpeg = struct.pack(">I", offset) + bytes((1, QUALITY, SIZE[0] // 8, SIZE[1] // 8))
                    sender.sendto(rtp + jpeg + piece, ("127.0.0.1", port))
                    sequence += 1
                if self._closing.wait(0.02):
                    return


def _scan() -> bytes:
    """The entropy-coded part of a JPEG with the tables that RFC 2435 assumes."""
    noise = np.random.default_rng(3).integers(90, 140, (SIZE[1], SIZE[0], 3), dtype=np.uint8)
    file = io.BytesIO()
    Image.fromarray(noise).save(file, "JPEG", quality=QUALITY, subsampling="4:2:0")
    jpeg = file.getvalue()
    start = jpeg.index(b"\xff\xda")
    return jpeg[start + 2 + int.from_bytes(jpeg[start + 2 : start + 4]) : -2]
