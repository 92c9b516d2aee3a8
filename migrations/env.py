"""Runs migrations on the application's database."""

from alembic import context
from flask import current_app
from sqlalchemy.exc import SQLAlchemyError

from app.store.database_health import is_outage, sentence

migrate = current_app.extensions["migrate"]


def run() -> None:
    """Migrate the database, in one transaction where it supports that."""
    with migrate.db.engine.connect() as connection:
        context.configure(
            connection=connection, target_metadata=migrate.db.metadata, **migrate.configure_args
        )
        with context.begin_transaction():
            context.run_migrations()


try:
    run()
except SQLAlchemyError as error:
    if not is_outage(error):
        raise
    raise RuntimeError(sentence(error)) from None  # which `flask db` prints as one line
