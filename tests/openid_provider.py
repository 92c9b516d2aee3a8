"""OpenID Connect providers: a real one in a process of its own, and one that lies."""

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread
from urllib.parse import urlencode

import requests
from flask import Flask, redirect, request
from joserfc import jwt
from joserfc.jwk import RSAKey
from werkzeug.serving import make_server

from tests.server import BIN, free_port, wait_for

CLIENT_ID = "aula"


class MockProvider:
    """oidc-provider-mock, where whoever types a name is believed."""

    def __init__(self, *users: str) -> None:
        """`users` are the claims of people whom it knows, as JSON."""
        self.port = free_port()
        self.issuer = f"http://localhost:{self.port}"
        options = [option for user in users for option in ("--user-claims", user)]
        self._command = [
            BIN / "oidc-provider-mock",
            "--host",
            "localhost",
            "--port",
            str(self.port),
            *options,
        ]

    def __enter__(self) -> "MockProvider":
        self._process = subprocess.Popen(self._command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for(self._answers)
        return self

    def __exit__(self, *_) -> None:
        self._process.terminate()
        self._process.wait(10)

    def _answers(self) -> bool:
        try:
            return requests.get(f"{self.issuer}/.well-known/openid-configuration", timeout=5).ok
        except requests.ConnectionError:
            assert self._process.poll() is None
            return False


class LyingProvider:
    """Answers with the claims that a test puts into `lies`, and signs with another key if told to."""

    def __init__(self) -> None:
        self.port = free_port()
        self.issuer = f"http://127.0.0.1:{self.port}"
        self.key = RSAKey.generate_key(2048, {"kid": "one", "use": "sig", "alg": "RS256"})
        self.published_key = self.key
        self.lies: dict[str, object] = {}
        self.metadata: dict[str, object] = {}
        self._nonce = ""
        self._app = Flask(__name__)
        self._app.add_url_rule("/.well-known/openid-configuration", view_func=self._configuration)
        self._app.add_url_rule("/jwks", view_func=self._jwks)
        self._app.add_url_rule("/authorize", view_func=self._authorize)
        self._app.add_url_rule("/token", view_func=self._token, methods=["POST"])

    @contextmanager
    def running(self) -> Iterator["LyingProvider"]:
        server = make_server("127.0.0.1", self.port, self._app)
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield self
        finally:
            server.shutdown()
            thread.join()
            server.server_close()

    def _configuration(self):
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/jwks",
            "id_token_signing_alg_values_supported": ["RS256"],
        } | self.metadata

    def _jwks(self):
        return {"keys": [self.published_key.as_dict(private=False)]}

    def _authorize(self):
        self._nonce = request.args["nonce"]
        query = urlencode({"code": "a code", "state": request.args["state"]})
        return redirect(f"{request.args['redirect_uri']}?{query}")

    def _token(self):
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "aud": CLIENT_ID,
            "sub": "7",
            "name": "Anna",
            "nonce": self._nonce,
            "iat": now,
            "exp": now + 60,
        } | self.lies
        claims = {name: value for name, value in claims.items() if value is not None}
        return {
            "access_token": "an access token",
            "token_type": "Bearer",
            "id_token": jwt.encode({"alg": "RS256", "kid": "one"}, claims, self.key),
        }
