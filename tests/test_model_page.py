"""The page about the network: its figures are the card's, and a card that lacks some still shows."""

import json
import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from app.report import model_figures
from app.vision.emotion import EMOTIONS
from app.vision.model_card import MODELS
from models.evaluation.measures import BINS, COVERAGES

SURE = [None, None, None, *((index + 0.5) / BINS for index in range(3, BINS))]


def serve_network(app, folder: Path) -> None:
    app.config["SETTINGS"] = replace(app.config["SETTINGS"], network=folder)


@pytest.fixture
def card(app, tmp_path) -> dict:
    """The shipped card with a curve and bins of our own, to be changed and written with `write`."""
    shutil.copy(MODELS / "CARD.md", tmp_path)
    card = json.loads((MODELS / "emotion_cnn.json").read_text())
    serve_network(app, tmp_path)
    measured = card["served_figures"]
    measured["reliability"] = {
        "n": [0, 0, 0, *range(10, 22)],
        "confidence": SURE,
        "accuracy": [sure and 0.5 for sure in SURE],
    }
    measured["coverage"] = {
        "share": list(COVERAGES),
        "accuracy": [1 - share / 5 for share in COVERAGES],
        "from_score": [1 - share / 2 for share in COVERAGES],
    }
    return card


@pytest.fixture
def shown(app, card, tmp_path):
    """Write the card and give the page of it, as somebody sees it who is not signed in."""

    def read() -> str:
        (tmp_path / "emotion_cnn.json").write_text(json.dumps(card))
        answer = app.test_client().get("/model")
        assert answer.status_code == 200
        return answer.text

    return read


def test_anybody_sees_how_right_the_network_is(card, shown):
    text = shown()
    measured = card["served_figures"]
    assert f"Of 100 faces, it reads {100 * measured['accuracy']:.0f} the way most people" in text
    assert "chosen: that flatters it" in text
    for name in EMOTIONS:
        assert f"{measured['per_class'][name]['recall']:.0%}".replace("%", " %") in text
    assert card["files"]["litert"]["sha256"] in text
    for command in card["origin"]["commands"]:
        assert command.replace("&", "&amp;") in text


def test_the_text_of_the_card_stands_below_its_figures(shown):
    text = shown()
    assert "What it must not be used for</h4>" in text
    assert "Residual" in text or "residual" in text
    assert len(re.findall("<h1", text)) == 1


def test_links_of_the_card_to_files_of_the_project_are_words_on_the_page(shown):
    text = shown()
    assert "What was tried has the versions before" in " ".join(text.split())
    assert "experiments.md" not in text


def test_numbers_in_the_card_stand_right_and_no_style_stands_in_a_tag(shown):
    """Guards against what the page's policy blocks, and browsers complain of."""
    text = shown()
    assert '<th class="is-right">epochs</th>' in text
    assert "style=" not in text


def test_the_drawings_say_what_the_card_says(card, shown):
    text = shown()
    assert text.count('class="point"') == 12 + 1
    assert text.count('class="whisker"') == 12
    assert "21 faces: 97 % sure, 50 % right" in text
    assert text.count('fill-opacity="') == 49


@pytest.mark.parametrize("lacks", ["reliability", "coverage", "face_figures"])
def test_what_a_card_lacks_is_said_and_the_rest_is_shown(card, shown, lacks):
    card.pop(lacks, None)
    card["served_figures"].pop(lacks, None)
    text = shown()
    assert "How well it reads each expression" in text
    assert ("This card lacks" in text) == (lacks in ("reliability", "coverage"))


def test_a_missing_text_is_said(shown, tmp_path):
    (tmp_path / "CARD.md").unlink()
    assert "This card lacks: models/CARD.md" in shown()


def test_an_expression_without_a_face_in_the_data_has_no_row(card, shown):
    measured = card["served_figures"]
    measured["confusion"][EMOTIONS.index("disgust")] = [0] * 7
    text = shown()
    assert text.count('fill-opacity="') == 42


@pytest.mark.parametrize("content", [None, "no JSON", "{}", "[]", '{"figures": {"PublicTest": {}}}'])
def test_a_card_that_can_t_be_read_is_one_clear_line(app, tmp_path, content):
    serve_network(app, tmp_path)
    if content is not None:
        (tmp_path / "emotion_cnn.json").write_text(content)
    answer = app.test_client().get("/model", headers={"Accept": "text/html"})
    assert answer.status_code == 503
    assert "emotion_cnn.json of the network is missing, damaged or lacks figures" in answer.text


@pytest.mark.parametrize("lacks", ["uncertain_figures", "origin", "served_figures", "files"])
def test_a_card_that_lacks_what_every_export_writes_is_refused(app, card, tmp_path, lacks):
    del card[lacks]
    (tmp_path / "emotion_cnn.json").write_text(json.dumps(card))
    answer = app.test_client().get("/model", headers={"Accept": "text/html"})
    assert answer.status_code == 503
    assert "missing, damaged or lacks figures" in answer.text


def test_nothing_in_the_text_of_the_card_can_run(shown, tmp_path):
    (tmp_path / "CARD.md").write_text("# Card\n\n<script>alert(1)</script>\n\n[link](javascript:alert(1))\n")
    text = shown()
    assert "<script>alert" not in text
    assert 'href="javascript' not in text


def test_the_worst_and_the_commonest_mistake_are_found():
    counts = [[10, 0, 0, 0, 0, 0, 0] for _ in EMOTIONS]
    for index, row in enumerate(counts):
        row[0], row[index] = 1, 9
    counts[1], counts[4] = [2, 1, 0, 0, 0, 0, 0], [0, 0, 0, 0, 30, 0, 20]
    found = model_figures.class_figures(counts)
    assert [one.name for one in model_figures.worst_classes(found)] == ["disgust", "sad"]
    one, taken_for, share = model_figures.commonest_mistake(found)
    assert (one.name, taken_for, share) == ("sad", "neutral", 0.4)
