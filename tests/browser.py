"""Debian's Chromium, driven by Playwright."""

import os
from contextlib import suppress
from pathlib import Path

from playwright.sync_api import Error

from tests.server import PASSWORD

CHROMIUM = Path("/usr/bin/chromium")

LAUNCH = {
    "executable_path": str(CHROMIUM),
    "args": [
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--no-first-run",
        *(["--no-sandbox"] if os.getuid() == 0 else []),  # Chromium refuses root otherwise
    ],
}


def sign_in(page, server) -> None:
    """Sign in as the administrator, as a person would."""
    page.goto(f"{server.url}/sign-in")
    page.locator("#name").fill("admin")  # in whatever language
    page.locator("#password").fill(PASSWORD)
    page.locator("main button[type=submit]").click()
    page.wait_for_url(f"{server.url}/")


def cookies_of(browser, server) -> list:
    """The cookies of one sign-in: only ten a minute are let in."""
    page = browser.new_page()
    sign_in(page, server)
    cookies = page.context.cookies()
    close(page.context)
    return cookies


def close(context) -> None:
    """End a context, its pages first: Chromium 156 never ends one whose page is on its way to another."""
    for page in context.pages:
        with suppress(Error):  # a page may be opening itself again
            page.goto("about:blank")
    context.close()
