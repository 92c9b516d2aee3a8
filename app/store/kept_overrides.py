"""Keeps a pause and hidden faces in a file until the database has stored them: no restart forgets them."""

import json
import os
from datetime import UTC, datetime
from pathlib import Path

from app.store.effective_settings import NO_OVERRIDES, CurrentPause, Overrides


def keep_overrides(folder: Path, slug: str, overrides: Overrides) -> None:
    """Keep the overrides of the room /rooms/SLUG in place of earlier ones. Raises OSError."""
    path = _path(folder, slug)
    if overrides == NO_OVERRIDES:
        path.unlink(missing_ok=True)
        return
    pause = overrides.pause and [overrides.pause.since.isoformat(), overrides.pause.by]
    complete = path.with_suffix(f".{os.getpid()}")
    with open(complete, "w", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
        json.dump({"pause": pause, "hide_faces": overrides.hide_faces}, file)
        file.flush()
        os.fsync(file.fileno())
    complete.replace(path)


def kept_overrides(folder: Path, slug: str) -> Overrides:
    """What is kept for the room /rooms/SLUG. A damaged file counts as a pause with hidden faces."""
    path = _path(folder, slug)
    try:
        kept = json.loads(path.read_bytes())
        since, by = kept["pause"] or (None, None)
        return Overrides(since and CurrentPause(datetime.fromisoformat(since), by), kept["hide_faces"])
    except FileNotFoundError:
        return NO_OVERRIDES
    except (ValueError, TypeError, KeyError):
        since = datetime.fromtimestamp(path.stat().st_mtime, UTC)
        return Overrides(CurrentPause(since, "somebody"), hide_faces=True)


def _path(folder: Path, slug: str) -> Path:
    return folder / f"not-stored-{slug}.json"
