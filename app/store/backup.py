"""The whole database as one portable file, and back.

A backup is gzip of JSON lines: a header with the number of rows of each table; then for each table a line
with the names of its columns, and one for each row. What SQLite wrote, PostgreSQL reads, and the other way
round. Tables and types are read from the database, so one that was not migrated yet can be backed up, too.
"""

import gzip
import json
import zlib
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, time
from functools import partial
from itertools import chain, islice
from typing import Any, BinaryIO

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import current_app
from sqlalchemy import JSON, Column, Connection, DateTime, MetaData, Table, Time, event, func, select, text
from sqlalchemy.exc import StatementError

from app.project import VERSION
from app.store.database_health import LOCK_TIMEOUT, is_outage, reason
from app.store.tables import UTCDateTime, db

FORMAT = 1
ROWS_AT_ONCE = 1000  # held in memory
MAX_LINE_BYTES = 2**20  # a row takes a few KB
NOT_KEPT = ("pulse", "pulse_vote", "poll_answer")
"""Tables of what lasts no longer than its lecture: keys, and what single devices said."""
NO_BACKUP = "The file is no backup of Aula."
DAMAGED = "The backup is damaged or incomplete. Nothing was restored."


class BackupError(Exception):
    """Why a backup can't be made or restored, in one or two sentences."""


@dataclass(frozen=True, slots=True)
class Backup:
    """A backup that is being read: what its header says, and an iterator that reads its other lines."""

    revision: str
    """The version of its tables."""
    version: str
    """The version of the program that made it."""
    made_at: datetime
    counts: dict[str, int]
    """The number of rows of each table, in the order in which they can be inserted."""
    lines: Iterator[Any]


def write_backup(file: BinaryIO, now: datetime) -> dict[str, int]:
    """Write the database to `file` and give the number of rows of each table.

    It is the database of one moment, whatever a server writes meanwhile. Raises BackupError and OSError.
    """
    with (
        db.engine.connect() as connection,
        gzip.GzipFile(fileobj=file, mode="wb", filename="", mtime=now.timestamp()) as packed,
    ):
        lines = dump(connection, now)
        header = next(lines)
        for line in chain([header], lines):
            packed.write(json.dumps(line, default=_encode, separators=(",", ":")).encode() + b"\n")
    return header["rows"]


def dump(connection: Connection, now: datetime) -> Iterator[Any]:
    """Give the lines of a backup: what `connection` sees when the first one is asked for."""
    _begin_reading(connection)
    revision = _revision(connection, _known_revisions(_migrations()))
    if revision is None:
        raise BackupError("The database has no tables of Aula: there is nothing to back up.")
    tables = [table for table in _reflect(connection).sorted_tables if table.name not in NOT_KEPT]
    counts = {table.name: connection.scalar(select(func.count()).select_from(table)) for table in tables}
    yield {
        "aula_backup": FORMAT,
        "revision": revision,
        "version": VERSION,
        "made_at": now,
        "rows": counts,
    }
    for table in tables:
        yield table.columns.keys()
        query = select(table).execution_options(yield_per=ROWS_AT_ONCE)
        yield from map(list, connection.execute(query))


def open_backup(file: BinaryIO) -> Backup:
    """Read a backup's header. Raises BackupError for a file that is no backup, or one of a newer format."""
    lines = _lines(file)
    try:
        header = next(lines)
        if header["aula_backup"] == FORMAT:
            made_at = datetime.fromisoformat(header["made_at"])
            return Backup(header["revision"], header["version"], made_at, header["rows"], lines)
    except (BackupError, StopIteration, LookupError, TypeError, ValueError):
        raise BackupError(NO_BACKUP) from None
    raise BackupError(f"The backup is of a newer format than Aula {VERSION} reads. Install a newer version.")


def restore_backup(backup: Backup, *, replace: bool) -> None:
    """Fill the database with a backup, then migrate it to this version.

    Everything or nothing. Raises BackupError if the database has rows and `replace` doesn't allow to delete
    them, if the backup is damaged, and if it is of a newer version.
    """
    migrations = _migrations()
    known = _known_revisions(migrations)
    if backup.revision not in known:
        raise BackupError(
            f"The backup was made by Aula {backup.version} and has a newer database ({backup.revision}) than "
            f"Aula {VERSION} knows. Install the newer version and restore it there."
        )
    with db.engine.connect() as connection:
        try:
            _begin_writing(connection)
            _clear(connection, known, replace)
            _migrate(connection, migrations, backup.revision)
            _insert(connection, backup)
            _migrate(connection, migrations, "head")
            connection.commit()
        finally:
            connection.rollback()
            if connection.dialect.name == "sqlite":
                connection.exec_driver_sql("PRAGMA foreign_keys=ON")


def _lines(file: BinaryIO) -> Iterator[Any]:
    """The JSON values of a backup. Raises BackupError where it is damaged, OSError where it can't be read."""
    try:
        with gzip.GzipFile(fileobj=file) as packed:
            for line in iter(partial(packed.readline, MAX_LINE_BYTES), b""):
                yield json.loads(line)
    except (gzip.BadGzipFile, zlib.error, EOFError, ValueError, RecursionError):
        raise BackupError(DAMAGED) from None


def _encode(value: datetime | time) -> str:
    return value.isoformat()


def _begin_reading(connection: Connection) -> None:
    """Let the connection see the database of one moment."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("BEGIN")  # without it each SELECT sees what is newest
    else:
        connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)


def _begin_writing(connection: Connection) -> None:
    """Begin a transaction in which tables, too, are changed."""
    if connection.dialect.name == "sqlite":
        # a migration may replace a table, which would delete the rows that refer to it
        connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
        connection.commit()  # the pragma does nothing inside a transaction
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    else:
        connection.execute(text(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'"))


def _migrations() -> Config:
    return current_app.extensions["migrate"].migrate.get_config()


def _known_revisions(migrations: Config) -> set[str]:
    return {script.revision for script in ScriptDirectory.from_config(migrations).walk_revisions()}


def _migrate(connection: Connection, migrations: Config, revision: str) -> None:
    """Migrate the database within the connection's transaction."""
    migrations.attributes["connection"] = connection  # for migrations/env.py
    command.upgrade(migrations, revision)


def _revision(connection: Connection, known: set[str]) -> str | None:
    """The version of the database; None without tables. Raises BackupError for one that is not `known`."""
    revision = MigrationContext.configure(connection).get_current_revision()
    if revision is not None and revision not in known:
        raise BackupError(
            f"The database ({revision}) is of a newer version than Aula {VERSION}, or of another program."
        )
    return revision


def _reflect(connection: Connection) -> MetaData:
    """Aula's tables as reflected from the database, with the same types for times and JSON on each kind."""
    metadata = MetaData()

    @event.listens_for(metadata, "column_reflect")
    def _set_type(_inspector: Any, _table: Table, column: Any) -> None:
        if isinstance(column["type"], DateTime):
            column["type"] = UTCDateTime()
        elif isinstance(column["type"], JSON):
            column["type"] = JSON(none_as_null=True)

    metadata.reflect(connection, only=lambda name, _: name in db.metadata.tables)
    return metadata


def _clear(connection: Connection, known: set[str], replace: bool) -> None:
    """Drop Aula's tables, if there are any: those without rows, and with `replace` all."""
    metadata = _reflect(connection)
    if _revision(connection, known) is None and metadata.tables:
        raise BackupError("The database has tables that `flask db upgrade` did not make. Use an empty one.")
    for table in metadata.sorted_tables:
        if not replace and connection.execute(select(table).limit(1)).first() is not None:
            raise BackupError(
                "The database is not empty. Use an empty one, or delete what it holds with --replace."
            )
    metadata.drop_all(connection)
    connection.execute(text("DROP TABLE IF EXISTS alembic_version"))


def _insert(connection: Connection, backup: Backup) -> None:
    """Insert a backup's rows into tables of its version. Raises BackupError if it is damaged."""
    tables = _reflect(connection).tables
    try:
        for name, count in backup.counts.items():
            _insert_rows(connection, tables[name], next(backup.lines), islice(backup.lines, count), count)
        is_complete = next(backup.lines, None) is None
    except StatementError as error:
        if is_outage(error):
            raise
        deque(backup.lines, maxlen=0)  # says so if the file is damaged: its checksum is at its end
        raise BackupError(f"The backup doesn't fit table {name}: {reason(error)}.") from None
    except (StopIteration, LookupError, TypeError, ValueError, OverflowError):
        is_complete = False
    if not is_complete or _has_dangling_reference(connection):
        raise BackupError(DAMAGED)


def _insert_rows(
    connection: Connection, table: Table, columns: list[str], rows: Iterator[Any], count: int
) -> None:
    """Insert `rows`, which hold the values of `columns`. Raises ValueError unless they are `count`."""
    decoders = [_decoder(table.columns[name]) for name in columns]
    while some := list(islice(rows, ROWS_AT_ONCE)):
        connection.execute(
            table.insert(),
            [
                {
                    name: value if value is None else decode(value)
                    for name, decode, value in zip(columns, decoders, row, strict=True)
                }
                for row in some
            ],
        )
        count -= len(some)
    if count:
        raise ValueError(f"{count} rows are missing")
    if connection.dialect.name == "postgresql" and "id" in columns:  # SQLite counts on by itself
        quoted = connection.dialect.identifier_preparer.format_table(table)
        largest = select(func.max(table.c.id)).scalar_subquery()
        connection.execute(select(func.setval(func.pg_get_serial_sequence(quoted, "id"), largest)))


def _decoder(column: Column) -> Callable[[Any], Any]:
    """What makes a column's value of its JSON."""
    if isinstance(column.type, UTCDateTime):
        return datetime.fromisoformat
    if isinstance(column.type, Time):
        return time.fromisoformat
    return lambda value: value


def _has_dangling_reference(connection: Connection) -> bool:
    """Whether a row refers to one that is missing; PostgreSQL has refused that already."""
    if connection.dialect.name != "sqlite":
        return False
    return connection.exec_driver_sql("PRAGMA foreign_key_check").first() is not None
