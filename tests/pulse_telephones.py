"""A telephone without a script: real HTTP, with the cookie that the page gives."""

import http.cookiejar
import urllib.error
import urllib.parse
import urllib.request


class Telephone:
    """Opens the page of a lecture and answers."""

    def __init__(self, url: str, code: str) -> None:
        self._url, self._code = url, code
        cookies = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        self._opener = urllib.request.build_opener(cookies)
        self.status = self.get(f"/p/{code}")

    def get(self, path: str) -> int:
        """Open a path, and give the status."""
        return self._send(urllib.request.Request(self._url + path))

    def say(self, choice: str) -> int:
        """Tap a button, and give the status."""
        return self._post(f"/p/{self._code}", choice=choice)

    def ask(self, text: str) -> int:
        """Ask a question, and give the status."""
        return self._post(f"/p/{self._code}/question", text=text)

    def _post(self, path: str, **form: str) -> int:
        page = f"{self._url}/p/{self._code}"
        headers = {"Accept": "application/json", "Referer": page}
        return self._send(
            urllib.request.Request(self._url + path, urllib.parse.urlencode(form).encode(), headers)
        )

    def _send(self, request: urllib.request.Request) -> int:
        try:
            with self._opener.open(request, timeout=30) as answer:
                answer.read()
                return answer.status
        except urllib.error.HTTPError as error:
            return error.code
