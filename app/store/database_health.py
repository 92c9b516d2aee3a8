"""Whether the database can be read and written, and one log line each when that ends and begins again."""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import (
    DataError,
    DBAPIError,
    IntegrityError,
    NotSupportedError,
    ProgrammingError,
    SQLAlchemyError,
    TimeoutError,
)

from app.clock import Clock
from app.store.tables import db

log = logging.getLogger(__name__)

RETRY_SECONDS = 1.0  # between two tries to write
LOCK_TIMEOUT = "5s"  # as SQLite's busy_timeout

OUR_FAULTS = (IntegrityError, ProgrammingError, DataError, NotSupportedError)
"""What a database that works answers to a wrong statement."""


class DatabaseHealth:
    """Logs the beginning and the end of each outage, however many requests fail in between."""

    def __init__(self, app: Flask, clock: Clock) -> None:
        self._app = app
        self._clock = clock
        self._has_outage = False
        self._lock = threading.Lock()
        self._written_at = float("-inf")
        self._write_error: SQLAlchemyError | None = None
        self._writing = threading.Lock()

    def check_write(self) -> None:
        """Try to write, at most once in RETRY_SECONDS; raises SQLAlchemyError where the last try failed."""
        with self._writing:
            if self._clock.monotonic() - self._written_at >= RETRY_SECONDS:
                self._write_error = None
                try:
                    write()
                except SQLAlchemyError as error:
                    self._write_error = error
                self._written_at = self._clock.monotonic()
            if self._write_error is not None:
                raise self._write_error

    def begin_outage(self, error: SQLAlchemyError) -> None:
        """Log why the database fails, unless an outage lasts already; log in the background when it ends."""
        with self._lock:
            if self._has_outage:
                return
            self._has_outage = True
        log.error("the database fails: %s", reason(error))
        threading.Thread(target=self._await_recovery, name="database-recovery", daemon=True).start()

    def _await_recovery(self) -> None:
        while not self._is_writable():
            self._clock.wait(RETRY_SECONDS)
        log.info("the database works again")
        self._has_outage = False

    def _is_writable(self) -> bool:
        with self._app.app_context():
            try:
                write()
            except SQLAlchemyError:
                return False
            return True


def write() -> None:
    """Write to the database and commit, changing nothing; raises SQLAlchemyError where that is impossible.

    Only a commit finds a full disk: what SQLite rolls back it never writes.
    """
    with db.engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'"))
        connection.execute(text("UPDATE alembic_version SET version_num = version_num"))


def is_outage(error: SQLAlchemyError) -> bool:
    """Whether the database is away, locked, full, read-only or damaged; otherwise the statement was wrong."""
    return isinstance(error, DBAPIError | TimeoutError) and not isinstance(error, OUR_FAULTS)


@contextmanager
def outages_suppressed() -> Iterator[None]:
    """Roll back and go on where the database is away or not migrated, for threads that try again.

    Others log the outage. A statement that a working database refuses raises: no waiting mends that.
    """
    try:
        yield
    except SQLAlchemyError as error:
        db.session.rollback()
        if isinstance(error, OUR_FAULTS) and not is_unmigrated(error):
            raise


def is_busy(error: SQLAlchemyError) -> bool:
    """Whether another process or too many requests held the database for too long."""
    return isinstance(error, TimeoutError) or any(
        words in reason(error) for words in ("is locked", "lock timeout", "deadlock")
    )


def is_unmigrated(error: SQLAlchemyError) -> bool:
    """Whether a table or a column is missing."""
    is_missing = any(words in reason(error) for words in ("no such table", "no such column", "has no column"))
    return is_missing or isinstance(error, ProgrammingError)


def reason(error: SQLAlchemyError) -> str:
    """What the database said, on one line, without the statement and its values."""
    return " ".join(str(getattr(error, "orig", None) or error).split())


def sentence(error: SQLAlchemyError) -> str:
    """The same for whoever starts the program."""
    if is_unmigrated(error):
        hint = "Run: flask --app wsgi db upgrade"
    elif is_busy(error):
        hint = "Another program holds it. Try again in a moment."
    else:
        hint = "Check DATABASE_URL, access rights and free space."
    return f"Aula can't use its database: {reason(error)}. {hint}"
