"""Augmentation: each alteration goes as far as it may and no further."""

from dataclasses import replace

import numpy as np
import pytest

from app.vision.crop import as_input
from models.data.dataset import Faces
from models.training.augmentation import NO_AUGMENTATION, augment, degrade, jpeg_compressed
from tests.drawn_faces import drawn_faces
from tests.tensors import in_numpy


@pytest.fixture(scope="module")
def drawn() -> Faces:
    return drawn_faces()


def test_a_mirrored_face_is_only_mirrored(drawn):
    mirrored = replace(NO_AUGMENTATION, mirror_chance=0.5)
    pixels = as_input(drawn.images[:8])
    altered = augment(pixels, mirrored, np.random.default_rng(3))
    as_it_was = [np.allclose(a, b, atol=1e-3) for a, b in zip(altered, pixels, strict=True)]
    turned = [np.allclose(a, b[:, ::-1], atol=1e-3) for a, b in zip(altered, pixels, strict=True)]
    assert all(a != b for a, b in zip(as_it_was, turned, strict=True))
    assert any(turned)


@pytest.mark.parametrize(
    ("limit", "max_shift", "max_degrees", "max_stretch"),
    [({"degrees": 15}, 0, 15, 0), ({"scale": 0.12}, 0, 0, 0.12 * 16), ({"shift": 4}, 4, 0, 0)],
)
def test_faces_are_moved_up_to_the_limit(limit, max_shift, max_degrees, max_stretch):
    """Two dots show it: one in the middle and one 16 pixels right of it."""
    face = np.zeros((48, 48, 1), np.float32)
    face[23:25, 23:25] = face[23:25, 39:41] = 100
    pixels = np.tile(face, (200, 1, 1, 1))
    altered = in_numpy(augment(pixels, replace(NO_AUGMENTATION, **limit), np.random.default_rng(3)))[..., 0]

    def dots(columns: slice) -> np.ndarray:
        """Where the dots in these columns are, complex numbers, from the middle of the face."""
        part, place = altered[:, :, columns], np.arange(48) - 23.5
        weights = part.sum((1, 2))
        across, down = part.sum(1) @ place[columns] / weights, part.sum(2) @ place / weights
        return across + 1j * down

    middle, right = dots(slice(8, 31)), dots(slice(31, 48))
    assert np.abs([middle.real, middle.imag]).max() == pytest.approx(max_shift, rel=0.05, abs=0.01)
    arm = right - middle
    assert np.abs(np.degrees(np.angle(arm))).max() == pytest.approx(max_degrees, rel=0.05, abs=0.1)
    assert np.abs(np.abs(arm) - 16).max() == pytest.approx(max_stretch, rel=0.05, abs=0.1)


def test_some_faces_are_partly_covered(drawn):
    """Guards against covering a copy, as a mask gives one."""
    covered = replace(NO_AUGMENTATION, mirror_chance=0.5, erase_chance=1)
    pixels = as_input(drawn.images[:8])
    altered = augment(pixels, covered, np.random.default_rng(3))
    for face, before in zip(altered, pixels, strict=True):
        assert min(np.abs(face - before).max(), np.abs(face - before[:, ::-1]).max()) > 1


def test_faces_are_blurred_up_to_the_limit():
    """A dot in the middle shows it: its width after blurring, for rows and columns separately."""
    dot = np.zeros((200, 48, 48, 1), np.float32)
    dot[:, 24, 24] = 255
    augmentation = replace(NO_AUGMENTATION, blur=1.5, blur_chance=1)
    blurred = in_numpy(degrade(dot, augmentation, np.random.default_rng(3)))[..., 0] / 255
    assert blurred.sum((1, 2)) == pytest.approx([1] * 200, abs=1e-3)
    squares = np.square(np.arange(48) - 24)
    down, across = np.sqrt(blurred.sum(2) @ squares), np.sqrt(blurred.sum(1) @ squares)
    assert [down.max(), across.max()] == pytest.approx([1.5, 1.5], rel=0.05)
    assert np.abs(down - across).max() > 1


def test_faces_get_noise_up_to_the_limit():
    grey = np.full((200, 48, 48, 1), 128, np.float32)
    augmentation = replace(NO_AUGMENTATION, noise=12, noise_chance=0.5)
    deviations = in_numpy(degrade(grey, augmentation, np.random.default_rng(3))).std((1, 2, 3))
    assert deviations.max() == pytest.approx(12, rel=0.05)
    assert 60 < (deviations == 0).sum() < 140


def test_faces_are_compressed_at_every_offset_of_jpegs_blocks(drawn):
    face, augmentation = drawn.images[0], replace(NO_AUGMENTATION, quality=(40, 40), jpeg_chance=1)
    pixels = np.repeat(as_input(face[np.newaxis]), 400, axis=0)
    degraded = degrade(pixels, augmentation, np.random.default_rng(3))[..., 0]
    assert (degraded == jpeg_compressed(face, 40)).all((1, 2)).any()
    assert len(np.unique(degraded, axis=0)) == 64
    assert np.abs(degraded - face.astype(np.float32)).mean((1, 2)).max() < 8
