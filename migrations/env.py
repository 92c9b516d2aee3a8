"""Runs migrations on the application's database."""

from collections.abc import Iterator
from contextlib import contextmanager

from alembic import context
from flask import current_app
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from app.store.database_health import is_outage, sentence

LOCK = 0x41756C61  # any number that no other program takes: "Aula"

migrate = current_app.extensions["migrate"]


@contextmanager
def _without_cascades(connection: Connection) -> Iterator[None]:
    """Keep the rows that refer to a table while SQLite replaces it, which deletes the old one."""
    if connection.dialect.name != "sqlite":
        yield
        return
    connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
    connection.commit()
    try:
        yield
        connection.commit()
    finally:
        connection.rollback()  # the pragma does nothing inside a transaction
        connection.exec_driver_sql("PRAGMA foreign_keys=ON")


@contextmanager
def _connected() -> Iterator[Connection]:
    """The connection of a restore, whose transaction the migrations join; else one of their own."""
    given = context.config.attributes.get("connection")
    if given is not None:
        yield given
        return
    with migrate.db.engine.connect() as connection, _without_cascades(connection):
        yield connection


def run() -> None:
    """Migrate the database, in one transaction where it supports that."""
    with _connected() as connection:
        context.configure(
            connection=connection, target_metadata=migrate.db.metadata, **migrate.configure_args
        )
        with context.begin_transaction():
            if (
                connection.dialect.name == "postgresql"
            ):  # machines that start together migrate one after the other
                connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({LOCK})")
            context.run_migrations()


try:
    run()
except SQLAlchemyError as error:
    if not is_outage(error):
        raise
    raise RuntimeError(sentence(error)) from None  # which `flask db` prints as one line
