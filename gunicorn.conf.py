"""How gunicorn serves: one worker that owns the one monitor, and a thread for each viewer."""

import os
import socket
import sys

from app import PROJECT
from app.settings import SettingError, read_settings

try:
    settings = read_settings(os.environ, PROJECT / ".env")
except SettingError as error:
    sys.exit(f"Aula can't start: {error}")

SEND_BYTES = 2**17  # the system doubles it, for its own use
SPARE_THREADS = 16  # for pages, JSON and health while every viewer holds a thread

bind = f"{settings.host}:{settings.port}"
worker_class = "gthread"
threads = settings.max_viewers + SPARE_THREADS
worker_connections = threads + 100
graceful_timeout = 4
timeout = 60
keepalive = 5
control_socket_disable = True  # it would lie in the home folder
forwarded_allow_ips = "*" if settings.trusted_proxies else "127.0.0.1"
workers = 1


def on_starting(server):
    """Hold to one worker whatever WEB_CONCURRENCY or the command line says: one camera has one owner."""
    if server.cfg.workers != 1:
        server.log.warning("one worker serves one camera; %d workers were asked for", server.cfg.workers)
        server.cfg.set("workers", 1)
        server.num_workers = 1


def when_ready(server):
    """Let the system hold no more than about one picture for each connection, which inherit this from here.

    By itself it would hold up to 4 MB, seconds of a stream, and show a slow viewer all of it.
    """
    for listener in server.LISTENERS:
        listener.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BYTES)


def post_worker_init(worker):
    """Start the monitor once the pages answer."""
    from app.web import serve

    serve.start(worker.wsgi, is_ending=lambda: not worker.alive)


def worker_exit(server, worker):
    """Wait until the monitor has written its open minute."""
    from app.web import serve

    serve.join(worker.wsgi)
