"""Settings that an administrator changes while the program runs, pauses, and administrators."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

COLUMNS = {
    "camera": sa.String(length=1000),
    "hide_faces": sa.Boolean(),
    "minimum_group": sa.Integer(),
    "retention_days": sa.Integer(),
    "contact": sa.String(length=200),
    "paused_at": sa.DateTime(timezone=True),
    "paused_by": sa.String(length=80),
    "told_at": sa.DateTime(timezone=True),
}


def upgrade():
    for name, column_type in COLUMNS.items():
        op.add_column("room", sa.Column(name, column_type, nullable=True))
    # everybody with an account could do everything so far
    op.add_column("user", sa.Column("administrator", sa.Boolean(), nullable=False, server_default=sa.true()))


def downgrade():
    with op.batch_alter_table("user") as batch_op:
        batch_op.drop_column("administrator")
    with op.batch_alter_table("room") as batch_op:
        for name in COLUMNS:
            batch_op.drop_column(name)
