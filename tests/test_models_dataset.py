"""The dataset: its splits, votes and crops, and what is wrong with a file that can't be used."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from app.vision.emotion import EMOTIONS
from models.data.dataset import (
    DataError,
    Faces,
    Split,
    read_crops,
    read_split,
    separate_non_faces,
    split_crops,
)
from models.data.votes import ferplus_majority, ferplus_shares
from tests.drawn_faces import crops_of, drawn_faces, save


@pytest.fixture(scope="module")
def drawn() -> Faces:
    return drawn_faces()


@pytest.fixture
def data_file(tmp_path, drawn) -> Path:
    """Drawn faces as a data file: 42 in Training, of which one is in PublicTest too, and 14 in PublicTest."""
    usage = np.where(np.arange(56) < 42, Split.Training, Split.PublicTest).astype(np.uint8)
    images = drawn.images.copy()
    images[3] = images[50]
    return save(tmp_path / "faces.npz", images, drawn.labels, usage, drawn.votes)


def test_a_training_face_that_is_also_in_publictest_is_dropped(data_file):
    assert len(read_split(data_file, Split.Training)) == 41
    assert len(read_split(data_file, Split.PublicTest)) == 14


def test_rows_voted_not_a_face_train_the_face_head_only(drawn):
    votes = drawn.votes.copy()
    votes[2] = 0
    votes[2, 9] = 5
    faces, non_faces = separate_non_faces(replace(drawn, votes=votes))
    assert len(faces) == 55
    assert (non_faces.images == drawn.images[2:3]).all()
    assert not non_faces.is_face.any()


def test_single_votes_are_dropped():
    votes = np.array([[8, 1, 0, 0, 1, 0, 0, 0, 0, 0], [0] * 10, [4, 4, 2, 0, 0, 0, 0, 0, 0, 0]], np.uint8)
    shares = ferplus_shares(votes)
    assert shares[0, 0] == 1
    assert shares[1].sum() == 0
    assert shares[2] == pytest.approx([0.4, 0.4, 0.2, 0, 0, 0, 0, 0])
    has_majority, majority = ferplus_majority(votes)
    assert has_majority.tolist() == [True, False, False]
    assert EMOTIONS[majority[0]] == "neutral"


def test_a_majority_for_contempt_or_no_face_is_none():
    votes = np.zeros((2, 10), np.uint8)
    votes[0, 7] = votes[1, 9] = 10
    assert not ferplus_majority(votes)[0].any()


def test_held_out_crops_are_the_last_fifth(drawn):
    crops = crops_of(drawn)
    kept, held_out = split_crops(crops)
    assert (len(kept), len(held_out)) == (32, 8)
    assert (held_out.images == crops.images[32:]).all()


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda a: a.pop("usage"), "usage is not a file in the archive; expected the arrays images"),
        (lambda a: a.update(images=a["images"][:, :40]), r"images has the shape .*, expected \(56, 48, 48\)"),
        (lambda a: a.update(images=a["images"].astype(np.float32)), "images are float32, expected uint8"),
        (lambda a: a.update(label=a["label"] + 3), "labels reach from 3 to 9, expected 0–6"),
        (lambda a: a.update(ferplus_votes=a["ferplus_votes"][:5]), "ferplus_votes has the shape"),
        (lambda a: a.update(usage=a["usage"] * 0), "holds no PublicTest face; it holds Training"),
    ],
)
def test_wrong_data_are_rejected_with_the_reason(data_file, tmp_path, spoil, message):
    arrays = dict(np.load(data_file))
    spoil(arrays)
    np.savez(tmp_path / "wrong.npz", **arrays)
    with pytest.raises(DataError, match=message):
        read_split(tmp_path / "wrong.npz", Split.PublicTest)


def test_a_file_of_another_format_is_rejected(tmp_path):
    path = tmp_path / "faces.npz"
    path.write_text("pixels,emotion")
    with pytest.raises(DataError, match=r"faces\.npz is no readable \.npz file"):
        read_crops(path)
