"""Near-duplicates: faces of one photograph are found however they were cropped, and no others."""

from pathlib import Path

import cv2
import numpy as np

from app.vision.crop import SIDE
from models.data.dataset import Dataset, Faces, Split
from models.data.near_duplicates import near_duplicate_pairs, near_duplicates_of
from models.data.survey import survey, survey_table

FILE = Path("faces.npz")
MARGIN = 4


def photographs(count: int, seed: int) -> np.ndarray:
    """Draw soft shapes, uint8 (count, 56, 56): photographs from which faces can be cropped."""
    coarse = np.random.default_rng(seed).integers(20, 236, (count, 7, 7), np.uint8)
    side = SIDE + 2 * MARGIN
    return np.stack([cv2.resize(shapes, (side, side), interpolation=cv2.INTER_CUBIC) for shapes in coarse])


def crop(photographs: np.ndarray, right: int = 0, down: int = 0) -> np.ndarray:
    rows, columns = slice(MARGIN + down, MARGIN + down + SIDE), slice(MARGIN + right, MARGIN + right + SIDE)
    return photographs[:, rows, columns]


def test_a_photograph_is_found_shifted_lit_differently_and_mirrored():
    many = photographs(12, seed=1)
    others = crop(many, right=1)[:8]
    others[:4] = others[:4] * 0.6 + 40
    others[2:6] = others[2:6, :, ::-1]
    assert near_duplicates_of(crop(many), others).tolist() == [True] * 8 + [False] * 4


def test_without_faces_there_is_no_near_duplicate():
    faces = crop(photographs(3, seed=1))
    assert not near_duplicates_of(faces, faces[:0]).any()
    assert near_duplicates_of(faces[:0], faces).shape == (0,)
    assert near_duplicate_pairs(faces[:0]).shape == (2, 0)


def test_each_pair_is_listed_once():
    many = photographs(5, seed=2)
    faces = np.concatenate([crop(many), crop(many[3:], down=1)[:, :, ::-1]])
    assert near_duplicate_pairs(faces).tolist() == [[3, 4], [5, 6]]


def test_a_survey_tells_how_often_people_agree_on_one_photograph():
    many = photographs(6, seed=3)
    images = np.concatenate([crop(many), crop(many[:3], right=1), crop(many[:1])])
    labels = np.array([0, 1, 2, 3, 4, 5, 0, 1, 6, 0])
    votes = np.zeros((10, 10), np.uint8)
    votes[[0, 6], 1] = 10  # happy both times
    votes[[1], 3], votes[[7], 0] = 9, 8  # once sad, once neutral
    usage = np.array([Split.Training] * 6 + [Split.PublicTest] * 4)
    found = survey(Dataset(Faces(images, labels, votes), usage, FILE))
    assert found.near_duplicates == {(Split.Training, Split.PublicTest): 3}
    assert (found.agreement.pairs, found.agreement.pairs_with_majorities) == (3, 2)
    assert found.agreement.same_label == 2 / 3
    assert found.agreement.same_majority == 1 / 2
    assert "3 pairs, the same label in 67%; the same FER+ majority in 50% of 2" in survey_table(found)


def test_a_survey_of_different_photographs_finds_no_pair():
    images = crop(photographs(4, seed=4))
    faces = Faces(images, np.arange(4), np.zeros((4, 10), np.uint8))
    assert "in all splits: no pair" in survey_table(survey(Dataset(faces, np.full(4, Split.Training), FILE)))
