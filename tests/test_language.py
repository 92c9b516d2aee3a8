"""Pages are in the reader's language, and no text lacks its German."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from app.language import LANGUAGES, SOURCE_LANGUAGE, Translatable, catalogue, translate
from app.project import PROJECT

TRANSLATED = [code for code in LANGUAGES if code != SOURCE_LANGUAGE]


@pytest.fixture(scope="module")
def marked(tmp_path_factory):
    """Every text that is marked in the program, extracted as `make texts` does."""
    file = tmp_path_factory.mktemp("texts") / "texts.pot"
    pybabel = (sys.executable, "-m", "babel.messages.frontend", "-q", "extract", "-F", "babel.cfg")
    options = ("-k", "Translatable", "-k", "t", "-k", "lazy_gettext", "--omit-header", "-o", str(file), "app")
    subprocess.run([*pybabel, *options], cwd=PROJECT, check=True)
    with file.open("rb") as opened:
        return read_po(opened)


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_marked_text_is_translated(marked, language):
    known = catalogue(language)
    missing = [message.id for message in marked if message.id and not _is_whole(known.get(message.id))]
    assert not missing, "run `make texts` and translate these"


def _is_whole(message) -> bool:
    if message is None or message.fuzzy:
        return False
    forms = message.string if isinstance(message.string, tuple) else (message.string,)
    return all(forms)


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_translation_has_the_values_of_its_text(language):
    wrong = [
        (message.id, [str(error) for error in errors]) for message, errors in catalogue(language).check()
    ]
    assert not wrong


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_script_finds_its_texts_in_the_catalogue(marked, language):
    known = catalogue(language)
    in_scripts = [message for message in marked if _files(message) & _scripts()]
    assert in_scripts
    assert all(_files(known.get(message.id)) & _scripts() for message in in_scripts), "run `make texts`"


def _files(message) -> set[str]:
    return {Path(file).name for file, _ in message.locations}


def _scripts() -> set[str]:
    return {file.name for file in (PROJECT / "app" / "web" / "static").glob("*.js")}


def test_the_catalogue_holds_no_text_that_the_program_dropped(marked):
    used = {message.id for message in marked}
    assert [message.id for message in catalogue("de") if message.id not in used] == []


@pytest.mark.parametrize(
    ("accepted", "given"),
    [("de-AT,de;q=0.9", "de"), ("fr,de;q=0.5,en;q=0.3", "de"), ("fr", "en"), ("", "en"), ("en-GB,de", "en")],
)
def test_a_page_is_in_the_language_that_the_browser_asks_for(app, accepted, given):
    page = app.test_client().get("/sign-in", headers={"Accept-Language": accepted})
    assert f'<html lang="{given}">' in page.text


def test_a_browser_that_asks_for_another_language_gets_the_server_s(make_app):
    client = make_app(LANGUAGE="de").test_client()
    assert '<html lang="de">' in client.get("/notice", headers={"Accept-Language": "fr"}).text
    assert '<html lang="en">' in client.get("/notice", headers={"Accept-Language": "fr, en;q=0.5"}).text


def test_a_chosen_language_is_remembered(app):
    client = app.test_client()
    answer = choose(client, "de")
    assert answer.location == "/notice"
    page = client.get("/notice", headers={"Accept-Language": "en"})
    assert '<html lang="de">' in page.text
    assert "Aushang" in page.text


def test_an_unknown_language_is_refused(app):
    assert choose(app.test_client(), "tlh").status_code == 400


def choose(client, language: str):
    page = client.get("/notice").text
    token = re.search(r'name="csrf_token" value="([^"]+)"', page).group(1)
    return client.post("/language", data={"csrf_token": token, "language": language, "next": "/notice"})


def test_a_sentence_is_english_in_the_log_and_german_for_a_reader():
    words = Translatable("%(page)s: not here", page=Translatable("Lectures"))
    assert str(words) == "Lectures: not here"
    assert translate(words, "de") == "Unterrichtsstunden: not here"


UNTRANSLATED = {"Aula", "N", "F", "s", "rtsp", "http", "https", "CSV", "MB", "NLL", "SHA"}
"""Names, keys and units that are the same in every language."""
UNTRANSLATED |= {"bare", "dark", "disabled", "livepage", "wallscreen"}
"""Words that only the browser reads."""


@pytest.mark.parametrize(
    "template", sorted((PROJECT / "app/web/templates").glob("*.html")), ids=lambda p: p.name
)
def test_a_template_has_no_unmarked_text(template):
    assert set(re.findall(r"[A-Za-z]+", unmarked(template.read_text()))) <= UNTRANSLATED


def unmarked(template: str) -> str:
    """The unmarked text of a template: between tags, and in attributes that people read or hear."""
    for code in (r"\{#.*?#\}", r"\{% trans .*?endtrans %\}", r"\{% trans %\}.*?endtrans %\}"):
        template = re.sub(code, "", template, flags=re.S)
    template = re.sub(r"\{\{.*?\}\}|\{%.*?%\}", "", template, flags=re.S)
    attributes = re.findall(r'(?:alt|title|placeholder|aria-label)="([^"]*)"', template)
    return " ".join([*attributes, re.sub(r"<[^>]*>|&\w+;", " ", template)])


def test_no_text_is_marked_where_it_can_t_be_extracted():
    """pybabel does not see calls inside an f-string, or calls without a literal string."""
    hidden = re.compile(
        r"""f"[^"\n]*\{(?:gettext|ngettext|Translatable)\(|(?<![.\w])(?:lazy_)?gettext\((?!\s*")"""
    )
    for file in (PROJECT / "app").rglob("*.py"):
        assert hidden.findall(file.read_text(encoding="utf-8")) == [], file


def test_no_template_puts_a_constant_into_words():
    """Jinja applies a filter to a constant once, when it compiles a template for its first reader."""
    constant_in_words = re.compile(r"""["'] *\| *(?:word|why_unread|faces)\b""")
    for template in (PROJECT / "app/web/templates").glob("*.html"):
        assert constant_in_words.findall(template.read_text()) == [], template.name


def test_scripts_have_no_unmarked_text():
    shown_text = re.compile(
        r"""(?:textContent = |title = |showStatus\(|showBadge\("\w+", )(["`][^"`]*[A-Za-z]{2}[^"`]*["`])"""
    )
    for script in (PROJECT / "app/web/static").glob("*.js"):
        without_values = re.sub(r"\$\{[^}]*\}", "", script.read_text())
        assert shown_text.findall(without_values) == [], script.name


def test_a_german_page_is_german_in_its_scripts_and_its_figures(make_app):
    client = make_app(ADMIN_PASSWORD="a long password").test_client()
    choose(client, "de")
    page = client.get("/sign-in").text
    texts = json.loads(re.search(r'id="texts">(.*?)</script>', page).group(1))
    assert texts["%(age)s s old"] == "%(age)s s alt"
    assert texts["surprise"] == "überrascht"
