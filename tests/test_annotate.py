"""What people see: boxes, words, hidden faces, and the JPEG."""

import cv2
import numpy as np
import pytest
from fontTools.ttLib import TTFont
from hypothesis import given
from hypothesis import strategies as st

from app import fonts
from app.vision.annotate import ENGLISH_WORDS, HIDDEN_BLOCKS, annotate, encode, label
from app.vision.emotion import EMOTIONS, Emotion
from app.vision.frame import Box, Face
from app.vision.palette import COLOURS, UNCERTAIN, rgb

BOX = Box(300, 200, 100, 100)


def face(emotion=Emotion.HAPPY, score=0.87, box=BOX):
    scores = np.full(7, (1 - score) / 6, np.float32)
    scores[EMOTIONS.index(emotion or Emotion.NEUTRAL)] = score
    return Face(1, box, scores, emotion)


def small_face(box=BOX):
    return Face(1, box, None, None)


def grey_picture(width=640, height=480):
    return np.full((height, width, 3), 128, np.uint8)


def photograph(width=640, height=480):
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)


def changed(before, after):
    """The rows and columns between which the pictures differ."""
    rows, columns = np.nonzero((before != after).any(axis=2))
    return rows.min(), rows.max(), columns.min(), columns.max()


def colours_of(picture):
    return {tuple(map(int, colour)) for colour in picture.reshape(-1, 3)}


def test_the_camera_s_frame_is_left_as_it_was():
    image = grey_picture()
    drawn = annotate(image, [face()], hide_faces=True)
    assert (image == 128).all()
    assert drawn.shape == image.shape
    assert drawn.dtype == np.uint8
    assert (drawn != image).any()


def test_a_frame_without_faces_is_shown_as_it_is():
    image = photograph()
    assert (annotate(image, []) == image).all()


@pytest.mark.parametrize("emotion", EMOTIONS)
def test_an_expression_has_its_word_its_score_and_its_colour(emotion):
    assert label(face(emotion, 0.87)) == f"{emotion} 87 %"
    drawn = annotate(grey_picture(), [face(emotion)])
    assert rgb(COLOURS[emotion])[::-1] in colours_of(drawn)


def test_an_uncertain_face_is_called_so_in_grey():
    assert label(face(emotion=None, score=0.3)) == "uncertain"
    assert rgb(UNCERTAIN)[::-1] in colours_of(annotate(grey_picture(), [face(emotion=None, score=0.3)]))


def test_a_face_too_small_to_read_has_a_box_and_no_word():
    assert label(small_face()) is None
    image = grey_picture()
    top, bottom, left, right = changed(image, annotate(image, [small_face()]))
    assert top >= BOX.y - 3
    assert bottom <= BOX.y + BOX.height + 3
    assert left >= BOX.x - 3
    assert right <= BOX.x + BOX.width + 3


def test_the_word_stands_above_the_face():
    image = grey_picture()
    top, bottom, _, _ = changed(image, annotate(image, [face()]))
    assert top < BOX.y - 10
    assert bottom <= BOX.y + BOX.height + 3


def test_the_word_of_a_face_at_the_upper_edge_stands_below_it():
    box = BOX._replace(y=2)
    image = grey_picture()
    _, bottom, _, _ = changed(image, annotate(image, [face(box=box)]))
    assert bottom > box.y + box.height + 10


def test_the_face_itself_is_not_painted_over():
    image = photograph()
    drawn = annotate(image, [face()])
    inside = (slice(BOX.y + 25, BOX.y + BOX.height - 25), slice(BOX.x + 5, BOX.x + BOX.width - 5))
    assert (drawn[inside] == image[inside]).all()


def test_words_grow_with_the_picture():
    def height_of_word(width, height):
        box = Box(width // 2, height // 2, height // 4, height // 4)
        image = grey_picture(width, height)
        return box.y - changed(image, annotate(image, [face(box=box)]))[0]

    assert height_of_word(1920, 1080) > 1.5 * height_of_word(640, 480)


def test_a_hidden_face_keeps_no_more_than_a_few_colours():
    image = photograph()
    drawn = annotate(image, [small_face()], hide_faces=True)
    inside = drawn[BOX.y + 30 : BOX.y + BOX.height - 30, BOX.x + 5 : BOX.x + BOX.width - 5]
    assert len(colours_of(inside)) <= HIDDEN_BLOCKS**2


def test_what_surrounds_the_box_of_a_hidden_face_is_hidden_too():
    image = photograph()
    top, bottom, left, right = changed(image, annotate(image, [small_face()], hide_faces=True))
    assert top <= BOX.y - 25
    assert bottom >= BOX.y + BOX.height + 25
    assert left <= BOX.x - 25
    assert right >= BOX.x + BOX.width + 25


def test_pictures_that_differ_only_within_the_blocks_of_a_hidden_face_are_shown_alike():
    # 100 pixels and 30 more on each side are 160: blocks of 26.67, so the middle of one is safe to change.
    one, other = grey_picture(), grey_picture()
    other[255:265:2, 355:365] += 40
    other[256:266:2, 355:365] -= 40
    shown = [annotate(image, [small_face()], hide_faces=True) for image in (one, other)]
    assert (shown[0] == shown[1]).all()


@given(
    box=st.builds(
        Box, st.integers(-80, 400), st.integers(-80, 300), st.integers(1, 500), st.integers(1, 500)
    ),
    size=st.tuples(st.integers(1, 400), st.integers(1, 300)),
    emotion=st.sampled_from([*EMOTIONS, None]),
    hide=st.booleans(),
)
def test_a_box_may_stick_out_of_the_picture(box, size, emotion, hide):
    image = grey_picture(*size)
    assert annotate(image, [face(emotion, box=box)], hide_faces=hide).shape == image.shape


def test_the_jpeg_has_the_picture_s_size_and_half_its_colours():
    jpeg = encode(annotate(grey_picture(1280, 720), [face()]), 80)
    assert cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR).shape == (720, 1280, 3)
    start = jpeg.index(b"\xff\xc0")  # start of frame: after 9 bytes, the components' sampling factors
    assert [jpeg[start + 11 + 3 * component] for component in range(3)] == [0x22, 0x11, 0x11]


def test_a_higher_quality_gives_a_larger_jpeg():
    assert len(encode(photograph(), 90)) > len(encode(photograph(), 40))


def test_a_picture_that_can_not_be_encoded_is_an_error_and_no_half_picture():
    """Without memory, OpenCV used to give viewers broken JPEGs; too wide a picture fails in the same way."""
    with pytest.raises(RuntimeError, match="can't be encoded"):
        encode(np.zeros((16, 70_000, 3), np.uint8), 80)


def test_the_words_are_those_of_another_language_where_it_is_wanted():
    german = {**ENGLISH_WORDS, "surprise": "überrascht", "uncertain": "unklar"}
    assert label(face(Emotion.SURPRISE, 0.87), german) == "überrascht 87 %"
    assert label(face(emotion=None, score=0.3), german) == "unklar"
    assert (annotate(grey_picture(), [face(Emotion.SURPRISE)], words=german) != grey_picture()).any()


def test_the_labels_have_letters_for_every_language():
    known = TTFont(fonts.REGULAR).getBestCmap()
    assert all(ord(letter) in known for letter in "äöüÄÖÜßéèçñøåœ–…“”„× %")
