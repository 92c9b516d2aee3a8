"""The expressions' colours as a style sheet: pages and stream share one palette."""

from flask import Blueprint, Response

from app.vision.palette import COLOURS, UNCERTAIN

pages = Blueprint("style", __name__)


@pages.get("/palette.css")
def palette():
    """Send a class for each expression, such as `.is-happy`, that colours boxes and SVG shapes."""
    colours = {**COLOURS, "uncertain": UNCERTAIN}
    rules = (f".is-{name} {{ background: {colour}; fill: {colour}; }}\n" for name, colour in colours.items())
    return Response("".join(rules), mimetype="text/css", headers={"Cache-Control": "public, max-age=3600"})
