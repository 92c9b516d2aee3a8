"""The page about the network: how accurate it is, what it is bad at, what it must not be used for.

Open to everyone: the people filmed may want to know, and the page holds nothing about any person.
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
    """Show the card of the served network: its figures for everyone, all of it for developers."""
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
    """The card as it is on disk now: an export may have replaced it."""
    try:
        card = json.loads((FOLDER / CARD).read_text(encoding="utf-8"))
        card["figures"][model_figures.part_of(card)]["ferplus"]["confusion"]
    except (OSError, ValueError, KeyError, TypeError):
        abort(503, f"models/{CARD} is missing, damaged or without figures: restore it from the release.")
    return card


def _text() -> str | None:
    """CARD.md as HTML, its headings two levels lower; None if there is no such file."""
    path = FOLDER / TEXT
    if not path.is_file():
        return None
    markdown = mistune.create_markdown(renderer=_Below(), plugins=["table"])
    return markdown(path.read_text(encoding="utf-8"))


class _Below(mistune.HTMLRenderer):
    """Renders a text that stands below a heading of the page."""

    def heading(self, text: str, level: int, **attributes) -> str:
        return super().heading(text, min(6, level + 2), **attributes)

    def link(self, text: str, url: str, title: str | None = None) -> str:
        """A link to elsewhere; of a link to a file of the project, which no page shows, only the words."""
        return super().link(text, url, title) if "://" in url else text

    def table_cell(self, text: str, align: str | None = None, head: bool = False) -> str:
        """A cell with its alignment as a class: the content security policy forbids inline styles."""
        kind, where = "th" if head else "td", f' class="is-{align}"' if align else ""
        return f"<{kind}{where}>{text}</{kind}>\n"
