"""The monitor that a web process starts: `python -m app.monitor BUS FRAMES`, two file descriptors.

BUS is the pipe for messages, FRAMES the pipe for frames from browsers. It is not a `flask` command, because
those load modules that only pages need.
"""

import sys
from multiprocessing.connection import Connection

from app import create_monitor_app
from app.monitor import process
from app.runner.lease import file_lease

bus, frame_requests = (Connection(int(descriptor)) for descriptor in sys.argv[1:])
app = create_monitor_app()
process.run(app, bus, [file_lease(app)], frame_requests)
