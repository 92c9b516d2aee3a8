"""The command of a test: train a teacher on drawn faces and a student from it, with any backend."""

import sys
from dataclasses import replace
from pathlib import Path

from models.network.serving import load_keras, predict_with_keras
from models.training.schedule import Schedule
from models.training.train import build, fit
from tests.drawn_faces import drawn_faces

TINY = {"stem": 8, "stages": ((8, 1), (16, 2))}  # both kinds of block; compiling the others takes longest

folder = Path(sys.argv[1])
faces = drawn_faces(students=2)
schedule = Schedule(epochs=2, batch=14, precision="float32")
teacher = fit(build(schedule, **TINY), faces, faces, None, folder / "teacher", schedule)
schedule = replace(schedule, sam=0.05, teachers=(str(teacher),), weights=str(teacher))
student = fit(build(schedule, **TINY), faces, faces, None, folder / "student", schedule)
print(predict_with_keras(load_keras(student), faces.images)["scores"].sum(axis=1))
