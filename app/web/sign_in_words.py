"""Words for people about accounts: roles, browsers."""

from app.language import Translatable
from app.role import Role

ROLE_NAMES = {
    Role.ADMINISTRATOR: Translatable("Administrator"),
    Role.TEACHER: Translatable("Teacher"),
    Role.VIEWER: Translatable("Viewer"),
}

ROLE_REMARKS = {
    Role.ADMINISTRATOR: Translatable("May do everything and sees all lectures."),
    Role.TEACHER: Translatable(
        "Watches the rooms, starts lectures, sees their own and those shared with them."
    ),
    Role.VIEWER: Translatable("Only watches, for example on a wall screen."),
}

BROWSERS = {
    "Edg": "Edge",
    "OPR/": "Opera",
    "SamsungBrowser": "Samsung Internet",
    "Firefox": "Firefox",
    "FxiOS": "Firefox",
    "CriOS": "Chrome",
    "Chrome": "Chrome",
    "Safari": "Safari",
}
"""What stands in a browser's own name, the more telling word first: most say Chrome and Safari too."""

SYSTEMS = {
    "iPhone": "iPhone",
    "iPad": "iPad",
    "Android": "Android",
    "CrOS": "ChromeOS",
    "Windows": "Windows",
    "Macintosh": "macOS",
    "Linux": "Linux",
}


def browser_name(user_agent: str | None) -> Translatable | str:
    """A browser as people know it, such as “Firefox on Windows”."""
    browser = _first(BROWSERS, user_agent)
    system = _first(SYSTEMS, user_agent)
    if browser and system:
        return Translatable("%(browser)s on %(system)s", browser=browser, system=system)
    return browser or system or Translatable("Unknown browser")


def _first(words: dict[str, str], text: str | None) -> str | None:
    return next((name for word, name in words.items() if word in (text or "")), None)
