"""Reading FER-2013 in the formats that circulate, and counting what is in it."""

import csv
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from app.vision.emotion import EMOTIONS
from models.__main__ import main
from models.data.dataset import Faces, Split, read_dataset, read_split
from models.data.fer2013 import VOTE_COLUMNS
from tests.drawn_faces import drawn_faces, save, votes_for

SPLITS = [Split.Training] * 14 + [Split.PublicTest] * 7 + [Split.PrivateTest] * 7


@pytest.fixture(scope="module")
def drawn() -> Faces:
    """Four students with all seven expressions: two in Training, one in each of the others."""
    return drawn_faces(students=4)


@pytest.fixture
def kaggle(tmp_path, drawn) -> Path:
    """The drawn faces as Kaggle's fer2013.csv, with the votes beside them."""
    write_csv(
        tmp_path / "fer2013.csv",
        ("emotion", "pixels", "Usage"),
        [
            (label, " ".join(map(str, image.ravel())), split.name)
            for label, image, split in zip(drawn.labels, drawn.images, SPLITS, strict=True)
        ],
    )
    write_csv(
        tmp_path / "fer2013new.csv",
        ("Usage", "Image name", *VOTE_COLUMNS),
        [(split.name, "", *votes) for split, votes in zip(SPLITS, drawn.votes, strict=True)],
    )
    return tmp_path


@pytest.fixture
def folder(tmp_path, drawn) -> Path:
    """The drawn faces as train/angry/1.png and so on; the pictures of `test` bear the split in their name."""
    for index, (image, label, split) in enumerate(zip(drawn.images, drawn.labels, SPLITS, strict=True)):
        in_train = split is Split.Training
        path = tmp_path / "pictures" / ("train" if in_train else "test") / EMOTIONS[label]
        path.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(path / (f"{index}.png" if in_train else f"{split.name}_{index}.png"))
    return tmp_path / "pictures"


def write_csv(path: Path, header, rows) -> None:
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([header, *rows])


def test_kaggles_csv_becomes_a_data_file_with_the_votes(kaggle, drawn, capsys):
    out = kaggle / "made" / "faces.npz"
    votes = kaggle / "fer2013new.csv"
    assert main(["data", str(kaggle / "fer2013.csv"), "--votes", str(votes), "--out", str(out)]) == 0
    data = read_dataset(out)
    assert (data.faces.images == drawn.images).all()
    assert (data.faces.labels == drawn.labels).all()
    assert (data.faces.votes == drawn.votes).all()
    assert data.split.tolist() == SPLITS
    with Image.open(out.with_suffix(".png")) as picture:
        assert picture.width > 500
    output = capsys.readouterr().out
    assert "Training   PublicTest  PrivateTest" in output
    assert ["disgust", "2", "1", "1"] in [line.split() for line in output.splitlines()]


def test_a_folder_of_class_folders_becomes_a_data_file(folder, drawn, tmp_path):
    assert main(["data", str(folder), "--out", str(tmp_path / "faces.npz")]) == 0
    data = read_dataset(tmp_path / "faces.npz")
    assert data.split.tolist().count(Split.Training) == 14
    private = read_split(tmp_path / "faces.npz", Split.PrivateTest)
    assert (np.sort(private.labels) == np.arange(7)).all()
    assert not private.votes.any()
    assert {image.tobytes() for image in data.faces.images} == {image.tobytes() for image in drawn.images}


def test_jpgs_and_the_other_names_of_the_classes_are_read(folder, tmp_path):
    (folder / "train" / "fear").rename(folder / "train" / "fearful")
    (folder / "test").rename(folder / "validation")
    png = next((folder / "train" / "happy").iterdir())
    Image.open(png).convert("RGB").save(png.with_suffix(".JPG"))
    (folder / "train" / ".DS_Store").touch()
    assert main(["data", str(folder), "--out", str(tmp_path / "faces.npz")]) == 0
    assert len(read_split(tmp_path / "faces.npz", Split.Training)) == 15


def test_a_test_beside_a_validation_is_privatetest(folder, tmp_path):
    for picture in (folder / "test").rglob("*.png"):
        if picture.name.startswith("Public"):
            own = folder / "validation" / picture.parent.name
            own.mkdir(parents=True, exist_ok=True)
            picture.rename(own / "1.png")
        else:
            picture.rename(picture.with_name("1.png"))
    assert main(["data", str(folder), "--out", str(tmp_path / "faces.npz")]) == 0
    assert sorted(read_dataset(tmp_path / "faces.npz").split) == sorted(SPLITS)


def test_duplicates_are_counted(tmp_path, drawn, capsys):
    images, labels = drawn.images.copy(), drawn.labels.copy()
    images[8] = images[0]  # in Training twice, angry and disgust
    images[2] = images[14]  # in Training and PublicTest
    path = save(tmp_path / "faces.npz", images, labels, np.array(SPLITS, np.uint8), drawn.votes)
    assert main(["data", str(path), "--out", str(tmp_path / "same.npz")]) == 0
    output = capsys.readouterr().out
    assert "within Training: copies 1, faces with several labels 1" in output
    assert "within PublicTest: copies 0, faces with several labels 0" in output
    assert "of Training also in PublicTest: 1 (`train` drops them)" in output


def test_unreadable_pictures_are_listed_and_rejected_or_skipped(folder, tmp_path, capsys):
    angry = folder / "train" / "angry"
    (angry / "broken.png").write_bytes(next(angry.glob("*.png")).read_bytes()[:300])
    (angry / "text.jpg").write_text("no picture")
    (angry / "notes.txt").write_text("no picture")
    Image.new("L", (50, 48)).save(angry / "wide.png")
    out = tmp_path / "faces.npz"
    assert main(["data", str(folder), "--out", str(out)]) == 2
    rejected = capsys.readouterr().err
    assert rejected.count("\n") == 1
    assert not out.exists()
    assert main(["data", str(folder), "--out", str(out), "--skip-unreadable"]) == 0
    skipped = capsys.readouterr().err
    assert skipped.count("skipped: ") == 4
    for lines in (rejected, skipped):
        assert "broken.png can't be read" in lines
        assert "text.jpg is no picture" in lines
        assert "notes.txt is no PNG or JPG" in lines
        assert "wide.png is 50×48 pixels, expected 48×48" in lines
    assert len(read_split(out, Split.Training)) == 14


@pytest.mark.parametrize(
    ("pixels", "message"),
    [
        ("0 " * 2303, "line 9: has 2303 pixels, expected 2304"),
        ("300 " * 2304, "line 9: has pixels from 300 to 300, expected 0 to 255"),
        ("x " * 2304, "line 9: holds pixels that are no numbers"),
    ],
)
def test_a_row_with_invalid_pixels_is_listed(kaggle, pixels, message, capsys):
    with (kaggle / "fer2013.csv").open(newline="") as file:
        header, *rows = csv.reader(file)
    rows[7][1] = pixels
    write_csv(kaggle / "fer2013.csv", header, rows)
    out = kaggle / "faces.npz"
    command = ["data", str(kaggle / "fer2013.csv"), "--out", str(out)]
    assert main(command) == 2
    assert message in capsys.readouterr().err
    votes = ["--votes", str(kaggle / "fer2013new.csv")]
    assert main([*command, *votes, "--skip-unreadable"]) == 0
    faces = read_split(out, Split.Training)
    assert len(faces) == 13
    assert (faces.votes == votes_for(faces.labels)).all()


def test_incomplete_data_are_rejected_in_one_line(kaggle, folder, tmp_path, capsys):
    def rejection(*words) -> str:
        assert main(["data", *map(str, words), "--out", str(tmp_path / "out.npz")]) == 2
        error = capsys.readouterr().err
        assert error.startswith("models: ")
        assert error.count("\n") == 1
        return error

    votes = kaggle / "fer2013new.csv"
    assert "does not exist; give fer2013.csv" in rejection(tmp_path / "nowhere")
    assert "pixels, Usage is missing" in rejection(write(tmp_path / "a.csv", "emotion\n3\n"))
    assert "the Usage is 'Test', expected" in rejection(
        write(tmp_path / "b.csv", "emotion,pixels,Usage\n3,0,Test\n")
    )
    assert "the emotion is '7'" in rejection(
        write(tmp_path / "c.csv", "emotion,pixels,Usage\n7,0,Training\n")
    )
    assert "is cut short" in rejection(write(tmp_path / "d.csv", "emotion,pixels,Usage\n3,0\n"))
    assert "is neither a .csv" in rejection(write(tmp_path / "faces.txt", ""))
    assert "can't be joined" in rejection(folder, "--votes", votes)
    assert "has 28 rows that don't follow the 1" in rejection(
        write(tmp_path / "e.csv", f"emotion,pixels,Usage\n3,{'0 ' * 2304},Training\n"), "--votes", votes
    )
    assert "expected train and test" in rejection(folder / "train")
    for picture in (folder / "train" / "disgust").iterdir():
        picture.unlink()
    assert "Training holds no face that is disgust" in rejection(folder)
    (folder / "train" / "bored").mkdir()
    assert "bored is none of the expressions" in rejection(folder)
    assert main(["data", str(kaggle / "fer2013.csv"), "--out", str(tmp_path / "out.csv")]) == 2
    assert "is no .npz file" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("encoding", "separator", "line_end"),
    [("utf-8-sig", ",", "\n"), ("utf-8-sig", ";", "\r\n"), ("utf-16", "\t", "\r\n"), ("utf-8", ",", "\r")],
)
def test_a_csv_is_read_as_spreadsheets_save_it(kaggle, drawn, encoding, separator, line_end):
    text = (kaggle / "fer2013.csv").read_text().replace("emotion,pixels,Usage", "Emotion, PIXELS ,usage")
    rows = [line.replace(",", separator) for line in text.splitlines()]
    rows.insert(9, 2 * separator)
    (kaggle / "FER.CSV").write_bytes(line_end.join([*rows, 2 * separator, ""]).encode(encoding))
    votes = kaggle / "fer2013new.csv"
    votes.write_bytes(votes.read_text().replace(",", separator).encode(encoding))
    out = kaggle / "faces.npz"
    assert main(["data", str(kaggle / "FER.CSV"), "--votes", str(votes), "--out", str(out)]) == 0
    data = read_dataset(out)
    assert (data.faces.images == drawn.images).all()
    assert (data.faces.labels == drawn.labels).all()
    assert (data.faces.votes == drawn.votes).all()


def test_a_line_for_excel_and_emotions_as_decimals_are_read(kaggle, drawn):
    header, *rows = (kaggle / "fer2013.csv").read_text().splitlines()
    lines = ["sep=,", header, *(row[0] + ".0" + row[1:] for row in rows)]
    path = write(kaggle / "saved.csv", "\n".join(lines))
    assert main(["data", str(path), "--out", str(kaggle / "faces.npz")]) == 0
    assert (read_dataset(kaggle / "faces.npz").faces.labels == drawn.labels).all()


def test_a_folder_is_read_as_archives_unpack(folder, drawn, tmp_path):
    """An archive within an archive, names in capitals, and what macOS and Windows leave there."""
    for split in folder.iterdir():
        for emotion in split.iterdir():
            (emotion / "Thumbs.db").touch()
            emotion.rename(split / emotion.name.capitalize())
        inner = tmp_path / "archive" / "fer2013" / split.name.capitalize() / split.name
        inner.parent.mkdir(parents=True)
        split.rename(inner)
    (tmp_path / "archive" / "__MACOSX" / "fer2013").mkdir(parents=True)
    (tmp_path / "archive" / "fer2013" / "desktop.ini").touch()
    assert main(["data", str(tmp_path / "archive"), "--out", str(tmp_path / "faces.npz")]) == 0
    data = read_dataset(tmp_path / "faces.npz")
    assert {image.tobytes() for image in data.faces.images} == {image.tobytes() for image in drawn.images}


def test_pictures_of_16_bits_have_the_same_pixels(folder, drawn, tmp_path):
    """Guards against white faces: Pillow cuts at 255."""
    for path in folder.rglob("*.png"):
        grey = np.asarray(Image.open(path)).astype(np.uint16) * 257
        Image.fromarray(grey).save(path)
    assert main(["data", str(folder), "--out", str(tmp_path / "faces.npz")]) == 0
    data = read_dataset(tmp_path / "faces.npz")
    assert {image.tobytes() for image in data.faces.images} == {image.tobytes() for image in drawn.images}


def test_a_picture_of_16_bits_with_the_range_of_8_is_refused_by_name(folder, tmp_path, capsys):
    path = next((folder / "train" / "angry").glob("*.png"))
    Image.fromarray(np.asarray(Image.open(path)).astype(np.uint16)).save(path)
    assert main(["data", str(folder), "--out", str(tmp_path / "faces.npz")]) == 2
    error = capsys.readouterr().err
    assert f"{path} has pixels from" in error
    assert "save it with 8 bits" in error


def write(path: Path, text: str) -> Path:
    path.write_text(text)
    return path
