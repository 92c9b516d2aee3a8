"""What an administrator may change while the program runs, a pause, and who is an administrator."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

STORED = {
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
    for name, kind in STORED.items():
        op.add_column("room", sa.Column(name, kind, nullable=True))
    # whoever has an account already could do everything so far
    op.add_column("user", sa.Column("administrator", sa.Boolean(), nullable=False, server_default=sa.true()))


def downgrade():
    with op.batch_alter_table("user") as batch_op:
        batch_op.drop_column("administrator")
    with op.batch_alter_table("room") as batch_op:
        for name in STORED:
            batch_op.drop_column(name)
