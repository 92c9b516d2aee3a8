"""Frames analysed a second by Aula, by a full sweep of every frame, and by the baseline loop."""

import sys
import time
from collections.abc import Callable, Iterator, Sequence

import cv2
import numpy as np

from app.vision.annotate import annotate, encode
from app.vision.crop import crop_faces
from app.vision.detection.detection import Detection
from app.vision.detection.sweep import Tile
from app.vision.face_analyser import FaceAnalyser
from app.vision.frame import Box, Face
from app.vision.model_card import MODELS
from benchmarks.films import CLIPS, SCENES, Film, clip, drawn
from benchmarks.table import show

SIZES = ((640, 480), (1280, 720), (1920, 1080))
STUDENTS = (1, 5, 10, 20, 40)
SECONDS, FPS = 2.5, 25  # of each film
CLIP_SECONDS, CLIP_FPS = 10, 6
WARM_UP_SECONDS = 1.0  # of the film, before faces are counted: the first sweep takes that long
BASELINE_FRAMES = 4  # the baseline loop takes about a second for each
SAME_FACE_IOU = 0.3  # the smallest intersection over union of two boxes around one face
QUALITY = 80


class FullSweep(FaceAnalyser):
    """The analyser that searches the whole picture in every frame; recall is measured against it."""

    def _detect(self, grey: np.ndarray, monotonic: float, tiles: Sequence[Tile]) -> list[Detection]:
        return self._detector.detect(grey)


class Stopwatch:
    """Measures each stage's milliseconds a frame."""

    def __init__(self) -> None:
        self.stages: dict[str, list[float]] = {}
        self._frame: dict[str, float] = {}

    def time(self, stage: str, work: Callable) -> Callable:
        """Wrap `work` so that its time counts for `stage`."""

        def timed(*arguments):
            start = time.perf_counter()
            result = work(*arguments)
            self._frame[stage] = self._frame.get(stage, 0.0) + 1e3 * (time.perf_counter() - start)
            return result

        return timed

    def end_frame(self) -> None:
        for stage, spent in self._frame.items():
            self.stages.setdefault(stage, []).append(spent)
        self._frame = dict.fromkeys(self._frame, 0.0)

    def percentile(self, stage: str, percent: int) -> float:
        """A percentile of a stage's milliseconds a frame, without the first frame, a full sweep."""
        return float(np.percentile(self.stages.get(stage, [0.0])[1:] or [0.0], percent))


def measure(film: Film) -> dict:
    """Analyse a film with all three in turn, frame by frame, so that a busy moment slows all of them."""
    watch = Stopwatch()
    analyser, full_sweep, baseline = _timed_analyser(watch), FullSweep(), baseline_loop()
    analyse, sweep = watch.time("analyse", analyser.analyse), watch.time("full", full_sweep.analyse)
    draw, compress = watch.time("draw", annotate), watch.time("encode", encode)
    analysed, swept, baseline_times, cpu = [], [], [], 0.0
    for index, frame in enumerate(film.frames()):
        cpu_before = time.process_time()
        faces = analyse(frame)
        compress(draw(frame.image, faces), QUALITY)
        cpu += time.process_time() - cpu_before if index else 0.0
        analysed.append(faces)
        swept.append(sweep(frame))
        if baseline and index % (len(film.jpegs) // BASELINE_FRAMES) == 1:
            start = time.perf_counter()
            baseline(frame.image.copy())
            baseline_times.append(1e3 * (time.perf_counter() - start))
        watch.end_frame()
    timed = ("detect near", "propose", "classify", "draw", "encode")
    stages = [float(np.mean(watch.stages[stage][1:])) for stage in timed]
    mean = {stage: float(np.mean(watch.stages[stage][1:])) for stage in ("analyse", "full", "draw", "encode")}
    total = mean["analyse"] + mean["draw"] + mean["encode"]
    warm = round(WARM_UP_SECONDS * film.fps)
    expected = [[face.box for face in faces] for faces in swept]
    return {
        "film": film.name,
        "faces": float(np.mean([len(faces) for faces in swept[warm:]])),
        "analysed/s": 1e3 / mean["analyse"],
        "shown/s": 1e3 / total,
        "× baseline": float(np.mean(baseline_times)) / total if baseline_times else None,
        "× full sweep": mean["full"] / mean["analyse"],
        "analyse p50": watch.percentile("analyse", 50),
        "p95": watch.percentile("analyse", 95),
        **dict(zip(("near", "sweep", "classify", "draw", "encode"), stages, strict=True)),
        "CPU ms": 1e3 * cpu / (len(analysed) - 1),
        "recall": recall(analysed[warm:], expected[warm:]),
        "of truth": recall(analysed[warm:], film.truth[warm:]) if film.truth else None,
        "full sweep's": recall(swept[warm:], film.truth[warm:]) if film.truth else None,
        "false": false_boxes(analysed[warm:], film.people[warm:]) if film.people else None,
        "full sweep's false": false_boxes(swept[warm:], film.people[warm:]) if film.people else None,
    }


def recall(shown: Sequence[Sequence[Face]], expected: Sequence[Sequence[Box]]) -> float:
    """The share of the expected boxes, over all frames, where a face is shown."""
    hits = [
        any(_iou(face.box, box) >= SAME_FACE_IOU for face in faces)
        for faces, boxes in zip(shown, expected, strict=True)
        for box in boxes
    ]
    return float(np.mean(hits)) if hits else 1.0


def false_boxes(shown: Sequence[Sequence[Face]], expected: Sequence[Sequence[Box]]) -> float:
    """The mean number of false positives shown in a frame."""
    counts = [
        sum(not any(_iou(face.box, box) >= SAME_FACE_IOU for box in boxes) for face in faces)
        for faces, boxes in zip(shown, expected, strict=True)
    ]
    return float(np.mean(counts))


def _iou(a: Box, b: Box) -> float:
    width = min(a.x + a.width, b.x + b.width) - max(a.x, b.x)
    height = min(a.y + a.height, b.y + b.height) - max(a.y, b.y)
    intersection = max(0, width) * max(0, height)
    return intersection / (a.width * a.height + b.width * b.height - intersection)


def _timed_analyser(watch: Stopwatch) -> FaceAnalyser:
    analyser = FaceAnalyser()
    detector, classifier = analyser._detector, analyser._classifier
    detector.detect_near = watch.time("detect near", detector.detect_near)
    detector.propose = watch.time("propose", detector.propose)
    classifier.classify = watch.time("classify", classifier.classify)
    return analyser


def baseline_loop() -> Callable[[np.ndarray], bytes] | None:
    """What most projects do: search the whole frame at (1.3, 5), one `predict` a face, draw, encode.

    The loop draws on the picture that it gets. None without Keras.
    """
    try:
        import keras
    except ImportError:
        return None
    model = keras.models.load_model(MODELS / "emotion_cnn.keras", compile=False)
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
    """The drawn classroom in every size, and those real clips that exist here."""
    for width, height in SIZES:
        for students in STUDENTS:
            yield drawn(students, width, height, SECONDS, FPS)
    for name in CLIPS:
        if (SCENES / name).exists():
            yield clip(SCENES / name, CLIP_SECONDS, CLIP_FPS)
        else:
            print(f"skipped {name}: it is not in {SCENES}", file=sys.stderr)


if __name__ == "__main__":
    if baseline_loop() is None:
        print("without the baseline loop: keras is not installed", file=sys.stderr)
    show("pipeline", [measure(film) for film in films()])
