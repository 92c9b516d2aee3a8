"""The expressions' colours as a style sheet: pages and stream share one palette."""

from flask import Blueprint, Response

from app.report.share_stack import PRESENCE_COLOURS, STACK_COLOURS
from app.vision.palette import ink_on

pages = Blueprint("style", __name__)


@pages.get("/palette.css")
def palette():
    """Classes for each expression: `.is-happy` colours boxes and SVG shapes, `.line-happy` their lines."""
    rules = (
        f".is-{name} {{ background: {colour}; fill: {colour}; color: {ink_on(colour)}; }}\n"
        for name, colour in (STACK_COLOURS | PRESENCE_COLOURS).items()
    )
    strokes = (f".line-{name} {{ stroke: {colour}; }}\n" for name, colour in STACK_COLOURS.items())
    return Response(
        "".join((*rules, *strokes)), mimetype="text/css", headers={"Cache-Control": "public, max-age=3600"}
    )
