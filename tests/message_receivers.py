"""Who receives messages in tests: a mail server, and a web server that takes webhooks."""

import email
import json
from dataclasses import dataclass
from email.message import Message

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

from tests.http_server import HttpServer, QuietHandler
from tests.server import free_port

MAIL_USER, MAIL_PASSWORD = "aula", "pa55word-of-mail"


class MailServer:
    """A real SMTP server that checks passwords: `with MailServer() as mail: …`."""

    def __init__(self) -> None:
        self.received: list[Message] = []
        self._controller = Controller(
            self,
            "127.0.0.1",
            free_port(),
            authenticator=_authenticate,
            auth_require_tls=False,
            server_hostname="mail.school.org",
        )

    async def handle_DATA(self, _server, _session, envelope) -> str:
        self.received.append(email.message_from_bytes(envelope.content))
        return "250 OK"

    def address(self, password: str = MAIL_PASSWORD) -> str:
        """Its address for messages to the office."""
        host = f"127.0.0.1:{self._controller.port}"
        return f"mailto://{MAIL_USER}:{password}@{host}?from=aula@school.org&to=office@school.org"

    def texts(self) -> list[tuple[str, str]]:
        """Subject and text of each mail."""
        return [
            (
                str(email.header.make_header(email.header.decode_header(mail["Subject"]))),
                _text(mail).replace("\r\n", "\n").strip(),
            )
            for mail in self.received
        ]

    def __enter__(self) -> "MailServer":
        self._controller.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._controller.stop()


def _authenticate(_server, _session, _envelope, _mechanism, data) -> AuthResult:
    is_right = (data.login, data.password) == (MAIL_USER.encode(), MAIL_PASSWORD.encode())
    return AuthResult(success=is_right, handled=is_right)


def _text(mail: Message) -> str:
    part = next(part for part in mail.walk() if part.get_content_type() == "text/plain")
    return part.get_payload(decode=True).decode()


@dataclass(frozen=True)
class Post:
    """What was posted."""

    path: str
    headers: Message
    body: bytes

    @property
    def json(self) -> dict:
        return json.loads(self.body)


class WebhookReceiver(HttpServer):
    """A real web server that takes every POST: `with WebhookReceiver() as web: …`.

    `status` is what it answers; with `location` it sends the client elsewhere.
    """

    def __init__(self) -> None:
        self.received: list[Post] = []
        self.status = 204
        self.location: str | None = None
        receiver = self

        class Answers(QuietHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.received.append(Post(self.path, self.headers, body))
                self.send_response(receiver.status)
                if receiver.location:
                    self.send_header("Location", receiver.location)
                self.send_header("Content-Length", "0")
                self.end_headers()

            do_GET = do_POST

        super().__init__(Answers)
