"""Translates what people read.

A text is written in English where it is used, and marked there; its German stands in
`translations/de/LC_MESSAGES/messages.po`. docs/architecture.md shows how to mark one.
"""

from dataclasses import dataclass
from functools import cache
from io import BytesIO
from pathlib import Path

import flask_babel
from babel import negotiate_locale
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations
from flask import Flask, current_app, has_request_context, request
from flask_babel import get_locale, get_translations

SOURCE_LANGUAGE = "en"
LANGUAGES = {"en": "English", "de": "Deutsch"}
"""The name of each language, in that language, by its code."""
COOKIE = "language"
TRANSLATIONS = Path(__file__).parent / "translations"


@dataclass(frozen=True, init=False)
class Translatable:
    """A sentence that is translated later, for whoever reads it; `str` gives it in English.

    `text` names its values as %(name)s. A value may be `Translatable` too.
    """

    text: str
    values: dict[str, "Translatable | str | int | float | None"]

    def __init__(self, text: str, **values: object) -> None:
        object.__setattr__(self, "text", text)
        object.__setattr__(self, "values", values)

    def __str__(self) -> str:
        return self.text % self.values if self.values else self.text

    def as_json(self, max_length: int | None = None) -> list:
        """The sentence as a list for JSON; its values become texts of at most `max_length` characters."""
        return [self.text, {name: str(value)[:max_length] for name, value in self.values.items()}]

    @staticmethod
    def from_json(value: list) -> "Translatable":
        """The sentence that `as_json` turned into `value`."""
        text, values = value
        return Translatable(text, **values)


def translate(source: object, language: str | None = None) -> str:
    """Translate a `Translatable`, or the one that an error was raised with; gives `str` of anything else.

    Into `language`, by default that of the current request.
    """
    if isinstance(source, Exception) and source.args:
        source = source.args[0]
    if not isinstance(source, Translatable):
        return str(source)
    text = (translations(language) if language else get_translations()).gettext(source.text)
    if not source.values:
        return text
    return text % {name: translate(value, language) for name, value in source.values.items()}


def current_language() -> str:
    """The code of the current request's language; English outside of a request."""
    return str(get_locale() or SOURCE_LANGUAGE)


def init_app(app: Flask) -> None:
    """Answer each request in its own language."""
    babel = flask_babel.Babel()
    babel.domain_instance = _SourceCatalogues()
    babel.init_app(app, default_locale=SOURCE_LANGUAGE, locale_selector=_select_language)


def _select_language() -> str:
    """The language chosen on a page, else one that the browser asks for, else LANGUAGE."""
    if not has_request_context():
        return SOURCE_LANGUAGE
    chosen = request.cookies.get(COOKIE)
    if chosen in LANGUAGES:
        return chosen
    default = current_app.config["SETTINGS"].language
    return negotiate_locale(request.accept_languages.values(), LANGUAGES, sep="-") or default


class _SourceCatalogues(flask_babel.Domain):
    """Translations read from the .po files, so that no compiled file can be missing or out of date."""

    def get_translations(self) -> NullTranslations:
        return translations(current_language())


@cache
def catalogue(language: str) -> Catalog:
    """Every text with its translation and the files that use it."""
    with (TRANSLATIONS / language / "LC_MESSAGES" / "messages.po").open("rb") as file:
        return read_po(file, locale=language, abort_invalid=True)


@cache
def translations(language: str) -> NullTranslations:
    """The translations in the form that gettext uses."""
    if language == SOURCE_LANGUAGE:
        return NullTranslations()
    compiled = BytesIO()
    write_mo(compiled, catalogue(language))
    compiled.seek(0)
    return Translations(compiled)


@cache
def script_texts(language: str) -> dict[str, str]:
    """The translations of texts in JavaScript files."""
    if language == SOURCE_LANGUAGE:
        return {}
    return {
        message.id: message.string
        for message in catalogue(language)
        if any(file.endswith(".js") for file, _ in message.locations)
    }
