"""The page about the network: how accurate it is, what it is bad at, what it must not be used for.

Open to all: the people filmed may ask how right the network is, and nothing on the page is about anybody.
"""

from pathlib import Path

import mistune
from flask import Blueprint, abort, current_app, render_template

from app.language import Translatable
from app.report.model_figures import class_figures, commonest_mistake, reliability_bins, worst_classes
from app.vision.model_card import CARD, ModelCard, WeightsError, read_model_card
from app.web.pages.model_charts import coverage_curve, reliability_points

pages = Blueprint("model", __name__)

TEXT = "CARD.md"


@pages.get("/model")
def model():
    """Show the card of the served network: its figures for everybody, all of it for developers."""
    card = _read_card()
    figures = card.served_figures
    classes, bins = class_figures(figures["confusion"]), reliability_bins(figures)
    return render_template(
        "model.html",
        card=card,
        measured=figures,
        classes=classes,
        worst=worst_classes(classes),
        mistake=commonest_mistake(classes),
        points=bins and reliability_points(bins),
        curve=coverage_curve(figures, card.uncertain_figures),
        text=_text(),
    )


def _read_card() -> ModelCard:
    try:
        return read_model_card(_network())
    except (OSError, WeightsError):
        abort(
            503,
            Translatable(
                "%(card)s of the network is missing, damaged or lacks figures: restore it from the release.",
                card=CARD,
            ),
        )


def _network() -> Path:
    return current_app.config["SETTINGS"].network


def _text() -> str | None:
    """CARD.md as HTML, its headings two levels lower; None if there is no such file."""
    path = _network() / TEXT
    if not path.is_file():
        return None
    markdown = mistune.create_markdown(renderer=_CardRenderer(), plugins=["table"])
    return markdown(path.read_text(encoding="utf-8"))


class _CardRenderer(mistune.HTMLRenderer):
    """Renders a text that stands under a heading of the page."""

    def heading(self, text: str, level: int, **attributes) -> str:
        return super().heading(text, min(6, level + 2), **attributes)

    def link(self, text: str, url: str, title: str | None = None) -> str:
        """Keep only the words of a link within the project: its files are not on the page."""
        return super().link(text, url, title) if "://" in url else text

    def table_cell(self, text: str, align: str | None = None, head: bool = False) -> str:
        """Align a cell by class: the page's content security policy forbids styles in tags."""
        tag, classes = "th" if head else "td", f' class="is-{align}"' if align else ""
        return f"<{tag}{classes}>{text}</{tag}>\n"
