"""The command of a test: train an architecture on drawn faces and another run from it, with any backend."""

import sys
from dataclasses import replace
from pathlib import Path

from models.schedule import LEARNING_RATES, Schedule
from models.serving import load_keras, read_with_keras
from models.train import build, fit
from tests.drawn_faces import drawn_faces

folder, architecture = Path(sys.argv[1]), sys.argv[2]
faces = drawn_faces(students=2)
schedule = Schedule(
    architecture=architecture,
    epochs=2,
    batch=14,
    learning_rate=LEARNING_RATES[architecture],
    precision="float32",
)
teacher = fit(build(schedule), faces, faces, None, folder / "teacher", schedule)
schedule = replace(schedule, sam=0.05, teachers=(str(teacher),), weights=str(teacher))
network = fit(build(schedule), faces, faces, None, folder / "taught", schedule)
print(read_with_keras(load_keras(network), faces.images)["scores"].sum(axis=1))
