"""The monitor that a supervisor starts: `python -m app.monitor ROOM SLUG BUS FRAMES [LEASE]`.

ROOM and SLUG are the id and the address of a room. BUS and FRAMES are file descriptors, of the pipe for
messages and of the pipe for frames from browsers. LEASE is the number of the room's lease in Redis; without
one, a lock on a file lets one process of this machine read the room. It is not a `flask` command: those
load modules that only pages need.
"""

import os
import sys
from multiprocessing.connection import Connection

from flask import Flask

from app.flask_config import configure
from app.monitor import process
from app.parent_death import wake_when_parent_dies
from app.project import PROJECT
from app.runner.file_lease import file_lease

wake_when_parent_dies()
room_id, slug = int(sys.argv[1]), sys.argv[2]
bus, frame_requests = (Connection(int(descriptor)) for descriptor in sys.argv[3:5])
lease_number = int(sys.argv[5]) if len(sys.argv) > 5 else None
# not `create_app`: without the pages it loads half a second faster and takes 20 MB less
app = Flask("app", instance_path=str(PROJECT / "instance"))
configure(app, os.environ)
leases = [file_lease(app, slug)] if lease_number is None else []
process.run(app, room_id, bus, leases, frame_requests, lease_number)
