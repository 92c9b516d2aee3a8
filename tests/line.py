"""A line between two programs that can be cut: what is sent then arrives nowhere, and nobody is told."""

import contextlib
import socket
import threading


class Line:
    """Forwards TCP connections on `port` to another port of this machine: `with Line(port) as line: …`.

    `cut()` loses everything from then on; `mend()` carries what new connections send, while those from before
    stay dead.
    """

    def __init__(self, to: int) -> None:
        self._to = to
        self._is_cut = threading.Event()
        self._ends: list[socket.socket] = []
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = self._server.getsockname()[1]
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def cut(self) -> None:
        self._is_cut.set()

    def mend(self) -> None:
        self._is_cut.clear()

    def __enter__(self) -> "Line":
        return self

    def __exit__(self, *_: object) -> None:
        for end in (self._server, *self._ends):
            with contextlib.suppress(OSError):  # closed by the other side
                end.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        for end in (self._server, *self._ends):
            end.close()

    def _accept(self) -> None:
        while True:
            try:
                ours, _ = self._server.accept()
            except OSError:  # the line is taken down
                return
            theirs = socket.create_connection(("127.0.0.1", self._to))
            self._ends += [ours, theirs]
            for ends in ((ours, theirs), (theirs, ours)):
                self._threads.append(threading.Thread(target=self._carry, args=ends))
                self._threads[-1].start()

    def _carry(self, source: socket.socket, sink: socket.socket) -> None:
        is_dead = self._is_cut.is_set()
        with contextlib.suppress(OSError):
            while data := source.recv(2**16):
                is_dead = is_dead or self._is_cut.is_set()
                if not is_dead:
                    sink.sendall(data)
            if not is_dead:
                sink.shutdown(socket.SHUT_WR)
