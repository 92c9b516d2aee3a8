"""Who is told when something is wrong: on the page of settings."""

import pytest
from playwright.sync_api import expect

from app.store import room_queries
from tests.browser import close, sign_in
from tests.forms import csrf_of, signed_in_client
from tests.message_receivers import MAIL_PASSWORD, MailServer, WebhookReceiver
from tests.test_messages import SECRET, webhook
from tests.test_settings_page import FILLED, fill_in

BOT = "tgram://123456789:AAbbccddeeffgghhii_jj/987654"


@pytest.fixture
def administrator(app):
    """A browser in which an administrator has signed in."""
    return signed_in_client(app)


def stored(app) -> list[str] | None:
    with app.app_context():
        return room_queries.find_room("Room 7").notify


def test_addresses_are_stored_and_shown_without_their_secrets(app, administrator):
    assert fill_in(administrator, "/settings", notify=f"{BOT}\nntfy://class-alerts").status_code == 302
    assert stored(app) == [BOT, "ntfy://class-alerts"]
    page = administrator.get("/settings").text
    assert "tgram://…" in page
    assert "ntfy://…" in page
    assert not [secret for secret in ("AAbbcc", "987654", "class-alerts") if secret in page]


def test_a_line_that_is_left_as_it_is_stays_and_others_change(app, administrator):
    fill_in(administrator, "/settings", notify=f"{BOT}\nntfy://class-alerts")
    fill_in(administrator, "/settings", notify="json://host/new\ntgram://…")
    assert stored(app) == ["json://host/new", BOT]
    fill_in(administrator, "/settings", notify="")
    assert stored(app) is None


def test_a_form_without_the_field_changes_no_address(app, administrator):
    fill_in(administrator, "/settings", notify=BOT)
    fill_in(administrator, "/settings")
    assert stored(app) == [BOT]


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("office@school.org", "which office@school.org is not"),
        ("foo://pa55word/x", "Apprise can&#39;t use foo://…: "),
        ("ntfy://", "which ntfy://"),
        ("syslog://x", "acts on the server itself"),
        ("tgram://…", "write out what is hidden in tgram://…"),
        ("mailto://aula:…@other.org", "write out what is hidden in mailto://aula:…@other.org"),
        ("webhook+https://host/path", "openssl rand -hex 32"),
    ],
)
def test_an_address_that_can_t_be_used_is_refused_with_the_reason(app, administrator, typed, said):
    answer = fill_in(administrator, "/settings", notify=typed)
    assert answer.status_code == 400
    assert said in answer.text
    assert "pa55word" not in answer.text.replace("foo://pa55word/x</textarea>", "")
    assert stored(app) is None


def send_test(client, **changes) -> dict:
    token = csrf_of(client.get("/settings").text)
    return client.post("/settings/notify", data=FILLED | changes | {"csrf_token": token}).json


def test_the_button_sends_to_what_is_filled_in_and_says_what_happened(app, administrator):
    with MailServer() as mail, WebhookReceiver() as web:
        web.status = 503
        answer = send_test(administrator, notify=f"{mail.address()}\n{webhook(web)}")
        assert mail.texts() == [
            (
                "Room 7: test message from Aula",
                "Aula writes to you here when something is wrong with this room.",
            )
        ]
        (by_mail, by_web) = answer["sent"]
    assert by_mail["works"]
    assert by_mail["address"].endswith("?from=aula@school.org&to=office@school.org")
    assert not by_web["works"]
    assert "503" in by_web["detail"]
    assert MAIL_PASSWORD not in str(answer)
    assert SECRET not in str(answer)
    assert stored(app) is None, "nothing is saved"


def test_the_button_names_a_wrong_address_and_asks_for_one(administrator):
    assert "acts on the server itself" in send_test(administrator, notify="dbus://")["detail"]
    assert send_test(administrator, notify="")["detail"] == "Enter an address first."


def test_the_page_names_who_is_told_of_all_rooms(make_app):
    client = signed_in_client(make_app(NOTIFY=f"{BOT} json://host/path"))
    page = client.get("/settings").text
    assert "tgram://…, json://host/…" in page
    assert "AAbbcc" not in page


def test_a_test_message_goes_to_the_addresses_of_notify_too_in_the_server_s_language(make_app):
    with WebhookReceiver() as web:
        client = signed_in_client(make_app(NOTIFY=webhook(web), LANGUAGE="de"))
        client.set_cookie("language", "en")
        assert send_test(client, notify="")["sent"][0]["works"]
    assert web.received[0].json["title"] == "Room 7: Testnachricht von Aula"
    assert web.received[0].json["kind"] == "test"


def test_in_a_browser_the_button_says_for_each_address_what_happened(chromium, start_server):
    with MailServer() as mail, WebhookReceiver() as web:
        web.status = 404
        server = start_server(NOTIFY=webhook(web))
        context = chromium.new_context(locale="de")
        page = context.new_page()
        try:
            sign_in(page, server)
            page.goto(f"{server.url}/settings")
            page.get_by_label("Wer Bescheid bekommt").fill(mail.address())
            page.get_by_role("button", name="Testnachricht senden").click()
            lines = page.locator("#notify-test li")
            expect(lines).to_have_count(2)
            expect(lines.nth(0)).to_contain_text("Die Antwort war 404")
            expect(lines.nth(1)).to_contain_text("Gesendet.")
            assert len(mail.received) == 1
        finally:
            close(context)
