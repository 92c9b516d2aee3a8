"""The monitor beside its web process: `python -m app.monitor PIPE SENT`, two file descriptors.

PIPE goes to the web process, SENT brings the pictures that browsers send. Not a `flask` command, since these
load what only pages need.
"""

import sys
from multiprocessing.connection import Connection

from app import create_records_app
from app.monitor import process

pipe, sent = (Connection(int(number)) for number in sys.argv[1:])
process.run(create_records_app(), pipe, sent=sent)
