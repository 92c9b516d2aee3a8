"""The monitor that a web process starts: `python -m app.monitor ROOM SLUG BUS FRAMES`.

ROOM and SLUG are the id and the address of a room. BUS and FRAMES are file descriptors, of the pipe for
messages and of the pipe for frames from browsers. It is not a `flask` command, because those load modules
that only pages need.
"""

import os
import sys
from multiprocessing.connection import Connection

from flask import Flask

from app.flask_config import configure
from app.monitor import process
from app.parent_death import wake_when_parent_dies
from app.project import PROJECT
from app.runner.lease import file_lease

wake_when_parent_dies()
room_id, slug = int(sys.argv[1]), sys.argv[2]
bus, frame_requests = (Connection(int(descriptor)) for descriptor in sys.argv[3:])
# not `create_app`: without the pages it loads half a second faster and takes 20 MB less
app = Flask("app", instance_path=str(PROJECT / "instance"))
configure(app, os.environ)
process.run(app, room_id, bus, [file_lease(app, slug)], frame_requests)
