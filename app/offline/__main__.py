"""Reads one recording: `python -m app.offline FOLDER ID`.

FOLDER is the instance folder and ID the recording's. It is not a `flask` command, because those load modules
that only pages need.
"""

import logging
import os
import sys

from flask import Flask

from app.core_dump import forbid_core_dump
from app.flask_config import configure
from app.offline.recording import read_queued
from app.parent_death import end_when_parent_dies

NICE = 10  # live rooms go first

end_when_parent_dies()
forbid_core_dump()
os.nice(NICE)
logging.basicConfig(
    level=logging.INFO,
    format="[%(asctime)s] [%(process)d] [%(levelname)s] %(message)s",
    datefmt="%Y-%m-%d %H:%M:%S %z",
)
app = Flask("app", instance_path=sys.argv[1])
configure(app, os.environ)
with app.app_context():
    read_queued(app.config["SETTINGS"], int(sys.argv[2]))
