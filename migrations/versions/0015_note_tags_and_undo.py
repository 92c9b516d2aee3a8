"""The notes that one tap takes, and deletions that can be undone."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade():
    op.add_column("user", sa.Column("note_tags", sa.JSON(none_as_null=True), nullable=True))
    for table in ("lecture", "note"):
        op.add_column(table, sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True))
        op.create_index(f"ix_{table}_deleted_at", table, ["deleted_at"])


def downgrade():
    for table in ("lecture", "note"):
        op.execute(sa.text(f"DELETE FROM {table} WHERE deleted_at IS NOT NULL"))
        op.drop_index(f"ix_{table}_deleted_at", table_name=table)
        with op.batch_alter_table(table) as batch_op:
            batch_op.drop_column("deleted_at")
    with op.batch_alter_table("user") as batch_op:
        batch_op.drop_column("note_tags")
