"""What people read, in their language.

A text is written in English where it is used, and marked there; its German stands in
`translations/de/LC_MESSAGES/messages.po`. docs/architecture.md says how to mark one.
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

WRITTEN_IN = "en"
LANGUAGES = {"en": "English", "de": "Deutsch"}
"""Each language by its code, in its own words."""
COOKIE = "language"
TRANSLATIONS = Path(__file__).parent / "translations"


@dataclass(frozen=True, init=False)
class Words:
    """A sentence that is said later, in the language of whoever reads it then; `str` says it in English.

    `text` names its values as %(name)s. A value may be `Words` too.
    """

    text: str
    values: dict[str, object]

    def __init__(self, text: str, **values: object) -> None:
        object.__setattr__(self, "text", text)
        object.__setattr__(self, "values", values)

    def __str__(self) -> str:
        return self.text % self.values if self.values else self.text


def say(what: object, language: str | None = None) -> str:
    """What `Words`, or an error that is raised with them, say; anything else as it is.

    In `language`, by default in the one of this request.
    """
    if isinstance(what, Exception) and what.args:
        what = what.args[0]
    if not isinstance(what, Words):
        return str(what)
    said = (translations(language) if language else get_translations()).gettext(what.text)
    return said % {name: say(value, language) for name, value in what.values.items()} if what.values else said


def language() -> str:
    """The code of the language that this request is answered in; English outside of one."""
    return str(get_locale() or WRITTEN_IN)


def init_app(app: Flask) -> None:
    """Answer each request in its language."""
    babel = flask_babel.Babel()
    babel.domain_instance = _Catalogues()
    babel.init_app(app, default_locale=WRITTEN_IN, locale_selector=_wanted)


def _wanted() -> str:
    """The language that was chosen on a page, else one that the browser asks for, else LANGUAGE."""
    if not has_request_context():
        return WRITTEN_IN
    chosen = request.cookies.get(COOKIE)
    if chosen in LANGUAGES:
        return chosen
    otherwise = current_app.config["SETTINGS"].language
    return negotiate_locale(request.accept_languages.values(), LANGUAGES, sep="-") or otherwise


class _Catalogues(flask_babel.Domain):
    """Translations as they are written, so that no compiled file can be missing or older than its source."""

    def get_translations(self) -> NullTranslations:
        return translations(language())


@cache
def catalogue(language: str) -> Catalog:
    """Every text with its translation, and the files that it stands in."""
    with (TRANSLATIONS / language / "LC_MESSAGES" / "messages.po").open("rb") as file:
        return read_po(file, locale=language, abort_invalid=True)


@cache
def translations(language: str) -> NullTranslations:
    """What gettext translates with."""
    if language == WRITTEN_IN:
        return NullTranslations()
    compiled = BytesIO()
    write_mo(compiled, catalogue(language))
    compiled.seek(0)
    return Translations(compiled)


@cache
def script_texts(language: str) -> dict[str, str]:
    """The translations of the texts that stand in scripts."""
    if language == WRITTEN_IN:
        return {}
    return {
        message.id: message.string
        for message in catalogue(language)
        if any(file.endswith(".js") for file, _ in message.locations)
    }
