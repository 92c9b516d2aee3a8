"""What a room is for and on what ground, and how long faces were turned to the front."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade():
    op.add_column("room", sa.Column("purpose", sa.String(length=20), nullable=True))
    op.add_column("room", sa.Column("ground", sa.String(length=20), nullable=True))
    op.add_column(
        "lecture",
        sa.Column("purpose", sa.String(length=20), nullable=False, server_default="expressions"),
    )
    op.add_column("minute", sa.Column("facing_seconds", sa.Double(), nullable=True))
    op.add_column("minute", sa.Column("turned_seconds", sa.Double(), nullable=True))


def downgrade():
    for table, columns in (
        ("minute", ("turned_seconds", "facing_seconds")),
        ("lecture", ("purpose",)),
        ("room", ("ground", "purpose")),
    ):
        with op.batch_alter_table(table) as batch_op:
            for column in columns:
                batch_op.drop_column(column)
