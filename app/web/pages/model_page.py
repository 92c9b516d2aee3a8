"""The page about the network: how right it is, what it is bad at, what it must not be used for.

Open to all: the people filmed may ask how right it is, and nothing in it is about anybody.
"""

import json

import mistune
from flask import Blueprint, abort, render_template

from app import PROJECT
from app.web.pages import model_figures

pages = Blueprint("model", __name__)

FOLDER = PROJECT / "models"
CARD, TEXT = "emotion_cnn.json", "CARD.md"


@pages.get("/model")
def model():
    """Show the card of the network that is served: its figures for everybody, all of it for developers."""
    card = _card()
    part = model_figures.part_of(card)
    measured = card["figures"][part]["ferplus"]
    classes = model_figures.classes(measured)
    return render_template(
        "model.html",
        card=card,
        part=part,
        measured=measured,
        classes=classes,
        worst=model_figures.worst(classes),
        mistake=model_figures.commonest_mistake(classes),
        points=model_figures.reliability(measured),
        curve=model_figures.coverage(measured, card.get("uncertain_figures")),
        text=_text(),
    )


def _card() -> dict:
    """The card as it is now: an export may have replaced it."""
    try:
        card = json.loads((FOLDER / CARD).read_text(encoding="utf-8"))
        card["figures"][model_figures.part_of(card)]["ferplus"]["confusion"]
    except (OSError, ValueError, KeyError, TypeError):
        abort(503, f"models/{CARD} is missing, damaged or without figures: restore it from the release.")
    return card


def _text() -> str | None:
    """CARD.md as HTML, its headings two steps lower; None where there is no such file."""
    path = FOLDER / TEXT
    if not path.is_file():
        return None
    markdown = mistune.create_markdown(renderer=_Below(), plugins=["table"])
    return markdown(path.read_text(encoding="utf-8"))


class _Below(mistune.HTMLRenderer):
    """A text that stands under a heading of the page."""

    def heading(self, text: str, level: int, **attributes) -> str:
        return super().heading(text, min(6, level + 2), **attributes)

    def link(self, text: str, url: str, title: str | None = None) -> str:
        """Only the words of a link within the project, whose files are not on the page."""
        return super().link(text, url, title) if "://" in url else text

    def table_cell(self, text: str, align: str | None = None, head: bool = False) -> str:
        """A cell whose alignment is a class: the page's policy lets no style stand in a tag."""
        kind, where = "th" if head else "td", f' class="is-{align}"' if align else ""
        return f"<{kind}{where}>{text}</{kind}>\n"
