"""Refuses requests that hold text or numbers which the database can't store."""

import json
from collections.abc import Iterator
from io import BytesIO

from flask import Flask, Request, abort, request
from werkzeug.routing import IntegerConverter

from app.language import Translatable

MAX_ROW_ID = 10**9 - 1  # below the 2**31 - 1 of PostgreSQL's INTEGER, and a number of digits
_CONTROL = r"\x00-\x1f\x7f-\x9f\u2028\u2029"
ONE_LINE = rf"^[^{_CONTROL}]*$"
"""A pattern for text whose outer blanks are gone: no line break of Unicode, and no control character."""
ONE_LINE_WITH_A_LETTER = rf"^[^{_CONTROL}]*[^\s{_CONTROL}][^{_CONTROL}]*$"

MAX_JSON_DEPTH = 20  # the API's own objects have two levels

BAD_TEXT = Translatable("The text contains a character that can't be stored.")


class RowIdConverter(IntegerConverter):
    """Matches `<int:…>` in a route only if it can be the id of a row; any other address doesn't exist.

    The pattern alone decides: where a converter's `max` does, a change answers 405.
    """

    regex = r"[0-9]{1,9}"


class CheckedRequest(Request):
    """A request that answers 400 when its form or query is read and holds text that can't be stored."""

    @property
    def args(self):
        """The parameters of the query."""
        is_new = "args" not in self.__dict__  # an error page may ask for them again
        args = super().args
        return _checked(args) if is_new else args

    def _get_file_stream(self, *_arguments, **_keywords) -> BytesIO:
        """Keep a form's file in memory: Werkzeug would write a large one to the disk."""
        return BytesIO()

    def _load_form_data(self) -> None:
        is_new = "form" not in self.__dict__
        super()._load_form_data()
        if is_new:
            _checked(self.form)


def init_app(app: Flask) -> None:
    """Check every request that `app.web.access`, which comes first, lets in."""
    app.request_class = CheckedRequest
    app.url_map.converters["int"] = RowIdConverter
    app.before_request(_check_path)
    app.before_request(_check_json)


def row_id(text: str) -> int:
    """The id of a row that a query names; ValueError if no row can have it."""
    if not (text.isdecimal() and len(text) <= 10 and int(text) <= MAX_ROW_ID):
        raise ValueError(f"{text} is no id")
    return int(text)


def _checked(fields):
    """`fields` as they are; answers 400 if a name or a value can't be stored."""
    if not all(_is_storable(text) for item in fields.items(multi=True) for text in item):
        abort(400, BAD_TEXT)
    return fields


def _is_storable(text: str) -> bool:
    """Whether every database stores this text: PostgreSQL refuses NUL, and each refuses a lone surrogate."""
    return "\0" not in text and not any("\ud800" <= letter <= "\udfff" for letter in text)


def _check_path() -> None:
    if "\0" in request.path:
        abort(404)


def _check_json() -> None:
    body = request.get_data() if request.is_json else b""
    if not body:
        return
    try:
        texts = list(_texts(json.loads(body.decode()), MAX_JSON_DEPTH))
    except (ValueError, RecursionError):  # neither UTF-8 nor JSON, too many digits, nested too deep
        abort(400, Translatable("The body is no JSON that can be read."))
    if not all(map(_is_storable, texts)):
        abort(400, BAD_TEXT)


def _texts(value: object, depth: int) -> Iterator[str]:
    """Every text in a JSON value; ValueError where it is nested deeper than `depth`."""
    if depth == 0:
        raise ValueError("nested too deep")
    match value:
        case str():
            yield value
        case list():
            for each in value:
                yield from _texts(each, depth - 1)
        case dict():
            for name, each in value.items():
                yield name
                yield from _texts(each, depth - 1)
