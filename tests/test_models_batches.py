"""Training batches: what they hold, and the answers of teachers in their targets."""

from dataclasses import replace

import numpy as np
import pytest

from app.vision.emotion import EMOTIONS
from models.data.dataset import Crops, Faces
from models.data.votes import FERPLUS, SEVEN
from models.training.augmentation import DEFAULT_AUGMENTATION, NO_AUGMENTATION
from models.training.batches import Batches
from models.training.callbacks import EpochStart
from models.training.distillation import DISTILLATION_WEIGHT
from models.training.schedule import Schedule
from tests.drawn_faces import crops_of, drawn_faces
from tests.tensors import in_numpy


@pytest.fixture(scope="module")
def drawn() -> Faces:
    return drawn_faces()


@pytest.fixture(scope="module")
def crops(drawn) -> Crops:
    return crops_of(drawn)


def test_batches_are_the_same_for_the_same_epoch_and_new_for_the_next(drawn, crops):
    def first_batch(epoch: int) -> np.ndarray:
        batches = Batches(drawn, crops, batch=14, crops_in_batch=4, seed=1)
        batches.start_epoch(epoch, mixup=True)
        return in_numpy(batches[0])[0]

    assert (first_batch(1) == first_batch(1)).all()
    assert (first_batch(1) != first_batch(2)).any()


def test_crops_have_no_expression_as_a_target(drawn, crops):
    pixels, targets = in_numpy(Batches(drawn, crops, batch=14, crops_in_batch=4, seed=1)[0])
    assert len(pixels) == 18
    assert targets["fer"].sum(1) == pytest.approx([1] * 14 + [0] * 4)
    assert targets["ferplus"].sum(1) == pytest.approx([1] * 14 + [0] * 4)
    assert (targets["face"][:14] == [1, 0]).all()


def happy_teacher(pixels) -> dict[str, np.ndarray]:
    happy = np.tile(np.eye(7, dtype=np.float32)[EMOTIONS.index("happy")], (len(pixels), 1))
    return {"fer": happy, "scores": happy}


def test_a_teacher_labels_the_faces_among_the_crops(drawn, crops):
    batches = Batches(drawn, crops, batch=14, crops_in_batch=20, seed=1, teachers=[happy_teacher])
    targets = in_numpy(batches[0])[1]
    is_face = targets["face"][14:, 0]
    assert 0 < is_face.sum() < 20
    assert targets["fer"][14:, EMOTIONS.index("happy")] == pytest.approx(DISTILLATION_WEIGHT * is_face)
    assert targets["ferplus"][14:, FERPLUS.index("happy")] == pytest.approx(is_face)


def test_targets_mix_labels_and_the_teachers_answers(drawn):
    unvoted = replace(drawn, votes=np.where(np.arange(56)[:, None] < 28, drawn.votes, 0))
    batches = Batches(unvoted, None, batch=56, crops_in_batch=0, seed=1, teachers=[happy_teacher])
    batches.start_epoch(0, mixup=False)
    targets = in_numpy(batches[0])[1]
    assert targets["fer"].sum(1) == pytest.approx([1] * 56)
    assert targets["ferplus"].sum(1) == pytest.approx([1] * 56)
    assert (targets["fer"][:, EMOTIONS.index("happy")] > DISTILLATION_WEIGHT - 1e-6).all()
    happy = targets["ferplus"][:, FERPLUS.index("happy")]
    assert np.isclose(happy, 1).sum() == 28 + 4  # nobody voted, or everybody for happy
    assert np.isclose(happy, DISTILLATION_WEIGHT).sum() == 24


def test_a_teacher_sees_the_mirrored_face_too(drawn):
    def brighter_side_teacher(pixels) -> dict[str, np.ndarray]:
        pixels = in_numpy(pixels)
        left = pixels[:, :, :24].mean((1, 2, 3)) > pixels[:, :, 24:].mean((1, 2, 3))
        named = np.eye(7, dtype=np.float32)[left.astype(int)]
        return {"fer": named, "scores": named}

    unvoted = replace(drawn, votes=np.zeros_like(drawn.votes))
    teachers = [brighter_side_teacher]
    batches = Batches(unvoted, None, batch=56, crops_in_batch=0, seed=1, mixup=0, teachers=teachers)
    assert in_numpy(batches[0])[1]["ferplus"][:, SEVEN[:2]] == pytest.approx(0.5)


def test_a_teacher_sees_the_faces_altered_and_mixed_but_still_sharp(drawn, crops):
    seen_by_teacher = []

    def recording_teacher(pixels) -> dict[str, np.ndarray]:
        seen_by_teacher.append(in_numpy(pixels))
        return happy_teacher(pixels)

    sharp = replace(DEFAULT_AUGMENTATION, blur_chance=0, noise_chance=0, jpeg_chance=0)
    teachers = [recording_teacher]
    batches, blurred = (
        Batches(drawn, crops, batch=14, crops_in_batch=4, seed=1, augmentation=each, teachers=teachers)
        for each in (sharp, replace(sharp, blur_chance=1))
    )
    for index in range(len(batches)):
        seen_by_teacher.clear()
        pixels = in_numpy(batches[index])[0]
        assert (seen_by_teacher[0] == pixels).all()
        assert (seen_by_teacher[1] == pixels[:, :, ::-1]).all()
        assert (in_numpy(blurred[index])[0] != pixels).any((1, 2, 3)).mean() > 0.5
        assert (seen_by_teacher[2] == seen_by_teacher[0]).all()


@pytest.mark.parametrize("teachers", [(), ("a.tflite",)])
def test_the_last_epochs_mix_faces_only_with_teachers(teachers, drawn):
    batches = Batches(drawn, None, batch=56, crops_in_batch=0, seed=1, augmentation=NO_AUGMENTATION)
    schedule = Schedule(epochs=200, teachers=teachers)
    saw_mixed = []
    for epoch in range(180, 200):
        EpochStart(batches, schedule).on_epoch_begin(epoch)
        seen = {face.tobytes() for face in in_numpy(batches[0])[0].round().astype(np.uint8)}
        saw_mixed.append(seen != {face.tobytes() for face in drawn.images})
    assert any(saw_mixed) == bool(teachers)
