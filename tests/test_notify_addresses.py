"""The addresses of messages: which are allowed, and how they are redacted."""

import pytest

from app.language import translate
from app.notify.address import (
    LOCAL,
    as_lines,
    kept_addresses,
    parse_addresses,
    redacted,
    split_addresses,
    without_secrets,
)

SECRET = "5ecb0f7d" * 8
MAIL = "mailtos://aula:pa55word@mail.school.org?to=office@school.org,head@school.org&mode=starttls"


def test_addresses_are_separated_by_blanks_commas_and_lines():
    text = f" {MAIL}, ntfy://alerts\njson://host/path ntfys://t,tgram://1:abc/2, "
    assert split_addresses(text) == [
        MAIL,
        "ntfy://alerts",
        "json://host/path",
        "ntfys://t",
        "tgram://1:abc/2",
    ]
    assert parse_addresses("ntfy://a ntfy://a") == ("ntfy://a",)


@pytest.mark.parametrize("scheme", sorted(LOCAL | {"SYSLOG", "DBus"}))
def test_what_acts_on_the_server_itself_is_refused(scheme):
    with pytest.raises(ValueError, match="acts on the server itself"):
        parse_addresses(f"{scheme}://anything")


@pytest.mark.parametrize("text", ["office@school.org", "pa55word", "mailto:", "://x", "ntfy://a\x07b"])
def test_what_is_no_address_is_refused_with_an_example(text):
    with pytest.raises(ValueError, match="mailtos://USER:PASSWORD@HOST") as error:
        parse_addresses(text)
    assert "pa55word" not in str(error.value)
    assert "Adressen wie mailtos://BENUTZER" in translate(error.value, "de")


@pytest.mark.parametrize(
    "address",
    [
        "webhook+https://host/path",
        "webhook+https://short@host/path",
        f"webhook+https://{SECRET}@/path",
        f"webhook+https://{'!' * 40}@host/path",
        f"webhook+https://user:{SECRET}@host/path",
    ],
)
def test_a_webhook_needs_a_secret_and_a_host(address):
    with pytest.raises(ValueError, match="openssl rand -hex 32") as error:
        parse_addresses(address)
    assert SECRET not in str(error.value)


def test_more_than_ten_addresses_are_refused():
    with pytest.raises(ValueError, match="at most 10"):
        parse_addresses(" ".join(f"ntfy://{number}" for number in range(11)))


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        (MAIL, "mailtos://aula:…@mail.school.org?to=office@school.org,head@school.org&mode=starttls"),
        ("mailto://school.org?user=a&pass=pa55word", "mailto://school.org?user=…&pass=…"),
        ("mailto://aula:pa55@word@mail.org", "mailto://…"),
        ("tgram://123456:pa55word/789", "tgram://…"),
        ("slack://pa55word/b/c", "slack://…"),
        ("ntfy://pa55word", "ntfy://…"),
        ("ntfys://me:pa55word@ntfy.school.org/topic", "ntfys://ntfy.school.org/…"),
        ("json://host:8080/pa55word?token=pa55word", "json://host:8080/…"),
        ("https://discord.com/api/webhooks/1/pa55word", "https://discord.com/…"),
        (f"webhook+https://{SECRET}@host/pa55word", "webhook+https://host/…"),
        ("matrixs://pa55word", "matrixs://…"),
        ("json://[pa55word/x", "json://…"),
        ("pa55word", "…"),
    ],
)
def test_what_is_shown_holds_no_secret(address, expected):
    assert redacted(address) == expected


def test_a_message_of_a_service_loses_what_is_not_shown():
    address = "tgram://123456:pa55word%21/78910"
    said = "error 404 for https://api.telegram.org/bot123456:pa55word!/send?chat=78910, pa55word%21"
    cleaned = without_secrets(said, address)
    assert not {"123456", "pa55word", "78910"} & set(cleaned.replace("/", " ").replace(":", " ").split())
    assert "pa55word" not in cleaned
    assert "error 404 for https://api.telegram.org" in cleaned


def test_a_line_that_is_left_as_it_is_keeps_its_address():
    stored = [MAIL, "tgram://1:one/2", "tgram://1:two/2"]
    lines = as_lines(stored).splitlines()
    assert len(set(lines)) == 3
    assert kept_addresses(lines, stored) == stored
    assert kept_addresses([lines[2], "ntfy://new", lines[0]], stored) == [stored[2], "ntfy://new", MAIL]
