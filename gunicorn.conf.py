"""Gunicorn's settings: one worker, which runs the monitor, and a thread for each viewer."""

import os
import socket
import sys

from app.project import PROJECT
from app.server.address import bind_address, check_free
from app.server.worker import MAX_KEPT_ALIVE, MAX_QUEUED, MAX_WAITING
from app.settings import SettingError, read_settings

try:
    settings = read_settings(os.environ, PROJECT / ".env")
    bind = bind_address(settings.host, settings.port)
except SettingError as error:
    sys.exit(f"Aula can't start: {error}")

SEND_BUFFER_BYTES = 2**17  # Linux doubles it, for its own bookkeeping
SPARE_THREADS = 16  # for pages, JSON and health checks while each viewer holds a thread

logger_class = "app.server.access_log.AccessLog"
worker_class = "app.server.worker.CollectingWorker"
threads = settings.max_viewers + SPARE_THREADS
worker_connections = threads + MAX_WAITING + MAX_KEPT_ALIVE + MAX_QUEUED
graceful_timeout = 4
timeout = 60
keepalive = 5
control_socket_disable = True  # gunicorn would create it in the home folder
forwarded_allow_ips = "*" if settings.trusted_proxies else "127.0.0.1"
workers = 1


def on_starting(server):
    """Stop where the port is taken, and force one worker: one process owns a camera."""
    is_listening = "GUNICORN_FD" in os.environ or "LISTEN_FDS" in os.environ  # restarted, or from systemd
    if not is_listening and server.cfg.settings["bind"].get() == [bind]:
        try:
            check_free(settings.host, settings.port)
        except SettingError as error:
            sys.exit(f"Aula can't start: {error}")
    if server.cfg.workers != 1:
        server.log.warning("one worker, not %d: only one process can own a camera", server.cfg.workers)
        server.cfg.set("workers", 1)
        server.num_workers = 1


def when_ready(server):
    """Limit the send buffer of every connection to about one picture; connections inherit it from here.

    By default the system buffers up to 4 MB, seconds of a stream, and a slow viewer would see all of it late.
    """
    for listener in server.LISTENERS:
        listener.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)


def post_worker_init(worker):
    """Start the monitor once the pages are up."""
    from app.web import serve

    serve.start(worker.wsgi, is_ending=lambda: not worker.alive)


def worker_exit(server, worker):
    """Wait until the monitor has written the open minute."""
    from app.web import serve

    serve.join(worker.wsgi)
