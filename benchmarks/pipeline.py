"""Frames read a second: the analyser, a full sweep on every frame, and the loop that people write."""

import sys
import time
from collections.abc import Callable, Iterator, Sequence

import cv2
import numpy as np

from app.vision.annotate import annotate, encode
from app.vision.crop import crop_faces
from app.vision.face_analyser import MODEL_FOLDER, FaceAnalyser
from app.vision.frame import Box, Face
from benchmarks.films import CLIPS, SCENES, Film, clip, drawn
from benchmarks.table import show

SIZES = ((640, 480), (1280, 720), (1920, 1080))
STUDENTS = (1, 5, 10, 20, 40)
SECONDS, FPS = 2.5, 25  # of each film
CLIP_SECONDS, CLIP_FPS = 10, 6
SETTLED = 1.0  # seconds of the film after which faces are counted: the first sweep is done
PLAIN_FRAMES = 4  # the plain loop takes about a second for each
SAME_FACE = 0.3  # intersection over union from which two boxes are of one face
QUALITY = 80


class FullSweep(FaceAnalyser):
    """The analyser that searches the whole picture in every frame: what recall is held against."""

    def _find(self, grey: np.ndarray, monotonic: float) -> list[Box]:
        return self._detector.detect(grey)


class Stopwatch:
    """Milliseconds a frame of each stage."""

    def __init__(self) -> None:
        self.stages: dict[str, list[float]] = {}
        self._frame: dict[str, float] = {}

    def time(self, stage: str, work: Callable) -> Callable:
        """The same work, its time counted."""

        def timed(*arguments):
            begin = time.perf_counter()
            result = work(*arguments)
            self._frame[stage] = self._frame.get(stage, 0.0) + 1e3 * (time.perf_counter() - begin)
            return result

        return timed

    def end_frame(self) -> None:
        for stage, spent in self._frame.items():
            self.stages.setdefault(stage, []).append(spent)
        self._frame = dict.fromkeys(self._frame, 0.0)

    def part(self, stage: str, percent: int) -> float:
        """A percentile of a stage's milliseconds a frame; the first frame, a whole sweep, is left out."""
        return float(np.percentile(self.stages.get(stage, [0.0])[1:] or [0.0], percent))


def measure(film: Film) -> dict:
    """Read a film three ways, frame by frame in turn, so that a busy moment meets all of them."""
    watch = Stopwatch()
    analyser, full, plain = _watched(watch), FullSweep(), plain_loop()
    read, sweep = watch.time("read", analyser.analyse), watch.time("full", full.analyse)
    draw, pack = watch.time("draw", annotate), watch.time("encode", encode)
    ours, theirs, plain_times, cpu = [], [], [], 0.0
    for index, frame in enumerate(film.frames()):
        before = time.process_time()
        faces = read(frame)
        pack(draw(frame.image, faces), QUALITY)
        cpu += time.process_time() - before if index else 0.0
        ours.append(faces)
        theirs.append(sweep(frame))
        if plain and index % (len(film.jpegs) // PLAIN_FRAMES) == 1:
            begin = time.perf_counter()
            plain(frame.image.copy())
            plain_times.append(1e3 * (time.perf_counter() - begin))
        watch.end_frame()
    stages = [watch.part(stage, 50) for stage in ("look", "search", "classify", "draw", "encode")]
    mean = {stage: float(np.mean(watch.stages[stage][1:])) for stage in ("read", "full", "draw", "encode")}
    whole = mean["read"] + mean["draw"] + mean["encode"]
    settled = round(SETTLED * film.fps)
    expected = [[face.box for face in faces] for faces in theirs]
    return {
        "film": film.name,
        "faces": float(np.mean([len(faces) for faces in theirs[settled:]])),
        "read/s": 1e3 / mean["read"],
        "shown/s": 1e3 / whole,
        "× plain": float(np.mean(plain_times)) / whole if plain_times else None,
        "× full": mean["full"] / mean["read"],
        "read p50": watch.part("read", 50),
        "p95": watch.part("read", 95),
        **dict(zip(("look", "sweep", "classify", "draw", "encode"), stages, strict=True)),
        "CPU ms": 1e3 * cpu / (len(ours) - 1),
        "recall": recall(ours[settled:], expected[settled:]),
        "of truth": recall(ours[settled:], film.truth[settled:]) if film.truth else None,
        "full's": recall(theirs[settled:], film.truth[settled:]) if film.truth else None,
        "false": false_boxes(ours[settled:], film.people[settled:]) if film.people else None,
        "full's false": false_boxes(theirs[settled:], film.people[settled:]) if film.people else None,
    }


def recall(read: Sequence[Sequence[Face]], expected: Sequence[Sequence[Box]]) -> float:
    """Part of the expected boxes, over all frames, where a face is shown."""
    hits = [
        any(_overlap(face.box, box) >= SAME_FACE for face in faces)
        for faces, boxes in zip(read, expected, strict=True)
        for box in boxes
    ]
    return float(np.mean(hits)) if hits else 1.0


def false_boxes(read: Sequence[Sequence[Face]], expected: Sequence[Sequence[Box]]) -> float:
    """Faces shown a frame where there is none."""
    counts = [
        sum(not any(_overlap(face.box, box) >= SAME_FACE for box in boxes) for face in faces)
        for faces, boxes in zip(read, expected, strict=True)
    ]
    return float(np.mean(counts))


def _overlap(a: Box, b: Box) -> float:
    width = min(a.x + a.width, b.x + b.width) - max(a.x, b.x)
    height = min(a.y + a.height, b.y + b.height) - max(a.y, b.y)
    both = max(0, width) * max(0, height)
    return both / (a.width * a.height + b.width * b.height - both)


def _watched(watch: Stopwatch) -> FaceAnalyser:
    analyser = FaceAnalyser()
    detector, classifier = analyser._detector, analyser._classifier
    detector.look = watch.time("look", detector.look)
    detector.search = watch.time("search", detector.search)
    classifier.classify = watch.time("classify", classifier.classify)
    return analyser


def plain_loop() -> Callable[[np.ndarray], bytes] | None:
    """What most projects do: the whole frame at (1.3, 5), one `predict` a face, draw, encode.

    It is given a picture and draws on it; None without Keras.
    """
    try:
        import keras
    except ImportError:
        return None
    model = keras.models.load_model(MODEL_FOLDER / "emotion_cnn.keras", compile=False)
    cascade = cv2.CascadeClassifier(cv2.data.haarcascades + "haarcascade_frontalface_default.xml")

    def loop(image: np.ndarray) -> bytes:
        grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
        for box in cascade.detectMultiScale(grey, 1.3, 5):
            x, y, width, height = map(int, box)
            crop = crop_faces(grey, [Box(x, y, width, height)])[..., np.newaxis].astype(np.float32)
            model.predict(crop, verbose=0)
            cv2.rectangle(image, (x, y), (x + width, y + height), (255, 0, 0), 2)
            cv2.putText(image, "happy", (x, y - 10), cv2.FONT_HERSHEY_SIMPLEX, 0.9, (255, 0, 0), 2)
        return cv2.imencode(".jpg", image)[1].tobytes()

    return loop


def films() -> Iterator[Film]:
    """The drawn classroom in every size, and the real clips that are there."""
    for width, height in SIZES:
        for students in STUDENTS:
            yield drawn(students, width, height, SECONDS, FPS)
    for name in CLIPS:
        if (SCENES / name).exists():
            yield clip(SCENES / name, CLIP_SECONDS, CLIP_FPS)
        else:
            print(f"skipped {name}: there is no {SCENES}", file=sys.stderr)


if __name__ == "__main__":
    if plain_loop() is None:
        print("no plain loop beside it: keras is not installed", file=sys.stderr)
    show("pipeline", [measure(film) for film in films()])
